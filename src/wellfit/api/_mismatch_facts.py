"""Rows that were prepared in another way than a network was trained with: columns, and pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._experiments import Experiments, Snapshot
from wellfit.api._patient import Patient
from wellfit.api._picture_matrix import matched_input
from wellfit.api._picture_network import measured_range, some_pictures
from wellfit.api._row_losses import readable, row_losses
from wellfit.diagnosis import BASELINE
from wellfit.models import Model, predict_plain, with_weights
from wellfit.records import Dataset

Array = NDArray[Any]


def mismatch_facts(experiments: Experiments, snapshot: Snapshot, columns: Array) -> dict[str, object]:
    """Return what other units of validation columns do to the network as it stands, at fixed weights.

    Args:
        experiments: where the network was trained.
        snapshot: its members.
        columns: of the first input, whose moments differ.

    Returns:
        ``matched_gains``: for each trial on the rows as given, how much lower validation loss is once the
        columns are mapped to the moments of the training rows; ``train_loss`` of the first trial, and
        ``train_loss_on_validation_path``: the same training rows with the moments of the validation columns.
    """
    patient, plan = experiments.patient, experiments.plan
    rows, train = patient.validation, patient.train
    x = patient.dataset.inputs[0]
    mended = with_rows_of(patient.dataset, rows, matched_input(x, train, rows, columns))
    broken = with_rows_of(patient.dataset, train, matched_input(x, rows, train, columns))
    gains, told = list[float](), dict[str, object]()
    for trial in plan.given:
        index = snapshot.of(BASELINE, trial)
        if index < 0:
            continue
        model = with_weights(patient.model, [values[index] for values in snapshot.weights])

        def loss(chosen: Array, dataset: Dataset, model: Model = model, trial: int = trial) -> float:
            outputs = readable(patient, predict_plain(model, experiments.inputs(trial, chosen, dataset)))
            return float(row_losses(patient, dataset.target[chosen], outputs).mean())

        gains.append(loss(rows, patient.dataset) - loss(rows, mended))
        if not told:
            told["train_loss"] = loss(train, patient.dataset)
            told["train_loss_on_validation_path"] = loss(train, broken)
    return {"matched_gains": gains, **told}


def picture_facts(patient: Patient) -> dict[str, object]:
    """Return the range of values that a known backbone gets and expects; nothing where none is known."""
    inputs = patient.dataset.inputs
    if len(inputs) != 1 or inputs[0].ndim != 4:
        return {}
    measured = measured_range(patient.model, some_pictures(inputs[0]))
    if measured is None:
        return {}
    return {
        "backbone": measured.backbone,
        "expected_range": measured.expected,
        "received_range": measured.received,
        "is_pretrained": measured.is_pretrained,
    }


def with_rows_of(dataset: Dataset, rows: Array, values: Array) -> Dataset:
    """Return the dataset with other values of the first input in some rows."""
    changed = np.array(dataset.inputs[0])
    changed[rows] = values
    return replace(dataset, inputs=(changed, *dataset.inputs[1:]))
