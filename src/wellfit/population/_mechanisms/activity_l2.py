"""Penalty on the squared outputs of hidden layers, as by Keras' `ActivityRegularization`.

Source: Merity, McCann and Socher, Revisiting Activation Regularization for Language RNNs, 2017.
"""

from __future__ import annotations

from typing import Any

from wellfit.population._mechanisms._base import Mechanism


class ActivityL2(Mechanism):
    """Strength times the sum of squares, a row; the hidden layers tell the scope what they put out."""

    name = "activity_l2"

    def scope(self, numbers: Any) -> dict[str, Any]:
        """Return the strength."""
        return {"activity_l2": numbers.own["activity_l2"]}
