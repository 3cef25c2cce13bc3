"""A feature that is computed from other features of the same row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FormulaKind = Literal["product", "ratio", "log", "bin"]


@dataclass(frozen=True, kw_only=True)
class Formula:
    """How one created feature comes from the raw features of the float input; nothing in it is learned.

    Attributes:
        kind: ``product`` x_i x_j, ``ratio`` x_i / x_j (missing where x_j is 0), ``log``
            sign(x_i) log(1 + |x_i|), or ``bin``: x_i itself, which a `Scaling` then clips to the ends of one
            bin.
        columns: positions of the features in the input, two for products and ratios.
        part: number of the bin, from 0.
        num_parts: bins of the feature.
    """

    kind: FormulaKind
    columns: tuple[int, ...]
    part: int = 0
    num_parts: int = 1
