"""What each feature says about the target, and masks of the best ones; from training rows alone.

`chi2` sums each feature's values (moved to 0 to 1) by class and compares the sums with those of the class
shares, as scikit-learn does; a regression target has no classes, so that the F statistic of the correlation
takes its place. `mutual-information` counts quantile bins by class (or bins of the target), with the bias of
the counts taken off. `l1` is how early a feature enters the path of the lasso on the target or on its class
indicators. Columns of one category are judged one by one.

Source: Liu and Setiono, Chi2: Feature Selection and Discretization, 1995; Battiti, Using Mutual Information
for Selecting Features, 1994, with the correction of Miller, 1955; Tibshirani, Regression Shrinkage and
Selection via the Lasso, 1996.
"""

# scikit-learn ships without stubs: what its functions return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import chi2
from sklearn.linear_model import lasso_path

from wellfit.records import FloatArray, Scaling

_NUM_BINS, _TARGET_BINS = 16, 8
_MAX_LASSO_ROWS, _NUM_STRENGTHS, _MAX_CLASSES = 4000, 30, 10

_Scores = NDArray[np.float64]
_Target = NDArray[Any]


def feature_scores(scaled: FloatArray, target: _Target, method: str, num_classes: int) -> _Scores:
    """Return ``[feature]`` scores of what each feature says about the target; larger is more.

    Args:
        scaled: ``[row, feature]`` scaled training rows without missing cells.
        target: ``[row]`` class codes, or ``[row, output]`` values (the best output counts).
        method: chi2, mutual-information or l1.
        num_classes: 0 for regression.

    Example:
        >>> x = np.array([[0.0, 1.0], [0.0, 0.0], [1.0, 1.0], [1.0, 0.0]] * 5, np.float32)
        >>> bool(np.argmax(feature_scores(x, np.array([0, 0, 1, 1] * 5), "chi2", 2)) == 0)
        True
    """
    values = np.asarray(scaled, np.float64)
    if method == "l1":
        return _entry(values, _indicators(target, num_classes))
    if method == "mutual-information":
        return _information(values, target, num_classes)
    if not num_classes:
        return _f_statistic(values, _indicators(target, 0))
    span = np.ptp(values, axis=0)
    moved = (values - values.min(axis=0)) / np.where(span > 0, span, 1.0)
    # A feature that is 0 throughout has no sums to compare: NaN.
    with np.errstate(all="ignore"):
        found = chi2(moved, target)[0]
    return np.nan_to_num(np.asarray(found, np.float64))


def partial_scores(scaled: FloatArray, target: _Target, num_own: int, num_classes: int) -> _Scores:
    """Return for the features from `num_own` on how well each fits what the others leave of the target.

    The largest squared correlation of a feature with the target (or a class' indicator), after a linear fit
    on the first `num_own` features is taken off both.
    """
    values = np.asarray(scaled, np.float64)
    own = np.column_stack([np.ones(len(values)), values[:, :num_own]])
    both = np.column_stack([values[:, num_own:], _indicators(target, num_classes)])
    # A hint of a ridge: columns of one category add up to the constant.
    gram = own.T @ own
    gram[np.diag_indices_from(gram)] += 1e-6 * max(np.trace(gram) / len(gram), 1e-12)
    rest = both - own @ np.linalg.solve(gram, own.T @ both)
    left, right = rest[:, : values.shape[1] - num_own], rest[:, values.shape[1] - num_own :]
    return _squared_correlation(left, right, both.std(axis=0)[: left.shape[1]])


def keep_best(scaling: Scaling, scores: _Scores, share: float) -> Scaling:
    """Return a scaling that masks all features but the best, at least one; masked ones stay masked.

    Args:
        scaling: of the features.
        scores: ``[feature]``.
        share: of the features that are not masked, how many to keep.
    """
    usable = scaling.mask > 0
    count = max(1, round(share * int(usable.sum())))
    order = np.argsort(np.where(usable, -scores, np.inf), kind="stable")
    mask = np.zeros_like(scaling.mask)
    mask[order[:count]] = 1.0
    return replace(scaling, mask=mask * scaling.mask)


def _indicators(target: _Target, num_classes: int) -> NDArray[np.float64]:
    """Return ``[row, column]``: values as they are, classes as 0 and 1 each (the ten largest)."""
    if not num_classes:
        return np.asarray(target, np.float64).reshape(len(target), -1)
    counts = np.bincount(target, minlength=num_classes)
    largest = np.argsort(-counts, kind="stable")[: 1 if num_classes == 2 else _MAX_CLASSES]
    return (target[:, None] == largest).astype(np.float64)


def _f_statistic(values: NDArray[np.float64], target: NDArray[np.float64]) -> _Scores:
    centered = values - values.mean(axis=0)
    squared = _squared_correlation(centered, target - target.mean(axis=0), values.std(axis=0))
    return squared / np.maximum(1 - squared, 1e-12) * max(len(values) - 2, 1)


def _squared_correlation(
    left: NDArray[np.float64], right: NDArray[np.float64], scale: NDArray[np.float64]
) -> _Scores:
    """Return the largest squared correlation of each column on the left with one on the right."""
    norms = np.linalg.norm(left, axis=0), np.linalg.norm(right, axis=0)
    # What a linear fit leaves of a column that it explains is rounding, not a feature.
    is_left = norms[0] > 1e-4 * np.sqrt(len(left)) * np.maximum(scale, 1e-12)
    products = (left.T @ right) / np.maximum(np.outer(*norms), 1e-12)
    return np.where(is_left, np.square(np.nan_to_num(products)).max(axis=1, initial=0.0), 0.0)


def _information(values: NDArray[np.float64], target: _Target, num_classes: int) -> _Scores:
    codes = target if num_classes else _bins(np.asarray(target, np.float64).reshape(len(target), -1)[:, 0], 8)
    width = num_classes or _TARGET_BINS
    return np.array([_mutual(_bins(column, _NUM_BINS), codes, width) for column in values.T])


def _bins(column: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Return the number of each value's bin; columns of few values have a bin each, others equal counts."""
    edges = np.unique(np.quantile(column, np.arange(1, count) / count))
    return np.searchsorted(edges, column, side="right")


def _mutual(bins: NDArray[np.intp], codes: _Target, width: int) -> float:
    counts = np.bincount(bins * width + codes, minlength=_NUM_BINS * width).reshape(-1, width)
    joint = counts / len(codes)
    alone = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    seen = joint > 0
    found = float((joint[seen] * np.log(joint[seen] / alone[seen])).sum())
    freedom = ((joint.sum(axis=1) > 0).sum() - 1) * ((joint.sum(axis=0) > 0).sum() - 1)
    return found - freedom / (2 * len(codes))


def _entry(values: NDArray[np.float64], target: NDArray[np.float64]) -> _Scores:
    """Return the share of the largest strength at which each feature enters the lasso."""
    step = -(-len(values) // _MAX_LASSO_ROWS)
    values, target = values[::step], target[::step]
    scale = values.std(axis=0)
    values = (values - values.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    target = target - target.mean(axis=0)
    found = np.zeros(values.shape[1])
    with warnings.catch_warnings():
        # The order of entry is asked for, not exact coefficients.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for column in target.T:
            if not column.any():
                continue
            largest = np.abs(values.T @ column).max() / len(values)
            strengths = max(largest, 1e-12) * np.geomspace(1.0, 1e-3, _NUM_STRENGTHS)
            alphas, weights, _ = lasso_path(values, column, alphas=strengths, max_iter=300, tol=1e-3)
            entered = np.where(weights != 0, alphas / alphas.max(), 0.0).max(axis=1)
            found = np.maximum(found, entered)
    # Features that never enter are told apart by their correlation.
    correlation = np.abs(values.T @ target).max(axis=1) / max(len(values), 1)
    return found + 1e-6 * correlation
