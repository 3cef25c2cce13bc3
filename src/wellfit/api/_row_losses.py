"""Losses row by row in the network's own loss, of any predictions and of none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._patient import Patient
from wellfit.records import Split

Array = NDArray[Any]

_CLIP = 1e-7


def row_losses(patient: Patient, target: Array, prediction: Array) -> Array:
    """Return ``[row]`` data losses in the network's own loss.

    Args:
        patient: what is diagnosed.
        target: ``[row]`` codes or ``[row, output]`` values.
        prediction: ``[row, class]`` probabilities or ``[row, output]`` values.
    """
    name = patient.setup.loss_name
    guess = np.asarray(prediction, np.float64)
    if patient.dataset.task.is_classification:
        codes = np.asarray(target, np.intp)
        chosen = guess[np.arange(len(codes)), codes]
        if name.endswith("crossentropy") or name == "other":
            return -np.log(np.clip(chosen, _CLIP, 1.0))
        error = 1.0 - chosen
        return np.abs(error) if name == "mean_absolute_error" else error**2
    error = np.asarray(target, np.float64).reshape(len(guess), -1) - guess.reshape(len(guess), -1)
    if name == "mean_absolute_error":
        return np.abs(error).mean(axis=1)
    if name == "huber":
        delta = float(patient.setup.loss_config.get("delta", 1.0))
        size = np.abs(error)
        return np.where(size <= delta, 0.5 * size**2, delta * size - 0.5 * delta**2).mean(axis=1)
    return (error**2).mean(axis=1)


def chance_prediction(patient: Patient, train: Array, count: int) -> Array:
    """Return ``[count, class or output]`` class shares, or the best constant, of the training rows."""
    target: Array = patient.dataset.target[train]
    if patient.dataset.task.is_classification:
        constant = np.bincount(target, minlength=patient.dataset.num_classes) / len(target)
    else:
        values = target.reshape(len(target), -1)
        is_absolute = patient.setup.loss_name in ("mean_absolute_error", "huber")
        constant = np.median(values, axis=0) if is_absolute else values.mean(axis=0)
    return np.broadcast_to(constant, (count, len(np.atleast_1d(constant))))


def chance_losses(patient: Patient, splits: Sequence[Split]) -> Array:
    """Return ``[split]`` validation losses of predicting without looking at the inputs."""
    return np.array(
        [
            row_losses(
                patient,
                patient.dataset.target[s.validation],
                chance_prediction(patient, s.train, len(s.validation)),
            ).mean()
            for s in splits
        ]
    )


def readable(patient: Patient, outputs: Array) -> Array:
    """Return a plain network's outputs as probabilities or values."""
    if not patient.dataset.task.is_classification:
        return outputs
    values = np.asarray(outputs, np.float64)
    if values.shape[1] == 1:
        positive = 1 / (1 + np.exp(-values)) if patient.setup.from_logits else values
        return np.concatenate([1 - positive, positive], axis=1)
    if not patient.setup.from_logits:
        return values / np.clip(values.sum(axis=1, keepdims=True), 1e-12, None)
    shifted = np.exp(values - values.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
