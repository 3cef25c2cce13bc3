"""A bundle in service: loaded, warmed up, with its own queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from wellfit.records import WellfitError
from wellfit.serving._rows import Array, Cells, RowReader, join
from wellfit.serving._servable import Servable, load_servable
from wellfit.serving._signature import Column, Signature
from wellfit.serving.http._batch import Batcher, Rows, Speed
from wellfit.serving.http._limits import Limits

Observe = Callable[["Model", Sequence[Rows], Array, float], None]
_WARM_ROWS = 16
_WARM_TIMES = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A version of a network that answers.

    Attributes:
        name: in addresses.
        version: in addresses.
        servable: what predicts.
        batcher: its queue.
        renamed: the graph's own names of columns, where they differ, to the table's.
    """

    name: str
    version: str
    servable: Servable
    batcher: Batcher
    renamed: dict[str, str]

    @property
    def signature(self) -> Signature:
        """What it takes and returns."""
        return self.servable.signature

    @property
    def reader(self) -> RowReader:
        """Reads rows of a table."""
        return self.servable.reader


def load_model(
    folder: Path,
    name: str,
    version: str,
    *,
    limits: Limits,
    threads: Executor,
    num_threads: int = 1,
    observe: Observe | None = None,
) -> Model:
    """Return a bundle that was verified, loaded and warmed up; takes its time, so call it in a thread.

    Args:
        folder: the bundle.
        name: in addresses.
        version: in addresses.
        limits: what may wait.
        threads: where its batches are computed.
        num_threads: that one batch may use.
        observe: called with each batch.

    Raises:
        FileReadError: it cannot be loaded.
    """
    servable = load_servable(folder, num_threads=num_threads)

    def compute(parts: Sequence[Rows]) -> Array:
        return servable.run(_tensors(servable, parts))

    def told(parts: Sequence[Rows], values: Array, seconds: float) -> None:
        if observe is not None:
            observe(model, parts, values, seconds)

    batcher = Batcher(compute, _warm(compute, servable.signature), limits, threads, told)
    names = {column.name for column in servable.signature.columns}
    renamed = {
        column.tensor: column.name for column in servable.signature.columns if column.tensor not in names
    }
    model = Model(name=name, version=version, servable=servable, batcher=batcher, renamed=renamed)
    return model


def example_rows(signature: Signature, count: int) -> Rows:
    """Return rows as the training data had them, or empty ones."""
    if signature.columns:
        return Rows([_example_cells(signature, column, count) for column in signature.columns], count)
    return Rows({one.tensor: np.zeros((count, *one.shape), one.dtype) for one in signature.arrays}, count)


def _example_cells(signature: Signature, column: Column, count: int) -> list[float | str]:
    single = RowReader(replace(signature, columns=(column,)))
    texts = column.examples or ("",)
    try:
        cells: Cells = single.read_columns({column.name: texts})
    except WellfitError:
        cells = single.read_columns({column.name: [None]})
    return [cells[0][place % len(cells[0])] for place in range(count)]


def _tensors(servable: Servable, parts: Sequence[Rows]) -> dict[str, Array]:
    values = [part.values for part in parts]
    first = values[0]
    if isinstance(first, dict):
        if len(values) == 1:
            return first
        return {name: np.concatenate([one[name] for one in values]) for name in first}  # pyright: ignore
    cells = first if len(values) == 1 else join(values)  # pyright: ignore
    return servable.reader.tensors(cells)


def _warm(compute: Callable[[Sequence[Rows]], Array], signature: Signature) -> Speed:
    """Run the network as it will be run, and return how quick it is."""
    single, several = example_rows(signature, 1), example_rows(signature, _WARM_ROWS)
    one_s, many_s = (
        min(_seconds(compute, rows) for _ in range(_WARM_TIMES + 1)) for rows in (single, several)
    )
    row_s = max(0.0, many_s - one_s) / (_WARM_ROWS - 1)
    return Speed(call_s=max(0.0, one_s - row_s), row_s=row_s)


def _seconds(compute: Callable[[Sequence[Rows]], Array], rows: Rows) -> float:
    began = time.perf_counter()
    compute([rows])
    return time.perf_counter() - began
