"""What became of the rows since a network was trained: the record that pages and text are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from wellfit.drift._effect import Size
from wellfit.records import Scored


class Advice(StrEnum):
    """What to do about a network in use."""

    FINE = "fine"
    WATCH = "watch"
    RETRAIN = "retrain"


@dataclass(frozen=True, kw_only=True)
class ColumnDrift:
    """One column, or what the network said, in a window against the reference.

    Attributes:
        name: of the column.
        kind: number, date or category.
        p_value: corrected for all columns: below 0.05 is no accident.
        is_drift: whether it is below 0.05; never for dates, which move on by themselves.
        moved: share of the rows that lie elsewhere, less what chance alone would move.
        size: that share in a word.
        aspect: which test says most: shift, spread, shape, below, above, levels, unseen or missing; empty
            where nothing could be tested.
        sign: 1 where that aspect is higher or more frequent than in the reference, -1 where lower, else 0.
        level: the level of a category that it is about, or an empty string.
        missing: share of missing rows in the window; NaN without rows.
        missing_before: likewise in the reference.
        outside: share of rows beyond the least and the greatest number of the reference.
        unseen: rows of levels that the reference does not have, by level; at most 50 of them.
        num_unseen: all rows of such levels.
        labels: of the groups of `shares`.
        shares: of the window's rows in each group; at most 14 groups.
        shares_before: likewise of the reference.
    """

    name: str
    kind: str
    p_value: float
    is_drift: bool
    moved: float
    size: Size
    aspect: str = ""
    sign: int = 0
    level: str = ""
    missing: float = 0.0
    missing_before: float = 0.0
    outside: float = 0.0
    unseen: Mapping[str, int] = field(default_factory=dict[str, int])
    num_unseen: int = 0
    labels: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    shares_before: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ScoreDrift:
    """The score on new rows against that on the holdout.

    Attributes:
        metric: what it is in.
        direction: which way that is better.
        num_rows: rows that it is about.
        score: on new rows; NaN where it cannot be known.
        before: on the holdout.
        difference: improvement over the holdout, positive is better.
        p_value: one-sided, of being no worse than on the holdout.
        lost: share of what the network is better than the best constant by that is gone; NaN if not known.
        lost_high: upper end of the 95 % interval of that share; NaN likewise.
        reason: why it cannot be known, or what stands for it; an empty string otherwise.
    """

    metric: str
    direction: Literal["minimize", "maximize"]
    num_rows: int
    score: Scored
    before: Scored
    difference: Scored
    p_value: float
    lost: float
    lost_high: float
    reason: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is a score at all."""
        return self.score.value == self.score.value


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A window of new rows against the reference.

    Attributes:
        advice: fine, watch or retrain.
        reasons: for it, a sentence each.
        num_rows: new rows.
        num_reference_rows: training rows that were counted.
        num_holdout_rows: rows that predictions are held against.
        columns: those that moved first, by how far.
        predictions: what the network says; None where there is nothing to hold it against.
        prediction_columns: its probabilities, classes or values, one by one.
        expected: the score that is to be expected without labels.
        measured: the score by true labels; None without any.
        notes: what the reader should know.
    """

    advice: Advice
    reasons: tuple[str, ...]
    num_rows: int
    num_reference_rows: int
    num_holdout_rows: int
    columns: tuple[ColumnDrift, ...]
    predictions: ColumnDrift | None
    prediction_columns: tuple[ColumnDrift, ...]
    expected: ScoreDrift
    measured: ScoreDrift | None
    notes: tuple[str, ...] = ()
