"""What the rows say without the network: references, twins, shifts, suspects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._group_facts import group_facts
from wellfit.api._patient import Patient
from wellfit.api._picture_matrix import channel_name, is_pictures, levels, pixels
from wellfit.api._row_losses import chance_prediction, row_losses
from wellfit.data import picked, row_codes
from wellfit.diagnosis.leakage import MIN_COLUMN
from wellfit.evaluation import (
    column_scale,
    column_skills,
    copies,
    mismatched_columns,
    one_thread,
    rare_columns,
    separation,
    strong_predictions,
    target_shift,
    unlikely_labels,
)
from wellfit.records import Split, Task

Array = NDArray[Any]

_CERTAIN_SHARE = 0.15
"""Share of rows that count as those of which models are most certain."""
_MAX_FOLDS = 5
_ROUNDING = 1e-12  # of losses, whose unit may be any
_TINY = float(np.finfo(np.float64).tiny)
_SUSPECT_DEVIATIONS = 2.5
_REFERENCES = "reference models, out of fold"


@dataclass(kw_only=True)
class RowFacts:
    """Facts of the rows.

    Attributes:
        data: name to number or text, as causes look them up.
        references: model name to its mean loss out of fold.
        rare: columns that are rare or name each row.
        leak: column that gives the target away, -1 for none.
        mismatched: columns that come in other units among the validation rows.
        out_of_fold: ``[row, class]`` or ``[row]`` mean predictions of the references, NaN where a row was in
            no fold.
        suspects: training rows whose label is unlikely out of fold: see `find_suspects`.
    """

    data: dict[str, object] = field(default_factory=dict[str, object])
    references: dict[str, float] = field(default_factory=dict[str, float])
    rare: Array = field(default_factory=lambda: np.zeros(0, np.intp))
    leak: int = -1
    mismatched: Array = field(default_factory=lambda: np.zeros(0, np.intp))
    out_of_fold: Array = field(default_factory=lambda: np.zeros(0))
    suspects: Array = field(default_factory=lambda: np.zeros(0, np.int32))


def row_facts(patient: Patient, folds: Sequence[Split], *, seed: int) -> RowFacts:
    """Return everything that is known of the rows before the network is trained.

    Args:
        patient: what is diagnosed.
        folds: random splits of all rows.
        seed: of what is drawn.
    """
    facts = column_facts(patient)
    x, target = patient.matrix(), np.asarray(patient.dataset.target)
    with one_thread():
        if patient.has_own_validation:
            _sides(facts, patient, x, seed)
        _conflicts(facts, patient, target)
        _references(facts, patient, x, folds)
        find_suspects(facts, patient, facts.out_of_fold)
        facts.data |= group_facts(patient, x, seed)
    return facts


def column_facts(patient: Patient) -> RowFacts:
    """Return the part of `row_facts` that is known from columns one by one, at once."""
    facts = RowFacts()
    x, train, validation = patient.matrix(), patient.train, patient.validation
    facts.data |= {"num_validation": len(validation), "has_own_validation": patient.has_own_validation}
    _columns(facts, patient, x)
    if patient.has_own_validation:
        # Of pictures, channels come in other units, not places: their mean levels are compared.
        x = levels(patient.dataset.inputs[0]) if _are_pictures(patient) else x
        facts.mismatched = mismatched_columns(x[train], x[validation])
        facts.data["mismatched_columns"] = [_name(patient, i) for i in facts.mismatched]
    return facts


def _columns(facts: RowFacts, patient: Patient, x: Array) -> None:
    task, train = patient.dataset.task, patient.train
    target: Array = patient.dataset.target
    scale = column_scale(
        pixels(picked(patient.dataset.inputs[0], train)) if _are_pictures(patient) else x[train]
    )
    worst = int(np.argmax(scale))
    facts.data |= {
        "input_scale": float(scale[worst]) if patient.is_raw else 1.0,
        "input_scale_column": _name(patient, worst),
    }
    if task is Task.REGRESSION:
        facts.data["target_scale"] = float(column_scale(target[train].reshape(len(train), -1)).max())
    if len(patient.dataset.inputs) == 1 and patient.dataset.inputs[0].ndim == 2:
        rare, names = rare_columns(x[train])
        # A number that names each row may still hold something: a date, a position.
        skills = column_skills(x[train], target[train], task, patient.dataset.num_classes)
        names = names[skills[names] < 0.01]
        facts.rare = np.concatenate([rare, names])
        facts.data["rare_columns"] = [_name(patient, i) for i in facts.rare]
        best = int(np.argmax(skills))
        facts.data |= {"leak_score": float(skills[best]), "leak_column": _name(patient, best)}
        if skills[best] >= MIN_COLUMN:
            facts.leak = best


def _sides(facts: RowFacts, patient: Patient, x: Array, seed: int) -> None:
    train, validation = patient.train, patient.validation
    target: Array = patient.dataset.target
    apart = separation(x[train], x[validation], seed)
    is_class = patient.dataset.task.is_classification
    facts.data |= {
        "shift_auc": apart.auc,
        "shift_auc_low": apart.low,
        "label_shift_p": target_shift(target[train], target[validation], is_class=is_class),
    }
    if patient.copies is not None:
        twin, within = _same_pictures(patient.copies[train], patient.copies[validation])
    else:
        twin, within = copies(x[train], x[validation])
    facts.data |= {"copies_share": float(twin.mean()), "copies_within_train": within}
    facts.data["copies"] = twin


def _same_pictures(train: Array, validation: Array) -> tuple[Array, float]:
    """Return which validation pictures have a copy in training, and the share of training ones that do."""
    _, place, count = np.unique(train, return_inverse=True, return_counts=True)
    return np.isin(validation, train), float((count[place] > 1).mean())


def _conflicts(facts: RowFacts, patient: Patient, target: Array) -> None:
    """Note how many rows have an equal row with another label."""
    if not patient.dataset.task.is_classification:
        return
    codes = row_codes(patient.dataset.inputs) if patient.copies is None else patient.copies
    most: Array = np.zeros((codes.max() + 1, patient.dataset.num_classes))
    np.add.at(most, (codes, target), 1.0)
    mixed: Array = (most > 0).sum(axis=1) > 1
    facts.data["conflicting_share"] = float(mixed[codes].mean())


def _references(facts: RowFacts, patient: Patient, x: Array, folds: Sequence[Split]) -> None:
    """Predict every row out of fold by models that work in different ways."""
    dataset = patient.dataset
    losses: dict[str, list[Array]] = {}
    chance: list[Array] = []
    width = dataset.num_classes or 1
    predicted = np.full((dataset.num_rows, width), np.nan)
    for split in folds[:_MAX_FOLDS]:
        found = strong_predictions(
            x[split.train],
            dataset.target[split.train],
            x[split.validation],
            dataset.task,
            dataset.num_classes,
        )
        truth = dataset.target[split.validation]
        for name, prediction in found.items():
            if not dataset.task.is_classification and dataset.target.ndim > 1 and dataset.target.shape[1] > 1:
                truth = dataset.target[split.validation][:, :1]
            losses.setdefault(name, []).append(row_losses(patient, truth, prediction))
        constant = chance_prediction(patient, split.train, len(truth))[:, : width if width > 1 else 1]
        chance.append(row_losses(patient, truth, constant))
        predicted[split.validation] = found["average"].reshape(len(truth), -1)
    facts.out_of_fold = predicted
    if not losses:
        return
    base = np.concatenate(chance)
    best_z, best = -np.inf, (0.0, 1.0)
    for name, parts in losses.items():
        values = np.concatenate(parts)
        facts.references[name] = float(values.mean())
        gains = base - values
        error = float(gains.std(ddof=1) / np.sqrt(len(gains)))
        best_z = max(best_z, float(gains.mean()) / max(error, _ROUNDING * abs(float(base.mean())), _TINY))
        skill = float(gains.mean() / base.mean())
        if skill >= best[0]:
            best = (skill, skill + 1.96 * error / float(base.mean()))
    facts.data |= {"signal_z": best_z, "signal_skill": best[0], "signal_skill_high": best[1]}
    _leak_rest(facts, patient, x, folds)
    if dataset.task.is_classification:
        _certainty(facts, patient)


def _leak_rest(facts: RowFacts, patient: Patient, x: Array, folds: Sequence[Split]) -> None:
    """Note what all other columns explain, where one alone explains nearly everything."""
    if facts.leak < 0 or x.shape[1] < 2 or not folds:
        facts.data["leak_rest"] = 1.0
        return
    others, split = np.delete(x, facts.leak, axis=1), folds[0]
    dataset = patient.dataset
    found = strong_predictions(
        others[split.train],
        dataset.target[split.train],
        others[split.validation],
        dataset.task,
        dataset.num_classes,
    )
    truth = dataset.target[split.validation]
    chance = row_losses(patient, truth, chance_prediction(patient, split.train, len(truth))).mean()
    best = min(row_losses(patient, truth, p.reshape(len(truth), -1)).mean() for p in found.values())
    facts.data["leak_rest"] = float(max(1 - best / chance, 0.0))


def _certainty(facts: RowFacts, patient: Patient) -> None:
    """Note how often the references are wrong where they are most certain."""
    known = np.isfinite(facts.out_of_fold[:, 0])
    probability, truth = facts.out_of_fold[known], patient.dataset.target[known]
    top = probability.max(axis=1)
    count = max(int(_CERTAIN_SHARE * len(top)), min(20, len(top)))
    rows = np.argsort(-top)[:count]
    wrong = int((probability[rows].argmax(axis=1) != truth[rows]).sum())
    share = wrong / count
    # Wilson's interval: exact enough for few mistakes, and never below zero.
    z = 1.64
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    facts.data |= {"certain_error": share, "certain_error_low": float(middle - half)}


def find_suspects(facts: RowFacts, patient: Patient, said: Array, *, judged_by: str = _REFERENCES) -> None:
    """Note the rows whose label is unlikely out of fold, and whether training rows hold more of them.

    Args:
        facts: changed in place.
        patient: what is diagnosed.
        said: ``[row, class]`` or ``[row, 1]`` predictions out of fold, NaN where there is none.
        judged_by: who predicted.
    """
    if said.ndim != 2:
        return
    known = np.asarray(np.isfinite(said).all(axis=1), bool)
    if not known.any():
        return
    doubtful: Array = np.zeros(patient.dataset.num_rows, bool)
    target: Array = patient.dataset.target
    if patient.dataset.task.is_classification:
        doubtful[known] = unlikely_labels(said[known], target[known])
    else:
        residual = target.reshape(len(target), -1)[:, 0] - said[:, 0]
        middle = np.nanmedian(residual[known])
        deviation = 1.4826 * np.nanmedian(np.abs(residual[known] - middle))
        doubtful[known] = np.abs(residual[known] - middle) > _SUSPECT_DEVIATIONS * max(deviation, _TINY)
    train = patient.train[known[patient.train]]
    held = patient.validation[known[patient.validation]]
    if not len(train) or not len(held):
        return
    share, base = float(doubtful[train].mean()), float(doubtful[held].mean())
    pooled = (doubtful[train].sum() + doubtful[held].sum()) / (len(train) + len(held))
    error = np.sqrt(max(pooled * (1 - pooled), 1e-9) * (1 / len(train) + 1 / len(held)))
    facts.suspects = train[doubtful[train]].astype(np.int32)
    facts.data |= {
        "suspect_share": share,
        "suspect_excess": share - base,
        "suspect_z": float((share - base) / error),
        "suspects": _worst(facts.suspects, said, patient, limit=20),
        "suspects_are": _what_places_are(patient),
        "suspects_judged_by": judged_by,
    }


def _what_places_are(patient: Patient) -> str:
    if patient.places:
        return f"files of {patient.name}"
    if patient.rows is None:
        return "indices of x, counted from 0"
    return f"rows of {patient.name}, counted from 1 without header and blank lines"


def _worst(rows: Array, said: Array, patient: Patient, limit: int) -> list[dict[str, object]]:
    """Return the most doubtful training rows with what was said of them out of fold."""
    if not patient.dataset.task.is_classification:
        return [{"row": _place(patient, r), "predicted": float(said[r, 0])} for r in rows[:limit]]
    labels: Array = patient.dataset.target[rows]
    own = said[rows, labels]
    names = patient.dataset.class_names
    return [
        {
            "row": _place(patient, rows[i]),
            "label": names[int(labels[i])],
            "likelier": names[int(said[rows[i]].argmax())],
            "probability_of_label": float(own[i]),
        }
        for i in np.argsort(own)[:limit]
    ]


def _place(patient: Patient, row: Any) -> int | str:
    """Return where a training row stands in what was given: lines without a target are no rows here."""
    if patient.places:
        return patient.places[int(row)]
    return int(row) if patient.rows is None else int(patient.rows[int(row)]) + 1


def _name(patient: Patient, index: int | np.integer) -> str:
    names = patient.feature_names
    if _are_pictures(patient):
        return channel_name(int(index), patient.dataset.inputs[0].shape[-1])
    return names[int(index)] if int(index) < len(names) else f"column {int(index)}"


def _are_pictures(patient: Patient) -> bool:
    return len(patient.dataset.inputs) == 1 and is_pictures(patient.dataset.inputs[0])
