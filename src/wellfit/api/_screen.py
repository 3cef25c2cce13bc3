"""The first stages of a study: the network as it stands, then every remedy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._laboratory import Laboratory
from wellfit.api._measured import Measured
from wellfit.api._offered import offered, shares_program, waves
from wellfit.api._plan import Plan
from wellfit.api._progress import Progress
from wellfit.api._run_cost import affordable
from wellfit.api._tried import Tried, compared, mean_known, untried, with_chance
from wellfit.records import as_trained

Array = NDArray[Any]

NO_ROOM = "not tried: it needs a program of its own, and the budget has no room for more"


@dataclass(frozen=True, kw_only=True, eq=False)
class Baseline:
    """The network as it stands, and the first remedies, which fill up the places beside it.

    Attributes:
        measured: of the baseline alone; where it diverged, its score is that of chance.
        tried: remedies that were measured along with it.
        note: that it diverged, if so.
    """

    measured: Measured
    tried: tuple[Tried, ...]
    note: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether every run of the baseline came to its end."""
        return bool(self.measured.complete[0])

    @property
    def scores(self) -> Array:
        """``[trial]`` scores."""
        return self.measured.scores[0]


def measure_baseline(laboratory: Laboratory, plan: Plan, progress: Progress) -> Baseline:
    """Train the network as it stands on the trials that screen and search will use.

    A population runs in blocks, and a block with empty places costs as much as a full one: the first
    remedies of the screen train along.
    """
    progress.stage = "baseline"
    laboratory.ration.open(plan.screen_share)
    subject = laboratory.subject
    same = [c for c in offered(laboratory, plan) if shares_program(laboratory, c.settings)]
    beside = [c for c in same if c.settings.epochs == subject.baseline.epochs]
    # What differs from the baseline in what is done to outputs alone takes no place.
    free = [c for c in beside if as_trained(c.settings) == as_trained(subject.baseline)]
    rest = [c for c in beside if c not in free]
    beside = [*free, *rest[: max(0, laboratory.num_places // len(plan.look) - 1)]]
    progress.say(0, len(plan.look) * (len(beside) + 1))
    found = laboratory.measure(
        [subject.baseline, *(c.settings for c in beside)],
        plan.look,
        progress=progress.say,
        should_stop=progress.until(np.inf),
    )
    found, note = with_chance(laboratory, plan.look, found)
    if found.complete[0]:
        progress.baseline = float(mean_known(found.scores[:1])[0])
        progress.saw(mean_known(found.scores))
    progress.say(len(plan.look) * (len(beside) + 1), len(plan.look) * (len(beside) + 1))
    tried = compared(laboratory, plan, beside, found.part(slice(1, None)), found.scores[0])
    return Baseline(measured=found.part(slice(0, 1)), tried=tuple(tried), note=note)


def screen(laboratory: Laboratory, plan: Plan, baseline: Baseline, progress: Progress) -> list[Tried]:
    """Try every remedy alone, paired with the baseline on splits and seeds.

    Those that share the baseline's program come first; the others each need a compilation and are
    tried while there is time.
    """
    progress.stage = "screen"
    laboratory.ration.open(plan.screen_share)
    tried = [t for t in baseline.tried if len(t.scores)]
    known = {t.candidate.name for t in tried}
    candidates = [c for c in offered(laboratory, plan) if c.name not in known]
    done = len(known) * len(plan.look)
    total = done + len(candidates) * len(plan.look)
    num_programs = 0
    while candidates:
        left_s = plan.screen_until_s - progress.clock.elapsed_s
        fitting = affordable(laboratory, candidates, len(plan.look), left_s, num_folds=plan.num_folds)
        for candidate, why in fitting.never:
            tried.extend(untried([candidate], why))
        for wave in waves(laboratory, fitting.now):
            num_programs += not shares_program(laboratory, wave[0].settings)
            if num_programs > plan.num_programs:
                tried.extend(untried(wave, NO_ROOM))
                continue
            if progress.clock.is_past(plan.screen_until_s):
                tried.extend(untried(wave, "not tried: no time left"))
                continue

            def report(count: int, _: int, done: int = done) -> None:
                progress.say(done + count, total)

            found = laboratory.measure(
                [candidate.settings for candidate in wave],
                plan.look,
                progress=report,
                should_stop=progress.until(plan.screen_until_s),
            )
            tried.extend(compared(laboratory, plan, wave, found, baseline.scores))
            progress.saw(np.array([t.scores.mean() for t in tried if len(t.scores)]))
            done += len(wave) * len(plan.look)
        # What took less time than it was thought to leaves room for more.
        candidates = [candidate for candidate, _ in fitting.later] if fitting.now else []
        if not candidates:
            for candidate, why in fitting.later:
                tried.extend(untried([candidate], why))
    return tried
