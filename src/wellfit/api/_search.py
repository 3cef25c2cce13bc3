"""The stage that searches combinations of remedies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wellfit.api._laboratory import Laboratory
from wellfit.api._offered import offered_situation, searched_fields
from wellfit.api._plan import Plan
from wellfit.api._progress import Progress
from wellfit.api._screen import Baseline
from wellfit.api._tried import Tried, compared
from wellfit.search import Space, make_candidate, make_sampler, make_space, rungs, with_guesses

_BATCH = 16  # settings asked for at a time: enough to fill the blocks, few enough for the sampler to learn
_KEEP = 1 / 3  # of the settings go on at each rung (successive halving)


def search(
    laboratory: Laboratory,
    plan: Plan,
    baseline: Baseline,
    screened: Sequence[Tried],
    *,
    progress: Progress,
    sampler: str,
    seed: int,
) -> list[Tried]:
    """Search combinations around the baseline, in batches with halving, while there is time."""
    progress.stage = "search"
    laboratory.ration.open(plan.search_share)
    subject = laboratory.subject
    known = offered_situation(laboratory, plan)
    samplers = [
        make_sampler(sampler, space, seed + turn, direction=subject.metric.direction)
        for turn, space in enumerate(_spaces(laboratory, plan, screened))
    ]
    tried: list[Tried] = []
    for number in range(plan.num_batches):
        drawn = samplers[number % len(samplers)]
        affordable = laboratory.ration.affordable([subject.baseline] * _BATCH, len(plan.look))
        if progress.clock.is_past(plan.search_until_s) or affordable < _BATCH:
            break
        asked = drawn.ask(_BATCH)
        if not asked:
            break
        batch = [
            make_candidate(
                f"search-{len(tried) + place}",
                "search",
                subject.baseline,
                settings,
                own_dropout=known.own_dropout,
            )
            for place, (_, settings) in enumerate(asked)
        ]

        def report(count: int, total: int, done: int = len(tried)) -> None:
            progress.say(done * len(plan.look) + count, done * len(plan.look) + total)

        found = laboratory.measure(
            [candidate.settings for candidate in batch],
            plan.look,
            rungs=rungs(min(c.settings.epochs for c in batch)),
            keep_fraction=_KEEP,
            progress=report,
            should_stop=progress.until(plan.search_until_s),
        )
        defined = np.isfinite(baseline.scores)
        for (trial_id, _), scores in zip(asked, found.scores[:, defined], strict=True):
            complete = len(scores) > 0 and bool(np.isfinite(scores).all())
            drawn.tell(trial_id, float(scores.mean()) if complete else None)
        tried.extend(compared(laboratory, plan, batch, found, baseline.scores))
        progress.saw(np.array([t.scores.mean() for t in tried if len(t.scores)]))
    return tried


def _spaces(laboratory: Laboratory, plan: Plan, screened: Sequence[Tried]) -> list[Space]:
    """Return the space around the baseline, and around a change of network or data if that is best.

    A network or rows of another kind cost a compilation each, so they are not searched like numbers: the one
    that did better than every other remedy becomes a second starting point.
    """
    subject, known = laboratory.subject, offered_situation(laboratory, plan)
    promising = [t for t in screened if t.effect.effect is not None and t.effect.effect.estimate > 0]
    # A network that must be compiled anew is searched only where the screen gives a reason to.
    wider = any(t.candidate.settings.width > subject.baseline.width for t in promising)
    deeper = any(t.candidate.settings.depth > subject.baseline.depth for t in promising)
    known = replace(known, can_widen=known.can_widen and wider, can_deepen=known.can_deepen and deeper)
    effects = [(t.candidate, t.effect) for t in screened]
    fields = searched_fields(laboratory, plan)
    spaces = [with_guesses(make_space(subject.baseline, known, effects, fields=fields), subject.warm.guesses)]
    best = max(promising, key=lambda t: t.effect.effect.estimate, default=None)  # type: ignore[union-attr]
    if best is not None and not laboratory.build(best.candidate.settings).is_own_but_for_size:
        spaces.append(make_space(best.candidate.settings, known, effects, fields=fields))
    return spaces
