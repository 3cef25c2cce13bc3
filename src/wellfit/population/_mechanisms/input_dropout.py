"""Inputs that are zero in some training rows, so that the network leans on no single one.

Source: Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, 2008.
"""

from __future__ import annotations

from typing import Any

from wellfit.population._mechanisms._base import Mechanism


class InputDropout(Mechanism):
    """Keras' `Dropout` on inputs of real numbers, in training."""

    name = "input_dropout"

    def scope(self, numbers: Any) -> dict[str, Any]:
        """Return the share that is zero."""
        return {"input_dropout": numbers.own["input_dropout"]}
