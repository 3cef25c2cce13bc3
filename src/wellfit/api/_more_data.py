"""What more rows would be worth: the chosen network on parts of its training rows, with as many updates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._confirm import Confirmed
from wellfit.api._laboratory import Laboratory
from wellfit.api._plan import Plan
from wellfit.api._progress import Progress
from wellfit.api._tried import scored_ratio
from wellfit.evaluation import fitted_curve, predicted_gain, round_rows
from wellfit.records import Metric, MoreData, Settings

Array = NDArray[Any]

SHARES = (0.25, 0.35, 0.5, 0.7)
"""Parts of the training rows; all of them are the last point of the curve."""
_MIN_SPLITS = 3  # below which an interval says nothing
_NUM_POINTS = 25  # of the fitted curve, as it is drawn
_SAFETY = 1.2  # members of a stage by itself fill blocks less well than those before


def more_data(
    laboratory: Laboratory,
    plan: Plan,
    settings: Settings,
    confirmed: Confirmed,
    *,
    progress: Progress,
    confirm_s: float,
) -> MoreData | None:
    """Return what about half as many rows again would be worth, if there is time to find out.

    All members train in one population, with the number of updates that all rows ask for: a curve over rows,
    not over updates. They are scored on the rows that the trial keeps for that.

    Args:
        laboratory: its trials hold parts of those that the confirmation used; see `curve_trials`.
        plan: says which trials, and until when.
        settings: of the network to ask about.
        confirmed: the confirmation, by whose duration the time is judged.
        progress: is told about it.
        confirm_s: seconds that the confirmation took.

    Returns:
        None where there is no time left, or too few runs ended well.

    Source:
        Hestness et al., Deep Learning Scaling is Predictable, Empirically, 2017; Viering and Loog, The Shape
        of Learning Curves: a Review, 2023.
    """
    columns = _columns(laboratory, plan)
    runs = confirmed.num_trials * (1 + len(confirmed.finalists))
    expected_s = _SAFETY * confirm_s / max(runs, 1) * len(columns) * (1 + len(SHARES))
    if not columns or not runs or progress.clock.is_past(plan.confirm_until_s - expected_s):
        return None
    progress.stage = "confirm"
    trials = [trial for column in columns for trial in column]
    found = laboratory.measure([settings], trials, should_stop=progress.until(plan.confirm_until_s))
    losses = _losses(found.scores[0].reshape(len(columns), -1), laboratory.subject.metric)
    good = np.isfinite(losses).all(axis=1)
    if not found.complete[0] or good.sum() < _MIN_SPLITS:
        return None
    sizes = np.array([[len(laboratory.trials[t].split.train) for t in column] for column in columns])
    ratio = scored_ratio(laboratory, plan.curve)
    have = len(laboratory.subject.working)
    return _gain(sizes.mean(axis=0), losses[good], laboratory.subject.metric, ratio, have)


def _columns(laboratory: Laboratory, plan: Plan) -> list[list[int]]:
    """Return ``[split][size]`` positions of the trials with parts of the rows, and that with all of them."""
    parts = [t for t, trial in enumerate(laboratory.trials) if trial.num_visits]
    found: list[list[int]] = []
    for whole in plan.curve:
        # Parts share the seed of their trial and nothing else does.
        own = [t for t in parts if laboratory.trials[t].seed == laboratory.trials[whole].seed]
        if len(own) == len(SHARES):
            found.append([*own, whole])
    return found


def _losses(scores: Array, metric: Metric) -> Array:
    """Return scores as losses that end at 0; a metric that is better when higher ends at 1."""
    return scores if metric.direction == "minimize" else 1.0 - scores


def _gain(sizes: Array, losses: Array, metric: Metric, test_ratio: float, have: int) -> MoreData | None:
    """Return what more rows would be worth to the final network, which trains on all that there are."""
    if len(np.unique(sizes)) < _MIN_SPLITS:
        return None
    extra = round_rows(have / 2)
    gain = predicted_gain(sizes, losses, extra, num_rows=have, unit=metric.name, test_ratio=test_ratio)
    mean = losses.mean(axis=0)
    points = np.unique(np.geomspace(sizes.min(), have + extra, _NUM_POINTS).round().astype(int))
    return MoreData(
        extra_rows=extra,
        estimate=gain.estimate,
        low=gain.low,
        high=gain.high,
        unit=gain.unit,
        sizes=tuple(round(size) for size in sizes),
        losses=tuple(float(loss) for loss in mean),
        num_rows=have,
        loss_now=float(fitted_curve(sizes, mean, [have])[0]),
        fitted_sizes=tuple(int(point) for point in points),
        fitted_losses=tuple(float(loss) for loss in fitted_curve(sizes, mean, points)),
    )
