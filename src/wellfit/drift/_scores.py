"""The score on new rows: what is to be expected without labels, and what it is once they are there."""

# SciPy ships without stubs: what its functions return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from wellfit.drift._drift import ScoreDrift
from wellfit.drift._losses import OF_CLASSES, loss_names
from wellfit.drift._reference import PredictionReference, Reference
from wellfit.drift._window import Window
from wellfit.records import Scored

_NORMAL = 1.959964
_UNKNOWN = Scored(value=math.nan, low=math.nan, high=math.nan)
_PRIOR_ROWS = 2.0
# Metrics that are a function of one mean over rows.
_ROOTS = {"rmse": "mse"}


def expected_score(reference: Reference, window: Window) -> ScoreDrift:
    """Return the score to be expected of new rows without labels, by how sure the network is of them.

    The holdout tells how much is lost a row at each sureness (probability of the most probable class), and
    the window how many rows are how sure::

        expected = sum(share_of_window[bin] * mean_loss_of_holdout[bin])

    It is right as long as the network is as often right as before where it is as sure as before: rows that
    move about are accounted for, a world in which the same row has another label is not. The interval
    covers the score that labels would give: both the holdout's rows and the window's are few.

    For values there is no sureness, and nothing is said. Metrics that are no mean over rows (areas, F1)
    cannot be added up from bins; accuracy stands for them.

    Source:
        Guillory et al., Predicting with Confidence on Unseen Distributions, 2021 (difference of
        confidences); Garg et al., Leveraging Unlabeled Data to Predict Out-of-Distribution Performance, 2022
        (when it must fail); estimating by calibrated confidences is known as CBPE.
    """
    said = reference.predictions
    if not reference.task.is_classification:
        return _refused(reference, window, "a predicted value does not say how sure it is; labels are needed")
    if said is None:
        return _refused(reference, window, "the study had no holdout, so nobody knows what sureness is worth")
    if not said.sure or not int(window.sure.sum()):
        return _refused(reference, window, "there is no finite prediction to go by")
    own = reference.metric in OF_CLASSES
    metric = reference.metric if own else "accuracy"
    reason = "" if own else f"{reference.metric} cannot be known without labels; accuracy stands for it"
    return _by_sureness(reference, said, window, metric, reason)


def _by_sureness(
    reference: Reference, said: PredictionReference, window: Window, metric: str, reason: str
) -> ScoreDrift:
    rows = np.array([one.num_rows for one in said.sure], np.float64)
    means = np.array([one.means[metric] for one in said.sure])
    variances = np.array([one.variances[metric] for one in said.sure])
    overall = float(rows @ (variances + means**2) / rows.sum() - (rows @ means / rows.sum()) ** 2)
    # A bin whose few rows lost alike is not certain: it borrows a little of what rows differ by in general.
    variances = (rows * variances + _PRIOR_ROWS * overall) / (rows + _PRIOR_ROWS)
    num_new, num_old = float(window.sure.sum()), float(rows.sum())
    share, share_before = window.sure / num_new, rows / num_old
    value, before = float(share @ means), float(share_before @ means)
    own = float(share**2 @ (variances / rows)) + float(share @ variances) / num_new
    between = float(share_before @ np.square(means - before))
    moved = float(np.square(share - share_before) @ (variances / rows)) + between * (
        1 / num_new + 1 / num_old
    )
    direction = "maximize" if metric == "accuracy" else "minimize"
    sign = 1.0 if direction == "maximize" else -1.0
    difference, error = sign * (value - before), math.sqrt(moved)
    own_before = math.sqrt(float(share_before**2 @ (variances / rows)))
    is_own = metric == reference.metric
    chance = reference.chance if is_own else math.nan
    return ScoreDrift(
        metric=metric,
        direction=direction,
        num_rows=int(num_new),
        score=_bounded(metric, value, math.sqrt(own)),
        before=reference.score if is_own else _bounded(metric, before, own_before),
        difference=_around(difference, error),
        p_value=float(ndtr(difference / error)) if error > 0 else 1.0,
        lost=_lost(-difference, sign * (before - chance)),
        lost_high=_lost(_NORMAL * error - difference, sign * (before - chance)),
        reason=reason,
    )


def measured_score(reference: Reference, window: Window, score: Scored | None = None) -> ScoreDrift | None:
    """Return the score on rows whose label is known against the holdout's; None without labels.

    Args:
        reference: has the holdout's score.
        window: has the sums of the losses of rows with labels.
        score: in the study's metric, with its interval, where it was computed from the rows themselves;
            metrics that are no mean over rows cannot be had from a window.
    """
    if not window.num_labeled:
        return None
    metric = reference.metric
    names = loss_names(reference.task)
    if score is None:
        score = _summed(window, _ROOTS.get(metric, metric), names, is_root=metric in _ROOTS)
    if score is None:
        reason = f"{metric} is no mean over rows: it cannot be had from counts"
        return _refused(reference, window, reason, num_rows=window.num_labeled)
    before = reference.score
    sign = 1.0 if reference.direction == "maximize" else -1.0
    difference = sign * (score.value - before.value)
    error = math.hypot(_error(score), _error(before))
    known = math.isfinite(difference) and math.isfinite(error) and error > 0
    return ScoreDrift(
        metric=metric,
        direction=reference.direction,
        num_rows=window.num_labeled,
        score=score,
        before=before,
        difference=_around(difference, error),
        p_value=float(ndtr(difference / error)) if known else 1.0,
        lost=_lost(-difference, sign * (before.value - reference.chance)),
        lost_high=_lost(_NORMAL * error - difference, sign * (before.value - reference.chance)),
        reason="" if math.isfinite(before.value) else "the study had no holdout to compare with",
    )


def _summed(window: Window, metric: str, names: tuple[str, ...], *, is_root: bool) -> Scored | None:
    """Return a mean over the rows with labels, or its root, with its interval."""
    if metric not in names:
        return None
    number = window.num_labeled
    total, squares = window.losses[names.index(metric)]
    mean = total / number
    variance = max(squares / number - mean**2, 0.0) * number / max(number - 1, 1)
    error = math.sqrt(variance / number) if number > 1 else math.nan
    if not is_root:
        return _bounded(metric, float(mean), error)
    found = _bounded("mse", float(mean), error)
    return (
        Scored(value=math.sqrt(mean), low=math.sqrt(max(found.low, 0.0)), high=math.sqrt(found.high))
        if number > 1
        else Scored(value=math.sqrt(mean), low=math.nan, high=math.nan)
    )


def _error(score: Scored) -> float:
    """Return the standard error that an interval tells; 0 where there is no interval."""
    width = score.high - score.low
    return width / (2 * _NORMAL) if math.isfinite(width) else 0.0


def _around(value: float, error: float) -> Scored:
    if not math.isfinite(value):
        return _UNKNOWN
    return Scored(value=value, low=value - _NORMAL * error, high=value + _NORMAL * error)


def _bounded(metric: str, value: float, error: float) -> Scored:
    """Return a score and its interval, within what the metric can be."""
    top = 1.0 if metric in ("accuracy", "brier") else math.inf
    low, high = value - _NORMAL * error, value + _NORMAL * error
    if math.isnan(error):
        return Scored(value=value, low=math.nan, high=math.nan)
    return Scored(value=value, low=max(low, 0.0), high=min(high, top))


def _lost(fall: float, skill: float) -> float:
    """Return which share of the lead over chance is gone; 0 where nothing is."""
    if not math.isfinite(fall) or not math.isfinite(skill) or skill <= 0:
        return math.nan
    return max(fall / skill, 0.0)


def _refused(reference: Reference, window: Window, reason: str, num_rows: int | None = None) -> ScoreDrift:
    return ScoreDrift(
        metric=reference.metric,
        direction=reference.direction,
        num_rows=window.num_rows if num_rows is None else num_rows,
        score=_UNKNOWN,
        before=reference.score,
        difference=_UNKNOWN,
        p_value=1.0,
        lost=math.nan,
        lost_high=math.nan,
        reason=reason,
    )
