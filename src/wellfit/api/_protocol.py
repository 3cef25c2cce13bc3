"""The protocol of a study: baseline, screen, search, confirm, finish; each stage knows only those before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._assemble import assemble
from wellfit.api._clock import Clock
from wellfit.api._confirm import Confirmed, choose_finalists, confirm_finalists
from wellfit.api._ensemble import Ensemble, gather_ensemble
from wellfit.api._events import Listener
from wellfit.api._final import Final, finish
from wellfit.api._fingerprint import data_digest
from wellfit.api._frozen_features import FrozenFeatures, frozen_features
from wellfit.api._laboratory import Laboratory
from wellfit.api._linear_head import LINEAR_HEAD, score_linear_head
from wellfit.api._more_data import SHARES, more_data
from wellfit.api._pace import slowdown
from wellfit.api._plan import Plan, make_counted_plan, make_plan, member_cost
from wellfit.api._progress import Progress
from wellfit.api._range_test import with_range_rate
from wellfit.api._ration import Budget, Ration
from wellfit.api._reference import study_reference
from wellfit.api._references import score_references
from wellfit.api._replay import Replay
from wellfit.api._run_cost import first_drawing_s
from wellfit.api._sample import sample_of
from wellfit.api._screen import Baseline, measure_baseline, screen
from wellfit.api._search import search
from wellfit.api._study import Study
from wellfit.api._subject import Subject
from wellfit.api._trials import bag_trials, curve_trials, last_trials, make_trials
from wellfit.api._tried import Tried
from wellfit.population import enable_compilation_cache, num_workers
from wellfit.records import MoreData, Settings, as_trained

Array = NDArray[Any]

# Past the budget, or asked to stop, the final networks are still trained if that takes about a second.
_SOON_S = 1.0
_OVERDRAFT = 0.05
# Training one by one by Keras takes about this many times as long as a population (for planning only).
# Settings on all folds that a budget of members keeps back for an average, and its share at most.
_AVERAGED, _AVERAGED_SHARE = 4, 0.4


@dataclass(kw_only=True, eq=False)
class Found:
    """What the stages have found so far.

    Attributes:
        baseline: the network as it stands, on the trials of screen and search.
        references: chance and linear model on the same trials, name to ``[trial]``.
        features: of the pretrained network before its head, for a linear head; None where there are none.
        screened: each remedy alone.
        searched: combinations.
        confirmed: finalists on fresh trials; None if it did not come to that.
        ensemble: networks to average, where that was asked for and there was time.
        final: the networks trained on all working rows; None likewise.
        was_finished: whether the final networks were trained, well or not.
        more_data: what more rows would be worth; None if that was not measured.
        timing: stage to seconds.
    """

    baseline: Baseline
    references: dict[str, Array]
    features: FrozenFeatures | None = None
    screened: list[Tried] = field(default_factory=list)
    searched: list[Tried] = field(default_factory=list)
    confirmed: Confirmed | None = None
    ensemble: Ensemble | None = None
    final: Final | None = None
    was_finished: bool = False
    more_data: MoreData | None = None
    timing: dict[str, float] = field(default_factory=dict)

    @property
    def is_average(self) -> bool:
        """Whether the average of several networks is handed back."""
        return self.final is not None and self.final.is_average

    @property
    def kept(self) -> str | None:
        """Name of the finalist that is handed back (or part of the average), None for the baseline."""
        chosen = self.confirmed.chosen if self.confirmed is not None else None
        if self.is_average and self.ensemble is not None and chosen is not None:
            averaged = {as_trained(settings) for settings in self.ensemble.settings}
            return chosen.name if as_trained(chosen.settings) in averaged else None
        fell_back = self.final is None or (chosen is not None and self.final.settings != chosen.settings)
        return None if chosen is None or fell_back else chosen.name


def run_study(
    subject: Subject,
    clock: Clock,
    *,
    seed: int,
    sampler: str,
    listener: Listener,
    command: str,
    ensemble: bool = False,
    budget: Budget | None = None,
    replay: Replay | None = None,
) -> Study:
    """Run a study from the subject to its report.

    Args:
        subject: what it is about.
        clock: time and stop requests.
        seed: of everything that is drawn.
        sampler: of the search, by name.
        listener: called with events.
        command: how it was started, for the report.
        ensemble: whether networks are averaged.
        budget: what it may use; the seconds of the clock if None.
        replay: knows and keeps its runs; None keeps nothing.
    """
    enable_compilation_cache()
    if ensemble and subject.layout.reason:
        ensemble = False
        note = f"no networks are averaged, only the best is handed back: {subject.layout.reason}"
        subject = replace(subject, notes=(*subject.notes, note))
    progress = Progress(subject=subject, clock=clock, listener=listener)
    for note in subject.notes:
        progress.say(message=note)
    replay = replay or Replay()
    if replay.num_known:
        progress.say(message=f"goes on after {replay.num_known} steps that are stored")
    limit = budget or Budget(seconds=progress.clock.budget_s)
    laboratory, plan = _prepare(progress, seed, limit, ensemble, replay)
    try:
        found = _stages(laboratory, plan, progress, seed=seed, sampler=sampler)
    finally:
        laboratory.close()
    if budget is not None and budget.amount is not None:
        progress.say(message=f"trained {laboratory.members_trained} members of a budget of {budget}")
    report = assemble(laboratory, plan, clock, found, seed=seed, sampler=sampler, command=command)
    final = found.final
    return Study(
        report=report,
        model=final.model if final is not None else None,
        scalings=final.scalings if final is not None else (),
        formulas=final.formulas if final is not None else (),
        encoder=subject.encoder,
        from_logits=subject.setup.from_logits,
        picture_fit=subject.picture_fit,
        picture_depth=subject.picture_depth,
        trials=tuple(_plain(tried) for tried in [*found.screened, *found.searched]),
        recipe=final.recipe if final is not None else None,
        sample=sample_of(subject),
        data_sha256=data_digest(subject.dataset),
        reference=None if final is None else study_reference(subject, final, report),
        can_go_on=bool(report.partial) and (clock.was_stopped or bool(laboratory.broken)),
    )


def _prepare(
    progress: Progress, seed: int, budget: Budget, ensemble: bool, replay: Replay
) -> tuple[Laboratory, Plan]:
    """Share the budget out and draw all splits."""
    subject, clock = progress.subject, progress.clock
    sizes = (subject.products_per_row, len(subject.working))
    epochs = subject.baseline.epochs
    options: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": subject.baseline.batch_size,
        "num_workers": num_workers(),
        "ensemble": ensemble,
    }
    if budget.amount is None:
        plan = make_plan(clock.budget_s, *sizes, slowdown=slowdown(subject), **options)
    else:
        plan = make_counted_plan(budget, *sizes, **options)
    look = make_trials(subject, plan.num_look, seed, stage=1, max_rows=plan.max_rows)
    fresh = make_trials(subject, plan.num_confirm, seed, stage=2)
    bag = bag_trials(subject, plan.num_folds, seed)
    parts = curve_trials(subject, fresh[: len(plan.curve)], SHARES)
    # The final networks, and those that are averaged, are trained at the end, whatever was used up before.
    each = float(epochs if budget.unit == "epochs" else 1)
    averaged = min(_AVERAGED * plan.num_folds * each, _AVERAGED_SHARE * (budget.amount or 0.0))
    ration = Ration(budget, reserve=2.0 * each + averaged)
    trials = [*look, *fresh, *last_trials(subject, seed), *bag, *parts]
    return Laboratory(subject, trials, ration, watch=progress.watch, replay=replay), plan


def _stages(laboratory: Laboratory, plan: Plan, progress: Progress, *, seed: int, sampler: str) -> Found:
    clock, timing = progress.clock, {"prepare_s": progress.clock.elapsed_s}

    def timed(name: str) -> None:
        timing[f"{name}_s"] = clock.elapsed_s - sum(timing.values())

    baseline = measure_baseline(laboratory, plan, progress)
    references = score_references(laboratory.subject, [laboratory.trials[t] for t in plan.look])
    found = Found(baseline=baseline, references=references, timing=timing)
    timed("baseline")
    plan = plan.slowed(clock.elapsed_s)
    if baseline.is_complete:
        _add_linear_head(laboratory, plan, found, clock, seed)
        plan = with_range_rate(laboratory, plan, baseline, progress)
        found.screened = screen(laboratory, plan, baseline, progress)
        timed("screen")
        found.searched = search(
            laboratory, plan, baseline, found.screened, progress=progress, sampler=sampler, seed=seed
        )
        timed("search")
        finalists = choose_finalists(found.screened, found.searched, plan.num_finalists)
        before_s = max((first_drawing_s(laboratory.subject, one.settings) for one in finalists), default=0.0)
        plan = replace(plan, reserve_s=plan.reserve_s + before_s)  # the last network may be one of them
        found.confirmed = confirm_finalists(laboratory, plan, baseline.measured, finalists, progress)
        timed("confirm")
        if not laboratory.broken:
            best = found.confirmed.chosen
            found.more_data = more_data(
                laboratory,
                plan,
                laboratory.subject.baseline if best is None else best.settings,
                found.confirmed,
                progress=progress,
                confirm_s=timing["confirm_s"],
            )
        timed("more_data")
        if plan.num_folds and not laboratory.broken and not clock.interrupted:
            found.ensemble = gather_ensemble(laboratory, plan, found, progress)
            timed("ensemble")
        if not laboratory.broken and _is_time_to_finish(laboratory.subject, clock):
            progress.stage = "final"
            progress.say(0, 2)
            chosen = found.confirmed.chosen
            settings: Settings = laboratory.subject.baseline if chosen is None else chosen.settings
            found.final = finish(
                laboratory,
                plan,
                settings,
                found.confirmed,
                seed,
                ensemble=found.ensemble,
                features=found.features,
                should_stop=lambda: _is_late(clock),
            )
            found.was_finished = True
            progress.say(2, 2)
        timed("final")
    timing["compile_s"] = laboratory.compile_s
    timing["total_s"] = clock.elapsed_s
    return found


def _add_linear_head(laboratory: Laboratory, plan: Plan, found: Found, clock: Clock, seed: int) -> None:
    """Add what fine-tuning must beat to the references, where a pretrained network sees pictures."""
    before_s = clock.elapsed_s
    budget: dict[str, Any] = {"num_fits": plan.num_look + 1, "seed": seed}
    found.features, note = frozen_features(laboratory, clock.budget_s, **budget)
    if note:
        laboratory.notes.append(note)
    if found.features is None:
        return
    trials = [laboratory.trials[t] for t in plan.look]
    scores = score_linear_head(laboratory.subject, found.features, trials)
    if np.isfinite(scores).any():
        found.references[LINEAR_HEAD] = scores[np.isfinite(scores)]
    found.timing["linear_head_s"] = clock.elapsed_s - before_s


def _is_time_to_finish(subject: Subject, clock: Clock) -> bool:
    """Return whether the final networks can still be trained: there is time, or it takes hardly any."""
    cost_s = member_cost(
        subject.products_per_row,
        len(subject.working),
        epochs=subject.baseline.epochs,
        batch_size=subject.baseline.batch_size,
        num_workers=1,
        slowdown=slowdown(subject),
    )
    return not _is_late(clock) or cost_s < _SOON_S


def _is_late(clock: Clock) -> bool:
    return clock.interrupted or clock.left_s < -_OVERDRAFT * clock.budget_s


def _plain(tried: Tried) -> dict[str, object]:
    return {
        "name": tried.candidate.name,
        "settings": dict(tried.candidate.changes),
        "scores": [float(score) for score in tried.scores],
    }
