"""The stage that compares finalists with the baseline on splits and seeds that nothing was chosen on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._laboratory import Laboratory
from wellfit.api._measured import MeanCurve, Measured
from wellfit.api._plan import MIN_CONFIRMING, Plan
from wellfit.api._progress import Progress
from wellfit.api._tried import Tried, scored_ratio, with_chance
from wellfit.records import Settings
from wellfit.search import Candidate, Confirmation, confirm

Array = NDArray[Any]

_FALLING = ("cosine", "flat-cosine", "one-cycle", "exponential")
# Chosen among 1 and 1.5 on tables that nothing is reported on.
_LONGER = 1.5


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

    def length(self, settings: Settings) -> tuple[Settings, int | None]:
        """Return settings of the length that did best, and after how many epochs to stop; None for all.

        A rate that falls to zero is let fall within that length: where no rows choose the best epoch, a
        network that is cut off while its rate is high ends wherever its last steps took it. While the rate
        falls, networks gain longer: half as many epochs more.
        """
        if not settings.patience or settings not in self.best_epochs:
            return settings, None
        best = self.best_epochs[settings] + 1
        if settings.schedule not in _FALLING:
            return settings, best
        return replace(settings, epochs=min(settings.epochs, round(_LONGER * best))), None

    @property
    def chosen(self) -> Candidate | None:
        """The finalist that is certain to gain most, or None for the baseline."""
        name = self.confirmation.chosen if self.confirmation is not None else None
        return next((candidate for candidate in self.finalists if candidate.name == name), None)


def confirm_finalists(
    laboratory: Laboratory,
    plan: Plan,
    baseline: Measured,
    finalists: Sequence[Candidate],
    progress: Progress,
) -> Confirmed:
    """Compare finalists with the baseline on splits and seeds that nothing was chosen on.

    Splits are added while time lasts; when to stop depends on the clock alone, never on the scores. Where
    there was no time for any, how long the baseline trains and its temperature are those of `baseline`, its
    runs before.
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
            arms, chunk, progress=report, should_stop=progress.until(plan.confirm_until_s)
        )
        found, note = with_chance(laboratory, chunk, found)
        notes.extend([note] if note else [])
        if not found.complete.all():
            # Dropped whole: which of its runs ended in time may depend on how well they did.
            break
        parts.append(found)
        done += len(arms) * len(chunk)
    scores = np.concatenate([part.scores for part in parts], axis=1) if parts else np.zeros((len(arms), 0))
    confirmation = None
    if finalists and scores.shape[1] >= MIN_CONFIRMING:
        confirmation = confirm(
            scores[0],
            {c.name: scores[i + 1] for i, c in enumerate(finalists)},
            metric=subject.metric,
            test_ratio=scored_ratio(laboratory, plan.confirm),
        )
    lasting, known = (arms, parts) if parts else ([subject.baseline], [baseline])
    curves = {arm: parts[0].curves[i] for i, arm in enumerate(arms)} if parts else {}
    return Confirmed(
        finalists=tuple(finalists),
        confirmation=confirmation,
        trials=plan.confirm[: scores.shape[1]],
        baseline_scores=scores[0],
        best_epochs={
            arm: int(np.median([part.curves[i].best_epoch for part in known]))
            for i, arm in enumerate(lasting)
        },
        curves=curves,
        temperatures=_mean_temperatures(lasting, known),
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


def _chunks(trials: Sequence[int]) -> list[Sequence[int]]:
    """Return trials in the order in which they are added: the least that is useful first."""
    first = min(MIN_CONFIRMING, len(trials))
    rest = [trials[i : i + 2] for i in range(first, len(trials), 2)]
    return [trials[:first], *rest]


def _cost(parts: Sequence[Measured], num_arms: int, num_trials: int) -> float:
    """Return the seconds that further trials will take, judged by those before."""
    runs = sum(part.scores.size for part in parts)
    spent = sum(part.duration_s for part in parts)
    return 1.15 * spent / max(1, runs) * num_arms * num_trials
