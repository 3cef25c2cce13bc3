"""What a population trains on under one choice of data: rows, splits, scalings, weights of classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._class_weights import balanced_weights
from wellfit.api._subject import Subject
from wellfit.api._trials import Trial
from wellfit.data import fit_scaling
from wellfit.population import TargetScaling
from wellfit.records import DataChoice, Dataset, Scaling, SettingsError, Split

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
    """

    dataset: Dataset
    splits: tuple[Split, ...]
    scalings: tuple[tuple[Scaling | None, ...], ...]
    target_scaling: TargetScaling | None
    class_weight: Array | None


def make_material(subject: Subject, trials: Sequence[Trial], choice: DataChoice) -> Material:
    """Return the material of a study's trials.

    Raises:
        SettingsError: the choice makes no sense for this subject.
    """
    if choice != DataChoice():
        raise SettingsError("no such material", received=repr(choice), expected="the data as they are")
    splits = tuple(trial.split for trial in trials)
    return Material(
        dataset=subject.dataset,
        splits=splits,
        scalings=_scalings(subject, splits),
        target_scaling=_target_scaling(subject, splits),
        class_weight=balanced_weights(subject.dataset, splits),
    )


def _scalings(subject: Subject, splits: Sequence[Split]) -> tuple[tuple[Scaling | None, ...], ...]:
    if subject.preparation is None:
        return ()
    return tuple(fit_scaling(subject.dataset, split.train, subject.preparation) for split in splits)


def _target_scaling(subject: Subject, splits: Sequence[Split]) -> TargetScaling | None:
    if not subject.scale_target:
        return None
    targets = [subject.dataset.target[split.train].reshape(len(split.train), -1) for split in splits]
    scale = np.stack([target.std(axis=0) for target in targets])
    return TargetScaling(
        center=np.stack([target.mean(axis=0) for target in targets]).astype(np.float32),
        scale=np.where(scale > 0, scale, 1.0).astype(np.float32),
    )
