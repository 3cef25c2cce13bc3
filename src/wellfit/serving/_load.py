"""The network of a bundle as an object that predicts raw rows, in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wellfit.records import DataError
from wellfit.serving._rows import Array
from wellfit.serving._servable import Servable, check_tensors, load_servable
from wellfit.serving._signature import Signature


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LoadedModel:
    """A network and all that its rows go through first, in ONNX Runtime.

    Attributes:
        servable: the verified bundle.
    """

    servable: Servable

    @property
    def signature(self) -> Signature:
        """What a row is, and what comes out."""
        return self.servable.signature

    @property
    def class_names(self) -> tuple[str, ...]:
        """Labels in the order of the columns of `predict_proba`; empty for regression."""
        return self.signature.class_names

    def predict(self, rows: Any) -> Array:
        """Return ``[row]`` labels, or ``[row, output]`` float32 values for regression.

        Args:
            rows: raw rows: a frame of pandas or polars, a mapping of columns, a list of mappings, or one
                mapping for one row; for arrays and pictures one array ``[row, ...]`` or a mapping by input.

        Raises:
            ColumnNotFoundError: a column that the network needs is missing.
            DataError: a cell or an array cannot be used; the message names it.
        """
        outputs = self.servable.run(self._tensors(rows))
        if not self.class_names:
            return outputs
        return np.asarray(self.class_names)[outputs.argmax(axis=1)]

    def predict_proba(self, rows: Any) -> Array:
        """Return ``[row, class]`` float32 probabilities.

        Args:
            rows: as for `predict`.

        Raises:
            DataError: the network predicts numbers, or the rows cannot be used.
        """
        if not self.class_names:
            raise DataError(
                "a regression has no probabilities.",
                received="a network that predicts numbers",
                expected="a classifier",
                fix="use predict",
            )
        return self.servable.run(self._tensors(rows))

    def _tensors(self, rows: Any) -> dict[str, Array]:
        if self.signature.kind != "table":
            named = rows if isinstance(rows, Mapping) else {self.signature.arrays[0].tensor: rows}
            return check_tensors(self.signature, named)
        reader = self.servable.reader
        if isinstance(rows, Mapping):
            is_one_row = not any(_is_column(cells) for cells in rows.values())
            return reader.tensors(reader.read_rows([rows]) if is_one_row else reader.read_columns(rows))
        if hasattr(rows, "columns"):
            return reader.tensors(reader.read_columns(_columns(rows)))
        if isinstance(rows, Sequence) and all(isinstance(row, Mapping) for row in rows):
            return reader.tensors(reader.read_rows(rows))
        raise DataError(
            "rows of a table have names for their cells.",
            received=f"{type(rows).__name__}",
            expected="a frame, a mapping of columns, or a list of mappings",
            fix="read a file with pandas or polars, or use wf.predict, which reads files",
        )

    def __repr__(self) -> str:
        names = f" of {', '.join(self.class_names)}" if self.class_names else ""
        return f"<LoadedModel: {self.signature.task}{names}, from {self.servable.folder}>"


def load(bundle: str | Path, *, num_threads: int = 0) -> LoadedModel:
    """Return the network of a bundle, ready for raw rows; neither Keras nor JAX is imported.

    All files are compared with the checksums of the manifest first. Nothing in a bundle is code.

    Args:
        bundle: the folder ``bundle`` that `wellfit.export` completed, or the study's folder.
        num_threads: that one prediction may use; 0 for all cores.

    Raises:
        FileReadError: there is no bundle, a file was changed, or it holds no ONNX graph.
        SettingsError: ONNX Runtime is not installed.

    Example:
        >>> import wellfit as wf
        >>> model = wf.load("wellfit-churn")  # doctest: +SKIP
        >>> model.predict([{"tenure": 3, "plan": "monthly"}])  # doctest: +SKIP
        array(['yes'], dtype='<U3')
    """
    return LoadedModel(servable=load_servable(Path(bundle), num_threads=num_threads))


def _is_column(cells: object) -> bool:
    return not isinstance(cells, str | bytes | Mapping) and hasattr(cells, "__len__")


def _columns(frame: Any) -> dict[str, list[Any]]:
    """Return the columns of a frame of any library that iterates over the cells of a column."""
    return {str(name): _cells(frame[name]) for name in frame.columns}


def _cells(column: Any) -> list[Any]:
    # pandas' own missing values are no floats; its NumPy scalars become Python's.
    cells = column.to_list() if hasattr(column, "to_list") else list(column)
    return [None if type(cell).__name__ in ("NAType", "NaTType") else cell for cell in cells]
