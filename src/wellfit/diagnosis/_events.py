"""Curves out of TensorBoard event files, as Keras' `TensorBoard` callback writes them.

Reading needs the `tensorboard` package (an extra), not TensorFlow. Keras writes ``epoch_loss`` and
``epoch_<metric>`` into ``train/`` and ``validation/``, as tensors or, in older versions, as plain values.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from wellfit.records import DataError, FileReadError, shorten

_PREFIX = "epoch_"
_FILES = "events.out.tfevents"
_SIDES = {"train": "", "validation": "val_"}


def read_events(path: Path) -> tuple[dict[object, object], str]:
    """Return the curves of one run and a note; None where an epoch has no value.

    Args:
        path: a log folder with ``train`` and, where there was validation, ``validation``; or a folder or
            file of events that hold ``epoch_loss``, ``loss`` and the like themselves.

    Returns:
        Name as in Keras to a list with one number an epoch, and what was done to them (may be empty).

    Raises:
        FileReadError: there are no event files, they are damaged, or the `tensorboard` package is missing.
        DataError: the folder holds several runs, or no scalars of epochs.
    """
    sides = _sides(path)
    accumulator, tensors = _tensorboard()
    found: dict[str, dict[int, float]] = {}
    for folder, prefix in sides.items():
        for tag, values in _read_scalars(folder, accumulator, tensors).items():
            name = tag.removeprefix(_PREFIX)
            if values and (tag.startswith(_PREFIX) or not prefix):
                found[f"{prefix}{name}"] = values
    if not found:
        raise DataError(
            f"{path.name} has no curves",
            received=f"event files in {shorten(folder.name for folder in sides)} without scalars of epochs",
            expected="epoch_loss, as keras.callbacks.TensorBoard writes it",
            fix="train with keras.callbacks.TensorBoard(folder) for at least one epoch",
        )
    main = next((found[name] for name in ("loss", "val_loss") if name in found), next(iter(found.values())))
    steps = sorted(
        {step for name, values in found.items() if name.endswith("loss") for step in values} or main
    )
    same = {name: values for name, values in found.items() if set(values) <= set(steps)}
    note = "" if same.keys() == found.keys() else "Scalars that were not written once an epoch are left out."
    return {name: [values.get(step) for step in steps] for name, values in same.items()}, note


def _sides(path: Path) -> dict[Path, str]:
    """Return folders (or one file) of events, each with the prefix of its curves."""
    if path.is_file():
        return {path: ""}
    found = {path / name: prefix for name, prefix in _SIDES.items() if _has_events(path / name)}
    if found:
        return found
    if _has_events(path):
        return {path: _SIDES.get(path.name, "")}
    runs = sorted({file.parent for file in path.rglob(f"{_FILES}*")})
    runs = sorted({run.parent if run.name in _SIDES else run for run in runs})
    if len(runs) == 1:
        return _sides(runs[0])
    if runs:
        raise DataError(
            f"{path.name} holds several runs",
            received=shorten(str(run.relative_to(path)) for run in runs),
            expected="the folder of one run",
            fix=f"pass one of them, such as {path / runs[-1].relative_to(path)}",
        )
    raise FileReadError(
        f"{path.name} has no event files",
        received=str(path),
        expected=f"train/{_FILES}.* and validation/{_FILES}.*, as keras.callbacks.TensorBoard writes them",
        fix="pass the log_dir of the TensorBoard callback",
    )


def _has_events(folder: Path) -> bool:
    return folder.is_dir() and any(folder.glob(f"{_FILES}*"))


def _read_scalars(source: Path, accumulator: ModuleType, tensors: ModuleType) -> dict[str, dict[int, float]]:
    try:
        return _scalars(source, accumulator, tensors)
    # Damaged records raise whatever protobuf, TensorFlow and NumPy raise on them.
    except Exception as error:
        raise FileReadError(
            f"the events in {source.name} are damaged",
            received=f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}",
            expected="event files as keras.callbacks.TensorBoard writes them",
            fix="train again, or save history.history as JSON",
        ) from error


def _scalars(source: Path, accumulator: ModuleType, tensors: ModuleType) -> dict[str, dict[int, float]]:
    """Return tag to step to value of all scalars in the files of a folder."""
    everything = {accumulator.SCALARS: 0, accumulator.TENSORS: 0}
    events: Any = accumulator.EventAccumulator(str(source), size_guidance=everything)
    events.Reload()
    tags: dict[str, list[str]] = events.Tags()
    found: dict[str, dict[int, float]] = {}
    for tag in tags["scalars"]:
        found[tag] = {int(event.step): float(event.value) for event in events.Scalars(tag)}
    for tag in tags["tensors"]:
        values = {int(event.step): tensors.make_ndarray(event.tensor_proto) for event in events.Tensors(tag)}
        if all(np.size(value) == 1 and np.issubdtype(value.dtype, np.number) for value in values.values()):
            found[tag] = {step: float(np.reshape(value, ())) for step, value in values.items()}
    return found


def _tensorboard() -> tuple[ModuleType, ModuleType]:
    try:
        return (
            import_module("tensorboard.backend.event_processing.event_accumulator"),
            import_module("tensorboard.util.tensor_util"),
        )
    except ImportError as error:
        raise FileReadError(
            "event files cannot be read without the tensorboard package",
            received=str(error),
            expected="the tensorboard package (TensorFlow is not needed)",
            fix="pip install 'wellfit[tensorboard]', or save history.history as JSON",
        ) from error
