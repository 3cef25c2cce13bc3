"""The yardstick of fine-tuning: principal components of fixed features, and a regularized linear model."""

# scikit-learn ships without stubs: what its estimators return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeCV

from wellfit.evaluation._check import Float64Array
from wellfit.evaluation._references import standardized
from wellfit.records import DataError, Task

MOST_COLUMNS = 4096
MOST_COMPONENTS = 128
_MAX_ROWS = 5000
_MAX_ITERATIONS = 100
# Inverse penalties where the first component has a variance of 1, the strongest first; and penalties of a
# ridge regression, as shares of the rows.
_STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
_RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
_FEWEST = 3  # rows that values can be fitted to
_JUDGED = 4  # of so many rows of a class one judges the penalty


def linear_head_predictions(
    train_x: ArrayLike,
    train_y: ArrayLike,
    x: ArrayLike,
    task: Task,
    num_classes: int = 0,
    *,
    sample_weight: ArrayLike | None = None,
) -> Float64Array:
    """Fit a linear head on principal components of features, and predict other rows.

    Use it on features of a pretrained network: training more of the network has to beat it. Columns are
    standardized, at most 128 principal components kept, and a logistic regression (values: a ridge
    regression) fitted, all on the training rows. Its penalty is the one of several with the lowest log loss
    on every fourth training row of each class (values: the lowest error when each row is left out), and the
    model is then fitted on all of them.

    Args:
        train_x: ``[row, feature]``; of more than 4,096 features every n-th is used.
        train_y: ``[row]`` class codes, or ``[row]`` or ``[row, output]`` values; of more than 5,000 rows
            every n-th is used.
        x: ``[other row, feature]``.
        task: what kind of target there is.
        num_classes: columns of the probabilities; a class absent from the training rows gets 0.
        sample_weight: ``[row]`` weights of the training rows, or None.

    Returns:
        ``[other row, class]`` probabilities, or values shaped as the target: ready for `evaluate`.

    Raises:
        DataError: no training rows, or inputs and target of different length.

    Example:
        >>> rows = np.linspace(-1, 1, 40)[:, None]
        >>> found = linear_head_predictions(rows, (rows[:, 0] > 0).astype(int), rows, Task.BINARY, 2)
        >>> bool((found.argmax(axis=1) == (rows[:, 0] > 0)).mean() > 0.9)
        True

    Source:
        Donahue et al., DeCAF: A Deep Convolutional Activation Feature for Generic Visual Recognition, 2014;
        Kornblith et al., Do Better ImageNet Models Transfer Better?, 2019.
    """
    inputs, target, others = np.asarray(train_x), np.asarray(train_y), np.asarray(x)
    if not len(target) or inputs.ndim != 2 or others.ndim != 2 or len(inputs) != len(target):
        raise DataError(
            "a linear head cannot be fitted",
            received=f"features of shape {inputs.shape} and {others.shape}, target of shape {target.shape}",
            expected="[row, feature] features and a target of as many rows, at least one",
        )
    weights = np.ones(len(target)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    step, skip = -(-len(target) // _MAX_ROWS), -(-inputs.shape[1] // MOST_COLUMNS)
    target, weights = target[::step], weights[::step]
    inputs = np.asarray(inputs[::step, ::skip], np.float64)
    few, few_others = _components(*standardized(inputs, np.asarray(others[:, ::skip], np.float64)))
    if task.is_classification:
        return _probabilities(few, few_others, target, weights, num_classes)
    if len(target) < _FEWEST:
        return np.broadcast_to(np.average(target, axis=0, weights=weights), (len(others), *target.shape[1:]))
    ridge = RidgeCV(alphas=[share * len(target) for share in _RIDGES])
    ridge.fit(few, target, sample_weight=weights)
    return np.asarray(ridge.predict(few_others), np.float64).reshape(len(others), *target.shape[1:])


def _components(inputs: Float64Array, others: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return principal components, all divided by one number: the first has a variance of 1."""
    number = min(MOST_COMPONENTS, len(inputs) - 1, inputs.shape[1])
    if number < 1:
        return np.zeros((len(inputs), 1)), np.zeros((len(others), 1))
    model = PCA(number, random_state=0).fit(inputs)
    scale = np.sqrt(model.explained_variance_[0]) or 1.0
    return model.transform(inputs) / scale, model.transform(others) / scale


def _probabilities(
    inputs: Float64Array,
    others: Float64Array,
    target: NDArray[np.integer],
    weights: Float64Array,
    number: int,
) -> Float64Array:
    found = np.zeros((len(others), number))
    seen = np.unique(target)
    if len(seen) < 2:
        found[:, seen] = 1.0
        return found
    strength = _best_strength(inputs, target, weights)
    found[:, seen] = _fitted(inputs, target, weights, strength).predict_proba(others)
    return found


def _best_strength(inputs: Float64Array, target: NDArray[np.integer], weights: Float64Array) -> float:
    """Return the inverse penalty with the lowest log loss on some of the rows, fitted on the others."""
    judged = np.zeros(len(target), bool)
    for code in np.unique(target):
        judged[np.flatnonzero(target == code)[_JUDGED - 1 :: _JUDGED]] = True
    if not judged.any() or not weights[judged].sum() > 0:
        return _STRENGTHS[len(_STRENGTHS) // 2]
    losses: list[float] = []
    for strength in _STRENGTHS:
        model = _fitted(inputs[~judged], target[~judged], weights[~judged], strength)
        # Every class keeps rows to be fitted on, so that its column is there.
        place = np.searchsorted(model.classes_, target[judged])
        shares = model.predict_proba(inputs[judged])[np.arange(judged.sum()), place]
        losses.append(float(np.average(-np.log(np.clip(shares, 1e-12, None)), weights=weights[judged])))
    return _STRENGTHS[int(np.argmin(losses))]


def _fitted(
    inputs: Float64Array, target: NDArray[np.integer], weights: Float64Array, strength: float
) -> LogisticRegression:
    model = LogisticRegression(C=strength, max_iter=_MAX_ITERATIONS, tol=1e-3)
    with warnings.catch_warnings():
        # Stopping at the bound is intended: the yardstick has to be quick, not exact.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(inputs, target, sample_weight=weights)
