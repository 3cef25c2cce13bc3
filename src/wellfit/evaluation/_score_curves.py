"""ROC and precision-recall curves, thresholds and reliability, each in few points."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from wellfit.evaluation import _sums
from wellfit.evaluation._check import Codes, Float64Array
from wellfit.evaluation._class_scores import wilson
from wellfit.records import ReliabilityCurve, ScoreCurve, ThresholdScores

MOST_POINTS = 200
THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_DECIMALS = 4


def score_curve(
    is_positive: ArrayLike, probability: ArrayLike, *, network: str, positive: str
) -> ScoreCurve | None:
    """Return the ROC and the precision-recall curve of one class against the rest.

    Args:
        is_positive: ``[row]`` whether a row is of the class.
        probability: ``[row]`` of the class, finite.
        network: whose predictions these are.
        positive: name of the class.

    Returns:
        None where all rows are of the class, or none is: there is no curve.

    Example:
        >>> curve = score_curve([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.6], network="chosen", positive="yes")
        >>> curve.roc_auc, curve.average_precision
        (1.0, 1.0)
    """
    truth, said = np.asarray(is_positive, bool), np.asarray(probability, np.float64)
    num_positive = int(truth.sum())
    if num_positive in (0, len(truth)):
        return None
    false, true, _ = roc_curve(truth, said)
    precision, recall, _ = precision_recall_curve(truth, said, drop_intermediate=True)
    false, true = _thinned(np.asarray(false), np.asarray(true))
    recall, precision = _thinned(np.asarray(recall)[::-1], np.asarray(precision)[::-1])
    return ScoreCurve(
        network=network,
        positive=positive,
        num_positive=num_positive,
        num_rows=len(truth),
        roc_auc=float(roc_auc_score(truth, said)),
        average_precision=float(average_precision_score(truth, said)),
        false_positive_rate=_rounded(false),
        true_positive_rate=_rounded(true),
        recall=_rounded(recall),
        precision=_rounded(precision),
    )


def hardest_classes(target: Codes, probability: Float64Array, most: int) -> list[int]:
    """Return codes of the classes that are separated worst from all others, at most `most`, in code order.

    Of more than 20 classes the 20 with most rows are looked at, on 20,000 rows: each takes a sort.
    """
    step = -(-len(target) // 20_000)
    target, probability = target[::step], probability[::step]
    counts = np.bincount(target, minlength=probability.shape[1])
    looked = [int(c) for c in np.argsort(-counts, kind="stable")[:20] if 0 < counts[c] < len(target)]
    areas = {c: float(roc_auc_score(target == c, probability[:, c])) for c in looked}
    return sorted(sorted(looked, key=lambda c: areas[c])[:most])


def threshold_scores(is_positive: ArrayLike, probability: ArrayLike) -> tuple[ThresholdScores, ...]:
    """Return precision, recall, F1 and the share of rows that are flagged, at fixed thresholds.

    Example:
        >>> found = threshold_scores([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.6])
        >>> [(one.precision, one.recall, one.flagged) for one in found if one.threshold == 0.5]
        [(1.0, 1.0, 0.5)]
    """
    truth, said = np.asarray(is_positive, bool), np.asarray(probability, np.float64)
    order = np.sort(said)
    own = np.sort(said[truth])
    found: list[ThresholdScores] = []
    for threshold in THRESHOLDS:
        flagged = len(order) - int(np.searchsorted(order, threshold))
        hits = len(own) - int(np.searchsorted(own, threshold))
        marks = flagged + len(own)
        found.append(
            ThresholdScores(
                threshold=threshold,
                precision=hits / flagged if flagged else np.nan,
                recall=hits / len(own) if len(own) else np.nan,
                f1=2 * hits / marks if marks else np.nan,
                flagged=flagged / len(order) if len(order) else np.nan,
            )
        )
    return tuple(found)


def reliability_curve(target: Codes, probability: Float64Array, *, network: str) -> ReliabilityCurve:
    """Return how often the predicted class is right in bins of its probability, as the metric has them.

    Example:
        >>> curve = reliability_curve(np.array([0, 0, 1, 0]), np.array([[0.9, 0.1]] * 4), network="chosen")
        >>> curve.said, curve.right, curve.num_rows, round(curve.error, 2)
        ((0.9,), (0.75,), (4,), 0.15)

    Source:
        Guo et al., On Calibration of Modern Neural Networks, 2017.
    """
    said = probability.max(axis=1)
    hit = (probability.argmax(axis=1) == target).astype(np.float64)
    edges = np.linspace(0.0, 1.0, _sums.NUM_BINS + 1)[1:-1]
    bins = np.searchsorted(edges, said, side="left")
    count = np.bincount(bins, minlength=_sums.NUM_BINS)
    known = np.maximum(count, 1)
    means = [np.bincount(bins, weights=values, minlength=_sums.NUM_BINS) / known for values in (said, hit)]
    shown = count > 0
    hits = np.bincount(bins, weights=hit, minlength=_sums.NUM_BINS)[shown]
    ends = np.array([wilson(int(own), int(rows)) for own, rows in zip(hits, count[shown], strict=True)])
    return ReliabilityCurve(
        network=network,
        error=float((count * np.abs(means[0] - means[1])).sum() / max(len(said), 1)),
        said=_rounded(means[0][shown]),
        right=_rounded(means[1][shown]),
        low=_rounded(ends[:, 0]),
        high=_rounded(ends[:, 1]),
        num_rows=tuple(int(rows) for rows in count[shown]),
    )


def _thinned(x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return at most 200 of the points, spread evenly along the curve; both ends stay."""
    if len(x) <= MOST_POINTS:
        return x, y
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    wanted = np.linspace(0.0, way[-1], MOST_POINTS)
    kept = np.unique(np.minimum(np.searchsorted(way, wanted), len(x) - 1))
    kept[-1] = len(x) - 1
    return x[kept], y[kept]


def _rounded(values: NDArray[Any]) -> tuple[float, ...]:
    return tuple(round(float(value), _DECIMALS) for value in values)
