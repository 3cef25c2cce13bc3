"""Chance and a linear model on the same rows, so that a score can be read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._picture_matrix import is_pictures, small_pictures
from wellfit.api._subject import Subject
from wellfit.api._trials import Trial
from wellfit.evaluation import reference_predictions, score

Array = NDArray[Any]


def predict_references(subject: Subject, train: Array, rows: Array) -> dict[str, Array]:
    """Return predictions of the reference models for `rows`, fitted on `train`."""
    inputs = np.concatenate([_columns(values) for values in subject.dataset.inputs], axis=1)
    weight = subject.dataset.sample_weight
    return reference_predictions(
        inputs[train],
        subject.dataset.target[train],
        inputs[rows],
        subject.dataset.task,
        subject.dataset.num_classes,
        sample_weight=None if weight is None else weight[train],
    )


def _columns(values: Array) -> Array:
    """Return ``[row, feature]``; pictures in small, as every pixel is a column to a linear model."""
    if is_pictures(values):
        return small_pictures(values)
    return np.asarray(values, np.float64).reshape(len(values), -1)


def score_references(subject: Subject, trials: list[Trial]) -> dict[str, Array]:
    """Return reference name to ``[trial]`` scores in the study's metric."""
    scores: dict[str, list[float]] = {}
    dataset = subject.dataset
    for trial in trials:
        for name, prediction in predict_references(subject, trial.split.train, trial.scored).items():
            value = score(subject.metric.name, dataset.task, dataset.target[trial.scored], prediction)
            scores.setdefault(name, []).append(value)
    return {name: np.asarray(values) for name, values in scores.items()}


def score_chance(subject: Subject, trials: list[Trial]) -> Array:
    """Return ``[trial]`` scores of predicting the class shares, or the mean, of the training rows."""
    dataset = subject.dataset
    scores = []
    for trial in trials:
        target = dataset.target[trial.split.train]
        if dataset.task.is_classification:
            constant = np.bincount(target, minlength=dataset.num_classes) / len(target)
        else:
            constant = target.mean(axis=0)
        prediction = np.broadcast_to(constant, (len(trial.scored), np.size(constant)))
        scores.append(score(subject.metric.name, dataset.task, dataset.target[trial.scored], prediction))
    return np.asarray(scores)


def chance_name(subject: Subject) -> str:
    """Return the name of the reference that stands for chance."""
    return "majority" if subject.dataset.task.is_classification else "mean"


def chance_loss(subject: Subject, trials: list[Trial]) -> float:
    """Return the mean data loss, in the network's own loss, of predicting without looking at the inputs."""
    losses = [_constant_loss(subject, trial.split.train, trial.split.validation) for trial in trials]
    return float(np.mean(losses))


def _constant_loss(subject: Subject, train: Array, rows: Array) -> float:
    target: Array = subject.dataset.target
    if subject.dataset.task.is_classification:
        shares = np.bincount(target[train], minlength=subject.dataset.num_classes) / len(train)
        return float(-np.log(np.clip(shares[target[rows]], 1e-7, None)).mean())
    error = np.abs(target[rows] - target[train].mean(axis=0))
    if subject.setup.loss_name == "mean_absolute_error":
        return float(error.mean())
    if subject.setup.loss_name == "huber":
        delta = float(subject.setup.loss_config.get("delta", 1.0))
        return float(np.where(error <= delta, 0.5 * error**2, delta * error - 0.5 * delta**2).mean())
    return float((error**2).mean())
