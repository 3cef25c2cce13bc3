"""What the moving statistics of batch normalization do to a network at fixed weights."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from wellfit.api._experiments import Experiments, Snapshot
from wellfit.api._patient import Patient
from wellfit.api._picture_matrix import is_pictures
from wellfit.api._row_losses import readable, row_losses
from wellfit.diagnosis import BASELINE
from wellfit.models import predict_plain, recalibrated
from wellfit.records import UnsupportedModelError

Array = NDArray[Any]

MOST_ROWS = 8192
"""Training rows whose moments are taken: they are known well enough from so many."""
_MOST_TRIALS = 3
_MOST_PLACES, _LEAST_PICTURES = (
    1_500_000,
    32,
)  # pixels in a channel of all pictures that are looked at at once


def normalization_facts(experiments: Experiments, snapshot: Snapshot, trials: list[int]) -> dict[str, object]:
    """Return losses with moving statistics and with those of the training rows; empty where they stay."""
    plan = experiments.plan
    before, after, modes = list[float](), list[float](), dict[str, object]()
    for trial in trials[:_MOST_TRIALS]:
        index, split = snapshot.of(BASELINE, trial), plan.splits[trial]
        mended = recalibrated_losses(experiments, [values[index] for values in snapshot.weights], trial)
        if mended is None:
            return {}
        before.append(_loss_of(experiments, snapshot, index, split.validation))
        after.append(mended[1])
        if not modes:
            own = _loss_of(
                experiments, snapshot, index, split.train[: fewer_pictures(experiments.patient, MOST_ROWS)]
            )
            modes = {"train_loss_inference_mode": own, "train_loss_training_mode": mended[0]}
    return {"loss_as_it_stands": before, "loss_recalibrated": after, **modes}


def recalibrated_losses(
    experiments: Experiments, weights: list[Array], trial: int
) -> tuple[float, float] | None:
    """Return training and validation loss with statistics of the training rows, None where they stay.

    The training loss is that of training mode, with all of these rows as one batch.
    """
    patient, split = experiments.patient, experiments.plan.splits[trial]
    train = split.train[: fewer_pictures(patient, MOST_ROWS)]
    try:
        model = recalibrated(patient.model, weights, experiments.inputs(trial, train))
    except UnsupportedModelError:
        return None
    losses = list[float]()
    for rows in (train, split.validation):
        outputs = readable(patient, predict_plain(model, experiments.inputs(trial, rows)))
        losses.append(float(row_losses(patient, patient.dataset.target[rows], outputs).mean()))
    return losses[0], losses[1]


def fewer_pictures(patient: Patient, most: int) -> int:
    """Return how many rows go through the network at once: maps of pictures take memory at every place.

    Args:
        patient: what is diagnosed.
        most: rows of a table.
    """
    places = [values.shape[1] * values.shape[2] for values in patient.dataset.inputs if is_pictures(values)]
    return most if not places else min(most, max(_LEAST_PICTURES, _MOST_PLACES // max(places)))


def _loss_of(experiments: Experiments, snapshot: Snapshot, index: int, rows: Array) -> float:
    """Return the mean loss of a member on some rows of its trial, in inference mode."""
    patient = experiments.patient
    predicted = experiments.predict(snapshot, index, rows)
    return float(row_losses(patient, patient.dataset.target[rows], predicted).mean())
