"""What the network of a study says about one row that somebody makes up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from wellfit.api._predictor import TablePredictor, table_predictor
from wellfit.data import encode_table, read_table
from wellfit.records import ColumnSchema, DataError, FloatArray, Scaling, Task
from wellfit.serving import read_manifest

_REACH = 3.0
"""Standard deviations to each side of the center that a slider covers."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of the row, and what may stand in it.

    Attributes:
        name: of the column.
        kind: number, choice or text.
        typical: what stands in it at first, as text; empty for a missing cell.
        choices: of a choice.
        low: where a slider begins; NaN where the study tells no range.
        high: where it ends.
        step: of a slider.
    """

    name: str
    kind: Literal["number", "choice", "text"]
    typical: str = ""
    choices: tuple[str, ...] = ()
    low: float = math.nan
    high: float = math.nan
    step: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the network says.

    Attributes:
        prediction: the class, or the value as text.
        probabilities: class to probability, the most probable first; empty for regression.
    """

    prediction: str
    probabilities: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class WhatIf:
    """A row to play with.

    Attributes:
        cells: of the columns that the network sees, in file order.
        target: the column that is predicted.
    """

    cells: tuple[Cell, ...]
    target: str
    predictor: TablePredictor

    def answer(self, row: Mapping[str, str]) -> Answer:
        """Return what the network says about a row.

        Args:
            row: column name to cell as text; an empty cell, or one that is not there, is missing.

        Raises:
            DataError: a number cannot be read.
        """
        table = read_table({cell.name: [_value(cell, row.get(cell.name, ""))] for cell in self.cells})
        said = self.predictor.predict(table).row(0, named=True)
        if self.predictor.task is Task.REGRESSION:
            return Answer(prediction=", ".join(f"{value:.5g}" for value in said.values()), probabilities={})
        shares = {name: float(said[f"probability_{name}"]) for name in self.predictor.class_names}
        ranked = dict(sorted(shares.items(), key=lambda pair: -pair[1]))
        return Answer(prediction=str(said["prediction"]), probabilities=ranked)


def what_if(folder: str | Path, data: object = None) -> WhatIf:
    """Return a row that the network of a written study can be asked about.

    The range of a number is that of `data`; without, it is three standard deviations to each side of its
    center in the training rows, where the study knows both. At first each cell holds what a missing one
    would be filled with.

    Args:
        folder: a study's output folder.
        data: the table that the study was made on, as for `wellfit.read_table`, or None.

    Raises:
        FileReadError: the folder holds no network, or a file of it was changed.
        DataError: the study was not made on a table.
    """
    bundle = Path(folder) / "bundle"
    predictor = table_predictor(bundle, read_manifest(bundle))
    encoder = predictor.encoder
    scaling = next((one for one in predictor.scalings if one is not None), None)
    places = {name: place for place, name in enumerate(encoder.feature_names)}
    seen = None
    if data is not None and encoder.matrix_columns:
        seen = encode_table(encoder, read_table(data), with_target=False).dataset.inputs[0]
    cells = [_cell(column, scaling, places.get(column.name), seen) for column in encoder.used_columns]
    return WhatIf(cells=tuple(cells), target=encoder.target.name, predictor=predictor)


def _cell(column: ColumnSchema, scaling: Scaling | None, place: int | None, seen: Any) -> Cell:
    """Return a cell of a column; `place` is that of its feature in the float input, `seen` that input."""
    if column.kind in ("category", "ordinal"):
        return _choice(column.name, column.details.get("categories"), column.details.get("fill"))
    if column.kind == "boolean":
        words = ("no", "yes") if column.details.get("words") else ("0", "1")
        return _choice(column.name, words, None)
    if column.kind not in ("numeric", "integer"):
        return Cell(name=column.name, kind="text")
    if scaling is None or place is None:
        return Cell(name=column.name, kind="number")
    return _number(column, scaling, place, None if seen is None else seen[:, place])


def _choice(name: str, values: object, usual: object) -> Cell:
    choices = tuple(str(value) for value in values) if isinstance(values, Sequence) else ()
    typical = str(usual) if str(usual) in choices else "".join(choices[:1])
    return Cell(name=name, kind="choice", choices=choices, typical=typical)


def _number(column: ColumnSchema, scaling: Scaling, place: int, seen: FloatArray | None) -> Cell:
    shift = column.details.get("offset", 0.0)
    offset = float(shift) if isinstance(shift, int | float) else 0.0
    is_log, is_whole = bool(column.details.get("log")), column.kind == "integer"
    low, high = _range(scaling, place, seen)
    usual = float(scaling.fill[place])
    if is_log:
        # Signed logarithms are what was scaled.
        low, high, usual = (math.copysign(math.expm1(abs(one)), one) for one in (low, high, usual))
    low, high, usual = low + offset, high + offset, usual + offset
    if is_whole:
        low, high, usual = math.floor(low), math.ceil(high), round(usual)
    typical = f"{usual:.0f}" if is_whole else f"{usual:.4g}"
    if not low < high:
        return Cell(name=column.name, kind="number", typical=typical, step=1.0 if is_whole else math.nan)
    step = 1.0 if is_whole else 10.0 ** math.floor(math.log10((high - low) / 100))
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return Cell(name=column.name, kind="number", typical=typical, low=low, high=high, step=step)


def _range(scaling: Scaling, place: int, seen: FloatArray | None) -> tuple[float, float]:
    """Return the ends of a slider before logarithm and offset are undone; equal where none are known."""
    if seen is not None and np.isfinite(seen).any():
        return float(np.nanmin(seen)), float(np.nanmax(seen))
    if scaling.knots is not None:
        knots = scaling.knots[place]
        return float(np.nanmin(knots)), float(np.nanmax(knots))
    center, inverse = float(scaling.center[place]), float(scaling.inverse_scale[place])
    if inverse in (0.0, 1.0):
        return center, center
    reach = _REACH / abs(inverse)
    return max(center - reach, float(scaling.low[place])), min(center + reach, float(scaling.high[place]))


def _value(cell: Cell, text: str) -> object:
    if not text.strip():
        return None
    if cell.kind != "number":
        return text
    try:
        number = float(text)
    except ValueError:
        raise DataError(
            f"{cell.name!r} is not a number.", received=repr(text), expected="a number, or nothing"
        ) from None
    return number if math.isfinite(number) else None
