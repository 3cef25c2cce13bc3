"""Groups of rows that lie on both sides of the split, and scores of a split that keeps them whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._patient import Patient
from wellfit.api._row_losses import chance_prediction, row_losses
from wellfit.data import duplicate_codes
from wellfit.diagnosis.leakage import MIN_GIVEN_SHARED, MIN_SHARED
from wellfit.evaluation import (
    group_columns,
    group_folds,
    strong_predictions,
    unit_means,
    welch_difference,
)

Array = NDArray[Any]

_NUM_FOLDS = 3
_MAX_ROWS, _MAX_COLUMNS = 2000, 50


def group_facts(patient: Patient, x: Array, seed: int) -> dict[str, object]:
    """Return the column that names groups on both sides, and losses with and without whole groups.

    A column of groups that was named comes first; else columns of numbers are tried. The column itself is no
    input of either: without it, rows that merely share a common number are no harder to predict where that
    number is new.

    Args:
        patient: what is diagnosed.
        x: ``[row, feature]`` its inputs.
        seed: of what is drawn.

    Returns:
        Name to number, as `leakage` looks them up; empty where no column names groups on both sides.
    """
    given = _given_facts(patient, x, seed)
    if given:
        return given
    dataset = patient.dataset
    if len(dataset.inputs) != 1 or dataset.inputs[0].ndim != 2 or x.shape[1] < 2:
        return {}
    used = np.concatenate([patient.train, patient.validation])
    for found in group_columns(x[used], dataset.target[used], dataset.task):
        train, held = found.codes[: len(patient.train)], found.codes[len(patient.train) :]
        shared = float(np.isin(held, train).mean())
        if shared >= MIN_SHARED:
            others = np.delete(x, found.column, axis=1)
            names = patient.feature_names
            name = names[found.column] if found.column < len(names) else f"column {found.column}"
            return {
                "group_column": name,
                "shared_groups": shared,
                "num_groups": found.num_groups,
                **_losses(patient, others, used, found.codes, seed),
            }
    return {}


def _given_facts(patient: Patient, x: Array, seed: int) -> dict[str, object]:
    if patient.groups is None:
        return {}
    held = patient.groups[patient.validation]
    is_shared = np.isin(held, patient.groups[patient.train])
    if is_shared.mean() < MIN_GIVEN_SHARED:
        return {}
    used = np.concatenate([patient.train, patient.validation])
    codes = np.unique(patient.groups[used], return_inverse=True)[1].reshape(-1)
    return {
        "group_column": patient.group,
        "shared_groups": float(is_shared.mean()),
        "num_groups": int(codes.max()) + 1,
        "in_shared_groups": is_shared,
        "validation_groups": held,
        **_losses(patient, x, used, codes, seed),
    }


def shared_group_losses(data: Mapping[str, object]) -> dict[str, object]:
    """Return the network's losses on validation rows of shared and of new groups, where there are both.

    With one mean loss a group, the difference is read against its standard error
    ``sqrt(var_new / n_new + var_shared / n_shared)``: rows of a group are no independent cases.

    Args:
        data: facts of the rows, with the network's losses row by row.

    Example:
        >>> groups = np.array([0, 0, 1, 2, 3])
        >>> losses = np.array([0.1, 0.3, 0.3, 0.8, 1.0])
        >>> told = shared_group_losses(
        ...     {
        ...         "in_shared_groups": groups < 2,
        ...         "validation_groups": groups,
        ...         "validation_row_losses": losses,
        ...     }
        ... )
        >>> {name: round(value, 2) for name, value in told.items()}
        {'loss_on_shared_groups': 0.23, 'loss_on_new_groups': 0.9, 'shared_groups_z': 5.81}
    """
    shared, groups, losses = (
        data.get(name) for name in ("in_shared_groups", "validation_groups", "validation_row_losses")
    )
    if not (isinstance(shared, np.ndarray) and isinstance(groups, np.ndarray)):
        return {}
    if not isinstance(losses, np.ndarray) or len(losses) != len(shared) or not np.isfinite(losses).all():
        return {}
    if shared.all() or not shared.any():
        return {}
    told: dict[str, object] = {
        "loss_on_shared_groups": float(losses[shared].mean()),
        "loss_on_new_groups": float(losses[~shared].mean()),
    }
    ours, others = (unit_means(groups[side], losses[side]) for side in (shared, ~shared))
    if min(len(ours), len(others)) < 2:
        return told
    difference, error, _ = welch_difference(others, ours)
    return {**told, "shared_groups_z": difference / max(error, 1e-12)}


def _whole_groups(codes: Array, seed: int) -> Array:
    """Return positions of at most 2,000 rows: whole groups, drawn."""
    sizes = np.bincount(codes)
    order = np.random.default_rng([seed, 21]).permutation(len(sizes))
    order = order[sizes[order] <= _MAX_ROWS // 20]  # one large group would leave no room for others
    kept = order[np.cumsum(sizes[order]) <= _MAX_ROWS]
    return np.flatnonzero(np.isin(codes, kept))


def _losses(patient: Patient, x: Array, used: Array, codes: Array, seed: int) -> dict[str, object]:
    """Score reference models on random folds of rows and on folds of whole groups."""
    chosen, x = _whole_groups(codes, seed), x[:, :: -(-x.shape[1] // _MAX_COLUMNS)]
    rows, groups = used[chosen], codes[chosen]
    # Equal rows stay together in both, so that copies make no difference between the two.
    copies = duplicate_codes(patient.dataset.inputs)
    units = np.arange(len(rows)) if copies is None else copies[rows]
    if min(len(np.unique(units)), len(np.unique(groups))) < _NUM_FOLDS:
        return {}
    random = _scored(patient, x, rows, group_folds(units, _NUM_FOLDS, seed))
    whole = _scored(patient, x, rows, group_folds(groups, _NUM_FOLDS))
    # Shares of classes differ more between folds of groups: each loss is read against chance on its folds.
    lost = (whole[0] - whole[1]) - (random[0] - random[1])
    means = unit_means(groups, lost)
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
