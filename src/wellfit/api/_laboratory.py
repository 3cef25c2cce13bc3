"""Where experiments run: settings on splits, paired by seed, scored on rows that nothing chose by."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._choices import is_drawn
from wellfit.api._drawn_pictures import DrawnPictures
from wellfit.api._frozen_parts import Build, FrozenParts, Part
from wellfit.api._material import Material, make_material
from wellfit.api._measured import Collector, Measured
from wellfit.api._out_of_fold import OutOfFold
from wellfit.api._ration import Budget, Ration
from wellfit.api._replay import Outcome, Replay, listed, named
from wellfit.api._run_record import Judged, curves_from, curves_of, judged_from, judged_of
from wellfit.api._subject import Subject, one_hot_groups
from wellfit.api._trials import Trial
from wellfit.api._view_predictions import fitted_temperature, mean_prediction, view_predictions
from wellfit.evaluation import score
from wellfit.models import find_layout, restructured, with_input_width
from wellfit.population import (
    FREE,
    Executor,
    MemberRun,
    StoppedError,
    Watch,
    convolving_times,
    num_workers,
    open_executor,
    use_convolving_times,
)
from wellfit.records import (
    AUGMENTATION_FIELDS,
    RESULTS,
    Curves,
    DataChoice,
    Formula,
    Members,
    Scaling,
    Settings,
    SettingsError,
    Structure,
    UnsupportedModelError,
    WorkerError,
    as_trained,
    data_choice,
    members_from,
)
from wellfit.search import halving

Array = NDArray[Any]
Progress = Callable[[int, int], None]
Stop = Callable[[], bool]
Job = tuple[int, int]  # setting, trial


# Weights, gradients, moments and best weights of all members that wait their turn.
_STATE_BYTES = 2**31
_COPIES = 6
# Kernels that read the inputs grow by as much where periodic features stand beside them.
_EMBEDDED = 4
_MOST_JUDGED = 5_000_000  # probabilities whose mean is kept


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ended:
    """Members of a build that have been trained, with the settings that say what is done to their outputs."""

    build: Build
    members: Members
    found: Curves
    settings: Sequence[Settings]


class Laboratory:
    """Trains settings on trials; programs are compiled once and kept.

    Args:
        subject: what the study is about.
        trials: all trials of the study; experiments refer to them by position.

    Attributes:
        members_trained: runs so far.
        judged: what networks said of rows that they had not learned from; None for values, or very many rows.
        drawn: pictures that were drawn for trials so far.
        broken: why nothing can be trained any more (a worker process ended), or an empty string.
        notes: networks that could not be built.
        ration: what may be trained, where the budget counts that.
        vary: what programs hold from the start (see `Population`); None for all that a study may need.
        watch: called with the curves of what trains (see `Run.advance`); None shows them to nobody.
        replay: what every run passes; None stores nothing.
    """

    def __init__(
        self,
        subject: Subject,
        trials: Sequence[Trial],
        ration: Ration | None = None,
        *,
        vary: Sequence[str] | None = None,
        watch: Watch | None = None,
        replay: Replay | None = None,
    ) -> None:
        self.replay = replay or Replay()
        self.subject, self.trials = subject, list(trials)
        self.ration = ration or Ration(Budget(seconds=math.inf))
        self.members_trained = 0
        self.watch = watch
        self._vary = _varied(subject) if vary is None else list(vary)
        self._executors: dict[Build, Executor] = {}
        self._opened: dict[Build, None] = {}  # also those that a run which is only answered had opened
        self._materials: dict[tuple[DataChoice, tuple[int, ...]], Material] = {}
        self.drawn = DrawnPictures()
        self._num_stored = 0  # times that pictures were drawn which are stored with a run
        self._closed_compile_s = 0.0
        self.judged = _judged(subject)
        self.broken = ""
        self.notes: list[str] = []
        self._refused: dict[Build, str] = {}
        self._parts: dict[Build, Part] = {}
        self._frozen = FrozenParts(subject)

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
        collector = Collector(len(settings), len(trials))
        done, total, duration_s = 0, len(settings) * len(trials), 0.0

        def stopped() -> bool:
            return bool(self.broken) or (should_stop is not None and should_stop())

        affordable = settings[: self.ration.affordable(settings, len(trials))]
        for build, part in self.parts(affordable, trials, stopped):
            if stopped():
                break
            jobs = [(setting, trial) for setting in part for trial in range(len(trials))]
            report = (lambda n, _, done=done: progress(done + n, total)) if progress else None
            runs = [(settings[s], trials[t]) for s, t in jobs]
            how = {"rungs": tuple(rungs), "keep_fraction": keep_fraction}
            try:
                outcome = self.run_stored(
                    ("measure", build, runs, how),
                    build,
                    lambda build=build, runs=runs, how=how, report=report: self._measured(
                        build, runs, progress=report, should_stop=stopped, **how
                    ),
                    should_stop=stopped,
                )
            except WorkerError as error:
                self.broken = error.summary
                break
            if outcome is None:
                continue
            duration_s += outcome.values["duration_s"]
            self._judge(judged_from(outcome))
            found, own = curves_from(outcome), outcome.arrays["own"]
            collector.add(jobs, found.take(own), outcome.arrays["scores"], outcome.arrays["temperatures"])
            done += len(jobs)
            self.count(found)
        return collector.measured(duration_s)

    def _measured(
        self,
        build: Build,
        jobs: Sequence[tuple[Settings, int]],
        *,
        rungs: Sequence[int],
        keep_fraction: float,
        progress: Progress | None,
        should_stop: Stop,
    ) -> Outcome:
        """Train settings on trials, by the executor of their build that is there already, and score them."""
        # What differs in what is done to outputs alone is trained once.
        runs = [(as_trained(settings), trial) for settings, trial in jobs]
        place = {one: number for number, one in enumerate(dict.fromkeys(runs))}
        members = self.members(build, [one for one, _ in place], [trial for _, trial in place])
        run = self.executor(build).start(members)
        arms = list(dict.fromkeys(one for one, _ in place))
        owners = np.array([arms.index(one) for one, _ in place])
        climb = {"rungs": rungs, "keep_fraction": keep_fraction, "progress": progress}
        _climb(run, owners, should_stop=should_stop, watch=self.watch, **climb)
        found = run.curves()
        own = np.array([place[one] for one in runs])
        told = found if len(place) == len(jobs) else found.take(own)
        outputs = [settings for settings, _ in jobs]
        ended = _Ended(build=build, members=members.take(own), found=told, settings=outputs)
        scores, temperatures, judged = self._scores(ended)
        arrays = {"own": own, "scores": scores, "temperatures": temperatures, **judged_of(judged)}
        return Outcome(arrays={**curves_of(found), **arrays})

    def run_stored(
        self, request: object, build: Build, work: Callable[[], Outcome], *, should_stop: Stop | None = None
    ) -> Outcome | None:
        """Return what a run gives, from the store if it is there; None where its network cannot be made.

        A run that is only answered opens no executor, and yet all is as if it had. A worker process that
        dies is started again, once a run.

        Args:
            request: see `Replay.run`.
            build: of the run.
            work: trains with the executor of the build, which is open.
            should_stop: asked while pictures are drawn.

        Raises:
            WorkerError: the worker died twice.
        """

        def done() -> Outcome:
            began, compiled = time.perf_counter(), self.compile_s
            if self.executor_or_none(build, should_stop) is None:
                return Outcome(values={"refused": self._refused.get(replace(build, trials=()))})
            restarted = ""
            try:
                outcome = work()
            except WorkerError as error:
                if should_stop is not None and should_stop():
                    raise
                restarted, outcome = error.summary, work()
            compile_s = max(0.0, self.compile_s - compiled)
            values = {
                **outcome.values,
                "duration_s": time.perf_counter() - began - compile_s,
                "compile_s": compile_s,
                "convolving": convolving_times(),
                "restarted": restarted,
            }
            return Outcome(values=values, arrays={**outcome.arrays, **self.drawn.since(self._num_stored)})

        was_known = self.replay.num_known > 0
        outcome = self.replay.run(request, done)
        if was_known:
            self._catch_up(build, outcome)
        if "refused" not in outcome.values:
            self._num_stored = self.drawn.num_drawn
        if outcome.values.get("restarted"):
            self.notes.append(f"{outcome.values['restarted'].rstrip('.')}; its runs were done again")
        return None if "refused" in outcome.values else outcome

    def _catch_up(self, build: Build, outcome: Outcome) -> None:
        """Take note of what happened when a run that is only answered was done."""
        self.drawn.take_back(self.subject.dataset, outcome.arrays)
        known = replace(build, trials=())
        refused = outcome.values.get("refused")
        if "refused" not in outcome.values:
            self._note_open(build)
            self._closed_compile_s += outcome.values["compile_s"]
            use_convolving_times(outcome.values["convolving"])
        elif refused and known not in self._refused:
            self._refuse(build, refused)

    def _judge(self, found: Sequence[Judged]) -> None:
        """Take note of what networks said of rows that they had not learned from."""
        for one in found:
            if self.judged is not None:
                self.judged.add_sum(self.trials[one.trial].scored, one.total, one.count)

    def fit(
        self,
        settings: Settings,
        trial: int,
        *,
        stop_after: int | None = None,
        alone: bool = True,
        should_stop: Stop | None = None,
    ) -> tuple[tuple[Array, ...], bool]:
        """Train one member; return its last weights, and whether its loss stayed finite.

        Args:
            settings: of the member; it does not stop early by itself.
            trial: position of the trial.
            stop_after: epochs to train, with the schedule of the full number; None for all.
            alone: whether to compile a program for a single member, or to use the one there is.
            should_stop: asked while pictures are drawn that it trains on.

        Returns:
            One array for each entry of its network's ``weights``, and the verdict.

        Raises:
            StoppedError: `should_stop` said so before there were pictures.
        """
        build = self.build(settings, [trial])

        def work() -> Outcome:
            members = self.members(build, [settings], [trial]).replace(patience=0, restore_best=False)
            # A block of one is compiled anew; a full block trains copies beside it, which may cost less.
            run = self.executor(build).start(members, block_size=1 if alone else None)
            run.advance(stop_after, watch=self.watch)
            found = run.curves()
            weights = self.whole(settings, [values[0] for values in found.weights])
            return Outcome(arrays={**curves_of(found), **named("weights", weights)})

        request = ("fit", build, settings, trial, stop_after, alone)
        outcome = self.run_stored(request, build, work, should_stop=should_stop)
        if outcome is None:
            raise StoppedError
        found = curves_from(outcome)
        self.count(found)
        return listed("weights", outcome.arrays), int(found.results[0]) != RESULTS.nonfinite

    def whole(self, settings: Settings, weights: Sequence[Array]) -> tuple[Array, ...]:
        """Return the weights of a member's whole network; those of a frozen beginning were not trained."""
        build = self.build(settings)
        is_made = any(replace(one, trials=()) == build for one in self._parts)
        if not is_made and self.has_front(build) and not is_drawn(build.data):
            self.executor(build)  # its runs came from the store
        return self._frozen.whole(build, weights)

    def predict(
        self,
        settings: Sequence[Settings],
        trials: Sequence[int],
        rows: Sequence[Sequence[Array]],
        *,
        progress: Progress | None = None,
    ) -> dict[Job, tuple[Array, ...]]:
        """Train every setting on every trial, and let each network predict.

        Args:
            settings: what to train.
            trials: positions of the trials.
            rows: for each trial, sets of rows to predict.
            progress: called as ``progress(members_done, members_in_all)``.

        Returns:
            ``(setting, trial)``, positions in the arguments, to one ``[row, class or output]`` for each set
            of rows; runs that diverged are left out.
        """
        found: dict[Job, tuple[Array, ...]] = {}
        done, total = 0, len(settings) * len(trials)
        for build, part in self.parts(settings, trials):
            executor = self.executor_or_none(build)
            if executor is None:
                continue
            # Trial by trial: the networks of one trial predict the same rows in one call.
            jobs = [(setting, trial) for trial in range(len(trials)) for setting in part]
            members = self.members(build, [settings[s] for s, _ in jobs], [trials[t] for _, t in jobs])
            report = (lambda n, _, done=done: progress(done + n, total)) if progress else None
            curves = executor.train(members, progress=report)
            self.count(curves)
            done += len(jobs)
            for position in range(len(trials)):
                chosen = np.arange(position * len(part), (position + 1) * len(part))
                chosen = chosen[curves.results[chosen] != RESULTS.nonfinite]
                weights = [values[chosen] for values in curves.weights]
                own = members.take(chosen)
                sets = [executor.predict(weights, own, one) for one in rows[position] if len(chosen)]
                for index, member in enumerate(chosen):
                    found[jobs[member]] = tuple(predicted[index] for predicted in sets)
        return found

    def has_front(self, build: Build) -> bool:
        """Return whether rows may pass a frozen beginning of a build's network once, apart from training."""
        return self._frozen.has_front(build.structure)

    def is_open(self, build: Build) -> bool:
        """Return whether the program of a build is there already, for whichever trials."""
        return any(replace(one, trials=()) == build for one in self._opened)

    def material(self, settings: Settings) -> Material:
        """Return what is fitted to rows under settings; no pictures are drawn, for nothing is fitted to them.

        Raises:
            SettingsError: they make no sense for this subject.
        """
        choice = data_choice(settings)
        return self._material(replace(choice, resampling="none") if is_drawn(choice) else choice, ())

    def part(self, settings: Settings) -> Part:
        """Return what members train under settings, whose network can be built: behind what is frozen."""
        build = self.build(settings)
        self.executor(build)
        return self._parts[build]

    def groups(self, settings: Settings) -> tuple[tuple[int, ...], ...]:
        """Return the one-hot columns of each category under settings."""
        return one_hot_groups(self.material(settings).dataset)

    def why_not(self, settings: Settings) -> str:
        """Return why no network or material could be made for settings, or an empty string."""
        return self._refused.get(self.build(settings), "")

    def scalings(self, settings: Settings, trial: int) -> tuple[Scaling | None, ...]:
        """Return the fitted scaling of each input for a trial."""
        fitted = self.material(settings).scalings
        return fitted[trial] if fitted else (None,) * len(self.subject.dataset.inputs)

    def target_scaling(self, settings: Settings, trial: int) -> tuple[Array, Array] | None:
        """Return centre and scale of the target, each ``[output]``, for a trial; None if it is not scaled."""
        fitted = self.material(settings).target_scaling
        return None if fitted is None else (fitted.center[trial], fitted.scale[trial])

    def formulas(self, settings: Settings) -> tuple[Formula, ...]:
        """Return the features that are added to the inputs under settings."""
        return self.material(settings).formulas

    def count(self, found: Curves) -> None:
        """Take note of runs that were trained."""
        trained = int((found.num_epochs > 0).sum())
        self.members_trained += trained
        self.ration.use(trained, int(found.num_epochs.sum()))

    @property
    def num_places(self) -> int:
        """Members that fill every worker's first block of the baseline's program."""
        build = self.build(self.subject.baseline)
        self._note_open(build)
        return self.replay.reading(lambda: getattr(self.executor(build), "block_size", 1) * num_workers())

    @property
    def compile_s(self) -> float:
        """Seconds spent on compiling so far."""
        opened = sum(executor.compile_s for executor in self._executors.values())
        return self._closed_compile_s + opened

    def close(self) -> None:
        """Let go of worker processes and memory."""
        for executor in self._executors.values():
            executor.close()

    def parts(
        self, settings: Sequence[Settings], trials: Sequence[int], should_stop: Stop | None = None
    ) -> Iterator[tuple[Build, list[int]]]:
        """Yield settings that share a build, as many as fit the memory at a time."""
        groups: dict[Build, list[int]] = {}
        # Members of one block train side by side, so those of equal length belong together.
        for setting in sorted(range(len(settings)), key=lambda s: settings[s].epochs):
            groups.setdefault(self.build(settings[setting], trials), []).append(setting)
        for build, group in groups.items():
            each = 4 * _COPIES * max(self._trained_parameters(build, should_stop), 1)
            growth = build.structure.width**2 * (1 if build.structure.embedding == "own" else _EMBEDDED)
            size = max(1, int(_STATE_BYTES / (each * growth)) // len(trials))
            for start in range(0, len(group), size):
                yield build, group[start : start + size]

    def _trained_parameters(self, build: Build, should_stop: Stop | None) -> int:
        """Return the parameters of what members train: behind a frozen beginning they are far fewer."""
        if self.subject.start == "given":
            found = self.replay.reading(lambda: self._behind_front(build, should_stop))
            if found is not None:
                self._note_open(build)
                return found
        return int(self.subject.model.count_params())

    def _behind_front(self, build: Build, should_stop: Stop | None) -> int | None:
        executor = self.executor_or_none(build, should_stop)
        return None if executor is None else int(self._parts[build].model.count_params())

    def executor_or_none(self, build: Build, should_stop: Stop | None = None) -> Executor | None:
        """Return the executor of a build, None for one that cannot be made; the baseline's must be.

        Args:
            build: network and material.
            should_stop: asked while pictures are drawn; None is returned where it ends that.
        """
        known = replace(build, trials=())
        if known in self._refused:
            return None
        try:
            with self.drawn.until(should_stop):
                return self.executor(build)
        except StoppedError:
            return None  # nothing is wrong with it
        except (UnsupportedModelError, SettingsError) as error:
            if build == self.build(self.subject.baseline):
                raise
            self._refuse(build, error.summary)
            return None

    def _refuse(self, build: Build, why: str) -> None:
        """Take note of a network or material that cannot be made."""
        changed = [
            f"{name.replace('_', ' ')} {value}"
            for part in (build.structure, build.data)
            for name, value in asdict(part).items()
            if value != getattr(type(part)(), name)
        ]
        self._refused[replace(build, trials=())] = why
        self.notes.append(f"a network with {', '.join(changed)}: {why}")

    def build(self, settings: Settings, trials: Sequence[int] = ()) -> Build:
        """Return the network and material that settings need; what masks and gates do needs no other.

        Args:
            settings: of the training.
            trials: positions of those that will be trained; a material for which pictures are drawn is made
                for them alone.
        """
        structure = {field.name: getattr(settings, field.name) for field in fields(Structure)}
        # Another network has other blocks than the one that the depth is counted from.
        is_own = Structure(**{**structure, "width": 1.0, "depth": 0}) == Structure()
        blocks = [block for block in self.subject.layout.blocks if block.removable]
        last = blocks[len(blocks) + settings.depth :] if settings.depth < 0 else []
        by_gate = is_own and settings.depth < 0 and all(block.gateable for block in last)
        structure.update(width=max(settings.width, 1.0), depth=0 if by_gate else settings.depth)
        found = self._frozen.build(Structure(**structure), data_choice(settings), settings)
        return replace(found, trials=tuple(sorted(trials))) if is_drawn(found.data) else found

    def executor(self, build: Build) -> Executor:
        """Return what trains a build; opened once."""
        if build not in self._executors:
            subject = self.subject
            self._let_go(build)
            material = self._material(build.data, build.trials)
            model, layout = subject.model, subject.layout
            is_other = replace(build.structure, frozen_stages=-1) != Structure()
            if (is_other or material.num_features is not None) and subject.start == "given":
                raise UnsupportedModelError(
                    "a network that starts from given weights keeps its structure",
                    received="layers or features that its weights do not fit",
                    expected="the structure that the weights belong to",
                    fix="start='fresh' draws the weights anew",
                )
            if material.num_features is not None:
                model = with_input_width(model, material.num_features)
                layout = find_layout(model)
            changed = restructured(model, layout, build.structure, groups=one_hot_groups(material.dataset))
            part = self._parts[build] = self._frozen.part(build, changed, material)
            self._executors[build] = open_executor(
                part.kind,
                part.model,
                part.dataset,
                part.splits,
                kept=part.kept,
                scalings=material.scalings,
                target_scaling=material.target_scaling,
                vary=self._vary,
            )
            self._note_open(build)
        return self._executors[build]

    def _material(self, choice: DataChoice, trials: tuple[int, ...]) -> Material:
        key = (choice, trials)
        if key not in self._materials:
            self._materials[key] = make_material(
                self.subject, self.trials, choice, drawn_for=trials or None, drawn=self.drawn
            )
        return self._materials[key]

    def _note_open(self, build: Build) -> None:
        """Take note that a build is open, and those that `_let_go` closes are not."""
        for one in [one for one in self._opened if one.data == build.data and one.trials != build.trials]:
            del self._opened[one]
        self._opened[build] = None

    def _let_go(self, build: Build) -> None:
        """Close what holds pictures that were drawn for other trials: a study goes from stage to stage."""
        others = [one for one in self._executors if one.data == build.data and one.trials != build.trials]
        for other in others:
            executor = self._executors.pop(other)
            self._closed_compile_s += executor.compile_s
            executor.close()
            del self._parts[other]
            self._materials.pop((other.data, other.trials), None)

    def members(self, build: Build, settings: Sequence[Settings], trials: Sequence[int]) -> Members:
        """Return one member for each of settings and trials."""
        seeds = [self.trials[t].seed for t in trials]
        material = self._materials[build.data, build.trials]
        part = self._parts[build]
        if part.num_visits is not None:
            # The pictures are changed already, before they passed the frozen part.
            material = replace(material, num_visits=part.num_visits)
            settings = [replace(one, **dict.fromkeys(AUGMENTATION_FIELDS, 0.0)) for one in settings]
        members = members_from(
            settings,
            split=trials,
            seed=seeds,
            class_weight=material.class_weight,
            restore_best=None,
        )
        depth = [0 if build.structure.depth else min(s.depth, 0) for s in settings]
        return members.replace(depth=depth, num_visits=[self._visits(material, t) for t in trials])

    def _visits(self, material: Material, trial: int) -> int:
        """Return row visits in an epoch, 0 for all rows; where the material multiplies rows, as many more."""
        own, visits = self.trials[trial], int(material.num_visits[trial])
        if not own.num_visits:
            return visits
        rows = visits or len(material.splits[trial].train)
        return round(own.num_visits * rows / max(1, len(own.split.train)))

    def _scores(self, of: _Ended) -> tuple[Array, Array, list[Judged]]:
        """Return ``[member]`` scores on the rows kept for that, temperatures, and what was said of them.

        Scores are NaN for a member that did not end well. A temperature is fitted on the rows to stop by,
        which neither trained the member nor score it; it is NaN where there is none.
        """
        scores, temperatures = np.full((2, len(of.members)), np.nan)
        judged: list[Judged] = []
        ended = np.isin(of.found.results, (RESULTS.finished, RESULTS.early_stopped))
        for trial in np.unique(of.members.split[ended]):
            own = self.trials[trial]
            chosen = np.flatnonzero(ended & (of.members.split == trial))
            predicted = self._said(of, chosen, own.scored)
            if self.judged is not None:
                judged.append(Judged.of(int(trial), np.stack([said[0] for said in predicted])))
            asked = [own.can_stop and of.settings[int(member)].temperature for member in chosen]
            tempered = chosen[asked]
            if len(tempered):
                watched = self._said(of, tempered, own.split.validation)
                target, weight = self._target(own.split.validation)
                temperatures[tempered] = [fitted_temperature(said, target, weight) for said in watched]
            target, weight = self._target(own.scored)
            for member, said in zip(chosen, predicted, strict=True):
                scores[member] = score(
                    self.subject.metric.name,
                    self.subject.dataset.task,
                    target,
                    mean_prediction(said, temperatures[member]),
                    sample_weight=weight,
                )
        return scores, temperatures, judged

    def _target(self, rows: Array) -> tuple[Array, Array | None]:
        """Return the target of rows, and their weights if there are any."""
        dataset = self.subject.dataset
        weight = None if dataset.sample_weight is None else dataset.sample_weight[rows]
        return dataset.target[rows], weight

    def _said(self, of: _Ended, chosen: Array, rows: Array) -> list[Array]:
        """Return ``[view, row, class or output]`` of each of the chosen members."""
        material = self._materials[of.build.data, of.build.trials]
        return view_predictions(
            self.executor(of.build),
            [values[chosen] for values in of.found.weights],
            of.members.take(chosen),
            rows,
            views=[of.settings[int(member)].test_time_augmentation for member in chosen],
            inputs=lambda some, view: self._frozen.inputs(of.build, material, some, view),
        )


def _judged(subject: Subject) -> OutOfFold | None:
    dataset = subject.dataset
    is_small = dataset.num_rows * dataset.num_classes <= _MOST_JUDGED
    is_kept = is_small and dataset.task.is_classification
    return OutOfFold(dataset.num_rows, dataset.num_classes) if is_kept else None


def _varied(subject: Subject) -> list[str]:
    """Return what any stage may vary, so that each program is compiled once."""
    names = ["dropout", "width", "depth", "clipping", *FREE]
    return [*names, "smoothing", "class_weight"] if subject.dataset.task.is_classification else names


def _climb(
    run: MemberRun,
    owners: Array,
    *,
    rungs: Sequence[int],
    keep_fraction: float,
    progress: Progress | None,
    should_stop: Stop,
    watch: Watch | None,
) -> None:
    """Advance from rung to rung, dropping the settings whose mean validation loss is worst.

    Settings compete with those that share their network: others train in another run.
    """
    for rung in rungs:
        run.advance(rung, progress=progress, should_stop=should_stop, watch=watch)
        if should_stop():
            return
        losses = run.curves(keep_weights=False).validation_loss
        latest = np.array([_last_finite(row[:rung]) for row in losses])
        alive = np.unique(owners[run.running])
        means = np.array([latest[owners == setting].mean() for setting in alive])
        kept = alive[halving(means, keep_fraction)]
        run.keep(np.flatnonzero(np.isin(owners, kept)))
    run.advance(progress=progress, should_stop=should_stop, watch=watch)


def _last_finite(row: Array) -> float:
    """Return the last value that is not NaN: a member that has ended counts with its last loss."""
    known = row[np.isfinite(row)]
    return float(known[-1]) if len(known) else np.nan
