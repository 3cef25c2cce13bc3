"""Which choices of data make sense for a subject; the others are refused with a reason."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wellfit.api._subject import Subject, can_draw
from wellfit.api._training_rows import TrainingRows
from wellfit.records import DataChoice, IntArray, SettingsError

_PREPARED = ("scaling", "missing", "selection", "extraction", "creation")
_CLASS_RESAMPLING = ("oversample", "undersample", "smote", "borderline-smote", "adasyn")
_MAX_MADE_BYTES = 2**29  # for all trials together


def check_choice(subject: Subject, choice: DataChoice) -> None:
    """Raise where a choice needs what the subject does not have.

    Raises:
        SettingsError: inputs that the study does not prepare, no missing cells, or no classes.
    """
    off = DataChoice()
    for name in _PREPARED:
        if subject.preparation is None and getattr(choice, name) != getattr(off, name):
            raise _unprepared(f"{name}={getattr(choice, name)!r}")
    if subject.preparation is None and choice.outliers in ("report", "clip"):
        raise _unprepared(f"outliers={choice.outliers!r}")
    if choice.missing != "own" and not has_missing(subject):
        raise SettingsError(
            "no cell is missing, so there is nothing to fill.",
            received=f"missing={choice.missing!r}",
            expected="inputs with missing numbers",
            fix='use missing="own"',
        )
    if choice.resampling in _CLASS_RESAMPLING and not subject.dataset.task.is_classification:
        raise SettingsError(
            "a regression target has no classes to resample.",
            received=f"resampling={choice.resampling!r}",
            expected="a classification, or resampling by a copula",
            fix='use resampling="none" or "copula"',
        )
    if is_drawn(choice) and not can_draw(subject.dataset):
        raise SettingsError(
            "only pictures of classes can be drawn.",
            received=f"resampling={choice.resampling!r}",
            expected="one input of pictures, [row, row of pixels, column, channel], and a target of classes",
            fix='use resampling="none", or "copula" for a table',
        )


def check_effect(
    subject: Subject, choice: DataChoice, parts: Sequence[TrainingRows], own: Sequence[IntArray]
) -> None:
    """Raise where a choice of rows leaves every trial's rows as they were, or makes too many rows.

    Raises:
        SettingsError: no row is an outlier or a suspect, or none can be made; or memory would not do.
    """
    is_same = all(np.array_equal(part.rows, rows) for part, rows in zip(parts, own, strict=True))
    asked = [
        f"{name}={value!r}"
        for name, value, is_on in (
            ("outliers", choice.outliers, choice.outliers == "drop"),
            ("resampling", choice.resampling, choice.resampling != "none"),
            ("suspects", choice.suspects, choice.suspects != "keep"),
        )
        if is_on
    ]
    if is_same and asked:
        raise SettingsError(
            "no training row is changed by this.",
            received=", ".join(asked),
            expected="rows that are outliers or suspects, or classes of unequal size that have neighbors",
            fix="leave the rows as they are",
        )
    check_room(subject, sum(len(part.made.target) for part in parts if part.made is not None))


def check_room(subject: Subject, num_made: int) -> None:
    """Raise where so many more rows would not fit the memory.

    Raises:
        SettingsError: they would not.
    """
    inputs = subject.dataset.inputs
    num_bytes = num_made * sum(values[:1].nbytes for values in inputs)
    if num_bytes > _MAX_MADE_BYTES:
        width = sum(int(np.prod(values.shape[1:])) for values in inputs)
        raise SettingsError(
            "the rows that would be made do not fit the memory.",
            received=f"{num_made} rows of {width} features in all trials",
            expected=f"{_MAX_MADE_BYTES // 2**20} MiB at most",
            fix='use resampling="oversample" or class weights',
        )


def is_drawn(choice: DataChoice) -> bool:
    """Return whether a generator is trained for each trial, which takes so long that none is idle."""
    return choice.resampling == "diffusion"


def needs_table(choice: DataChoice) -> bool:
    """Return whether a choice asks what each feature is."""
    return (
        choice.outliers == "drop"
        or choice.resampling in ("smote", "borderline-smote", "adasyn", "copula")
        or any(getattr(choice, name) != "none" for name in ("selection", "extraction", "creation"))
    )


def has_missing(subject: Subject) -> bool:
    """Return whether a number among the working rows is missing."""
    floats = [values for values in subject.dataset.inputs if np.issubdtype(values.dtype, np.floating)]
    return any(bool(np.isnan(values[subject.working]).any()) for values in floats)


def _unprepared(what: str) -> SettingsError:
    return SettingsError(
        "the inputs of this network are not prepared by the study.",
        received=what,
        expected="a table, or a network that the study builds",
        fix="pass a table with target=, or prepare the arrays before",
    )
