"""What rows looked like when a network was trained, in few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wellfit.records import Scored, Task

Kind = Literal["number", "date", "category"]
Counts = NDArray[np.int64]

MOST_BINS = 64
MOST_LEVELS = 100
NUM_BUCKETS = 64
"""Values of a column with more than `MOST_LEVELS` of them are counted in so many buckets, by a hash."""

_LEAST_SLACK = 1e-300
_TOLERANCE = 1e-6  # of its size: a number that was rounded to float32 is not beyond the least or greatest


@dataclass(frozen=True, kw_only=True)
class ColumnReference:
    """One column of the reference rows, counted.

    A window counts its rows in the same bins, in this order. Numbers: below `least`, the bins, above
    `greatest`, missing. Categories: the levels (or buckets), levels that the reference lacks, missing.

    Attributes:
        name: as in the table.
        kind: number, date (a number that moves on by itself) or category.
        num_rows: rows, missing ones included.
        num_missing: rows without a value.
        cuts: between the bins of numbers, increasing, at most 63; no value lies on one.
        counts: rows in each bin, level or bucket.
        least: smallest number; NaN for categories, and where every row is missing.
        greatest: largest number, likewise.
        levels: of a category, at most 100; empty where there are more, and `counts` has a place for a bucket.
    """

    name: str
    kind: Kind
    num_rows: int
    num_missing: int
    counts: tuple[int, ...]
    cuts: tuple[float, ...] = ()
    least: float = float("nan")
    greatest: float = float("nan")
    levels: tuple[str, ...] = ()

    @property
    def is_category(self) -> bool:
        """Whether its values are labels."""
        return self.kind == "category"

    @property
    def num_cells(self) -> int:
        """How many numbers a window has for it."""
        return len(self.counts) + (2 if self.is_category else 3)

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """Ends of the bins of numbers, those of the range widened by what rounding may do."""
        # The range of extreme numbers is no float, and that of zeros alone has no width.
        slack = max(_TOLERANCE * max(abs(self.least), abs(self.greatest)), _LEAST_SLACK)
        return np.array([self.least - slack, *self.cuts, self.greatest + slack])

    @cached_property
    def places(self) -> dict[str, int]:
        """Level to its place."""
        return {level: place for place, level in enumerate(self.levels)}

    @cached_property
    def cells(self) -> Counts:
        """``[cell]`` the reference itself, as a window would count it."""
        inside = [*self.counts, 0] if self.is_category else [0, *self.counts, 0]
        return np.array([*inside, self.num_missing], np.int64)


@dataclass(frozen=True, kw_only=True)
class SureBin:
    """Holdout rows whose most probable class is about as probable.

    Attributes:
        low: the bin begins there; it ends where the next one begins.
        num_rows: rows in it.
        means: mean loss of a row by each metric that is a mean over rows.
        variances: variance of that loss within the bin.
    """

    low: float
    num_rows: int
    means: dict[str, float]
    variances: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class PredictionReference:
    """What the network said of rows that it was not trained on.

    Attributes:
        num_rows: holdout rows.
        columns: the probability of each class and the predicted class, or the predicted values.
        sure: rows by how sure the network was, rising; empty for values.
    """

    num_rows: int
    columns: tuple[ColumnReference, ...]
    sure: tuple[SureBin, ...] = ()

    @cached_property
    def sure_lows(self) -> NDArray[np.float64]:
        """``[bin]`` where the bins begin, the first one open."""
        return np.array([one.low for one in self.sure[1:]])


@dataclass(frozen=True, kw_only=True)
class Reference:
    """All that new rows are held against.

    Columns are those of the training rows: they are what the network knows. Predictions are those for the
    holdout: of its training rows the network is surer than it will be of any new row.

    Attributes:
        task: binary, multiclass or regression.
        class_names: labels in code order; empty for regression.
        metric: what the study measured in.
        direction: which way that metric is better.
        score: of the network on the holdout, with its interval; NaN where there was no holdout.
        chance: of the best constant on the holdout; NaN where it is not known.
        columns: that the network sees, as a table has them.
        predictions: None without a holdout.
    """

    task: Task
    class_names: tuple[str, ...]
    metric: str
    direction: Literal["minimize", "maximize"]
    score: Scored
    chance: float
    columns: tuple[ColumnReference, ...]
    predictions: PredictionReference | None = None

    @property
    def num_rows(self) -> int:
        """Training rows that were counted."""
        return max((column.num_rows for column in self.columns), default=0)
