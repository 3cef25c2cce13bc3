"""What a search varies: an interval or a few values of one field, drawn as plain numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Range:
    """An interval of one field; drawn on a log scale if `log`.

    Where `off` is given, the interval is extended downward by a third of its length, and what is drawn
    there means `off`: one number covers "none" and "how much", and no parameter is conditional.

    Attributes:
        field: of `Settings`.
        low: smallest value.
        high: largest value.
        log: whether ratios matter rather than differences.
        has_off: whether the field can be off.
        off: the value that means off, such as 0.0, or None for the network's own dropout rates.
    """

    field: str
    low: float
    high: float
    log: bool = False
    has_off: bool = False
    off: float | None = 0.0

    @property
    def floor(self) -> float:
        """Lower end of what is drawn, the part that means off included."""
        if not self.has_off:
            return self.low
        if self.log:
            return self.low * (self.low / self.high) ** (1 / 3)
        return self.low - (self.high - self.low) / 3

    def decode(self, drawn: float) -> float | None:
        """Return the value of the field for a drawn number."""
        return self.off if self.has_off and drawn < self.low else min(max(drawn, self.low), self.high)

    def encode(self, value: Any) -> float:
        """Return the number that stands for a value, moved into the interval if it lies outside."""
        if self.has_off and (value is None or value == self.off):
            return self.floor
        return min(max(float(value), self.low), self.high)

    def levels(self) -> tuple[float, ...]:
        """Return three drawn numbers spread over the interval, after off where there is one."""
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        values = (self.low, middle, self.high)
        return (self.floor, *values) if self.has_off else values


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A few values of one field.

    Attributes:
        field: of `Settings`.
        values: at least two.
        ordered: whether neighbours are alike.
    """

    field: str
    values: tuple[Any, ...]
    ordered: bool = True

    def decode(self, drawn: int) -> Any:
        """Return the value at a drawn index."""
        return self.values[drawn]

    def encode(self, value: Any) -> int:
        """Return the index of a value; of the nearest one if it is not there."""
        if value in self.values or not self.ordered:
            return self.values.index(value) if value in self.values else 0
        return min(range(len(self.values)), key=lambda index: abs(self.values[index] - value))

    def levels(self) -> tuple[int, ...]:
        """Return all indices."""
        return tuple(range(len(self.values)))


Dimension = Range | Choice
