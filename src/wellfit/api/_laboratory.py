"""Where experiments run: settings on splits, paired by seed, scored on rows that nothing chose by."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._subject import Subject
from wellfit.data import fit_scaling, make_splits
from wellfit.evaluation import score
from wellfit.models import resize
from wellfit.population import Executor, MemberRun, TargetScaling, num_workers, open_executor
from wellfit.records import RESULTS, Curves, Members, Settings, Split, members_from
from wellfit.search import halving

Array = NDArray[Any]
Progress = Callable[[int, int], None]
Stop = Callable[[], bool]

# Of a split's rows: 75 % to train on, 10 % to stop by, 15 % to score on. Rows that early stopping has
# looked at would flatter it.
_OUTSIDE, _STOP_SHARE = 0.25, 0.4
_ENDED = (RESULTS.finished, RESULTS.early_stopped, RESULTS.nonfinite)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """Rows of one experiment.

    Attributes:
        split: rows to train on, and rows to stop by.
        scored: rows to score on.
        seed: of every member on this split, so that comparisons are paired.
    """

    split: Split
    scored: Array
    seed: int


def make_trials(subject: Subject, num_trials: int, seed: int, max_rows: int | None = None) -> list[Trial]:
    """Return divisions of the working rows, the same for the same seed.

    Args:
        subject: what the study is about.
        num_trials: how many.
        seed: of the draws.
        max_rows: training rows at most, or None for all.
    """
    outer = make_splits(subject.dataset, subject.working, num_trials, validation_fraction=_OUTSIDE, seed=seed)
    trials = []
    for index, split in enumerate(outer):
        stop, scored = _halved(subject, split.validation, seed + index)
        train = split.train
        if max_rows is not None and len(train) > max_rows:
            # Rows in time order stay a contiguous past; others are a random part.
            rng = np.random.default_rng([seed, index, 7])
            keep = (
                np.arange(len(train) - max_rows, len(train))
                if subject.dataset.time is not None
                else np.sort(rng.choice(len(train), max_rows, replace=False))
            )
            train = train[keep]
        trials.append(
            Trial(split=Split(train=train, validation=stop), scored=scored, seed=seed + 1000 + index)
        )
    return trials


def _halved(subject: Subject, rows: Array, seed: int) -> tuple[Array, Array]:
    """Divide validation rows into those to stop by and those to score on."""
    if len(rows) < 8:
        return rows, rows
    parts = make_splits(subject.dataset, rows, 1, validation_fraction=1 - _STOP_SHARE, seed=seed)[0]
    return (parts.train, parts.validation) if len(parts.train) and len(parts.validation) else (rows, rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """What came out of an experiment.

    Attributes:
        scores: ``[setting, trial]`` in the metric; NaN where a run failed or did not finish.
        finished: ``[setting, trial]`` whether it trained to its end.
        curves: one for each setting: mean training and validation loss ``[epoch]``, median best epoch.
        duration_s: seconds of training, compiling excluded.
    """

    scores: Array
    finished: Array
    curves: tuple[tuple[Array, Array, int], ...]
    duration_s: float

    def part(self, settings: slice) -> Measured:
        """Return what belongs to some of the settings."""
        return replace(
            self, scores=self.scores[settings], finished=self.finished[settings], curves=self.curves[settings]
        )

    @property
    def complete(self) -> Array:
        """``[setting]`` whether all its runs finished."""
        return np.all(self.finished, axis=1).reshape(-1)


class Laboratory:
    """Trains settings on trials; programs are compiled once and kept.

    Args:
        subject: what the study is about.
        trials: all trials of the study; experiments refer to them by position.
    """

    def __init__(self, subject: Subject, trials: Sequence[Trial]) -> None:
        self.subject, self.trials = subject, list(trials)
        self.members_trained = 0
        self._executors: dict[tuple[float, int], Executor] = {}
        splits = [trial.split for trial in self.trials]
        self._scalings = _scalings(subject, splits)
        self._target_scaling = _target_scaling(subject, splits)
        self._class_weight = _class_weight(subject, splits)

    def measure(
        self,
        settings: Sequence[Settings],
        trials: Sequence[int],
        *,
        rungs: Sequence[int] = (),
        keep_fraction: float = 1.0,
        progress: Progress | None = None,
        should_stop: Stop | None = None,
    ) -> Measured:
        """Train every setting on every trial and score it.

        Args:
            settings: what to compare.
            trials: positions of the trials.
            rungs: epochs after which the worst settings are dropped.
            keep_fraction: share of the settings that goes on at each rung.
            progress: called as ``progress(members_done, members_in_all)``.
            should_stop: asked all the time; True ends the experiment with what has finished.
        """
        jobs = [(s, t) for s in range(len(settings)) for t in range(len(trials))]
        scores = np.full((len(settings), len(trials)), np.nan)
        finished = np.zeros((len(settings), len(trials)), bool)
        curves: dict[tuple[int, int], tuple[Array, Array, int]] = {}
        began, compiled = time.perf_counter(), self.compile_s
        done = 0
        for key, members_of in self._by_structure(settings, jobs).items():
            if should_stop and should_stop():
                break
            executor = self._executor(key)
            members = self._members([settings[s] for s, _ in members_of], [trials[t] for _, t in members_of])
            run = executor.start(members)
            report = (lambda n, _, done=done: progress(done + n, len(jobs))) if progress else None
            self._climb(
                run,
                [s for s, _ in members_of],
                rungs=rungs,
                keep_fraction=keep_fraction,
                progress=report,
                should_stop=should_stop,
            )
            found = run.curves()
            reached = self._scores(executor, members, found)
            for index, job in enumerate(members_of):
                scores[job] = reached[index]
                finished[job] = found.results[index] in _ENDED
                curves[job] = (
                    found.train_loss[index],
                    found.validation_loss[index],
                    int(found.best_epoch[index]),
                )
            done += len(members_of)
            self.members_trained += int((found.num_epochs > 0).sum())
        duration_s = time.perf_counter() - began - (self.compile_s - compiled)
        return Measured(
            scores=scores,
            finished=finished,
            curves=tuple(
                _mean_curves([curves[job] for job in curves if job[0] == s]) for s in range(len(settings))
            ),
            duration_s=duration_s,
        )

    def fit(
        self, settings: Settings, trial: int, *, stop_after: int | None = None, alone: bool = True
    ) -> tuple[tuple[Array, ...], bool]:
        """Train one member; return its last weights, and whether its loss stayed finite.

        Args:
            settings: of the member; it does not stop early by itself.
            trial: position of the trial.
            stop_after: epochs to train, with the schedule of the full number; None for all.
            alone: whether to compile a program for a single member, or to use the one there is.

        Returns:
            One array for each entry of its network's ``weights``, and the verdict.
        """
        executor = self._executor(self.structure(settings))
        members = self._members([settings], [trial]).replace(patience=0, restore_best=False)
        # A block of one is compiled anew; a full block trains copies beside it, which may cost less.
        run = executor.start(members, block_size=1 if alone else None)
        run.advance(stop_after)
        found = run.curves()
        self.members_trained += 1
        return tuple(weights[0] for weights in found.weights), int(found.results[0]) != RESULTS.nonfinite

    def scalings(self, trial: int) -> Any:
        """Return the fitted scaling of each input for a trial."""
        return self._scalings[trial] if self._scalings else (None,) * len(self.subject.dataset.inputs)

    def target_scaling(self, trial: int) -> tuple[Array, Array]:
        """Return centre and scale of the target, each ``[output]``, for a trial."""
        if self._target_scaling is None:
            return np.zeros(1, np.float32), np.ones(1, np.float32)
        return self._target_scaling.center[trial], self._target_scaling.scale[trial]

    @property
    def num_places(self) -> int:
        """Members that fill every worker's first block of the baseline's program."""
        return getattr(self._executor((1.0, 0)), "block_size", 1) * num_workers()

    @property
    def compile_s(self) -> float:
        """Seconds spent on compiling so far."""
        return sum(executor.compile_s for executor in self._executors.values())

    def close(self) -> None:
        """Let go of worker processes and memory."""
        for executor in self._executors.values():
            executor.close()

    def _by_structure(
        self, settings: Sequence[Settings], jobs: Sequence[tuple[int, int]]
    ) -> dict[tuple[float, int], list[tuple[int, int]]]:
        groups: dict[tuple[float, int], list[tuple[int, int]]] = {}
        # Members of one block train side by side, so those of equal length belong together.
        for setting, trial in sorted(jobs, key=lambda job: settings[job[0]].epochs):
            groups.setdefault(self.structure(settings[setting]), []).append((setting, trial))
        return groups

    def structure(self, settings: Settings) -> tuple[float, int]:
        """Return (width, depth) of the network that must be built; what masks and gates do is (1, 0)."""
        width = settings.width if settings.width > 1 else 1.0
        blocks = [block for block in self.subject.layout.blocks if block.removable]
        last = blocks[len(blocks) + settings.depth :] if settings.depth < 0 else []
        by_gate = settings.depth < 0 and all(block.gateable for block in last)
        return width, 0 if by_gate else settings.depth

    def _executor(self, key: tuple[float, int]) -> Executor:
        if key not in self._executors:
            subject = self.subject
            width, depth = key
            model = subject.model
            if key != (1.0, 0):
                model = resize(model, subject.layout, width=width, depth=depth)
            self._executors[key] = open_executor(
                subject.executor.kind,
                model,
                subject.dataset,
                [trial.split for trial in self.trials],
                scalings=self._scalings,
                target_scaling=self._target_scaling,
                vary=_varied(subject),
            )
        return self._executors[key]

    def _members(self, settings: Sequence[Settings], trials: Sequence[int]) -> Members:
        seeds = [self.trials[t].seed for t in trials]
        return members_from(
            settings, split=trials, seed=seeds, class_weight=self._class_weight, restore_best=None
        ).replace(depth=[0 if self.structure(s)[1] else min(s.depth, 0) for s in settings])

    def _climb(
        self,
        run: MemberRun,
        setting_of: Sequence[int],
        *,
        rungs: Sequence[int],
        keep_fraction: float,
        progress: Progress | None,
        should_stop: Stop | None,
    ) -> None:
        """Advance from rung to rung, dropping the settings whose mean validation loss is worst."""
        owner = np.asarray(setting_of)
        for rung in rungs:
            run.advance(rung, progress=progress, should_stop=should_stop)
            if should_stop and should_stop():
                return
            losses = run.curves(keep_weights=False).validation_loss
            latest = np.array([_last_finite(row[:rung]) for row in losses])
            alive = np.unique(owner[run.running])
            means = np.array([latest[owner == s].mean() for s in alive])
            kept = alive[halving(means, keep_fraction)]
            run.keep(np.flatnonzero(np.isin(owner, kept)))
        run.advance(progress=progress, should_stop=should_stop)

    def _scores(self, executor: Executor, members: Members, found: Curves) -> Array:
        """Return ``[member]`` scores on the rows kept for that; NaN for a member that did not end well."""
        dataset, scores = self.subject.dataset, np.full(len(members), np.nan)
        ended = np.isin(found.results, (RESULTS.finished, RESULTS.early_stopped))
        for trial in np.unique(members.split[ended]):
            chosen = np.flatnonzero(ended & (members.split == trial))
            rows = self.trials[trial].scored
            weight = None if dataset.sample_weight is None else dataset.sample_weight[rows]
            weights = [values[chosen] for values in found.weights]
            predicted = executor.predict(weights, members.take(chosen), rows)
            for member, prediction in zip(chosen, predicted, strict=True):
                scores[member] = score(
                    self.subject.metric.name,
                    dataset.task,
                    dataset.target[rows],
                    prediction,
                    sample_weight=weight,
                )
        return scores


def _varied(subject: Subject) -> list[str]:
    """Return what any stage may vary, so that each program is compiled once."""
    names = ["dropout", "width", "depth"]
    return [*names, "smoothing", "class_weight"] if subject.dataset.task.is_classification else names


def _scalings(subject: Subject, splits: Sequence[Split]) -> list[Any]:
    if subject.preparation is None:
        return []
    return [fit_scaling(subject.dataset, split.train, subject.preparation) for split in splits]


def _target_scaling(subject: Subject, splits: Sequence[Split]) -> TargetScaling | None:
    if not subject.scale_target:
        return None
    targets = [subject.dataset.target[split.train].reshape(len(split.train), -1) for split in splits]
    scale = np.stack([target.std(axis=0) for target in targets])
    return TargetScaling(
        center=np.stack([target.mean(axis=0) for target in targets]).astype(np.float32),
        scale=np.where(scale > 0, scale, 1.0).astype(np.float32),
    )


def _class_weight(subject: Subject, splits: Sequence[Split]) -> Array | None:
    """Return ``[split, class]``: rows / (classes * rows of the class), as scikit-learn's "balanced"."""
    if not subject.dataset.task.is_classification:
        return None
    num_classes = subject.dataset.num_classes
    counts = np.stack(
        [np.bincount(subject.dataset.target[split.train], minlength=num_classes) for split in splits]
    )
    return (counts.sum(axis=1, keepdims=True) / (num_classes * np.maximum(counts, 1))).astype(np.float32)


def _last_finite(row: Array) -> float:
    """Return the last value that is not NaN: a member that has ended counts with its last loss."""
    known = row[np.isfinite(row)]
    return float(known[-1]) if len(known) else np.nan


def _mean_curves(curves: Sequence[tuple[Array, Array, int]]) -> tuple[Array, Array, int]:
    if not curves:
        return np.zeros(0, np.float32), np.zeros(0, np.float32), -1
    train = _mean([train for train, _, _ in curves])
    validation = _mean([validation for _, validation, _ in curves])
    trained = np.isfinite(train)
    length = int(trained.nonzero()[0].max(initial=-1)) + 1
    return train[:length], validation[:length], int(np.median([best for _, _, best in curves]))


def _mean(curves: Sequence[Array]) -> Array:
    """Return the mean curve, as long as most runs still train: the few that go on longest are a choice."""
    table = np.full((len(curves), max(len(curve) for curve in curves)), np.nan, np.float32)
    for row, curve in enumerate(curves):
        table[row, : len(curve)] = curve
    known = np.isfinite(table)
    count = known.sum(axis=0)
    total = np.where(known, table, 0.0).sum(axis=0)
    return np.where(count * 2 > len(curves), total / np.maximum(count, 1), np.nan).astype(np.float32)
