"""A score, and a paired difference in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A score: its name and which way is better.

    Attributes:
        name: such as ``log_loss``, ``accuracy``, ``balanced_accuracy``, ``roc_auc``, ``rmse`` or ``r2``.
        direction: ``minimize`` or ``maximize``.
    """

    name: str
    direction: Literal["minimize", "maximize"]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A paired difference, oriented so that a positive estimate is an improvement.

    Attributes:
        estimate: mean paired improvement, in `unit`.
        low: lower end of the 95 % interval.
        high: upper end of the 95 % interval.
        p_value: two-sided, corrected for how many were tested where the stage says so; NaN if unknown.
        unit: what is measured, such as ``log_loss``.
        num_pairs: pairs of runs that differ in nothing else.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    unit: str
    num_pairs: int
