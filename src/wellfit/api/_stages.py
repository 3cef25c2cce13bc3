"""The stages of a study, each a function from what is known to what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._clock import Clock
from wellfit.api._events import Event, Listener
from wellfit.api._laboratory import Build, Laboratory
from wellfit.api._measured import MeanCurve, Measured
from wellfit.api._plan import Plan
from wellfit.api._references import score_chance
from wellfit.api._subject import Subject, situation
from wellfit.population import mechanism_groups
from wellfit.records import Settings
from wellfit.search import (
    Candidate,
    Confirmation,
    PairedEffect,
    Situation,
    Space,
    confirm,
    make_candidate,
    make_sampler,
    make_space,
    paired_effect,
    remedies,
    rungs,
    with_guesses,
)

Array = NDArray[Any]

_BATCH = 16  # settings asked for at a time: enough to fill the blocks, few enough for the sampler to learn
_KEEP = 1 / 3  # of the settings go on at each rung (successive halving)
NOT_APPLICABLE = "not applicable"
NO_ROOM = "not tried: it needs a program of its own, and the budget has no room for more"
_MIN_CONFIRMING = 3  # splits below which an interval says nothing


@dataclass(frozen=True, kw_only=True, eq=False)
class Tried:
    """A candidate with its scores on the trials of the screen or the search.

    Attributes:
        candidate: what was tried.
        scores: ``[trial]``.
        effect: against the baseline on the same trials.
        note: why there is no effect, if so.
    """

    candidate: Candidate
    scores: Array
    effect: PairedEffect
    note: str = ""

    @property
    def is_applicable(self) -> bool:
        """Whether a network could be made for it, as far as that was tried."""
        return not self.note.startswith(NOT_APPLICABLE)


@dataclass(kw_only=True, eq=False)
class Progress:
    """Passes events on, with the best score so far."""

    subject: Subject
    clock: Clock
    listener: Listener
    baseline: float | None = None
    best: float | None = None
    stage: str = "baseline"
    notes: list[str] = field(default_factory=list)

    def say(self, done: int = 0, total: int = 0, message: str = "") -> None:
        """Send an event of the current stage."""
        self.listener(
            Event(
                stage=self.stage,
                done=done,
                total=total,
                message=message,
                baseline=self.baseline,
                best=self.best,
                metric=self.subject.metric.name,
                elapsed_s=self.clock.elapsed_s,
                left_s=self.clock.left_s,
            )
        )

    def saw(self, scores: Array) -> None:
        """Take note of mean scores."""
        finite = scores[np.isfinite(scores)]
        if len(finite):
            lowest = self.subject.metric.direction == "minimize"
            values = [*finite, *([] if self.best is None else [self.best])]
            self.best = float(min(values) if lowest else max(values))


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
    same = [c for c in _candidates(laboratory, plan) if _shares_program(laboratory, c.settings)]
    beside = [c for c in same if c.settings.epochs == subject.baseline.epochs]
    beside = beside[: max(0, laboratory.num_places // len(plan.look) - 1)]
    progress.say(0, len(plan.look) * (len(beside) + 1))
    found = laboratory.measure(
        [subject.baseline, *(c.settings for c in beside)],
        plan.look,
        progress=progress.say,
        should_stop=_until(progress, np.inf),
    )
    found, note = _with_chance(laboratory, plan.look, found)
    if found.complete[0]:
        progress.baseline = float(_mean_known(found.scores[:1])[0])
        progress.saw(_mean_known(found.scores))
    progress.say(len(plan.look) * (len(beside) + 1), len(plan.look) * (len(beside) + 1))
    tried = _compared(laboratory, plan, beside, found.part(slice(1, None)), found.scores[0])
    return Baseline(measured=found.part(slice(0, 1)), tried=tuple(tried), note=note)


def _with_chance(laboratory: Laboratory, trials: Sequence[int], found: Measured) -> tuple[Measured, str]:
    """Score the baseline as chance where it diverged.

    A network that diverges is worth no more than a guess; without a score for it, nothing could be
    compared with it, and the remedy that mends it would never be found.
    """
    diverged = found.diverged[0]
    if not diverged.any():
        return found, ""
    scores = found.scores.copy()
    chance = score_chance(laboratory.subject, [laboratory.trials[t] for t in trials])
    scores[0] = np.where(diverged, chance, scores[0])
    note = f"the baseline diverged in {int(diverged.sum())} of {len(trials)} runs, which count as chance"
    return replace(found, scores=scores), note


def screen(laboratory: Laboratory, plan: Plan, baseline: Baseline, progress: Progress) -> list[Tried]:
    """Try every remedy alone, paired with the baseline on splits and seeds.

    Those that share the baseline's program come first; the others each need a compilation and are
    tried while there is time.
    """
    progress.stage = "screen"
    laboratory.ration.open(plan.screen_share)
    tried = [t for t in baseline.tried if len(t.scores)]
    known = {t.candidate.name for t in tried}
    candidates = [c for c in _candidates(laboratory, plan) if c.name not in known]
    done = len(known) * len(plan.look)
    total = done + len(candidates) * len(plan.look)
    for number, wave in enumerate(_waves(laboratory, candidates)):
        if number > plan.num_programs:
            tried.extend(_untried(wave, NO_ROOM))
            continue
        if progress.clock.is_past(plan.screen_until_s):
            tried.extend(_untried(wave, "not tried: no time left"))
            continue

        def report(count: int, _: int, done: int = done) -> None:
            progress.say(done + count, total)

        found = laboratory.measure(
            [candidate.settings for candidate in wave],
            plan.look,
            progress=report,
            should_stop=_until(progress, plan.screen_until_s),
        )
        tried.extend(_compared(laboratory, plan, wave, found, baseline.scores))
        progress.saw(np.array([t.scores.mean() for t in tried if len(t.scores)]))
        done += len(wave) * len(plan.look)
    return tried


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
    known = _situation(laboratory, plan)
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
            should_stop=_until(progress, plan.search_until_s),
        )
        defined = np.isfinite(baseline.scores)
        for (trial_id, _), scores in zip(asked, found.scores[:, defined], strict=True):
            complete = len(scores) > 0 and bool(np.isfinite(scores).all())
            drawn.tell(trial_id, float(scores.mean()) if complete else None)
        tried.extend(_compared(laboratory, plan, batch, found, baseline.scores))
        progress.saw(np.array([t.scores.mean() for t in tried if len(t.scores)]))
    return tried


def _spaces(laboratory: Laboratory, plan: Plan, screened: Sequence[Tried]) -> list[Space]:
    """Return the space around the baseline, and around a change of network or data if that is best.

    A network or rows of another kind cost a compilation each, so they are not searched like numbers: the one
    that did better than every other remedy becomes a second starting point.
    """
    subject, known = laboratory.subject, _situation(laboratory, plan)
    promising = [t for t in screened if t.effect.effect is not None and t.effect.effect.estimate > 0]
    # A network that must be compiled anew is searched only where the screen gives a reason to.
    wider = any(t.candidate.settings.width > subject.baseline.width for t in promising)
    deeper = any(t.candidate.settings.depth > subject.baseline.depth for t in promising)
    known = replace(known, can_widen=known.can_widen and wider, can_deepen=known.can_deepen and deeper)
    effects = [(t.candidate, t.effect) for t in screened]
    fields = _searched(laboratory, plan)
    spaces = [with_guesses(make_space(subject.baseline, known, effects, fields=fields), subject.warm.guesses)]
    best = max(promising, key=lambda t: t.effect.effect.estimate, default=None)  # type: ignore[union-attr]
    if best is not None and not laboratory.build(best.candidate.settings).is_own_but_for_size:
        spaces.append(make_space(best.candidate.settings, known, effects, fields=fields))
    return spaces


def choose_finalists(screened: Sequence[Tried], searched: Sequence[Tried], count: int) -> list[Candidate]:
    """Return the most promising candidates, at least one of them a single remedy where one is promising.

    A single remedy tells the reader what works; a combination may gain more. Both go to confirmation.
    """

    def promising(tried: Sequence[Tried]) -> list[Tried]:
        good = [t for t in tried if t.effect.effect is not None and t.effect.effect.estimate > 0]
        return sorted(good, key=lambda t: -t.effect.effect.estimate)  # type: ignore[union-attr]

    singles, combined = promising(screened), promising(searched)
    ranked = promising([*screened, *searched])[:count]
    if singles and singles[0] not in ranked:
        ranked = [*ranked[: count - 1], singles[0]]
    if combined and combined[0] not in ranked and count > 1:
        ranked = [*ranked[: count - 1], combined[0]]
    unique: dict[Settings, Candidate] = {}
    for t in ranked:
        unique.setdefault(t.candidate.settings, t.candidate)
    return list(unique.values())


@dataclass(frozen=True, kw_only=True, eq=False)
class Confirmed:
    """What the fresh splits said.

    Attributes:
        finalists: what was compared with the baseline.
        confirmation: effects, corrected p-values and the choice; None if too few splits finished.
        trials: positions of the fresh splits that finished for all.
        baseline_scores: ``[trial]``.
        best_epochs: median best epoch by settings.
        curves: mean curves of the baseline and of each finalist.
        temperatures: geometric mean by settings, of those that have one.
        notes: runs of the baseline that diverged.
    """

    finalists: tuple[Candidate, ...]
    confirmation: Confirmation | None
    trials: tuple[int, ...]
    baseline_scores: Array
    best_epochs: dict[Settings, int]
    curves: dict[Settings, MeanCurve]
    temperatures: dict[Settings, float] = field(default_factory=dict[Settings, float])
    notes: tuple[str, ...] = ()

    @property
    def num_trials(self) -> int:
        """Fresh splits that finished for all."""
        return len(self.trials)

    @property
    def chosen(self) -> Candidate | None:
        """The finalist that is certain to gain most, or None for the baseline."""
        name = self.confirmation.chosen if self.confirmation is not None else None
        return next((candidate for candidate in self.finalists if candidate.name == name), None)


def confirm_finalists(
    laboratory: Laboratory, plan: Plan, finalists: Sequence[Candidate], progress: Progress
) -> Confirmed:
    """Compare finalists with the baseline on splits and seeds that nothing was chosen on.

    Splits are added while time lasts; when to stop depends on the clock alone, never on the scores.
    """
    progress.stage = "confirm"
    laboratory.ration.open(1.0)
    subject = laboratory.subject
    arms = [subject.baseline, *(candidate.settings for candidate in finalists)]
    parts: list[Measured] = []
    notes: list[str] = []
    done = 0
    total = len(plan.confirm) * len(arms)
    for chunk in _chunks(plan.confirm):
        began = progress.clock.elapsed_s
        if done and began + _cost(parts, len(arms), len(chunk)) > plan.confirm_until_s:
            break
        if laboratory.ration.affordable(arms, len(chunk)) < len(arms):
            break

        def report(count: int, _: int, done: int = done) -> None:
            progress.say(done + count, total)

        found = laboratory.measure(
            arms, chunk, progress=report, should_stop=_until(progress, plan.confirm_until_s)
        )
        found, note = _with_chance(laboratory, chunk, found)
        notes.extend([note] if note else [])
        if not found.complete.all():
            # Dropped whole: which of its runs ended in time may depend on how well they did.
            break
        parts.append(found)
        done += len(arms) * len(chunk)
    scores = np.concatenate([part.scores for part in parts], axis=1) if parts else np.zeros((len(arms), 0))
    confirmation = None
    if finalists and scores.shape[1] >= _MIN_CONFIRMING:
        confirmation = confirm(
            scores[0],
            {c.name: scores[i + 1] for i, c in enumerate(finalists)},
            metric=subject.metric,
            test_ratio=scored_ratio(laboratory, plan.confirm),
        )
    curves = {arm: parts[0].curves[i] for i, arm in enumerate(arms)} if parts else {}
    return Confirmed(
        finalists=tuple(finalists),
        confirmation=confirmation,
        trials=plan.confirm[: scores.shape[1]],
        baseline_scores=scores[0],
        best_epochs={
            arm: int(np.median([part.curves[i][2] for part in parts])) for i, arm in enumerate(arms) if parts
        },
        curves=curves,
        temperatures=_mean_temperatures(arms, parts),
        notes=tuple(notes),
    )


def _mean_temperatures(arms: Sequence[Settings], parts: Sequence[Measured]) -> dict[Settings, float]:
    """Return the geometric mean of each arm's temperatures over all trials; a factor has no other mean."""
    found: dict[Settings, float] = {}
    for index, arm in enumerate(arms):
        known = [part.temperatures[index] for part in parts]
        values = np.concatenate(known) if known else np.zeros(0)
        values = values[np.isfinite(values)]
        if len(values):
            found[arm] = float(np.exp(np.log(values).mean()))
    return found


def scored_ratio(laboratory: Laboratory, trials: Sequence[int]) -> float:
    """Return rows scored on over rows trained on, which the correction of the variance needs."""
    chosen = [laboratory.trials[t] for t in trials]
    return float(np.mean([len(t.scored) / max(1, len(t.split.train)) for t in chosen]))


def _situation(laboratory: Laboratory, plan: Plan) -> Situation:
    rows = min(len(laboratory.trials[t].split.train) for t in plan.look)
    return replace(situation(laboratory.subject, rows), range_rate=plan.range_rate)


def _searched(laboratory: Laboratory, plan: Plan) -> list[str] | None:
    """Return the fields that the search may vary; None for all."""
    names = [field.name for field in fields(Settings)]
    if not _can_stop(laboratory, plan):
        return [name for name in names if name not in ("patience", "schedule")]
    return (
        [name for name in names if name != "schedule"] if laboratory.subject.executor.kind == "fit" else None
    )


def _candidates(laboratory: Laboratory, plan: Plan) -> list[Candidate]:
    """Return the remedies that can be tried here.

    Where no rows are left to stop by, nothing may watch the validation rows while it trains. A sequential
    executor has no plateau schedule that the other ones would share.
    """
    found = remedies(laboratory.subject.baseline, _situation(laboratory, plan))
    allowed = [c for c in found if _is_allowed(laboratory, plan, c.settings)]
    seen: Counter[str] = Counter()
    turns = []
    for candidate in allowed:
        turns.append(seen[candidate.family])
        seen[candidate.family] += 1
    # One of each family first, so that a screen that is cut off has seen all kinds of remedies; before them
    # whatever answers a cause that a diagnosis found.
    warm = laboratory.subject.warm
    order = sorted(range(len(allowed)), key=lambda i: (not warm.answers(allowed[i].family), turns[i]))
    return [allowed[i] for i in order]


def _is_allowed(laboratory: Laboratory, plan: Plan, settings: Settings) -> bool:
    baseline, can_stop = laboratory.subject.baseline, _can_stop(laboratory, plan)
    watches = settings.schedule == "plateau" and baseline.schedule != "plateau"
    if watches and (not can_stop or laboratory.subject.executor.kind == "fit"):
        return False
    return can_stop or not (settings.patience or settings.temperature)


def _can_stop(laboratory: Laboratory, plan: Plan) -> bool:
    return all(laboratory.trials[t].can_stop for t in (*plan.look, *plan.confirm))


def _shares_program(laboratory: Laboratory, settings: Settings) -> bool:
    return _program_key(laboratory, settings) == _program_key(laboratory, laboratory.subject.baseline)


def _program_key(laboratory: Laboratory, settings: Settings) -> tuple[Build, int, tuple[str, ...]]:
    """Return what must be compiled anew for settings: another network, batch size, or more mechanisms."""
    groups = tuple(sorted(mechanism_groups(settings)))
    return laboratory.build(settings), settings.batch_size, groups


def _mean_known(scores: Array) -> Array:
    """Return ``[setting]`` means over the trials on which the metric is defined; NaN where it never is."""
    known = np.isfinite(scores)
    total = np.where(known, scores, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)


def _waves(laboratory: Laboratory, candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Group candidates by what must be compiled.

    First the baseline's program, then those of its network with more mechanisms, for one of them serves many
    candidates; then networks of other sizes, other batches, and networks of other structure, of which there
    may be more than time is for.
    """
    own = _program_key(laboratory, laboratory.subject.baseline)
    groups: dict[tuple[Build, int, tuple[str, ...]], list[Candidate]] = {}
    answering: set[tuple[Build, int, tuple[str, ...]]] = set()
    for candidate in candidates:
        key = _program_key(laboratory, candidate.settings)
        groups.setdefault(key, []).append(candidate)
        if laboratory.subject.warm.answers(candidate.family):
            answering.add(key)

    def turn(key: tuple[Build, int, tuple[str, ...]]) -> tuple[bool | int, ...]:
        build, size, _ = key
        return (
            key != own,
            key not in answering,
            key[:2] != own[:2],
            not build.is_own_but_for_size,
            build == own[0],
            -size,
            -len(groups[key]),
        )

    ordered = sorted(groups, key=turn)
    return [groups[key] for key in ordered]


def _compared(
    laboratory: Laboratory, plan: Plan, candidates: Sequence[Candidate], found: Measured, baseline: Array
) -> list[Tried]:
    ratio = scored_ratio(laboratory, plan.look)
    tried = []
    for candidate, scores, finished in zip(candidates, found.scores, found.finished, strict=True):
        if not finished.all():
            why = laboratory.why_not(candidate.settings)
            note = f"{NOT_APPLICABLE}: {why}" if why else "not measured: dropped early or no time left"
            tried.append(_untried([candidate], note)[0])
            continue
        effect = paired_effect(baseline, scores, metric=laboratory.subject.metric, test_ratio=ratio)
        tried.append(Tried(candidate=candidate, scores=scores, effect=effect, note=effect.note))
    return tried


def _untried(candidates: Sequence[Candidate], note: str) -> list[Tried]:
    empty = PairedEffect(effect=None)
    return [Tried(candidate=c, scores=np.zeros(0), effect=empty, note=note) for c in candidates]


def _until(progress: Progress, elapsed_s: float) -> Callable[[], bool]:
    limit = min(elapsed_s, progress.clock.budget_s)
    return lambda: progress.clock.is_past(limit)


def _chunks(trials: Sequence[int]) -> list[Sequence[int]]:
    """Return trials in the order in which they are added: the least that is useful first."""
    first = min(_MIN_CONFIRMING, len(trials))
    rest = [trials[i : i + 2] for i in range(first, len(trials), 2)]
    return [trials[:first], *rest]


def _cost(parts: Sequence[Measured], num_arms: int, num_trials: int) -> float:
    """Return the seconds that further trials will take, judged by those before."""
    runs = sum(part.scores.size for part in parts)
    spent = sum(part.duration_s for part in parts)
    return 1.15 * spent / max(1, runs) * num_arms * num_trials
