"""What is given as for `keras.Model.fit`, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.records import DataError, SettingsError, TargetError, shorten

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
