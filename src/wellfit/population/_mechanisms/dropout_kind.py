"""Gaussian factors or SELU's alpha dropout in place of zeros.

Sources: Srivastava et al., Dropout, 2014 (section 10); Klambauer et al., Self-Normalizing Neural
Networks, 2017.
"""

from __future__ import annotations

from typing import Any

from wellfit.population._mechanisms._base import Mechanism


class DropoutKind(Mechanism):
    """What happens at a dropout point; `MemberScope` draws it."""

    name = "dropout_kind"

    def scope(self, numbers: Any) -> dict[str, Any]:
        """Return the position in `DROPOUT_KINDS`."""
        return {"kind": numbers.own["dropout_kind"]}
