"""Networks to average: every setting trained on every fold, and what each predicts for its own fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._frozen_parts import Build
from wellfit.api._laboratory import Laboratory
from wellfit.api._replay import Outcome, listed, named
from wellfit.api._run_record import curves_from, curves_of
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
        if laboratory.broken:
            break
        jobs = [(setting, trial) for setting in part for trial in trials]
        runs = [(settings[s], trial) for s, trial in jobs]

        def report(count: int, _: int, done: int = done) -> None:
            if progress is not None:
                progress(done + count, total)

        try:
            outcome = laboratory.run_stored(
                ("bag", build, runs, scaling, stop_after),
                build,
                lambda build=build, runs=runs, report=report: _trained(
                    laboratory,
                    build,
                    runs,
                    scaling=scaling,
                    stop_after=stop_after,
                    progress=report,
                    should_stop=should_stop,
                ),
                should_stop=should_stop,
            )
        except WorkerError as error:
            laboratory.broken = error.summary
            break
        if outcome is None:
            continue
        kept = _networks(outcome, [one for one, _ in runs], stop_after)
        networks |= {jobs[member]: found for member, found in kept.items()}
        predictions |= {jobs[m]: outcome.arrays[f"said/{m}"] for m in kept if f"said/{m}" in outcome.arrays}
        done += len(jobs)
        laboratory.count(curves_from(outcome))
    shape = next(iter(predictions.values())).shape[1:] if predictions else ()
    return Bagged(networks=networks, predictions=predictions, shape=shape)


def _trained(
    laboratory: Laboratory,
    build: Build,
    runs: Sequence[tuple[Settings, int]],
    *,
    scaling: int,
    stop_after: int | None,
    progress: Progress,
    should_stop: Callable[[], bool] | None,
) -> Outcome:
    """Train settings on trials; return curves, the weights at each stage, and what the networks say."""
    executor, settings = laboratory.executor(build), [one for one, _ in runs]
    members = laboratory.members(build, settings, [trial for _, trial in runs]).replace(scaling=scaling)
    run = executor.start(members)
    early = _snapshots(run, settings, stop_after, progress, should_stop)
    run.advance(stop_after, progress=progress, should_stop=should_stop, watch=laboratory.watch)
    found = run.curves()
    arrays = curves_of(found)
    for number, stage in enumerate([*early, found.weights]):
        arrays |= named(f"stage{number}", list(stage))
    networks = _networks(Outcome(arrays=arrays), settings, stop_after)
    said = _said(laboratory, executor, members, [trial for _, trial in runs], networks)
    return Outcome(arrays={**arrays, **{f"said/{member}": values for member, values in said.items()}})


def _networks(
    outcome: Outcome, settings: Sequence[Settings], stop_after: int | None
) -> dict[int, tuple[Weights, ...]]:
    """Return the networks of each member that came to its end: one, or one for each cycle."""
    stages = []
    while stage := listed(f"stage{len(stages)}", outcome.arrays):
        stages.append(stage)
    longest, found = max(one.epochs for one in settings), {}
    for member in np.flatnonzero(_ended(curves_from(outcome), stop_after)):
        one = settings[int(member)]
        kept = stages if _has_cycles(one) and one.epochs == longest else stages[-1:]
        found[int(member)] = tuple(tuple(values[member] for values in stage) for stage in kept)
    return found


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
    trials: Sequence[int],
    networks: Mapping[int, tuple[Weights, ...]],
) -> dict[int, Array]:
    """Return what the networks of each member predict for its validation rows, averaged over snapshots."""
    said: dict[int, Array] = {}
    for trial in dict.fromkeys(trials):
        rows = laboratory.trials[trial].split.validation
        own = [m for m, other in enumerate(trials) if other == trial and m in networks]
        flat = [(m, network) for m in own for network in networks[m]]
        if not len(rows) or not flat:
            continue
        weights = [np.stack(values) for values in zip(*(network for _, network in flat), strict=True)]
        outputs = np.asarray(executor.predict(weights, members.take([m for m, _ in flat]), rows))
        for member in own:
            mine = [index for index, (m, _) in enumerate(flat) if m == member]
            said[member] = outputs[mine].mean(axis=0)
    return said


def _ended(found: Curves, stop_after: int | None) -> Array:
    """Return ``[member]`` whether it came to its end, or to where it was to be stopped."""
    ended = np.isin(found.results, (RESULTS.finished, RESULTS.early_stopped))
    stopped = np.zeros(len(ended), bool) if stop_after is None else found.num_epochs >= stop_after
    return ended | (stopped & (found.results != RESULTS.nonfinite))
