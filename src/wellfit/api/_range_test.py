"""The learning-rate range test as one small population before the screen."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from wellfit.api._laboratory import Laboratory
from wellfit.api._plan import Plan
from wellfit.api._progress import Progress
from wellfit.api._screen import Baseline
from wellfit.search import RANGE_RATES, range_rate

_MIN_EPOCHS, _MIN_UPDATES = 2, 100  # below which a low rate has not moved and a high one not diverged
_SHARE = 0.05  # of the budget at most
_SAME = 1.5  # factor within which a rate is the baseline's own


def with_range_rate(laboratory: Laboratory, plan: Plan, baseline: Baseline, progress: Progress) -> Plan:
    """Return the plan with the rate that a range test finds, where it costs little and finds another one.

    It looks at training losses alone, so that no row that scores or stops is used up by it.

    Source:
        Smith, Cyclical Learning Rates for Training Neural Networks, 2017.
    """
    own, trial = laboratory.subject.baseline, plan.look[0]
    updates = math.ceil(len(laboratory.trials[trial].split.train) / own.batch_size)
    epochs = max(_MIN_EPOCHS, math.ceil(_MIN_UPDATES / updates))
    # The baseline's runs shared their time with remedies beside them, so that this is rather too much.
    member_s = baseline.measured.duration_s / len(plan.look) * epochs / own.epochs
    if epochs > own.epochs or member_s * len(RANGE_RATES) > _SHARE * progress.clock.budget_s:
        return plan
    short = replace(own, epochs=epochs, patience=0, schedule="constant", warmup=0.0)
    found = laboratory.measure(
        [replace(short, learning_rate=float(rate)) for rate in RANGE_RATES],
        [trial],
        should_stop=lambda: progress.clock.is_past(plan.screen_until_s),
    )
    if not found.complete.all():
        return plan
    ends = [
        np.nan if diverged or not len(train) else float(train[-1])
        for (train, *_), diverged in zip(found.curves, found.diverged[:, 0], strict=True)
    ]
    rate = range_rate(RANGE_RATES, ends)
    is_other = rate > 0 and max(rate, own.learning_rate) > _SAME * min(rate, own.learning_rate)
    return replace(plan, range_rate=rate) if is_other else plan
