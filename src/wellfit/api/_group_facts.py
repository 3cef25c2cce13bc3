"""Groups of rows that lie on both sides of the split, and scores of a split that keeps them whole."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._patient import Patient
from wellfit.api._row_losses import chance_prediction, row_losses
from wellfit.diagnosis.leakage import MIN_SHARED
from wellfit.evaluation import group_columns, group_folds, strong_predictions

Array = NDArray[Any]

_NUM_FOLDS = 3
_MAX_ROWS, _MAX_COLUMNS = 2000, 50


def group_facts(patient: Patient, x: Array, seed: int) -> dict[str, object]:
    """Return the column that names groups on both sides, and losses with and without whole groups.

    The column itself is no input of either: without it, rows that merely share a common number are no
    harder to predict where that number is new.

    Args:
        patient: what is diagnosed.
        x: ``[row, feature]`` its inputs.
        seed: of what is drawn.

    Returns:
        Name to number, as `leakage` looks them up; empty where no column names groups on both sides.
    """
    dataset = patient.dataset
    if len(dataset.inputs) != 1 or dataset.inputs[0].ndim != 2 or x.shape[1] < 2:
        return {}
    used = np.concatenate([patient.train, patient.validation])
    for found in group_columns(x[used], dataset.target[used], dataset.task):
        train, held = found.codes[: len(patient.train)], found.codes[len(patient.train) :]
        shared = float(np.isin(held, train).mean())
        if shared >= MIN_SHARED:
            chosen, others = _whole_groups(found.codes, seed), np.delete(x, found.column, axis=1)
            others = others[:, :: -(-others.shape[1] // _MAX_COLUMNS)]
            names = patient.feature_names
            name = names[found.column] if found.column < len(names) else f"column {found.column}"
            return {
                "group_column": name,
                "shared_groups": shared,
                "num_groups": found.num_groups,
                **_losses(patient, others, used[chosen], found.codes[chosen], seed),
            }
    return {}


def _whole_groups(codes: Array, seed: int) -> Array:
    """Return positions of at most 2,000 rows: whole groups, drawn."""
    sizes = np.bincount(codes)
    order = np.random.default_rng([seed, 21]).permutation(len(sizes))
    order = order[sizes[order] <= _MAX_ROWS // 20]  # one large group would leave no room for others
    kept = order[np.cumsum(sizes[order]) <= _MAX_ROWS]
    return np.flatnonzero(np.isin(codes, kept))


def _losses(patient: Patient, x: Array, rows: Array, groups: Array, seed: int) -> dict[str, object]:
    """Score reference models on random folds of rows and on folds of whole groups."""
    # Equal rows stay together in both, so that copies make no difference between the two.
    units = np.arange(len(rows)) if patient.dataset.groups is None else patient.dataset.groups[rows]
    if len(np.unique(units)) < _NUM_FOLDS:
        return {}
    random = _scored(patient, x, rows, group_folds(units, _NUM_FOLDS, seed))
    whole = _scored(patient, x, rows, group_folds(groups, _NUM_FOLDS))
    # Shares of classes differ more between folds of groups: each loss is read against chance on its folds.
    lost = (whole[0] - whole[1]) - (random[0] - random[1])
    codes = np.unique(groups, return_inverse=True)[1].reshape(-1)
    means = np.bincount(codes, weights=lost) / np.bincount(codes)
    error = float(means.std(ddof=1) / np.sqrt(len(means)))
    return {
        "loss_random_split": float(random[0].mean()),
        "loss_group_split": float(whole[0].mean()),
        "chance_random_split": float(random[1].mean()),
        "chance_group_split": float(whole[1].mean()),
        "group_split_z": float(means.mean()) / max(error, 1e-12),
    }


def _scored(patient: Patient, x: Array, rows: Array, folds: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return ``[row]`` losses out of fold of the best reference model, and of chance."""
    dataset = patient.dataset
    losses: dict[str, Array] = {}
    chance = np.zeros(len(rows))
    for train, held in folds:
        mine, others = rows[train], rows[held]
        target, truth = dataset.target[mine], dataset.target[others]
        found = strong_predictions(x[mine], target, x[others], dataset.task, dataset.num_classes)
        constant = chance_prediction(patient, mine, len(held))
        if not dataset.task.is_classification:
            truth, constant = truth.reshape(len(held), -1)[:, :1], constant[:, :1]
        chance[held] = row_losses(patient, truth, constant)
        for name, prediction in found.items():
            one = losses.setdefault(name, np.zeros(len(rows)))
            one[held] = row_losses(patient, truth, prediction.reshape(len(held), -1))
    return min(losses.values(), key=lambda values: float(values.mean())), chance
