"""Two yardsticks that every network has to beat: no model at all, and a linear model.

The only file here that fits a model.
"""

# scikit-learn ships without stubs: what its estimators return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from wellfit.evaluation._check import Float64Array
from wellfit.records import DataError, Task

# Enough for a yardstick, and bounded: a linear model gains little from more rows or iterations.
_MAX_ROWS = 50_000
_MAX_ITERATIONS = 100
_CLIP = 10.0


def reference_predictions(
    train_x: ArrayLike,
    train_y: ArrayLike,
    x: ArrayLike,
    task: Task,
    num_classes: int = 0,
    *,
    sample_weight: ArrayLike | None = None,
) -> dict[str, Float64Array]:
    """Fit the yardsticks on training rows and predict other rows.

    ``majority`` predicts the class shares of the training rows (its most probable class is the
    majority class, and its log loss is the entropy of the target: chance level), ``mean`` the mean
    target, ``linear`` a logistic or a ridge regression with penalty 1 on inputs that are standardized by
    the training rows (missing cells at their mean, clipped at 10 standard deviations, constant columns
    left out). Of more than 50,000 training rows the linear model sees every n-th.

    Args:
        train_x: ``[row, feature]``; NaN is a missing cell.
        train_y: ``[row]`` class codes, or ``[row]`` or ``[row, output]`` values.
        x: ``[other row, feature]``.
        task: what kind of target there is.
        num_classes: columns of the probabilities; a class absent from the training rows gets 0.
        sample_weight: ``[row]`` weights of the training rows, or None.

    Returns:
        ``majority`` (classes) or ``mean`` (values), and ``linear``, each ``[other row, class]``
        probabilities or values shaped as the target: ready for `evaluate`.

    Raises:
        DataError: no training rows, or codes outside 0 to ``num_classes - 1``.

    Example:
        >>> found = reference_predictions([[0.0], [1.0]], [1.0, 3.0], [[0.5]], Task.REGRESSION)
        >>> found["mean"]
        array([2.])
    """
    inputs, target = np.asarray(train_x, np.float64), np.asarray(train_y)
    others = np.asarray(x, np.float64)
    weights = np.ones(len(target)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if not len(target) or inputs.ndim != 2 or others.ndim != 2 or len(inputs) != len(target):
        raise DataError(
            "the references cannot be fitted",
            received=f"inputs of shape {inputs.shape} and {others.shape}, target of shape {target.shape}",
            expected="[row, feature] inputs and a target of as many rows, at least one",
        )
    step = -(-len(target) // _MAX_ROWS)
    scaled, others = standardized(inputs[::step], others)
    if task.is_classification:
        return _classes(scaled, others, target, weights, num_classes=num_classes, step=step)
    mean = np.average(target, axis=0, weights=weights)
    model = Ridge(alpha=1.0).fit(scaled, target[::step], sample_weight=weights[::step])
    return {
        "mean": np.broadcast_to(mean, (len(others), *target.shape[1:])).astype(np.float64),
        "linear": np.asarray(model.predict(others), np.float64).reshape(len(others), *target.shape[1:]),
    }


def _classes(
    scaled: Float64Array,
    others: Float64Array,
    target: NDArray[Any],
    weights: Float64Array,
    *,
    num_classes: int,
    step: int,
) -> dict[str, Float64Array]:
    if target.min() < 0 or target.max() >= num_classes:
        raise DataError(
            "class codes do not fit",
            received=f"codes from {target.min()} to {target.max()}",
            expected=f"codes from 0 to {num_classes - 1}",
        )
    shares = np.bincount(target, weights=weights, minlength=num_classes) / weights.sum()
    majority = np.tile(shares, (len(others), 1))
    seen = np.unique(target[::step])
    if len(seen) < 2 or not scaled.shape[1]:
        return {"majority": majority, "linear": majority.copy()}
    model = LogisticRegression(max_iter=_MAX_ITERATIONS, tol=1e-3)
    with warnings.catch_warnings():
        # Stopping at the bound is intended: the yardstick has to be quick, not exact.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(scaled, target[::step], sample_weight=weights[::step])
    linear = np.zeros((len(others), num_classes))
    linear[:, seen] = model.predict_proba(others)
    return {"majority": majority, "linear": linear}


def standardized(inputs: Float64Array, others: Float64Array) -> tuple[Float64Array, Float64Array]:
    present = np.isfinite(inputs)
    count = np.maximum(present.sum(axis=0), 1)
    center = np.where(present, inputs, 0.0).sum(axis=0) / count
    deviation = np.where(present, inputs - center, 0.0)
    scale = np.sqrt(np.square(deviation).sum(axis=0) / count)
    varies = scale > 1e-12 * (1.0 + np.abs(center))
    center, scale = center[varies], scale[varies]

    def apply(rows: Float64Array) -> Float64Array:
        chosen = rows[:, varies]
        return np.clip(np.where(np.isfinite(chosen), (chosen - center) / scale, 0.0), -_CLIP, _CLIP)

    return apply(inputs), apply(others)
