"""From probes to members and from curves to runs: where a diagnosis trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._class_weights import balanced_weights, share_biases
from wellfit.api._patient import Patient
from wellfit.api._picture_matrix import is_pictures, pixels
from wellfit.api._trial_plan import TrialPlan
from wellfit.data import apply_scaling, fit_scaling, picked
from wellfit.diagnosis import BASELINE, Probe, Runs
from wellfit.diagnosis.too_few_rows import SHARES
from wellfit.diagnosis.wiring import NUM_ROWS
from wellfit.models import (
    Model,
    find_layout,
    network_function,
    normalized,
    output_bias,
    resize,
    unfrozen,
    weight_values,
    with_output,
    without_decay,
)
from wellfit.population import (
    Executor,
    TargetScaling,
    biased_weights,
    initial_weights,
    num_workers,
    open_executor,
    standard_weights,
)
from wellfit.records import (
    RESULTS,
    Curves,
    Dataset,
    Members,
    Scaling,
    Settings,
    SettingsError,
    Split,
    Task,
    UnsupportedModelError,
    members_from,
)

Array = NDArray[Any]
Job = tuple[Probe, int]
Stop = Callable[[], bool]
Progress = Callable[[int, int], None]

SCALES = ("own", "inputs", "target", "both", "without-rare", "without-leak")
_REBUILT: Mapping[str, Callable[[Model], Model]] = {
    "unfrozen": unfrozen,
    "undecayed": without_decay,
    "normalized": normalized,
}
_WIDER, _WIDER_MAPS = 4.0, 2.0  # the cost grows with the square, and convolutions are dear as they are
_MEMORIZING_UPDATES = 3000  # a few rows are memorized within hundreds, whatever the number of all rows


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """Members with their weights where the network as it stands ends.

    Attributes:
        jobs: probe and trial of each.
        members: the members.
        weights: in the order of the network's ``weights``, each ``[member, ...]``.
    """

    jobs: tuple[Job, ...]
    members: Members
    weights: tuple[Array, ...]

    def of(self, name: str, trial: int) -> int:
        """Return the position of a member, -1 where there is none."""
        return next((i for i, (p, t) in enumerate(self.jobs) if p.name == name and t == trial), -1)


class Experiments:
    """Trains probes on trials; each network is compiled once.

    Args:
        patient: what is diagnosed.
        plan: its trials.
        rare: columns of the first input that the probe without rare columns masks.
        leak: the column that the probe without the leaking column masks, -1 for none.

    Attributes:
        members_trained: runs so far.
        notes: experiments that could not be made, and why.
    """

    def __init__(
        self, patient: Patient, plan: TrialPlan, *, rare: Array | None = None, leak: int = -1
    ) -> None:
        self.patient, self.plan = patient, plan
        self._rare = np.zeros(0, np.intp) if rare is None else rare
        self._leak = leak
        self.members_trained = 0
        self.notes: list[str] = []
        self._executors: dict[str, Executor | None] = {}
        self._network = network_function(patient.model, any_training=True)
        self._suspects = np.zeros(0, np.int32)
        self._scalings = self._fit_scalings()
        self._target_scaling = self._fit_target_scaling()
        self._class_weight = balanced_weights(patient.dataset, plan.splits)

    def run(
        self,
        probes: Sequence[Probe],
        trials: Mapping[str, Sequence[int]],
        *,
        longer: int = 1,
        progress: Progress | None = None,
        should_stop: Stop | None = None,
    ) -> tuple[dict[str, Runs], Snapshot | None]:
        """Train probes on their trials.

        Args:
            probes: what to train.
            trials: probe name to its trials.
            longer: how many times as long `BASELINE` is trained.
            progress: called as ``progress(members_done, members_in_all)``.
            should_stop: asked all the time; True ends with what there is.

        Returns:
            Probe name to its runs, without those that were stopped before their end, and the own network's
            members with their weights at the last epoch of the network as it stands, or None.
        """
        groups: dict[tuple[str, str], list[Job]] = {}
        for probe in probes:
            for trial in trials[probe.name]:
                start = "given" if trial == self.plan.start else probe.start
                groups.setdefault((probe.network, start), []).append((probe, trial))
        total, done = sum(len(jobs) for jobs in groups.values()), dict.fromkeys(groups, 0)

        def train(key: tuple[str, str]) -> tuple[Curves, Snapshot | None] | None:
            network, start = key
            executor = self._executor(network)
            if executor is None or (should_stop is not None and should_stop()):
                return None
            members = self._members(groups[key], longer)

            def report(finished: int, _: int) -> None:
                done[key] = finished
                if progress is not None:
                    progress(sum(done.values()), total)

            run = executor.start(members, weights=self._weights(start, groups[key], members))
            run.advance(self.patient.settings.epochs, progress=report, should_stop=should_stop)
            snapshot = None
            if network == "own":
                weights = run.curves().weights
                snapshot = Snapshot(jobs=tuple(groups[key]), members=members, weights=weights)
            run.advance(progress=report, should_stop=should_stop)
            self.members_trained += len(members)
            return run.curves(keep_weights=False), snapshot

        # Networks other than the own one are compiled side by side: compiling keeps a core busy, not two.
        own = [key for key in groups if key[0] == "own"]
        others = [key for key in groups if key[0] != "own"]
        results = {key: train(key) for key in own}
        with ThreadPoolExecutor(max(1, min(len(others), num_workers()))) as pool:
            results |= dict(zip(others, pool.map(train, others), strict=True))
        found: dict[str, list[tuple[int, Curves, int]]] = {}
        for key, result in results.items():
            if result is not None:
                for index, (probe, trial) in enumerate(groups[key]):
                    if self._is_whole(probe, result[0], index):
                        found.setdefault(probe.name, []).append((trial, result[0], index))
        snapshots = [result[1] for result in results.values() if result is not None and result[1] is not None]
        return {name: _runs(rows) for name, rows in found.items()}, _joined(snapshots)

    def _is_whole(self, probe: Probe, curves: Curves, index: int) -> bool:
        """Return whether a run reached the epoch it is judged at: a loss on the way is no result."""
        if curves.results[index] != RESULTS.interrupted:
            return True
        return probe.name == BASELINE and curves.num_epochs[index] >= self.patient.settings.epochs

    def predict(self, snapshot: Snapshot, index: int, rows: Array) -> Array:
        """Return ``[row, class]`` probabilities or ``[row, output]`` values of one member."""
        executor = self._executor("own")
        assert executor is not None
        weights = [values[[index]] for values in snapshot.weights]
        return executor.predict(weights, snapshot.members.take([index]), rows)[0]

    def inputs(
        self, trial: int, rows: Array, dataset: Dataset | None = None, *, scale: str = "own"
    ) -> list[Array]:
        """Return rows as the own network receives them in a trial, or as a probe of another scale does.

        Those of a mapped array are read when a slice of them is taken.
        """
        data = self.patient.dataset if dataset is None else dataset
        index = SCALES.index(scale) * len(self.plan.splits) + trial
        fitted = self._scalings[index] if self._scalings else [None] * len(data.inputs)
        return [
            picked(values, rows) if one is None else apply_scaling(one, np.asarray(values[rows], np.float32))
            for values, one in zip(data.inputs, fitted, strict=True)
        ]

    def suspect(self, rows: Array) -> None:
        """Name the rows that the probe without suspected labels leaves out; executors are made anew."""
        self._suspects = np.asarray(rows, np.int32)
        for executor in self._executors.values():
            if executor is not None:
                executor.close()
        self._executors.clear()

    @property
    def compile_s(self) -> float:
        """Seconds spent on compiling so far."""
        return sum(e.compile_s for e in self._executors.values() if e is not None)

    def close(self) -> None:
        """Let go of worker processes and memory."""
        for executor in self._executors.values():
            if executor is not None:
                executor.close()

    def _executor(self, network: str) -> Executor | None:
        if network not in self._executors:
            try:
                self._executors[network] = self._open(network)
            except (UnsupportedModelError, SettingsError) as error:
                self._executors[network] = None
                self.notes.append(f"{network} network: {error.summary}")
        return self._executors[network]

    def _open(self, network: str) -> Executor:
        patient = self.patient
        kind = patient.executor.kind
        if network != "own" and kind == "fit":
            raise UnsupportedModelError("a network with a training step of its own is not rebuilt")
        vary = ["dropout", "width", "depth", "clipping"] if network == "own" else []
        if network == "own" and patient.dataset.task.is_classification:
            vary += ["smoothing"]
        return open_executor(
            kind,
            self._model(network),
            patient.dataset,
            self._splits(),
            scalings=self._scalings,
            target_scaling=self._target_scaling,
            num_label_orders=2 if network == "own" else 1,
            vary=[*vary, "label_order"] if network == "own" else vary,
        )

    def _model(self, network: str) -> Model:
        model = self.patient.model
        if network == "own":
            return model
        if network == "wider":
            width = _WIDER_MAPS if self.patient.has_pictures else _WIDER
            return resize(model, find_layout(model), width=width, depth=0)
        if network == "deeper":
            return resize(model, find_layout(model), width=1.0, depth=1)
        if network in _REBUILT:
            return _REBUILT[network](model)
        task, dataset = self.patient.dataset.task, self.patient.dataset
        outputs = 1 if dataset.num_classes == 2 else dataset.num_classes
        if task is Task.REGRESSION:
            outputs = 1 if dataset.target.ndim == 1 else int(dataset.target.shape[1])
        return with_output(model, task, outputs)

    def _splits(self) -> list[Split]:
        """Return the splits of all trials, then those on a part of their rows."""
        base = list(self.plan.splits)
        parts = [self._part(s, index, share=share) for share in SHARES for index, s in enumerate(base)]
        few = [self._part(s, index, count=NUM_ROWS) for index, s in enumerate(base)]
        clean = [
            Split(train=s.train[~np.isin(s.train, self._suspects)], validation=s.validation) for s in base
        ]
        return [*base, *parts, *few, *clean]

    def _part(self, split: Split, index: int, *, share: float = 0.0, count: int = 0) -> Split:
        rng = np.random.default_rng([self.plan.seeds[index], count])
        order = rng.permutation(len(split.train))
        size = count or max(2, round(share * len(split.train)))
        return Split(train=np.sort(split.train[order[:size]]), validation=split.validation)

    def _split_of(self, probe: Probe, trial: int) -> int:
        num_trials = len(self.plan.splits)
        if probe.labels == "unsuspected":
            return (len(SHARES) + 2) * num_trials + trial
        if probe.num_rows:
            return (len(SHARES) + 1) * num_trials + trial
        if probe.rows < 1:
            return (1 + SHARES.index(probe.rows)) * num_trials + trial
        return trial

    def _members(self, jobs: Sequence[Job], longer: int) -> Members:
        settings = [self._settings(probe, longer) for probe, _ in jobs]
        trials = [trial for _, trial in jobs]
        members = members_from(
            settings,
            split=trials,
            seed=[self.plan.seeds[t] for t in trials],
            class_weight=self._class_weight,
            restore_best=False,
        )
        visits = [self._visits(probe, trial) for probe, trial in jobs]
        if self.patient.class_weight is not None:
            # The weights that were given belong to the network as it stands; balanced ones replace them.
            is_own = np.array([one.class_weight == "none" for one in settings])
            own = np.where(is_own[:, None], self.patient.class_weight, members.class_weight)
            members = members.replace(class_weight=own)
        return members.replace(
            split=[self._split_of(probe, trial) for probe, trial in jobs],
            scaling=[SCALES.index(p.scale) * len(self.plan.splits) + t for p, t in jobs],
            label_order=[int(probe.labels == "permuted") for probe, _ in jobs],
            num_visits=visits,
        )

    def _visits(self, probe: Probe, trial: int) -> int:
        """Return rows that are visited in an epoch: as many as the network as it stands visits."""
        own, visits = self.patient.settings, len(self.plan.splits[trial].train)
        if not probe.num_rows:
            return visits
        return min(visits, -(-_MEMORIZING_UPDATES // own.epochs) * own.batch_size)

    def _settings(self, probe: Probe, longer: int) -> Settings:
        own = self.patient.settings
        if probe.name == BASELINE:
            return replace(own, epochs=own.epochs * longer)
        return replace(own, **dict(probe.changes))  # type: ignore[arg-type]

    def _weights(self, start: str, jobs: Sequence[Job], members: Members) -> list[Array] | None:
        patient = self.patient
        if start == "given":
            return weight_values(patient.model)
        if start == "prior":
            position = output_bias(patient.model, patient.setup, patient.dataset.num_classes)
            splits = [self.plan.splits[trial] for _, trial in jobs]
            bias = share_biases(patient.dataset, splits, self._network.num_outputs, patient.class_weight)
            return biased_weights(self._network, members.seed, position, bias)
        return standard_weights(self._network, members.seed) if start == "standard" else None

    def _fit_scalings(self) -> list[list[Scaling | None]]:
        """Return the fitted scalings of every kind and trial, kinds one after the other."""
        splits = self.plan.splits
        # Trials on the same rows share a fit: on many rows, quantiles take their time.
        fitted = {id(split): self._own_scaling(split) for split in splits}
        return [self._changed_scaling(kind, fitted[id(s)], s) for kind in SCALES for s in splits]

    def _own_scaling(self, split: Split) -> list[Scaling | None]:
        patient = self.patient
        if patient.preparation is None:
            return [_identity(values) for values in patient.dataset.inputs]
        return list(fit_scaling(patient.dataset, split.train, patient.preparation))

    def _changed_scaling(
        self, kind: str, own: Sequence[Scaling | None], split: Split
    ) -> list[Scaling | None]:
        patient, fitted = self.patient, list(own)
        if kind in ("inputs", "both") and patient.is_raw:
            fitted = [
                None if one is None else _standard(one, values[split.train])
                for one, values in zip(fitted, patient.dataset.inputs, strict=True)
            ]
        masked = {"without-rare": self._rare, "without-leak": np.array([self._leak])}.get(kind)
        if masked is not None and fitted and fitted[0] is not None:
            mask = np.array(fitted[0].mask, np.float32)
            mask[masked[(masked >= 0) & (masked < len(mask))].astype(np.intp)] = 0.0
            fitted[0] = replace(fitted[0], mask=mask)
        return fitted

    def _fit_target_scaling(self) -> TargetScaling | None:
        dataset = self.patient.dataset
        if dataset.task.is_classification:
            return None
        values = np.asarray(dataset.target, np.float64).reshape(dataset.num_rows, -1)
        center, scale = [], []
        for kind in SCALES:
            for split in self.plan.splits:
                rows = values[split.train]
                is_scaled = kind in ("target", "both")
                deviation = rows.std(axis=0)
                center.append(rows.mean(axis=0) if is_scaled else np.zeros(values.shape[1]))
                scale.append(
                    np.where(deviation > 0, deviation, 1.0) if is_scaled else np.ones(values.shape[1])
                )
        return TargetScaling(center=np.stack(center), scale=np.stack(scale))


def drawn_weights(experiments: Experiments, trial: int) -> list[Array]:
    """Return the weights that the network as it stands starts from in a trial, in the order of its own."""
    network = network_function(experiments.patient.model, any_training=True)
    values = initial_weights(network, np.asarray([experiments.plan.seeds[trial]], np.uint32))
    return [values[position][0] for position in network.order]


def _identity(values: Array) -> Scaling | None:
    if not np.issubdtype(values.dtype, np.floating):
        return None
    size = values.shape[-1] if values.ndim > 1 else 1
    zeros, ones = np.zeros(size, np.float32), np.ones(size, np.float32)
    return Scaling(
        fill=zeros,
        low=np.full(size, -np.inf, np.float32),
        high=np.full(size, np.inf, np.float32),
        center=zeros,
        inverse_scale=ones,
        mask=ones,
    )


def _standard(own: Scaling, rows: Array) -> Scaling:
    """Return a scaling with the mean and deviation of the rows in place of its own."""
    rows = pixels(rows) if is_pictures(rows) else rows
    flat = np.asarray(rows, np.float64).reshape(-1, rows.shape[-1])
    filled = np.where(np.isfinite(flat), flat, own.fill)
    deviation = filled.std(axis=0)
    varies = deviation > 1e-12 * (1 + np.abs(filled.mean(axis=0)))
    return replace(
        own,
        center=filled.mean(axis=0).astype(np.float32),
        inverse_scale=np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 1.0).astype(np.float32),
    )


def _runs(rows: Sequence[tuple[int, Curves, int]]) -> Runs:
    width = max(curves.train_loss.shape[1] for _, curves, _ in rows)
    # Where some were stopped, all end at the last epoch that each of them reached.
    reached = [c.num_epochs[i] for _, c, i in rows if c.results[i] == RESULTS.interrupted]
    width = int(min([width, *reached]))

    def table(pick: Callable[[Curves], Any]) -> Array:
        parts = [np.asarray(pick(curves)[index], np.float64)[:width] for _, curves, index in rows]
        return np.stack([np.pad(p, (0, width - len(p)), constant_values=np.nan) for p in parts])

    has_accuracy = all("accuracy" in curves.validation_metrics for _, curves, _ in rows)
    return Runs(
        trials=tuple(trial for trial, _, _ in rows),
        train_loss=table(lambda c: c.train_loss),
        validation_loss=table(lambda c: c.validation_loss),
        penalty=table(lambda c: c.penalty),
        train_accuracy=table(lambda c: c.train_metrics["accuracy"]) if has_accuracy else np.zeros((0, 0)),
        validation_accuracy=table(lambda c: c.validation_metrics["accuracy"])
        if has_accuracy
        else np.zeros((0, 0)),
        balanced=np.full(len(rows), np.nan),
    )


def _joined(parts: Sequence[Snapshot]) -> Snapshot | None:
    if not parts:
        return None
    fields = {
        name: np.concatenate([getattr(p.members, name) for p in parts]) for name in vars(parts[0].members)
    }
    return Snapshot(
        jobs=tuple(job for part in parts for job in part.jobs),
        members=Members(**fields),
        weights=tuple(np.concatenate(values) for values in zip(*(p.weights for p in parts), strict=True)),
    )
