"""From a network and its rows to a diagnosis."""

from __future__ import annotations

import os
import platform
import threading
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit._version import __version__
from wellfit.api._build import is_path
from wellfit.api._clock import Clock, parse_budget
from wellfit.api._events import Event, Listener, ignore
from wellfit.api._experiments import Experiments
from wellfit.api._network_facts import balanced_accuracies, mismatch_gains, network_facts
from wellfit.api._patient import Patient, array_patient, table_patient
from wellfit.api._row_facts import RowFacts, chance_losses, column_facts, row_facts
from wellfit.api._trial_plan import TrialPlan, plan_trials
from wellfit.data import Preparation, Table
from wellfit.diagnosis import (
    BASELINE,
    MAX_P_SCREENED,
    MIN_GAIN,
    Evidence,
    Facts,
    Probe,
    Runs,
    Situation,
    examine_all,
    examined_records,
    findings,
    label_noise,
    probes_for,
    split_shift,
    verdict_of,
    wiring,
)
from wellfit.evaluation import matched
from wellfit.models import dropout_points, find_layout
from wellfit.population import enable_compilation_cache
from wellfit.records import (
    CurvePair,
    Diagnosis,
    Finding,
    Metric,
    Outcome,
    SettingsError,
    Verdict,
)

Array = NDArray[Any]

_PACKAGES = ("keras", "jax", "numpy", "scikit-learn", "polars")
_DEFAULT_BUDGET_S = 3600.0
_CONFIRMED_PER_CAUSE = 2


def diagnose(
    *data: Any,
    target: str | None = None,
    model: Any = None,
    validation: Any = None,
    validation_data: Any = None,
    validation_split: float = 0.0,
    history: Any = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    class_weight: Any = None,
    sample_weight: Any = None,
    seed: int = 0,
    task: str = "auto",
    features: str = "auto",
    group: str | None = None,
    budget: str | float | None = None,
    columns: Mapping[str, str] | None = None,
    preparation: Preparation | None = None,
    unsafe: bool = False,
    reading: Mapping[str, Any] | None = None,
    listener: Listener = ignore,
    stop: threading.Event | None = None,
    began: float | None = None,
    command: str = "",
) -> Diagnosis:
    """Say what is wrong with a network and why, by experiment.

    The network is trained as it stands and with one thing changed at a time, many members at once; what
    gains on splits that nothing was chosen by is a cause. Nothing of the network that is passed in changes.

    Args:
        *data: ``model, x, y`` as for `keras.Model.fit`; or a table (file, frame) with `target` and `model`.
        target: the column to predict, if `data` is a table.
        model: the network: see `wellfit.models.load_model`.
        validation: validation rows as a table; a fifth of the rows is drawn if there are none.
        validation_data: ``(x, y)``, as for `fit`.
        validation_split: share of the last rows, as for `fit`.
        history: training curves instead of all that: a Keras ``History``, its dict, or a file; see
            `wellfit.diagnosis.read_history`.
        epochs: passes over the training rows; 30 if None.
        batch_size: rows in an update; 32 if None.
        class_weight: as for `fit`; anything but None stands for balanced weights.
        sample_weight: ``[row]``, as for `fit`.
        seed: of everything that is drawn.
        task: auto (by the compiled loss, else by the target), classification or regression.
        features: auto, raw or encoded: how a table reaches the network.
        group: column whose equal values never straddle a split.
        budget: seconds, or text such as ``30s``; what is done is what fits, None plans for about 20 s.
        columns: column name to kind, where the inferred one is wrong.
        preparation: how cells become numbers.
        unsafe: whether a model file may bring its own code.
        reading: options of `read_table`.
        listener: called with every `Event`.
        stop: set it to end early with what there is.
        began: `time.monotonic` value from which time counts.
        command: how the diagnosis was started, for the record.

    Returns:
        The diagnosis: verdict, ranked findings with their evidence, and what could not be known.

    Raises:
        WellfitError: arguments, data or network cannot be used.

    Example:
        >>> diagnose(history={"loss": [0.69, 0.5, 0.3, 0.1], "val_loss": [0.69, 0.6, 0.7, 0.9]}).verdict.value
        'overfitting'

    Source:
        Nadeau and Bengio, Inference for the Generalization Error, 2003 (intervals of the effects).
    """
    if history is not None:
        if data or target is not None or model is not None:
            raise SettingsError(
                "curves and data cannot be diagnosed at once.",
                received="history= and data",
                expected="one of them",
                fix="call diagnose twice",
            )
        from wellfit.diagnosis import judge_curves, read_history

        return replace(judge_curves(read_history(history)), command=command)
    clock = Clock(_DEFAULT_BUDGET_S if budget is None else parse_budget(budget), began=began, stop=stop)
    with warnings.catch_warnings():
        # What Keras warns about is what is being diagnosed.
        warnings.filterwarnings("ignore", message="You are using a softmax over axis")
        patient = _patient(
            data,
            model,
            target=target,
            validation=validation,
            validation_data=validation_data,
            validation_split=validation_split,
            epochs=epochs,
            batch_size=batch_size,
            class_weight=class_weight,
            sample_weight=sample_weight,
            seed=seed,
            task=task,
            features=features,
            group=group,
            columns=columns,
            preparation=preparation,
            unsafe=unsafe,
            reading=reading,
        )
        enable_compilation_cache()
        budget_s = None if budget is None else clock.budget_s
        return _Examination(patient, clock, listener, seed, budget_s, command).run()


def _patient(data: tuple[Any, ...], model: Any, **options: Any) -> Patient:
    """Tell the ways to call `diagnose` apart."""
    is_table = options["target"] is not None or (data and (is_path(data[0]) or isinstance(data[0], Table)))
    if is_table:
        if len(data) != 1 or options["target"] is None or model is None:
            raise SettingsError(
                "a table is diagnosed with its target and a network.",
                received=f"{len(data)} tables, target={options['target']!r}, model={model!r}",
                expected="diagnose(table, target=..., model=...)",
            )
        for name in ("validation_data", "sample_weight"):
            _refuse(options, name, "a table", "validation= takes a table of validation rows")
        options.pop("validation_split")
        return table_patient(data[0], model=model, **options)
    if len(data) == 3 and model is None:
        model, *data = data  # type: ignore[assignment]
    if len(data) != 2 or model is None:
        raise SettingsError(
            "the data cannot be told from the arguments.",
            received=f"{len(data)} positional arguments",
            expected="diagnose(model, x, y) as for fit, or diagnose(table, target=..., model=...)",
        )
    for name in ("validation", "group", "columns", "preparation", "reading"):
        _refuse(options, name, "arrays", "pass validation_data=, or a table")
    for name in ("target", "features"):
        options.pop(name)
    return array_patient(model, data[0], data[1], **options)


def _refuse(options: dict[str, Any], name: str, what: str, fix: str) -> None:
    if options.pop(name) is not None:
        raise SettingsError(f"{name}= does not go with {what}.", received=f"{name}=", fix=fix)


@dataclass(eq=False)
class _Examination:
    """One diagnosis on its way: first look, more experiments where it points, confirmation."""

    patient: Patient
    clock: Clock
    listener: Listener
    seed: int
    budget_s: float | None
    command: str

    def run(self) -> Diagnosis:
        for note in self.patient.notes:
            self._say("prepare", message=note)
        plan = plan_trials(self.patient, self.seed, self.budget_s)
        with ThreadPoolExecutor(1) as pool:
            # References are fitted beside the compilation of the population, which keeps one core busy.
            waiting = pool.submit(row_facts, self.patient, self._folds(plan), seed=self.seed)
            early = self._early_columns(plan)
            experiments = Experiments(self.patient, plan, rare=early.rare, leak=early.leak)
            if len(early.mismatched):
                experiments, waiting = self._mend_mismatch(experiments, plan, early, pool, waiting)
            try:
                return self._examine(experiments, plan, early, waiting)
            finally:
                experiments.close()

    def _folds(self, plan: TrialPlan) -> list[Any]:
        return [plan.splits[t] for t in plan.folds]

    def _early_columns(self, plan: TrialPlan) -> RowFacts:
        """Return what must be known of columns before anything is compiled."""
        del plan
        return column_facts(self.patient)

    def _mend_mismatch(
        self, experiments: Experiments, plan: TrialPlan, early: RowFacts, pool: Any, waiting: Any
    ) -> tuple[Experiments, Any]:
        """Find out whether other units of validation columns are to blame; if so go on with them mended."""
        base = Probe(name=BASELINE)
        _, snapshot = experiments.run([base], {BASELINE: plan.given[:1]}, should_stop=self._stopped)
        if snapshot is None:
            return experiments, waiting
        early.data["matched_gains"] = gains = mismatch_gains(experiments, snapshot, early.mismatched)
        chance = chance_losses(self.patient, [plan.splits[t] for t in plan.given]).mean()
        if not gains or np.mean(gains) < MIN_GAIN * abs(chance):
            return experiments, waiting
        self._say("prepare", message="validation columns come in other units; going on with them mended")
        patient = self.patient
        x = np.asarray(patient.dataset.inputs[0], np.float64)
        mended = np.array(patient.dataset.inputs[0])
        mended[patient.validation] = matched(x[patient.train], x[patient.validation], early.mismatched)
        dataset = replace(patient.dataset, inputs=(mended, *patient.dataset.inputs[1:]))
        self.patient = replace(patient, dataset=dataset)
        experiments.close()
        waiting.result()
        again = Experiments(self.patient, plan, rare=early.rare, leak=early.leak)
        return again, pool.submit(row_facts, self.patient, self._folds(plan), seed=self.seed)

    def _examine(self, experiments: Experiments, plan: TrialPlan, early: RowFacts, waiting: Any) -> Diagnosis:
        situation = _situation(self.patient, plan, early)
        probes = [Probe(name=BASELINE), *probes_for(situation)]
        by_name = {probe.name: probe for probe in probes}
        first = [p for p in probes if p.network == "own"]
        trials = {p.name: self._look(p, plan) for p in first}
        self._say("baseline", 0, sum(len(t) for t in trials.values()))
        runs, snapshot = experiments.run(
            first, trials, progress=self._progress("screen"), should_stop=self._stopped
        )
        if BASELINE not in runs or snapshot is None:
            return self._nothing("stopped before the network as it stands was trained")
        rows: RowFacts = waiting.result()
        network, data = network_facts(experiments, snapshot)
        rows.data |= data | {
            k: v for k, v in early.data.items() if k in ("matched_gains", "mismatched_columns")
        }
        rows.data |= _copy_losses(rows.data)
        for name in (BASELINE, "balanced class weights"):
            if name in runs and "balanced class weights" in runs:
                runs[name] = balanced_accuracies(experiments, snapshot, runs[name], name)
        network["start_trial"] = plan.start
        evidence = self._evidence(situation, by_name, runs, plan, rows, network)
        runs |= self._second_look(experiments, plan, evidence, probes)
        evidence = replace(evidence, runs=runs)
        fresh = self._confirm(experiments, plan, evidence, rows)
        evidence = replace(evidence, fresh=fresh)
        return self._diagnosis(experiments, plan, evidence)

    def _look(self, probe: Probe, plan: TrialPlan) -> tuple[int, ...]:
        if probe.name == BASELINE:
            return tuple(dict.fromkeys((plan.start, *plan.given[:1], *plan.look, *plan.folds)))
        if probe.num_rows or (not plan.is_small and probe.rows < 1):
            return plan.look[-2:]
        return plan.look

    def _evidence(
        self,
        situation: Situation,
        probes: Mapping[str, Probe],
        runs: Mapping[str, Runs],
        plan: TrialPlan,
        rows: RowFacts,
        network: Mapping[str, object],
    ) -> Evidence:
        patient = self.patient
        every = range(len(plan.splits))
        evidence = Evidence(
            situation=situation,
            probes=probes,
            runs=runs,
            fresh={},
            num_epochs=patient.settings.epochs,
            chance=chance_losses(patient, plan.splits),
            references=rows.references,
            given=tuple(t for t in plan.given if t in runs[BASELINE].trials),
            fair=tuple(t for t in every if t != plan.start),
            test_ratio=float(np.mean([len(s.validation) / len(s.train) for s in plan.splits])),
            facts=Facts(data=rows.data, network=network, faults=self.patient.faults),
        )
        if split_shift.CAUSE.examine(evidence).outcome is Outcome.FOUND:
            fair = tuple(t for t in every if t != plan.start and t not in plan.given)
            evidence = replace(evidence, fair=fair)
        return evidence

    def _second_look(
        self, experiments: Experiments, plan: TrialPlan, evidence: Evidence, probes: Sequence[Probe]
    ) -> dict[str, Runs]:
        """Train other networks where the first look leaves room for them: each must be compiled."""
        last = float(evidence.final(BASELINE, plan.look).mean())
        train = float(evidence.final(BASELINE, plan.look, side="train").mean())
        # A network that is at the best level on training rows, too, gains nothing from being larger.
        room = max(last, train) - evidence.best_loss > MIN_GAIN * evidence.scale
        forgets = (wiring.memory(evidence) or 0.0) > 1 - wiring.MEMORIZED
        wanted = {
            "wider": room,
            "deeper": room,
            "repaired": bool(self.patient.faults) or forgets,
            "unfrozen": True,
            "undecayed": True,
        }
        asked = [probe for probe in probes if wanted.get(probe.network, False)]
        if not asked or self._stopped():
            return {}
        trials = {probe.name: plan.look for probe in asked}
        runs, _ = experiments.run(asked, trials, progress=self._progress("search"), should_stop=self._stopped)
        return runs

    def _confirm(
        self, experiments: Experiments, plan: TrialPlan, evidence: Evidence, rows: RowFacts
    ) -> dict[str, Runs]:
        """Repeat what gained on trials that nothing was chosen by."""
        if self._stopped():
            return {}
        names = _promising(evidence)
        asked = [evidence.probes[name] for name in names]
        trials = dict.fromkeys(names, plan.confirm)
        if _is_suspicious(rows):
            experiments.suspect(rows.suspects)
            asked.append(Probe(name=label_noise.NAME, labels="unsuspected"))
            trials[label_noise.NAME] = (*plan.given[:1], *plan.confirm)
        base = Probe(name=BASELINE)
        asked.append(base)
        trials[BASELINE] = trials.get(label_noise.NAME, plan.confirm)
        runs, snapshot = experiments.run(
            asked, trials, progress=self._progress("confirm"), should_stop=self._stopped
        )
        if BASELINE not in runs or (evidence.probes.keys() and not runs):
            return {}
        for name in (BASELINE, "balanced class weights"):
            if "balanced class weights" in runs and snapshot is not None:
                runs[name] = balanced_accuracies(experiments, snapshot, runs[name], name)
        return runs

    def _diagnosis(self, experiments: Experiments, plan: TrialPlan, evidence: Evidence) -> Diagnosis:
        probes = {**evidence.probes, label_noise.NAME: Probe(name=label_noise.NAME, labels="unsuspected")}
        evidence = replace(evidence, probes=probes)
        examined = examine_all(evidence)
        found = findings(examined)
        verdict, confidence = verdict_of(found, examined)
        effects = {
            name: effect
            for name in [*evidence.runs, label_noise.NAME]
            if name != BASELINE and (effect := evidence.effect(name)) is not None
        }
        base = evidence.runs[BASELINE]
        own = [t for t in plan.look if t in base.trials]
        numbers = {
            "chance": evidence.chance_loss,
            "best_reference": evidence.best_loss,
            "train_loss": float(evidence.final(BASELINE, own, side="train").mean()),
            "validation_loss": float(evidence.final(BASELINE, own).mean()),
            "penalty": float(np.nanmean(base.penalty[:, evidence.num_epochs - 1])),
            "best_epoch": float(np.nanargmin(_or_inf(evidence.mean_curve(BASELINE))) + 1),
            "epochs": float(evidence.num_epochs),
            "num_train": float(len(self.patient.train)),
            "num_validation": float(len(self.patient.validation)),
            **{f"reference_{name}": value for name, value in evidence.references.items()},
        }
        partial = {"partial": "stopped early"} if self.clock.interrupted else {}
        return Diagnosis(
            verdict=verdict,
            verdict_line=_line(verdict, found, numbers),
            confidence=confidence,
            findings=found,
            examined=examined_records(examined),
            unknown=tuple(
                f"{cause.code}: {ruling.reason}"
                for cause, ruling in examined
                if ruling.outcome is Outcome.CANNOT_TELL
            ),
            task=self.patient.dataset.task,
            metric=Metric(name=self.patient.setup.loss_name, direction="minimize"),
            numbers=numbers,
            curves=_curves(evidence),
            effects=effects,
            notes=(*self.patient.notes, *experiments.notes),
            command=self.command,
            members_trained=experiments.members_trained,
            timing={"compile_s": experiments.compile_s, "total_s": self.clock.elapsed_s},
            environment={**_environment(self.seed), **partial},
        )

    def _nothing(self, why: str) -> Diagnosis:
        return Diagnosis(
            verdict=Verdict.INCONCLUSIVE,
            verdict_line=f"Nothing can be said: {why}.",
            confidence=0.0,
            task=self.patient.dataset.task,
            unknown=(why,),
            command=self.command,
            timing={"total_s": self.clock.elapsed_s},
            environment={**_environment(self.seed), "partial": why},
        )

    def _stopped(self) -> bool:
        return self.clock.interrupted or self.clock.left_s < 0

    def _progress(self, stage: str) -> Any:
        return lambda done, total: self._say(stage, done, total)

    def _say(self, stage: str, done: int = 0, total: int = 0, message: str = "") -> None:
        self.listener(
            Event(
                stage=stage,
                done=done,
                total=total,
                message=message,
                metric=self.patient.setup.loss_name,
                elapsed_s=self.clock.elapsed_s,
                left_s=max(self.clock.left_s, 0.0) if self.budget_s else 0.0,
            )
        )


def _situation(patient: Patient, plan: TrialPlan, early: RowFacts) -> Situation:
    layout = find_layout(patient.model)
    dataset = patient.dataset
    can_rebuild = not layout.reason and patient.executor.kind != "fit"
    gateable = [block for block in layout.blocks if block.removable]
    counts = np.bincount(dataset.target[patient.train]) if dataset.task.is_classification else np.ones(1)
    counts = counts[counts > 0]
    return Situation(
        settings=patient.settings,
        facts=patient.facts,
        task=dataset.task,
        num_train=len(patient.train),
        num_classes=dataset.num_classes,
        imbalance=float(counts.max() / counts.min()),
        is_raw=patient.is_raw and any(np.issubdtype(v.dtype, np.floating) for v in dataset.inputs),
        has_rare=len(early.rare) > 0,
        has_leak=early.leak >= 0,
        can_narrow=can_rebuild and any(group.size > 1 for group in layout.groups),
        can_widen=can_rebuild and bool(layout.groups),
        can_shallow=can_rebuild and bool(gateable) and gateable[-1].gateable,
        can_deepen=can_rebuild and bool(layout.blocks),
        can_dropout=bool(dropout_points(patient.model, layout)),
        is_small=plan.is_small,
    )


def _promising(evidence: Evidence) -> list[str]:
    """Return the probes that may have gained, those of each network that gained most first."""
    effects = {
        name: effect
        for name, probe in evidence.probes.items()
        if name != BASELINE
        and probe.labels == "true"
        and not probe.num_rows
        and probe.rows == 1
        and (effect := evidence.effect(name)) is not None
        and effect.estimate >= MIN_GAIN / 2
        and effect.p_value <= 4 * MAX_P_SCREENED
    }
    if "balanced class weights" in evidence.runs:
        effects.pop("balanced class weights", None)
        return ["balanced class weights", *sorted(effects, key=lambda name: -effects[name].estimate)]
    return sorted(effects, key=lambda name: -effects[name].estimate)


def _is_suspicious(rows: RowFacts) -> bool:
    excess, z = rows.data.get("suspect_excess"), rows.data.get("suspect_z")
    return isinstance(excess, float) and isinstance(z, float) and excess >= label_noise.MIN_NOISE and z >= 3


def _copy_losses(data: Mapping[str, object]) -> dict[str, object]:
    twin, losses = data.get("copies"), data.get("validation_row_losses")
    if not isinstance(twin, np.ndarray) or not isinstance(losses, np.ndarray) or len(twin) != len(losses):
        return {}
    if not twin.any() or twin.all():
        return {}
    return {"loss_on_copies": float(losses[twin].mean()), "loss_on_others": float(losses[~twin].mean())}


def _or_inf(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.inf)


def _curves(evidence: Evidence) -> tuple[CurvePair, ...]:
    names = [BASELINE]
    gains = {
        name: effect.estimate
        for name in evidence.runs
        if name != BASELINE and (effect := evidence.effect(name)) is not None
    }
    if gains and max(gains.values()) >= MIN_GAIN:
        names.append(max(gains, key=lambda name: gains[name]))
    pairs = []
    for name in names:
        train, validation = evidence.mean_curve(name, side="train"), evidence.mean_curve(name)
        length = evidence.num_epochs if name != BASELINE else len(validation)
        pairs.append(
            CurvePair(
                name=name,
                train_loss=train[:length].astype(np.float32),
                validation_loss=validation[:length].astype(np.float32),
                best_epoch=int(np.argmin(_or_inf(validation[:length]))),
            )
        )
    return tuple(pairs)


def _line(verdict: Verdict, found: Sequence[Finding], numbers: Mapping[str, float]) -> str:
    losses = (
        f"validation loss {numbers['validation_loss']:.4g}, training loss {numbers['train_loss']:.4g}, "
        f"chance {numbers['chance']:.4g}, best seen {numbers['best_reference']:.4g}"
    )
    if verdict is Verdict.HEALTHY:
        return f"Nothing that was tried does better than the network as it stands: {losses}."
    if verdict is Verdict.INCONCLUSIVE:
        return f"The experiments do not decide what is wrong, if anything: {losses}."
    first = found[0]
    gain = min(first.effect.estimate, 1.0) if first.effect is not None else None
    closes = "" if gain is None else f"; mending it gains {gain:.0%} of what there is to gain"
    return f"{verdict.value.replace('-', ' ').capitalize()}: {first.code}{closes} ({losses})."


def _environment(seed: int) -> dict[str, str]:
    return {
        "wellfit": __version__,
        **{name: version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "seed": str(seed),
    }
