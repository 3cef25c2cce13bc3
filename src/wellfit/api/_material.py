"""What a population trains on under one choice of data: rows, splits, scalings, weights of classes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._choices import check_choice, check_effect, check_room, is_drawn, needs_table
from wellfit.api._class_weights import balanced_weights
from wellfit.api._drawn_pictures import DrawnPictures
from wellfit.api._features import fit_features
from wellfit.api._subject import Subject
from wellfit.api._training_rows import TrainingRows, training_rows
from wellfit.api._trials import Trial
from wellfit.data import (
    FeatureKinds,
    created,
    creation_formulas,
    feature_kinds,
    fit_scaling,
    matrix_position,
    with_rows,
)
from wellfit.evaluation import one_thread
from wellfit.population import TargetScaling
from wellfit.records import DataChoice, Dataset, Formula, IntArray, Scaling, Split

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Rows and what was fitted on each trial's training rows.

    Attributes:
        dataset: the subject's rows in their order; rows that were made for training come after them.
        splits: of each trial.
        scalings: of each trial, one for each input; empty if inputs stay as they are.
        target_scaling: of each trial, or None.
        class_weight: ``[trial, class]`` balanced weights, or None.
        num_visits: ``[trial]`` rows in an epoch; 0 for all training rows.
        formulas: of the features that were added behind those of the float input.
        matrix: position of the float input that they were added to; -1 if there is none.
    """

    dataset: Dataset
    splits: tuple[Split, ...]
    scalings: tuple[tuple[Scaling | None, ...], ...]
    target_scaling: TargetScaling | None
    class_weight: Array | None
    num_visits: IntArray
    formulas: tuple[Formula, ...] = ()
    matrix: int = -1

    @property
    def num_features(self) -> int | None:
        """Width of the float input if it is another than the subject's, else None."""
        return self.dataset.inputs[self.matrix].shape[1] if self.formulas else None


def make_material(
    subject: Subject,
    trials: Sequence[Trial],
    choice: DataChoice,
    *,
    drawn_for: Collection[int] | None = None,
    drawn: DrawnPictures | None = None,
) -> Material:
    """Return the material of a study's trials, each fitted on its own training rows alone.

    Args:
        subject: what the study is about.
        trials: of the study.
        choice: of data.
        drawn_for: positions of the trials that pictures are drawn for, if the choice asks for that; None for
            all. The others have their own rows alone, and must not be trained on.
        drawn: pictures that were drawn already.

    Raises:
        SettingsError: the choice makes no sense for this subject.
    """
    if choice == DataChoice():
        return _own_material(subject, tuple(trial.split for trial in trials))
    check_choice(subject, choice)
    with one_thread():  # many small decompositions and fits
        chosen = range(len(trials)) if drawn_for is None else drawn_for
        return _chosen_material(subject, trials, choice, chosen, drawn or DrawnPictures())


def _chosen_material(
    subject: Subject,
    trials: Sequence[Trial],
    choice: DataChoice,
    drawn_for: Collection[int],
    drawn: DrawnPictures,
) -> Material:
    """Return the material of a choice that was checked."""
    undrawn = choice
    if is_drawn(choice):
        check_room(subject, sum(len(trials[t].split.train) for t in drawn_for))
        undrawn = replace(choice, resampling="none")
    matrix, kinds = _kinds(subject) if needs_table(choice) else (-1, FeatureKinds())
    formulas = creation_formulas(kinds, choice.creation) if choice.creation != "none" else ()
    parts = [
        training_rows(subject, trial, choice if t in drawn_for else undrawn, kinds, drawn)
        for t, trial in enumerate(trials)
    ]
    check_effect(subject, choice, parts, [trial.split.train for trial in trials])
    dataset = _with_created(with_rows(subject.dataset, [p.made for p in parts if p.made]), matrix, formulas)
    splits = _splits(parts, trials, subject.dataset.num_rows)
    scalings: tuple[tuple[Scaling | None, ...], ...] = ()
    if subject.preparation is not None:
        options = {"matrix": matrix, "formulas": formulas}
        scalings = tuple(
            fit_features(dataset, part.kept, subject.preparation, choice, **options) for part in parts
        )
    return Material(
        dataset=dataset,
        splits=splits,
        scalings=scalings,
        target_scaling=_target_scaling(subject, [part.kept for part in parts]),
        class_weight=balanced_weights(dataset, splits),
        num_visits=np.array([part.num_visits for part in parts], np.int32),
        formulas=formulas,
        matrix=matrix,
    )


def _own_material(subject: Subject, splits: tuple[Split, ...]) -> Material:
    """Return the data as they are."""
    scalings: tuple[tuple[Scaling | None, ...], ...] = ()
    if subject.preparation is not None:
        scalings = tuple(fit_scaling(subject.dataset, split.train, subject.preparation) for split in splits)
    return Material(
        dataset=subject.dataset,
        splits=splits,
        scalings=scalings,
        target_scaling=_target_scaling(subject, [split.train for split in splits]),
        class_weight=balanced_weights(subject.dataset, splits),
        num_visits=np.zeros(len(splits), np.int32),
    )


def _kinds(subject: Subject) -> tuple[int, FeatureKinds]:
    """Return which input holds the numbers, and what they are."""
    matrix = matrix_position(subject.dataset)
    if matrix < 0:
        return matrix, FeatureKinds()
    values = np.asarray(subject.dataset.inputs[matrix], np.float32)
    return matrix, feature_kinds(values, subject.working, subject.encoder)


def _with_created(dataset: Dataset, matrix: int, formulas: tuple[Formula, ...]) -> Dataset:
    if not formulas:
        return dataset
    inputs = list(dataset.inputs)
    inputs[matrix] = created(np.asarray(inputs[matrix], np.float32), formulas)
    return replace(dataset, inputs=tuple(inputs))


def _splits(parts: Sequence[TrainingRows], trials: Sequence[Trial], num_rows: int) -> tuple[Split, ...]:
    """Return the splits with the rows that were made for each at their place behind all own rows."""
    splits, start = [], num_rows
    for part, trial in zip(parts, trials, strict=True):
        rows = np.where(part.rows < 0, start - 1 - part.rows, part.rows).astype(np.int32)
        splits.append(Split(train=rows, validation=trial.split.validation))
        start += 0 if part.made is None else len(part.made.target)
    return tuple(splits)


def _target_scaling(subject: Subject, rows: Sequence[IntArray]) -> TargetScaling | None:
    if not subject.scale_target:
        return None
    targets = [subject.dataset.target[one].reshape(len(one), -1) for one in rows]
    scale = np.stack([target.std(axis=0) for target in targets])
    return TargetScaling(
        center=np.stack([target.mean(axis=0) for target in targets]).astype(np.float32),
        scale=np.where(scale > 0, scale, 1.0).astype(np.float32),
    )
