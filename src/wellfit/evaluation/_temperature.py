"""One factor on the logits that makes probabilities neither too sure nor too unsure."""

# SciPy ships without stubs: what its functions return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, logsumexp, softmax

from wellfit.evaluation._check import Float64Array
from wellfit.evaluation._sums import EPSILON
from wellfit.records import DataError

LOWEST, HIGHEST = 0.05, 20.0
"""Bounds of a temperature: rows that are all right would ask for zero, pure noise for infinity."""
# Before any row is seen, log T is taken to be normal around 0 with this deviation: 95 % of networks lie
# within a factor of 2.7, which spans what Guo et al. measured. A row of logit 2 has a curvature of 0.4 in
# log T, so that this is worth about ten rows, and hundreds of rows drown it.
_DEVIATION = 0.5


def fit_temperature(
    predicted: ArrayLike,
    target: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    from_logits: bool = False,
) -> float:
    """Return the temperature that lowers the log loss of predictions most: logits are to be divided by it.

    Use it on rows that the network was not trained on; above 1 the network was too sure. It minimizes::

        sum_i w_i log_loss(softmax(z_i / T), y_i) + (log T)^2 / (2 * 0.5^2)

    which without the last term is convex in 1 / T. The term draws few rows towards 1: it is worth about ten.
    Where the mean over several views of a row is what counts, it takes the place of the softmax.

    Args:
        predicted: probabilities ``[row, class]``, or ``[row]`` or ``[row, 1]`` for one unit; the logarithm
            of a probability is a logit up to a constant. Log losses are bounded as in Keras: a probability
            below 1e-7 counts as 1e-7. ``[view, row, class]`` for several views of each row.
        target: ``[row]`` class codes.
        sample_weight: ``[row]``; their scale does not matter. None for equal weights.
        from_logits: whether `predicted` holds logits.

    Returns:
        A number from 0.05 to 20.

    Raises:
        DataError: shapes do not fit, codes are out of range, or a number is not finite.

    Example:
        >>> said = np.array([[0.99, 0.01]] * 400)
        >>> round(fit_temperature(said, [0] * 320 + [1] * 80), 1)
        3.2

    Source:
        Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, 2017.
    """
    given = np.asarray(predicted, np.float64)
    views = given if given.ndim == 3 and len(given) else given[None]
    logits = np.stack([_logits(view, from_logits) for view in views])
    codes, weights = _checked(logits[0], np.asarray(target), sample_weight)
    of_true = logits[:, np.arange(len(codes)), codes]

    def objective(log_temperature: float) -> float:
        sharpness = np.exp(-log_temperature)
        sure = sharpness * of_true - logsumexp(sharpness * logits, axis=2)
        losses = np.log(len(views)) - logsumexp(sure, axis=0)
        return float(weights @ losses) + 0.5 * (log_temperature / _DEVIATION) ** 2

    bounds = (float(np.log(LOWEST)), float(np.log(HIGHEST)))
    found = minimize_scalar(objective, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def apply_temperature(probabilities: ArrayLike, temperature: float) -> Float64Array:
    """Return probabilities as they are when the logits are divided by a temperature.

    Args:
        probabilities: as in `fit_temperature`.
        temperature: above 0.

    Returns:
        Probabilities in the same shape. The order of the classes of a row stays, so that accuracy does.

    Raises:
        DataError: a number is not finite, or the temperature is not above 0.

    Example:
        >>> apply_temperature([[0.9, 0.1]], 2.0).round(2).tolist()
        [[0.75, 0.25]]
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise DataError(
            "this is no temperature", received=f"{temperature}", expected="a finite number above 0"
        )
    shares = np.asarray(probabilities, np.float64)
    logits = _logits(shares, from_logits=False) / temperature
    if _is_one_unit(shares):
        return np.asarray(expit(logits[:, 1] - logits[:, 0]), np.float64).reshape(shares.shape)
    return np.asarray(softmax(logits, axis=1), np.float64)


def _is_one_unit(predicted: Float64Array) -> bool:
    return predicted.ndim == 1 or (predicted.ndim == 2 and predicted.shape[1] == 1)


def _logits(predicted: Float64Array, from_logits: bool) -> Float64Array:
    """Return ``[row, class]`` logits, two columns for one unit."""
    is_shaped = predicted.ndim in (1, 2) and predicted.size > 0
    if not is_shaped or not np.isfinite(predicted).all():
        raise DataError(
            "no temperature can be found for these predictions",
            received=f"shape {predicted.shape}" + (", values that are not finite" if is_shaped else ""),
            expected="finite probabilities or logits, [row], [row, 1] or [row, class]",
        )
    if _is_one_unit(predicted):
        unit = predicted.reshape(-1)
        if from_logits:
            return np.stack([np.zeros_like(unit), unit], axis=1)
        predicted = np.stack([1.0 - unit, unit], axis=1)
    return predicted if from_logits else np.log(np.clip(predicted, EPSILON, 1.0))


def _checked(
    logits: Float64Array, codes: NDArray[np.generic], sample_weight: ArrayLike | None
) -> tuple[NDArray[np.intp], Float64Array]:
    """Return codes and weights of mean 1, ``[row]`` each."""
    size, num_classes = logits.shape
    if codes.shape != (size,) or not np.isin(codes, np.arange(num_classes)).all():
        raise DataError(
            "class codes and predictions do not fit",
            received=f"codes of shape {codes.shape}, {size} predictions of {num_classes} classes",
            expected=f"{size} whole codes from 0 to {num_classes - 1}",
        )
    weights = np.ones(size) if sample_weight is None else np.asarray(sample_weight, np.float64)
    good = weights.shape == (size,) and bool(np.isfinite(weights).all() and (weights >= 0).all())
    if not good or not weights.any():
        raise DataError(
            "sample weights do not fit",
            received=f"shape {weights.shape}",
            expected=f"{size} finite weights, none negative, not all zero",
        )
    return codes.astype(np.intp), weights / weights.mean()
