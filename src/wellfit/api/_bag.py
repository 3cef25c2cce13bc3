"""Networks to average: every setting trained on every fold, and what each predicts for its own fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._laboratory import Laboratory
from wellfit.population import Executor, MemberRun
from wellfit.records import RESULTS, Curves, Members, Settings, WorkerError

Array = NDArray[Any]
Job = tuple[int, int]  # setting, trial
Weights = tuple[Array, ...]  # of one network
Progress = Callable[[int, int], None]

# Ends of the first cycles of warm restarts, as shares of the epochs.
_CYCLES = (1 / 7, 3 / 7)


@dataclass(frozen=True, kw_only=True, eq=False)
class Bagged:
    """Networks of some settings, each trained on every fold.

    Attributes:
        networks: (setting, trial) to the weights of the networks of a run that came to its end: one, or one
            for each cycle of warm restarts.
        predictions: (setting, trial) to what they predict for the trial's validation rows on average.
        shape: of a prediction.
    """

    networks: Mapping[Job, tuple[Weights, ...]]
    predictions: Mapping[Job, Array]
    shape: tuple[int, ...]

    def of(self, settings: Sequence[int]) -> Bagged:
        """Return the networks of some settings, numbered anew in that order."""
        place = {setting: index for index, setting in enumerate(settings)}

        def part(table: Mapping[Job, Any]) -> dict[Job, Any]:
            return {(place[s], trial): value for (s, trial), value in table.items() if s in place}

        return Bagged(networks=part(self.networks), predictions=part(self.predictions), shape=self.shape)

    def joined(self, other: Bagged, offset: int) -> Bagged:
        """Return both, the settings of `other` numbered from `offset`."""

        def moved(table: Mapping[Job, Any]) -> dict[Job, Any]:
            return {(setting + offset, trial): value for (setting, trial), value in table.items()}

        return Bagged(
            networks={**self.networks, **moved(other.networks)},
            predictions={**self.predictions, **moved(other.predictions)},
            shape=self.shape or other.shape,
        )


def train_bag(
    laboratory: Laboratory,
    settings: Sequence[Settings],
    trials: Sequence[int],
    *,
    scaling: int,
    stop_after: int | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Bagged:
    """Train every setting on every trial with the scaling of one of them, and keep the networks.

    A run with warm restarts that does not stop early gives a network at the end of every cycle: a snapshot
    ensemble, for the price of one run.

    Args:
        laboratory: trains them.
        settings: what to train.
        trials: positions of the trials.
        scaling: position of the trial whose fitted scaling all of them use.
        stop_after: epochs to train, with the schedule of the full number; None for all.
        progress: called as ``progress(members_done, members_in_all)``.
        should_stop: asked all the time; True ends it with what has finished.

    Source:
        Breiman, Bagging Predictors, 1996; Huang et al., Snapshot Ensembles: Train 1, Get M for Free, 2017.
    """
    networks: dict[Job, tuple[Weights, ...]] = {}
    predictions: dict[Job, Array] = {}
    done, total = 0, len(settings) * len(trials)
    for build, part in laboratory.parts(settings, trials, should_stop):
        executor = laboratory.executor_or_none(build, should_stop)
        if executor is None or laboratory.broken:
            continue
        jobs = [(setting, trial) for setting in part for trial in trials]
        members = laboratory.members(build, [settings[s] for s, _ in jobs], [t for _, t in jobs])
        members = members.replace(scaling=scaling)

        def report(count: int, _: int, done: int = done) -> None:
            if progress is not None:
                progress(done + count, total)

        try:
            run = executor.start(members)
            early = _snapshots(run, [settings[s] for s, _ in jobs], stop_after, report, should_stop)
            run.advance(stop_after, progress=report, should_stop=should_stop, watch=laboratory.watch)
            found = run.curves()
            stages = [*early, found.weights]
            for member in np.flatnonzero(_ended(found, stop_after)):
                one = settings[jobs[member][0]]
                has_cycles = _has_cycles(one) and one.epochs == max(settings[s].epochs for s in part)
                kept = stages if has_cycles else stages[-1:]
                networks[jobs[member]] = tuple(tuple(values[member] for values in stage) for stage in kept)
            predictions.update(_said(laboratory, executor, members, jobs, networks))
        except WorkerError as error:
            laboratory.broken = error.summary
            break
        done += len(jobs)
        laboratory.count(found)
    shape = next(iter(predictions.values())).shape[1:] if predictions else ()
    return Bagged(networks=networks, predictions=predictions, shape=shape)


def _snapshots(
    run: MemberRun,
    settings: Sequence[Settings],
    stop_after: int | None,
    progress: Progress,
    should_stop: Callable[[], bool] | None,
) -> list[Sequence[Array]]:
    """Advance to the end of each cycle but the last and return all weights there; nothing without cycles."""
    longest = max(one.epochs for one in settings)
    if stop_after is not None or not any(_has_cycles(one) and one.epochs == longest for one in settings):
        return []
    kept: list[Sequence[Array]] = []
    for share in _CYCLES:
        # Members of other lengths are at another point of their cycle, so that they give no snapshot.
        run.advance(max(1, round(share * longest)), progress=progress, should_stop=should_stop)
        kept.append(run.curves().weights)
    return kept


def _has_cycles(settings: Settings) -> bool:
    return settings.schedule == "warm-restarts" and not settings.patience


def _said(
    laboratory: Laboratory,
    executor: Executor,
    members: Members,
    jobs: Sequence[Job],
    networks: Mapping[Job, tuple[Weights, ...]],
) -> dict[Job, Array]:
    """Return what the networks of each run predict for its validation rows, averaged over its snapshots."""
    said: dict[Job, Array] = {}
    for trial in {trial for _, trial in jobs}:
        rows = laboratory.trials[trial].split.validation
        own = [m for m, job in enumerate(jobs) if job[1] == trial and job in networks]
        flat = [(m, network) for m in own for network in networks[jobs[m]]]
        if not len(rows) or not flat:
            continue
        weights = [np.stack(values) for values in zip(*(network for _, network in flat), strict=True)]
        outputs = np.asarray(executor.predict(weights, members.take([m for m, _ in flat]), rows))
        for member in own:
            mine = [index for index, (m, _) in enumerate(flat) if m == member]
            said[jobs[member]] = outputs[mine].mean(axis=0)
    return said


def _ended(found: Curves, stop_after: int | None) -> Array:
    """Return ``[member]`` whether it came to its end, or to where it was to be stopped."""
    ended = np.isin(found.results, (RESULTS.finished, RESULTS.early_stopped))
    stopped = np.zeros(len(ended), bool) if stop_after is None else found.num_epochs >= stop_after
    return ended | (stopped & (found.results != RESULTS.nonfinite))
