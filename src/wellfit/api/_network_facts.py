"""What the network does at fixed weights: its units, its start, losses row by row, and as it came."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._confidence_facts import confidence_facts
from wellfit.api._experiments import Experiments, Snapshot, drawn_weights
from wellfit.api._normalization_facts import (
    MOST_ROWS,
    fewer_pictures,
    normalization_facts,
    recalibrated_losses,
)
from wellfit.api._patient import Patient
from wellfit.api._row_losses import chance_losses, readable, row_losses
from wellfit.diagnosis import BASELINE, Runs
from wellfit.evaluation import mean_interval, score
from wellfit.models import (
    activations,
    predict_plain,
    trainable_paths,
    weight_values,
    with_weights,
)
from wellfit.records import UnsupportedModelError

Array = NDArray[Any]

_CENSUS_ROWS = 512
_START_ROWS = 2048
_TRAINED = 0.9
"""Share of the chance loss below which the weights that a network came with count as trained."""
_TRAINED_UNSEEN = 0.7
"""The same where no optimizer has counted updates: one in ten small networks is drawn below the other."""
_FEW_ROWS = 8
_SAME = 1e-3
_FLAT = 1e-6
_SATURATED = {"tanh": (-0.98, 0.98), "sigmoid": (0.02, 0.98), "hard_sigmoid": (0.01, 0.99)}
_SHARE_OF_ROWS = 0.9


def network_facts(
    experiments: Experiments, snapshot: Snapshot
) -> tuple[dict[str, object], dict[str, object]]:
    """Return facts of the network, and facts of the rows that need its predictions.

    Args:
        experiments: where the network was trained.
        snapshot: its members at the last epoch.
    """
    patient, plan = experiments.patient, experiments.plan
    facts: dict[str, object] = {}
    data: dict[str, object] = {}
    trials = [t for t in (*plan.given, *plan.look, *plan.folds) if snapshot.of(BASELINE, t) >= 0]
    predictions = {
        t: experiments.predict(snapshot, snapshot.of(BASELINE, t), plan.splits[t].validation)
        for t in dict.fromkeys(trials)
    }
    given = next((t for t in plan.given if t in predictions), None)
    if given is not None:
        data |= _given_facts(patient, predictions[given])
    if patient.dataset.task.is_classification and patient.setup.loss_name.endswith("crossentropy"):
        facts |= confidence_facts(experiments, {t: predictions[t] for t in predictions if t in plan.look})
    if patient.facts.batch_normalizations:
        facts |= normalization_facts(experiments, snapshot, [t for t in plan.look if t in predictions])
    facts |= _census(experiments, snapshot, given)
    facts |= _connections(experiments, snapshot, given)
    facts |= _start(experiments)
    return facts | _as_given(experiments), data


def balanced_accuracies(experiments: Experiments, snapshot: Snapshot, runs: Runs, name: str) -> Runs:
    """Return runs with the balanced accuracy of their members at the end."""
    patient = experiments.patient
    values = []
    for trial in runs.trials:
        index = snapshot.of(name, trial)
        rows = experiments.plan.splits[trial].validation
        if index < 0:
            values.append(np.nan)
            continue
        predicted = experiments.predict(snapshot, index, rows)
        if not _are_shares(predicted):
            values.append(np.nan)  # an output that is no probability says nothing of classes
            continue
        target = patient.dataset.target[rows]
        values.append(score("balanced_accuracy", patient.dataset.task, target, predicted))
    return replace(runs, balanced=np.asarray(values))


def _are_shares(predicted: Array) -> bool:
    """Return whether predictions can be probabilities; a network may be wired to put out anything."""
    return bool(np.isfinite(predicted).all() and predicted.min() >= 0 and predicted.max() <= 1 + _SAME)


def _given_facts(patient: Patient, prediction: Array) -> dict[str, object]:
    losses = row_losses(patient, patient.dataset.target[patient.validation], prediction)
    finite = losses[np.isfinite(losses)]
    facts: dict[str, object] = {}
    if len(finite) > 1:
        facts["validation_error"] = float(finite.std(ddof=1) / np.sqrt(len(finite)))
        facts["validation_interval"] = list(mean_interval(finite, seed=0))
    facts["validation_row_losses"] = losses
    return facts


def _as_given(experiments: Experiments) -> dict[str, object]:
    """Examine the weights that the network came with; where they are trained, they are what is judged."""
    patient, trial = experiments.patient, experiments.plan.start
    if not patient.is_trainable:
        return {}
    split = experiments.plan.splits[trial]
    losses: dict[str, float] = {}
    predicted: dict[str, Array] = {}
    for name, rows in (
        ("train", split.train[: fewer_pictures(patient, MOST_ROWS)]),
        ("validation", split.validation),
    ):
        outputs = predict_plain(patient.model, experiments.inputs(trial, rows))
        predicted[name] = readable(patient, outputs)
        losses[name] = float(row_losses(patient, patient.dataset.target[rows], predicted[name]).mean())
    chance = float(chance_losses(patient, [replace(split, validation=split.train)])[0])
    if not losses["train"] < (_TRAINED if _num_updates(patient) else _TRAINED_UNSEEN) * chance:
        return {"is_trained": False}
    facts: dict[str, object] = {
        "is_trained": True,
        "given_train_loss": losses["train"],
        "given_validation_loss": losses["validation"],
    }
    if patient.dataset.task.is_classification and patient.setup.loss_name.endswith("crossentropy"):
        facts |= confidence_facts(experiments, {trial: predicted["validation"]})
    if patient.facts.batch_normalizations:
        weights = [np.asarray(values) for values in weight_values(patient.model)]
        after = recalibrated_losses(experiments, weights, trial)
        if after is not None:
            facts |= {
                "loss_as_it_stands": [losses["validation"]],
                "loss_recalibrated": [after[1]],
                "train_loss_inference_mode": losses["train"],
                "train_loss_training_mode": after[0],
            }
    return facts


def _num_updates(patient: Patient) -> int:
    """Return how many updates the optimizer that the network came with has made."""
    optimizer = getattr(patient.model, "optimizer", None)
    return 0 if optimizer is None else int(optimizer.iterations)


def _census(experiments: Experiments, snapshot: Snapshot, given: int | None) -> dict[str, object]:
    """Count dead, saturated and identical units of every hidden layer, at the start and at the end."""
    patient, plan = experiments.patient, experiments.plan
    trial = plan.start if given is None else given
    rows = patient.train[: fewer_pictures(patient, _CENSUS_ROWS)]
    inputs = experiments.inputs(trial, rows)
    starts = {"given start": weight_values(patient.model), "start": drawn_weights(experiments, trial)}
    index = snapshot.of(BASELINE, trial)
    if index >= 0:
        starts["end"] = [values[index] for values in snapshot.weights]
    worst: dict[str, object] = {}
    for when, weights in starts.items():
        try:
            layers = activations(patient.model, weights, inputs)
        except UnsupportedModelError:
            return {}
        for layer, (name, values) in layers.items():
            worst = _worse(worst, layer, when, name, values)
    return worst


def _connections(experiments: Experiments, snapshot: Snapshot, given: int | None) -> dict[str, object]:
    """Find weights that training never moves, and rows that change each other's output."""
    patient = experiments.patient
    trial = experiments.plan.start if given is None else given
    few = experiments.inputs(trial, patient.train[:_FEW_ROWS])
    together = predict_plain(patient.model, few)
    alone = predict_plain(patient.model, [np.repeat(values[:1], len(values), axis=0) for values in few])[:1]
    facts: dict[str, object] = {
        "mixes_rows": bool(np.abs(together[:1] - alone).max() > _SAME * (1 + np.abs(alone).max()))
    }
    index = snapshot.of(BASELINE, trial)
    if index >= 0:
        before = drawn_weights(experiments, trial)
        names = trainable_paths(patient.model)
        facts["unmoved"] = [
            name
            for name, old, new in zip(names, before, snapshot.weights, strict=True)
            if name and np.array_equal(old, new[index])
        ]
    return facts


def _start(experiments: Experiments) -> dict[str, object]:
    """Measure the loss that the network as it stands starts from, beside that of equal shares."""
    patient, plan = experiments.patient, experiments.plan
    is_classifier = patient.dataset.task.is_classification and patient.setup.loss_name.endswith(
        "crossentropy"
    )
    if not is_classifier or not patient.is_trainable:
        return {}
    trial = plan.given[0]
    train = plan.splits[trial].train
    rows = train[:: -(-len(train) // _START_ROWS)]  # spread over all: rows may be sorted by class
    try:
        model = with_weights(patient.model, drawn_weights(experiments, trial))
    except UnsupportedModelError:
        return {}
    outputs = readable(patient, predict_plain(model, experiments.inputs(trial, rows)))
    loss = float(row_losses(patient, patient.dataset.target[rows], outputs).mean())
    if not np.isfinite(loss):
        return {}
    return {"initial_loss": loss, "chance_loss_uniform": float(np.log(patient.dataset.num_classes))}


def _worse(worst: dict[str, object], layer: str, when: str, name: str, values: Array) -> dict[str, object]:
    if not np.isfinite(values).all():
        return worst
    spread = values.std(axis=0)
    dead = float((spread <= _FLAT * (1 + np.abs(values).max())).mean())
    low, high = _SATURATED.get(name, (-np.inf, np.inf))
    saturated = float((((values <= low) | (values >= high)).mean(axis=0) >= _SHARE_OF_ROWS).mean())
    symmetric = values.shape[1] > 1 and bool(
        np.abs(values - values[:, :1]).max() <= _FLAT * (1 + np.abs(values).max())
    )
    known = max(float(str(worst.get("dead_share", -1.0))), float(str(worst.get("saturated_share", -1.0))))
    flagged = bool(worst.get("symmetric")) or (symmetric and when != "end")
    if max(dead, saturated) <= known:
        return {**worst, "symmetric": flagged}
    return {
        "dead_share": dead,
        "saturated_share": saturated,
        "dead_layer": f"{layer} ({when})",
        "symmetric": flagged,
    }
