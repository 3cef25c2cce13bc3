"""One diagnosis on its way: a first look, more experiments where it points, a confirmation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from wellfit.api._clock import Clock
from wellfit.api._events import Event, Listener
from wellfit.api._experiments import Experiments, Snapshot
from wellfit.api._gradient_facts import gradient_facts
from wellfit.api._group_facts import shared_group_losses
from wellfit.api._looks import first_look, may_end_elsewhere, promising, second_look
from wellfit.api._memorized import best_epoch, memorized
from wellfit.api._mismatch_facts import mismatch_facts, picture_facts, with_rows_of
from wellfit.api._network_facts import balanced_accuracies, network_facts
from wellfit.api._own_judgment import judge_by_network
from wellfit.api._patient import Patient
from wellfit.api._picture_matrix import matched_input
from wellfit.api._row_facts import RowFacts, column_facts, row_facts
from wellfit.api._row_losses import chance_losses
from wellfit.api._told import environment, told_curves, told_line, told_numbers, verdict_words
from wellfit.api._trial_plan import TrialPlan, plan_trials
from wellfit.diagnosis import (
    BASELINE,
    LEARNS,
    MIN_GAIN,
    Evidence,
    Facts,
    Probe,
    Runs,
    Situation,
    class_imbalance,
    examine_all,
    examined_records,
    findings,
    label_noise,
    preprocessing_mismatch,
    probes_for,
    split_shift,
    verdict_of,
    wiring,
)
from wellfit.models import dropout_points, find_layout, output_bias, scales_inputs
from wellfit.records import (
    Diagnosis,
    Finding,
    Metric,
    Outcome,
    Verdict,
)

Array = NDArray[Any]


@dataclass(kw_only=True, eq=False)
class Examination:
    """What becomes a diagnosis.

    Attributes:
        patient: what is diagnosed.
        clock: when to stop.
        listener: told of every step.
        seed: of everything that is drawn.
        budget_s: seconds that experiments are planned for; None for the usual.
        command: how it was started.
    """

    patient: Patient
    clock: Clock
    listener: Listener
    seed: int
    budget_s: float | None
    command: str

    def run(self) -> Diagnosis:
        """Train, judge, and tell."""
        for note in self.patient.notes:
            self._say("prepare", message=note)
        plan = plan_trials(self.patient, self.seed, self.budget_s)
        with ThreadPoolExecutor(1) as pool:
            # References are fitted beside the compilation of the population, which keeps one core busy.
            waiting = pool.submit(row_facts, self.patient, self._folds(plan), seed=self.seed)
            early = column_facts(self.patient)
            experiments = Experiments(self.patient, plan, rare=early.rare, leak=early.leak)
            if len(early.mismatched):
                experiments, waiting = self._mend_mismatch(experiments, plan, early, pool, waiting)
            try:
                return self._examine(experiments, plan, early, waiting)
            finally:
                experiments.close()

    def _folds(self, plan: TrialPlan) -> list[Any]:
        return [plan.splits[t] for t in plan.folds]

    def _mend_mismatch(
        self, experiments: Experiments, plan: TrialPlan, early: RowFacts, pool: Any, waiting: Any
    ) -> tuple[Experiments, Any]:
        """Find out whether other units of validation columns are to blame; if so go on with them mended."""
        base = Probe(name=BASELINE)
        _, snapshot = experiments.run([base], {BASELINE: plan.given[:1]}, should_stop=self._stopped)
        if snapshot is None:
            return experiments, waiting
        early.data |= mismatch_facts(experiments, snapshot, early.mismatched)
        gains = cast("list[float]", early.data["matched_gains"])
        chance = chance_losses(self.patient, [plan.splits[t] for t in plan.given]).mean()
        if not gains or np.mean(gains) < MIN_GAIN * abs(chance):
            return experiments, waiting
        self._say("prepare", message="validation columns come in other units; going on with them mended")
        patient = self.patient
        x, train, rows = patient.dataset.inputs[0], patient.train, patient.validation
        mended = matched_input(x, train, rows, early.mismatched)
        self.patient = replace(patient, dataset=with_rows_of(patient.dataset, rows, mended))
        experiments.close()
        waiting.result()
        again = Experiments(self.patient, plan, rare=early.rare, leak=early.leak)
        return again, pool.submit(row_facts, self.patient, self._folds(plan), seed=self.seed)

    def _examine(self, experiments: Experiments, plan: TrialPlan, early: RowFacts, waiting: Any) -> Diagnosis:
        situation = _situation(self.patient, plan, early)
        probes = [Probe(name=BASELINE), *probes_for(situation)]
        by_name = {probe.name: probe for probe in probes}
        first = first_look(probes, is_small=plan.is_small)
        trials = {p.name: self._look(p, plan) for p in first}
        self._say("baseline", 0, sum(len(t) for t in trials.values()))
        runs, snapshot = experiments.run(
            first,
            trials,
            longer=plan.longer,
            progress=self._progress("screen"),
            should_stop=self._stopped,
        )
        if BASELINE not in runs or snapshot is None or not set(plan.look) <= set(runs[BASELINE].trials):
            return self._nothing("stopped before the network as it stands was trained")
        rows: RowFacts = waiting.result()
        judge_by_network(rows, experiments, snapshot)
        network, data = network_facts(experiments, snapshot)
        rows.data |= data | {
            k: v
            for k, v in early.data.items()
            if k in ("matched_gains", "mismatched_columns", *preprocessing_mismatch.PATHS)
        }
        rows.data |= picture_facts(self.patient)
        rows.data |= _copy_losses(rows.data) | shared_group_losses(rows.data)
        runs |= _balanced(experiments, snapshot, runs)
        network["start_trial"] = plan.start
        facts = Facts(data=rows.data, network=network, faults=self.patient.faults)
        evidence = self._evidence(situation, by_name, runs, plan, facts=facts, references=rows.references)
        if evidence.learned < LEARNS:
            network |= gradient_facts(experiments)
        evidence = self._second_look(experiments, plan, evidence, probes)
        fresh = self._confirm(experiments, plan, evidence, rows)
        evidence = replace(evidence, fresh=fresh, facts=replace(facts, data=rows.data))
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
        *,
        facts: Facts,
        references: Mapping[str, float],
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
            references=references,
            given=tuple(t for t in plan.given if t in runs[BASELINE].trials),
            repeats=plan.given,
            fair=tuple(t for t in every if t != plan.start),
            facts=facts,
        )
        if split_shift.CAUSE.examine(evidence).outcome is Outcome.FOUND:
            fair = tuple(t for t in every if t != plan.start and t not in plan.given)
            evidence = replace(evidence, fair=fair)
        return evidence

    def _second_look(
        self, experiments: Experiments, plan: TrialPlan, evidence: Evidence, probes: Sequence[Probe]
    ) -> Evidence:
        """Train what the first look makes worth it; other networks must each be compiled."""
        can_repair = self.patient.is_trainable and not self.patient.is_recoded
        asked, skipped = second_look(evidence, probes, can_repair=can_repair)
        evidence = replace(evidence, skipped=skipped)
        if not asked or self._stopped():
            return evidence
        trials = {probe.name: self._look(probe, plan) for probe in asked}
        runs, _ = experiments.run(asked, trials, progress=self._progress("search"), should_stop=self._stopped)
        return replace(evidence, runs={**evidence.runs, **runs})

    def _confirm(
        self, experiments: Experiments, plan: TrialPlan, evidence: Evidence, rows: RowFacts
    ) -> dict[str, Runs]:
        """Repeat what gained on trials that nothing was chosen by."""
        if self._stopped():
            return {}
        names = promising(evidence, is_full=plan.is_full)
        asked = [evidence.probes[name] for name in names]
        trials = dict.fromkeys(names, plan.confirm)
        if _is_suspicious(rows):
            experiments.suspect(rows.suspects)
            asked.append(Probe(name=label_noise.NAME, labels="unsuspected"))
            trials[label_noise.NAME] = plan.given
            epoch = best_epoch(evidence)
            if self.patient.dataset.task.is_classification and epoch < evidence.num_epochs:
                asked.append(Probe(name=label_noise.EARLY, changes={"epochs": epoch}))
                trials[label_noise.EARLY] = plan.given[:1]
        earlier, later = may_end_elsewhere(evidence)
        if not asked and not earlier and not later:
            return {}
        asked.append(Probe(name=BASELINE))
        trials[BASELINE] = tuple(dict.fromkeys((*plan.confirm, *trials.get(label_noise.NAME, ()))))
        runs, snapshot = experiments.run(
            asked,
            trials,
            longer=plan.longer if later else 1,
            progress=self._progress("confirm"),
            should_stop=self._stopped,
        )
        runs.pop(label_noise.EARLY, None)
        if BASELINE not in runs or (evidence.probes.keys() and not runs):
            return {}
        if (
            snapshot is not None
            and label_noise.NAME in trials
            and self.patient.dataset.task.is_classification
        ):
            rows.data |= memorized(experiments, snapshot, rows.suspects, best_epoch(evidence))
        return runs if snapshot is None else runs | _balanced(experiments, snapshot, runs)

    def _diagnosis(self, experiments: Experiments, plan: TrialPlan, evidence: Evidence) -> Diagnosis:
        probes = {**evidence.probes, label_noise.NAME: Probe(name=label_noise.NAME, labels="unsuspected")}
        evidence = replace(evidence, probes=probes)
        examined = examine_all(evidence)
        found = findings(examined)
        verdict, confidence = verdict_of(found, examined, learned=evidence.learned)
        effects = {
            name: effect
            for name in [*evidence.runs, label_noise.NAME]
            if name != BASELINE
            and not probes[name].is_question
            and (effect := evidence.effect(name)) is not None
        }
        numbers = told_numbers(evidence, self.patient, plan)
        partial = {"partial": "stopped early"} if self.clock.interrupted else {}
        return Diagnosis(
            verdict=verdict,
            verdict_line=told_line(verdict, found, numbers),
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
            curves=told_curves(evidence),
            effects=effects,
            notes=(
                *self.patient.notes,
                *_trained_note(evidence),
                *_broken_note(found),
                *experiments.notes,
            ),
            command=self.command,
            members_trained=experiments.members_trained,
            timing={"compile_s": experiments.compile_s, "total_s": self.clock.elapsed_s},
            environment={**environment(self.seed), **partial},
        )

    def _nothing(self, why: str) -> Diagnosis:
        """Return what is known without training: what the reading found."""
        read = [(wiring.CAUSE, wiring.read_ruling(self.patient.faults))]
        by_range = preprocessing_mismatch.range_ruling(picture_facts(self.patient))
        if by_range is not None:
            read.append((preprocessing_mismatch.CAUSE, by_range))
        found = findings(read)
        verdict, confidence = verdict_of(found, ())
        return Diagnosis(
            verdict=verdict if found else Verdict.INCONCLUSIVE,
            verdict_line=f"{verdict_words(verdict)}: {found[0].code}, as read off the network; {why}."
            if found
            else f"Nothing can be said: {why}.",
            confidence=confidence if found else 0.0,
            findings=found,
            notes=self.patient.notes,
            task=self.patient.dataset.task,
            unknown=(why,),
            command=self.command,
            timing={"total_s": self.clock.elapsed_s},
            environment={**environment(self.seed), "partial": why},
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
        has_pictures=patient.has_pictures,
        is_raw=patient.is_raw
        and not (patient.has_pictures and scales_inputs(patient.model))
        and any(np.issubdtype(v.dtype, np.floating) for v in dataset.inputs),
        has_rare=len(early.rare) > 0,
        has_leak=early.leak >= 0,
        can_narrow=can_rebuild and any(group.size > 1 for group in layout.groups),
        can_widen=can_rebuild and bool(layout.groups),
        can_shallow=can_rebuild and bool(gateable) and gateable[-1].gateable,
        can_deepen=can_rebuild and bool(layout.blocks),
        can_dropout=bool(dropout_points(patient.model, layout)),
        can_bias=output_bias(patient.model, patient.setup, dataset.num_classes) >= 0,
        is_small=plan.is_small,
    )


def _trained_note(evidence: Evidence) -> tuple[str, ...]:
    if not evidence.facts.network.get("is_trained"):
        return ()
    return (
        "the network came trained: confidence and normalization are judged at its own weights, all else by "
        "training it anew from its initializers",
    )


def _broken_note(found: Sequence[Finding]) -> tuple[str, ...]:
    if len(found) < 2 or found[0].code != wiring.CAUSE.code:
        return ()
    return (
        "all other findings were measured on the network with its wiring as it is: mend that first, then "
        "diagnose again",
    )


def _balanced(experiments: Experiments, snapshot: Snapshot, runs: Mapping[str, Runs]) -> dict[str, Runs]:
    """Return the runs that are judged by balanced accuracy, with it, where there are any."""
    tried = [name for name in class_imbalance.NAMES if name in runs]
    names = [BASELINE, *tried] if tried and BASELINE in runs else []
    return {name: balanced_accuracies(experiments, snapshot, runs[name], name) for name in names}


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
