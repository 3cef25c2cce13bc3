"""What the columns of a table look like, as counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ColumnView:
    """One column, counted.

    Attributes:
        name: as in the table.
        kind: as in `ColumnSchema`.
        num_missing: rows without a value.
        num_outliers: numbers more than 1.5 interquartile ranges beyond the quartiles.
        labels: of the bars: values or categories; empty for a histogram.
        edges: of the bins of a histogram, one more than there are bins; at most 20 bins. The outer bins hold
            what lies beyond, too.
        counts: rows of each bar or bin.
        num_other: rows with values that have no bar.
        smallest: least number, or NaN.
        median: likewise.
        largest: likewise.
        relation: how much of the target goes with the column's bins, by themselves: 0 for none, 1 for all.
    """

    name: str
    kind: str
    num_missing: int
    num_outliers: int = 0
    labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    num_other: int = 0
    smallest: float = float("nan")
    median: float = float("nan")
    largest: float = float("nan")
    relation: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LabelSuspect:
    """One row whose label the networks of a study doubt, which had not learned from it.

    Attributes:
        row: its number in the table, from 1.
        label: the class it has.
        said: the class that is said of it.
        probability: of the class that is said.
        probability_of_label: of the class that it has.
    """

    row: int
    label: str
    said: str
    probability: float
    probability_of_label: float


@dataclass(frozen=True, kw_only=True)
class DataView:
    """The rows to learn from, the holdout left out.

    Attributes:
        num_rows: these rows.
        num_columns: columns that could be drawn.
        target: what is predicted.
        columns: at most 40 of them, those that go with the target most first.
        suspects: rows whose label is in doubt, the most doubtful first; at most 10.
        num_suspects: how many there are.
        num_judged: rows whose label was judged; 0 where that was not done.
    """

    num_rows: int
    num_columns: int
    target: ColumnView | None = None
    columns: tuple[ColumnView, ...] = ()
    suspects: tuple[LabelSuspect, ...] = ()
    num_suspects: int = 0
    num_judged: int = 0
