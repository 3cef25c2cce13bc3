"""Turn targets and predictions into arrays of known shape, or say what is wrong with them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.records import DataError, Task

Float64Array = NDArray[np.float64]
Codes = NDArray[np.intp]

_TOLERANCE = 1e-3
_ROUNDING = 1e-5


def checked(task: Task, target: ArrayLike, prediction: ArrayLike) -> tuple[NDArray[Any], Float64Array]:
    """Return target and prediction as float64 or codes, both ``[row]`` or ``[row, class or output]``.

    Class probabilities come back divided by the sum of their row, as Keras' own losses do.
    """
    return _classes(target, prediction) if task.is_classification else _values(target, prediction)


def is_finite(prediction: Float64Array) -> bool:
    """Whether every prediction is a finite number; what is not cannot be scored."""
    return bool(np.isfinite(prediction).all())


def _classes(target: ArrayLike, prediction: ArrayLike) -> tuple[Codes, Float64Array]:
    codes = np.asarray(target)
    probability = np.asarray(prediction, np.float64)
    if codes.ndim != 1 or probability.ndim != 2 or len(codes) != len(probability) or not len(codes):
        raise _shape_error(codes, probability, "[row] class codes and [row, class] probabilities")
    num_classes = probability.shape[1]
    if (
        num_classes < 2
        or codes.min() < 0
        or codes.max() >= num_classes
        or (codes != codes.astype(np.intp)).any()
    ):
        raise DataError(
            "class codes and prediction columns do not fit",
            received=f"codes from {codes.min()} to {codes.max()}, {num_classes} prediction columns",
            expected="whole codes from 0 to k-1 and k >= 2 columns of probabilities, for two classes as well",
            fix="stack a single sigmoid column p as [1 - p, p]" if num_classes == 1 else "",
        )
    finite = probability[np.isfinite(probability)]
    if finite.size and (finite.min() < -_TOLERANCE or finite.max() > 1 + _TOLERANCE):
        raise DataError(
            "class predictions are not probabilities",
            received=f"values from {finite.min():.4g} to {finite.max():.4g}",
            expected="values from 0 to 1",
            fix="apply a softmax or a sigmoid to logits first",
        )
    total = probability.sum(axis=1, keepdims=True)
    # A row of zeros has no probabilities to speak of: NaN, which every metric reports as NaN. Sums that
    # are off by rounding alone are left, because dividing by them would break ties between rows.
    usable = np.where((total > 0) & np.isfinite(total), total, np.nan)
    return codes.astype(np.intp), probability / np.where(np.abs(usable - 1) < _ROUNDING, 1.0, usable)


def _values(target: ArrayLike, prediction: ArrayLike) -> tuple[Float64Array, Float64Array]:
    value, guess = np.asarray(target, np.float64), np.asarray(prediction, np.float64)
    columns = value.reshape(len(value), -1) if value.ndim else value
    guesses = guess.reshape(len(guess), -1) if guess.ndim else guess
    if columns.shape != guesses.shape or not columns.size:
        raise _shape_error(value, guess, "target and prediction of the same shape, [row] or [row, output]")
    return columns, guesses


def _shape_error(target: NDArray[Any], prediction: NDArray[Any], expected: str) -> DataError:
    return DataError(
        "target and prediction do not fit together",
        received=f"target of shape {target.shape}, prediction of shape {prediction.shape}",
        expected=f"{expected}, with at least one row",
    )
