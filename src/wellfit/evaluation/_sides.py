"""Training rows against validation rows: can they be told apart, and are some of them copies?"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportArgumentType=false

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2_contingency, ks_2samp
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors

from wellfit.evaluation._references import standardized

_MAX_ROWS = 2000
_MAX_FEATURES = 200
_MIN_KNOWN = 10
_NEAR = 0.02
"""A copy lies nearer than this share of the typical distance between neighbors."""


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How well a classifier tells two sets of rows apart.

    Attributes:
        auc: area under the ROC curve, out of fold; 0.5 for not at all.
        low: lower end of its 95 % interval.
        high: upper end.
    """

    auc: float
    low: float
    high: float


def separation(first: ArrayLike, second: ArrayLike, seed: int = 0) -> Separation:
    """Return how well boosted trees tell two sets of rows apart, by threefold cross-validation.

    Args:
        first: ``[row, feature]``.
        second: ``[other row, feature]``.
        seed: of rows that are drawn where there are many, and of the folds.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> separation(rng.normal(size=(200, 3)), rng.normal(size=(200, 3)) + 2).auc > 0.9
        True

    Source:
        Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests, 2017; Hanley and McNeil, The Meaning and
        Use of the Area under a ROC Curve, 1982 (interval).
    """
    rng = np.random.default_rng(seed)
    sides = [_drawn(np.asarray(values, np.float64), rng) for values in (first, second)]
    rows = np.concatenate(sides)
    # Trees cannot bin a column without a value, which one with few may be in the rows of a fold.
    rows = np.where(np.isfinite(rows).sum(axis=0) >= _MIN_KNOWN, rows, 0.0)
    side = np.repeat([0, 1], [len(part) for part in sides])
    if min(np.bincount(side)) < 6:
        return Separation(auc=0.5, low=0.0, high=1.0)
    # The area under the curve needs no balanced sides, and weights make binning many times slower.
    model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=8, min_samples_leaf=5, random_state=0)
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    scores = np.asarray(cross_val_predict(model, rows, side, cv=folds, method="predict_proba"))[:, 1]
    auc = float(roc_auc_score(side, scores))
    error = auc_error(auc, int((side == 1).sum()), int((side == 0).sum()))
    return Separation(auc=auc, low=auc - 1.96 * error, high=auc + 1.96 * error)


def target_shift(first: ArrayLike, second: ArrayLike, *, is_class: bool) -> float:
    """Return the p-value of two samples of a target having one distribution.

    Class shares are compared by a chi-squared test, values by the Kolmogorov-Smirnov test.

    Example:
        >>> target_shift([0] * 50 + [1] * 50, [0] * 5 + [1] * 95, is_class=True) < 1e-6
        True
    """
    one, two = np.asarray(first).reshape(-1), np.asarray(second).reshape(-1)
    if not is_class:
        return float(np.asarray(ks_2samp(one, two))[1])
    classes = np.union1d(one, two)
    table = np.array([[np.sum(part == c) for c in classes] for part in (one, two)])
    return 1.0 if len(classes) < 2 else float(np.asarray(chi2_contingency(table)[1]))


def copies(train: ArrayLike, rows: ArrayLike) -> tuple[NDArray[np.bool_], float]:
    """Return which rows are exact or near copies of a training row, and how common copies are in training.

    A near copy is much nearer to a training row than training rows are to each other.

    Args:
        train: ``[row, feature]``; of more than 10,000 the first ones.
        rows: ``[other row, feature]``.

    Returns:
        ``[other row]`` booleans, and the share of training rows with a copy among the training rows.

    Example:
        >>> rows = np.random.default_rng(0).normal(size=(50, 4))
        >>> copies(rows, np.concatenate([rows[:2], rows[:2] + 3]))[0].tolist()
        [True, True, False, False]
    """
    known, others = standardized(np.asarray(train, np.float64)[:10_000], np.asarray(rows, np.float64))
    if not known.shape[1] or len(known) < 3:
        return np.zeros(len(others), bool), 0.0
    search = NearestNeighbors(n_neighbors=1).fit(known)
    sample = known[: min(len(known), _MAX_ROWS)]
    own = NearestNeighbors(n_neighbors=2).fit(known).kneighbors(sample)[0][:, 1]
    typical = float(np.median(own[own > 0])) if (own > 0).any() else 0.0
    limit = _NEAR * typical
    distance = search.kneighbors(others)[0][:, 0]
    return distance <= limit, float(np.mean(own <= limit))


def _drawn(rows: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    chosen = rows if len(rows) <= _MAX_ROWS else rows[rng.choice(len(rows), _MAX_ROWS, replace=False)]
    return chosen[:, :: -(-chosen.shape[1] // _MAX_FEATURES)]


def auc_error(auc: float, num_positive: int, num_negative: int) -> float:
    """Return the standard error of an area under the ROC curve, as Hanley and McNeil have it.

    Example:
        >>> round(auc_error(0.8, 50, 50), 3)
        0.045
    """
    first, second = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (
        auc * (1 - auc) + (num_positive - 1) * (first - auc**2) + (num_negative - 1) * (second - auc**2)
    )
    return float(np.sqrt(max(variance, 0.0) / (num_positive * num_negative)))
