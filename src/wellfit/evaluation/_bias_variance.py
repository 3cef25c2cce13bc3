"""The error of many networks, divided into what they have in common and what they differ in."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.records import DataError, Task

Loss = Literal["squared_error", "brier", "log_loss"]
_SMALLEST = 1e-7  # as in Keras' cross-entropy


class Decomposition(NamedTuple):
    """Mean over rows: ``error = bias + variance``."""

    error: float
    bias: float
    variance: float


def bias_variance_of(
    task: Task, target: ArrayLike, predictions: ArrayLike, *, loss: Loss | None = None
) -> Decomposition:
    """Divide the mean error of networks that were trained on different samples of rows.

    For squared error (and Brier score, the squared error of probabilities) with the mean prediction m of a
    row: mean((p - y)^2) = (m - y)^2 + mean((p - m)^2). For log loss m is the normalized geometric mean of
    the probabilities, and mean(-log p_y) = -log m_y + mean(KL(m, p)). The first term is the squared bias
    with the noise of the target, the second the variance.

    Args:
        task: what kind of target there is.
        target: ``[row]`` class codes, or ``[row]`` or ``[row, output]`` values.
        predictions: ``[network, row, class]`` probabilities or ``[network, row, output]`` values.
        loss: squared_error, brier or log_loss; by default squared error for regression, else Brier score.

    Raises:
        DataError: shapes do not fit, or the loss does not go with the task.

    Example:
        >>> found = bias_variance_of(Task.REGRESSION, [1.0], [[[0.0]], [[2.0]]])
        >>> found.error, found.bias, found.variance
        (1.0, 0.0, 1.0)

    Source:
        Geman, Bienenstock and Doursat, Neural Networks and the Bias/Variance Dilemma, 1992; Heskes,
        Bias/Variance Decompositions for Likelihood-Based Estimators, 1998; Pfau, A Generalized
        Bias-Variance Decomposition for Bregman Divergences, 2013.
    """
    chosen = loss or ("brier" if task.is_classification else "squared_error")
    guess = np.asarray(predictions, np.float64)
    truth = np.asarray(target)
    _check(task, truth, guess, chosen)
    if not task.is_classification:
        return _squared(truth.reshape(1, len(truth), -1).astype(np.float64), guess)
    codes = truth.reshape(-1).astype(np.int64)
    if chosen == "brier":
        return _squared(np.eye(guess.shape[2])[codes][None], guess)
    return _logarithmic(codes, guess)


def _squared(truth: NDArray[np.float64], guess: NDArray[np.float64]) -> Decomposition:
    mean = guess.mean(axis=0, keepdims=True)
    return Decomposition(
        error=float(((guess - truth) ** 2).sum(axis=2).mean()),
        bias=float(((mean - truth) ** 2).sum(axis=2).mean()),
        variance=float(((guess - mean) ** 2).sum(axis=2).mean()),
    )


def _logarithmic(codes: NDArray[np.int64], guess: NDArray[np.float64]) -> Decomposition:
    clipped = np.clip(guess, _SMALLEST, 1.0)
    logs = np.log(clipped / clipped.sum(axis=2, keepdims=True))
    mean = logs.mean(axis=0)
    center = mean - np.log(np.exp(mean).sum(axis=1, keepdims=True))
    row = np.arange(len(codes))
    return Decomposition(
        error=float(-logs[:, row, codes].mean()),
        bias=float(-center[row, codes].mean()),
        variance=float((np.exp(center) * (center - logs)).sum(axis=2).mean()),
    )


def _check(task: Task, truth: NDArray[np.generic], guess: NDArray[np.float64], loss: str) -> None:
    known = ("brier", "log_loss") if task.is_classification else ("squared_error",)
    if loss not in known:
        raise DataError(
            f"the error cannot be divided by {loss!r} here.",
            received=f"loss={loss!r} for a {task.value} target",
            expected=" or ".join(known),
        )
    if guess.ndim != 3 or not guess.size or guess.shape[1] != len(truth):
        raise DataError(
            "predictions do not go with the target.",
            received=f"predictions of shape {guess.shape}, target of shape {truth.shape}",
            expected="[network, row, class or output], and one target a row",
        )
