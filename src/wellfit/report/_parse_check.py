"""Whether numbers of a report that stand side by side fit together, as drawing relies on it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from wellfit.records import ColumnView, Evaluation, Report


def check_shapes(report: Report) -> None:
    """Refuse a report with lists of unequal length, or bins whose edges are no rising numbers.

    Raises:
        ValueError: names the part that was changed since it was written.
    """
    for part in _misfits(report):
        raise ValueError(f"{part} do not fit together")


def _misfits(report: Report) -> Iterator[str]:
    if report.evaluation is not None:
        yield from _evaluation_misfits(report.evaluation)
    if report.data is not None:
        target = () if report.data.target is None else (report.data.target,)
        for view in (*target, *report.data.columns):
            if not _is_counted(view):
                yield f"labels, edges and counts of column {view.name!r}"
    more = report.more_data
    if more is not None and len(more.sizes) != len(more.losses):
        yield "sizes and losses of more_data"


def _evaluation_misfits(seen: Evaluation) -> Iterator[str]:
    left = seen.residuals
    needed = {"accuracy"} if left is None else {"mae", "r2"}
    if seen.num_rows > seen.num_unusable and not (needed <= set(seen.scores) and (left or seen.classes)):
        yield "scores, classes and rows of the evaluation"
    if left is not None and len(left.true) != len(left.predicted):
        yield "true and predicted values of residuals"
    if left is not None and not _are_bins(left.edges, left.counts):
        yield "edges and counts of residuals"
    for one in seen.curves:
        if len(one.false_positive_rate) != len(one.true_positive_rate):
            yield "the ROC curve's rates"
        if len(one.recall) != len(one.precision):
            yield "recall and precision"
    for bins in seen.reliability:
        if len({len(part) for part in (bins.said, bins.right, bins.low, bins.high, bins.num_rows)}) > 1:
            yield "parts of the reliability curve"


def _is_counted(view: ColumnView) -> bool:
    if view.labels or not view.counts:
        return len(view.labels) == len(view.counts) and min(view.counts, default=0) >= 0
    return _are_bins(view.edges, view.counts)


def _are_bins(edges: Sequence[float], counts: Sequence[int]) -> bool:
    if not edges and not counts:
        return True
    is_rising = all(low <= high for low, high in pairwise(edges))
    return len(edges) == len(counts) + 1 and is_rising and all(map(math.isfinite, edges)) and min(counts) >= 0
