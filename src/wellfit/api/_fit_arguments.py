"""What is given as for `keras.Model.fit`, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data import Preparation
from wellfit.records import DataError, Dataset, SettingsError, TargetError, Task, shorten

Array = NDArray[Any]

_TASKS = ("auto", "classification", "binary", "multiclass", "regression")


def check_numbers(*, epochs: Any, batch_size: Any, seed: Any, validation_split: Any, task: str) -> None:
    """Refuse settings of training that mean nothing.

    Args:
        epochs: at least 1, or None.
        batch_size: at least 1, or None.
        seed: at least 0.
        validation_split: at least 0 and below 1.
        task: see `wellfit.diagnose`.

    Raises:
        SettingsError: one of them is out of range.

    Example:
        >>> check_numbers(epochs=30, batch_size=None, seed=0, validation_split=0.2, task="auto")
    """
    for name, value, low in (("epochs", epochs, 1), ("batch_size", batch_size, 1), ("seed", seed, 0)):
        if value is None and low:
            continue
        if not isinstance(value, Integral) or value < low:
            raise SettingsError(
                f"{name} is out of range.",
                received=f"{name}={value!r}",
                expected=f"a whole number from {low}",
            )
    if not isinstance(validation_split, Real) or not 0 <= float(validation_split) < 1:
        raise SettingsError(
            "validation_split is out of range.",
            received=f"validation_split={validation_split!r}",
            expected="a share of the rows, from 0 to below 1, as for fit",
        )
    if task not in _TASKS:
        raise SettingsError(
            "there is no such task.", received=f"task={task!r}", expected=f"one of {', '.join(_TASKS)}"
        )


def refuse_missing(dataset: Dataset, preparation: Preparation | None) -> None:
    """Refuse inputs that are not finite, where nothing is prepared and they reach the network as they are.

    Raises:
        DataError: some are not.
    """
    if preparation is not None:
        return
    for values in dataset.inputs:
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            raise DataError(
                "the inputs hold values that are not finite: the loss is NaN from the first update.",
                received=f"{int((~np.isfinite(values)).sum())} NaN or infinite cells",
                expected="finite numbers",
                fix="fill or drop them first, or pass a table with target=, where missing cells are filled",
            )


def in_order(x: Any, model: Any) -> list[Any]:
    """Return the inputs in the order of the network's own; a dict goes by their names, as in `fit`.

    Args:
        x: an array, a list of arrays, or input name to array.
        model: the network, whose inputs may not be known yet.

    Raises:
        DataError: a dict lacks an input.
    """
    if not isinstance(x, Mapping):
        return list(x) if isinstance(x, list | tuple) else [x]
    names = [tensor.name for tensor in getattr(model, "inputs", None) or ()]
    missing = [name for name in names if name not in x]
    if missing:
        raise DataError(
            "the inputs lack one that the network takes.",
            received=f"a dict with {shorten([str(key) for key in x])}",
            expected=f"{', '.join(names)}",
            fix="name the arrays as the keras.Input of the network, or pass a list in their order",
        )
    return [x[name] for name in names] if names else list(x.values())


def joined_targets(targets: Sequence[Array]) -> Array:
    """Return the targets of training and validation rows, one after the other.

    Args:
        targets: ``[row]`` or ``[row, output]`` of each side.

    Raises:
        TargetError: the sides are of different kinds.

    Example:
        >>> joined_targets([np.array([0, 1]), np.array([[1]])]).tolist()
        [0, 1, 1]
    """
    flat = [t[:, 0] if t.ndim == 2 and t.shape[1] == 1 else t for t in targets]
    kinds = ["text" if t.dtype.kind in "USO" else "numbers" for t in flat]
    shapes = [t.shape[1:] for t in flat]
    if len(set(kinds)) > 1 or len(set(shapes)) > 1:
        raise TargetError(
            "training and validation targets differ in kind.",
            received=" and ".join(
                f"{kind} of shape {t.shape}" for kind, t in zip(kinds, targets, strict=True)
            ),
            expected="the same labels in the same form on both sides",
            fix="encode both sides in the same way",
        )
    return np.concatenate(flat)


def row_weights(sample_weight: Any, num_train: int, num_rows: int) -> Array | None:
    """Return ``[row]`` weights of all rows, 1 where a row is not trained on; None where none are given.

    Args:
        sample_weight: ``[row]`` of the training rows, or None.
        num_train: training rows, which come first.
        num_rows: rows in all.

    Raises:
        DataError: they are not one finite, nonnegative number for each training row.

    Example:
        >>> row_weights([2.0, 0.5], 2, 3).tolist()
        [2.0, 0.5, 1.0]
    """
    if sample_weight is None:
        return None
    given = np.asarray(sample_weight)
    is_numeric = given.dtype.kind in "fiub" and given.size == num_train
    if not is_numeric or not np.isfinite(given).all() or (given < 0).any() or not (given > 0).any():
        raise DataError(
            "sample_weight does not weigh the training rows.",
            received=f"an array of {given.dtype} and shape {given.shape}",
            expected=f"{num_train} finite numbers, none below 0 and some above",
            fix="give one weight for each row of x",
        )
    weights = np.ones(num_rows, np.float32)
    weights[:num_train] = given.reshape(-1)
    return weights


def validation_pair(validation_data: Any) -> tuple[Any, Any]:
    """Return inputs and targets of validation rows; weights of them may only say that all count alike.

    Validation rows are shuffled with training rows and split again, and chance and references are judged on
    them as well: a weight that holds for one of these alone would make them incomparable.

    Args:
        validation_data: ``(x, y)``, or ``(x, y, sample_weight)``.

    Raises:
        SettingsError: it is no pair, or the weights differ or do not fit the rows.

    Example:
        >>> validation_pair(([[1.0], [2.0]], [0, 1], [1, 1]))
        ([[1.0], [2.0]], [0, 1])
    """
    is_sequence = isinstance(validation_data, tuple | list)
    if not is_sequence or len(validation_data) not in (2, 3):
        kind = type(validation_data).__name__
        raise SettingsError(
            "validation_data is not a pair.",
            received=f"a {kind} of {len(validation_data)}" if is_sequence else kind,
            expected="(x_validation, y_validation), as for fit",
        )
    parts: list[Any] = [*validation_data, None]
    x, y, weights = parts[:3]
    if weights is None:
        return x, y
    given, num_rows = np.asarray(weights), len(y)
    if given.dtype.kind not in "fiub" or given.size != num_rows or not num_rows:
        raise SettingsError(
            "the third part of validation_data does not weigh the validation rows.",
            received=f"an array of {given.dtype} and shape {given.shape} for {num_rows} rows",
            expected="(x_validation, y_validation)",
            fix="leave out the third part",
        )
    if not (given == given.flat[0]).all() or not 0 < given.flat[0] < np.inf:
        raise SettingsError(
            "validation rows of unequal weights are not diagnosed: rows are split again and count alike.",
            received=f"validation_data with weights from {given.min():.4g} to {given.max():.4g}",
            expected="(x_validation, y_validation), each row counted once",
            fix="leave out the weights, or draw the validation rows in proportion to them",
        )
    return x, y


def class_weights(class_weight: Any, task: Task, class_names: Sequence[str]) -> Array | None:
    """Return ``[class]`` weights of training rows, 1 where none is given, as in `fit`; None for no weights.

    A number stands for the class whose label it is; where labels are text, for the place of the label in
    sorted order, which is its code.

    Args:
        class_weight: class to weight, or None.
        task: what kind of target there is.
        class_names: the labels as text, in the order of their codes.

    Raises:
        SettingsError: there are no classes, no such class, or a weight is not a finite, nonnegative number.

    Example:
        >>> class_weights({1: 50}, Task.BINARY, ("0", "1")).tolist()
        [1.0, 50.0]
        >>> class_weights({"yes": 3, 0: 0.5}, Task.BINARY, ("no", "yes")).tolist()
        [0.5, 3.0]
    """
    if class_weight is None or (isinstance(class_weight, Mapping) and not class_weight):
        return None
    if not task.is_classification:
        raise SettingsError(
            "class_weight does not go with a regression: there are no classes.",
            received=f"class_weight={_shown(class_weight)}",
            expected="a target of classes",
            fix='leave out class_weight=; or task="classification" if the target names classes',
        )
    if not isinstance(class_weight, Mapping):
        raise SettingsError(
            "class_weight does not say which class weighs what.",
            received=f"class_weight={_shown(class_weight)}",
            expected="a dict of class to weight, as for fit",
            fix="for example class_weight={0: 1.0, 1: 5.0}",
        )
    codes = _codes_of(class_names)
    unknown = [key for key in class_weight if _label(key) not in codes]
    if unknown:
        raise SettingsError(
            f"class_weight names {'a class' if len(unknown) == 1 else 'classes'} that no row has.",
            received=f"class_weight for {', '.join(map(repr, unknown))}",
            expected=f"some of the {len(class_names)} classes: {shorten(class_names, 10)}",
            fix="leave out the others; a class without a weight weighs 1",
        )
    weights = np.ones(len(class_names), np.float32)
    for key, weight in class_weight.items():
        if not isinstance(weight, Real) or not np.isfinite(float(weight)) or float(weight) < 0:
            raise SettingsError(
                "a weight of a class is out of range.",
                received=f"class_weight={{{key!r}: {weight!r}}}",
                expected="a finite number, not below 0",
            )
        weights[codes[_label(key)]] = float(weight)
    if not (weights > 0).any():
        raise SettingsError(
            "no class weighs anything: there is nothing to learn from.",
            received=f"class_weight={_shown(class_weight)}",
            expected="a weight above 0 for some class",
        )
    return weights


def _codes_of(class_names: Sequence[str]) -> dict[str | float, int]:
    """Return label to code: labels as text, and as numbers (where they are none, their codes)."""
    try:
        numbers = [float(name) for name in class_names]
    except ValueError:
        numbers = [float(code) for code in range(len(class_names))]
    codes = range(len(class_names))
    return dict(zip(class_names, codes, strict=True)) | dict(zip(numbers, codes, strict=True))


def _label(key: Any) -> str | float:
    return float(key) if isinstance(key, Real) else str(key)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
