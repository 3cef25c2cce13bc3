"""Gaussian noise on the inputs, which amounts to a penalty on how steep the network is.

Source: Bishop, Training with Noise Is Equivalent to Tikhonov Regularization, 1995.
"""

from __future__ import annotations

from typing import Any

from wellfit.population._mechanisms._base import Mechanism


class InputNoise(Mechanism):
    """Keras' `GaussianNoise` on inputs of real numbers, in training."""

    name = "input_noise"

    def scope(self, numbers: Any) -> dict[str, Any]:
        """Return the standard deviation."""
        return {"input_noise": numbers.own["input_noise"]}
