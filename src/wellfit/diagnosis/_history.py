"""Training curves as a program left them: read, checked, and given one shape."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from wellfit.diagnosis._events import read_events
from wellfit.records import DataError, FileReadError, did_you_mean, shorten

Curve = NDArray[np.float64]

_ALIASES = {"acc": "accuracy", "val_acc": "val_accuracy"}
_JUDGED = ("loss", "val_loss", "accuracy", "val_accuracy")
_NOT_CURVES = ("epoch", "step")
_MISSING = ("", "na", "n/a", "null", "none")
_EXPECTED = "'loss' and 'val_loss', one number for each epoch"


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """Curves of one training run, one value an epoch; NaN where an epoch has none or it was no number.

    Attributes:
        curves: name as in Keras (``loss``, ``val_loss``, ``accuracy``, ...) to ``[epoch]`` float64.
        gaps: name to ``[epoch]`` whether nothing was measured, for curves with such epochs.
        name: where they came from, for messages.
        notes: what was done to them while reading.
    """

    curves: Mapping[str, Curve]
    gaps: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict[str, NDArray[np.bool_]])
    name: str = "history"
    notes: tuple[str, ...] = ()

    @property
    def num_epochs(self) -> int:
        """Number of epochs."""
        return max((len(values) for values in self.curves.values()), default=0)

    def curve(self, name: str) -> Curve | None:
        """Return one curve, or None where there is none or no epoch of it was measured.

        Example:
            >>> history = read_history({"loss": [0.7, 0.5]})
            >>> history.curve("loss").tolist(), history.curve("val_loss")
            ([0.7, 0.5], None)
        """
        return self.curves.get(name) if len(self.measured(name)) else None

    def measured(self, name: str) -> Curve:
        """Return the values of the epochs that were measured, NaN where one was no number.

        Example:
            >>> read_history({"loss": [0.7, None, float("nan")]}).measured("loss").tolist()
            [0.7, nan]
        """
        values = self.curves.get(name, np.zeros(0))
        return values[~self.gaps[name]] if name in self.gaps else values


def read_history(source: object) -> History:
    """Return training curves from whatever is left of a run; use it before `judge_curves`.

    Args:
        source: a Keras `History` (or anything with a ``history`` dict), that dict itself, or the path of
            the dict as JSON, of a `CSVLogger` file (comma, semicolon or tab), or of a folder with the
            event files of Keras' `TensorBoard` callback (needs ``pip install 'wellfit[tensorboard]'``).

    Returns:
        Curves with at least one of loss, accuracy and their validation counterparts.

    Raises:
        FileReadError: the file is missing, empty, or neither JSON nor a table.
        DataError: there is no curve to judge, curves differ in length, or a value is not a number.

    Example:
        >>> read_history({"loss": [0.7, 0.5], "val_loss": [0.7, 0.6]}).num_epochs
        2
    """
    if isinstance(source, str | Path):
        return _read_path(Path(source))
    held = getattr(source, "history", source)
    if not isinstance(held, Mapping):
        raise DataError(
            "this is not a training history",
            received=f"an object of type {type(source).__name__}",
            expected="a Keras History, its dict, or the path of a JSON file, a CSV log or an event folder",
            fix="pass what model.fit returned, or save history.history as JSON",
        )
    return _checked(cast("Mapping[object, object]", held), "history")


def _read_path(path: Path) -> History:
    if path.is_dir():
        curves, note = read_events(path)
        return _checked(curves, path.name, (note,) if note else ())
    if not path.exists():
        raise FileReadError(
            f"there is no file {path.name}",
            received=str(path),
            expected="a JSON file, a CSVLogger file or a folder of TensorBoard events",
            fix="check the path",
        )
    if path.name.startswith("events.out.tfevents"):
        curves, note = read_events(path)
        return _checked(curves, path.name, (note,) if note else ())
    text = _read_text(path)
    if text.lstrip()[:1] in ("{", "["):
        return _from_json(text, path.name)
    return _from_table(text, path.name)


def _read_text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileReadError(
            f"{path.name} cannot be read", received=str(error), fix="check its permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise FileReadError(
            f"{path.name} is not text",
            received="bytes that are not UTF-8",
            expected="a JSON file, a CSVLogger file or a folder of TensorBoard events",
            fix="save history.history as JSON",
        ) from error
    if not text.strip() or "\0" in text:
        raise FileReadError(
            f"{path.name} is {'empty' if not text.strip() else 'not text'}",
            expected=f"a history with {_EXPECTED}",
            fix="save history.history as JSON after training, or add keras.callbacks.CSVLogger",
        )
    return text


def _from_json(text: str, name: str) -> History:
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileReadError(
            f"{name} is not complete JSON",
            received=str(error),
            expected='such as {"loss": [0.69, 0.61], "val_loss": [0.69, 0.64]}',
            fix="write it with json.dump(history.history, file)",
        ) from error
    if isinstance(content, dict) and isinstance(
        inner := cast("dict[str, object]", content).get("history"), dict
    ):
        content = cast("object", inner)
    if not isinstance(content, dict):
        raise DataError(
            f"{name} does not hold a history",
            received=f"a JSON {type(content).__name__}",
            expected='an object such as {"loss": [0.69, 0.61], "val_loss": [0.69, 0.64]}',
            fix="write it with json.dump(history.history, file)",
        )
    return _checked(cast("dict[object, object]", content), name)


def _from_table(text: str, name: str) -> History:
    """Return the curves of a `CSVLogger` file; of several runs in one file, the last."""
    header = text.lstrip().splitlines()[0]
    delimiter = max(",;\t", key=header.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text.strip()), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise FileReadError(
            f"{name} is not a table", received=str(error), expected="a CSVLogger file"
        ) from error
    names = [cell.strip() for cell in rows[0]] if rows else []
    body = [row for row in rows[1:] if [cell.strip() for cell in row] != names]
    if not body:
        raise FileReadError(
            f"{name} has no epochs",
            received=f"one line: {header[:60]!r}",
            expected="a header line and one line for each epoch",
            fix="train for at least one epoch",
        )
    for number, row in enumerate(body, start=1):
        if len(row) != len(names):
            raise DataError(
                f"epoch line {number} of {name} does not fit the header",
                received=f"{len(row)} cells; header: {shorten(names)}",
                expected=f"{len(names)} cells",
                fix="a last line that was cut off may be removed; one file may hold one run only",
            )
    columns: dict[object, object] = {key: [row[place] for row in body] for place, key in enumerate(names)}
    start = _last_start([row[names.index("epoch")] for row in body]) if "epoch" in names else 0
    notes: tuple[str, ...] = ()
    if start:
        columns = {key: cast("list[str]", values)[start:] for key, values in columns.items()}
        notes = (f"{name} holds several runs; the last one, of {len(body) - start} epochs, is judged.",)
    return _checked(columns, name, notes)


def _last_start(epochs: list[str]) -> int:
    """Return the line at which the last run of a file begins: where the epoch does not go up."""
    numbers = [_number(cell) for cell in epochs]
    if any(number is None for number in numbers):
        return 0
    steps = np.diff(np.array(numbers, np.float64))
    falls = np.flatnonzero(steps <= 0)
    return int(falls[-1]) + 1 if len(falls) else 0


def _checked(columns: Mapping[object, object], name: str, notes: tuple[str, ...] = ()) -> History:
    curves: dict[str, Curve] = {}
    gaps: dict[str, NDArray[np.bool_]] = {}
    for key, values in columns.items():
        label = _ALIASES.get(str(key), str(key))
        if label in _NOT_CURVES:
            continue
        curve = _curve(values)
        if isinstance(curve, str):
            if label in _JUDGED:
                raise DataError(
                    f"{str(key)!r} of {name} is not a curve",
                    received=curve,
                    expected="a list with one number for each epoch",
                    fix="keep numbers only; an epoch without a value is null or NA",
                )
            continue  # what cannot be judged does no harm
        curves[label], missing = curve
        if missing.any():
            gaps[label] = missing
    _check_curves(curves, [str(key) for key in columns], name)
    _check_measured(curves, gaps, name)
    return History(curves=curves, gaps=gaps, name=name, notes=notes)


def _check_curves(curves: Mapping[str, Curve], names: list[str], name: str) -> None:
    judged = {key: len(values) for key, values in curves.items() if key in _JUDGED}
    if not judged:
        hint = next((hint for known in _JUDGED if (hint := did_you_mean(known, names))), "")
        raise DataError(
            f"{name} has no loss",
            received=f"curves: {shorten(names)}" if names else "no curve at all",
            expected=_EXPECTED,
            fix=hint or "for a network with one loss, save history.history as it is",
        )
    if not all(judged.values()):
        raise DataError(
            f"{name} has no epochs",
            received=", ".join(f"{key}: {length}" for key, length in judged.items()),
            expected=_EXPECTED,
            fix="train for at least one epoch",
        )
    if len(set(judged.values())) > 1:
        raise DataError(
            f"the curves of {name} differ in length",
            received=", ".join(f"{key}: {length}" for key, length in judged.items()),
            expected="one value for each epoch in every curve",
            fix="where validation was not measured each epoch (validation_freq), put null for the others",
        )


def _check_measured(curves: Mapping[str, Curve], gaps: Mapping[str, NDArray[np.bool_]], name: str) -> None:
    """Refuse curves without a single value: null is an epoch that was not measured, NaN one that failed."""
    judged = [key for key in curves if key in _JUDGED]
    if all(key in gaps and gaps[key].all() for key in judged):
        raise DataError(
            f"{name} has no value in any epoch",
            received=", ".join(f"{key}: {len(curves[key])} times null, NA or nothing" for key in judged),
            expected=_EXPECTED,
            fix="save history.history as it is; a loss that was no number is NaN or Infinity, not null",
        )


def _curve(values: object) -> tuple[Curve, NDArray[np.bool_]] | str:
    """Return ``[epoch]`` numbers and which were not measured, or what is wrong in a few words."""
    if isinstance(values, np.ndarray):
        values = cast("object", values.tolist())
    kind = type(values).__name__
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        return f"a {kind}"
    numbers: list[float] = []
    missing: list[bool] = []
    for epoch, value in enumerate(cast("Iterable[object]", values), start=1):
        number = _number(value)
        if number is None:
            return f"{str(value)[:40]!r} at epoch {epoch}"
        numbers.append(number)
        missing.append(_is_missing(value))
    return np.array(numbers, np.float64), np.array(missing, np.bool_)


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in _MISSING)


def _number(value: object) -> float | None:
    if _is_missing(value):
        return float("nan")
    if isinstance(value, str):
        return _float(_first_scalar(value.strip()))
    if isinstance(value, bool):
        return None
    return _float(value)


def _first_scalar(cell: str) -> str:
    """Return the number in what older Keras wrote for an array, such as ``"[0.25]"``."""
    found = re.fullmatch(r"\[([^\[\],\s]+)\]", cell)
    return found.group(1) if found else cell


def _float(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
