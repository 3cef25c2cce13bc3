"""A few rows of the holdout as they came, kept beside a study, on which an export of its network is tried."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wellfit.api._subject import Subject
from wellfit.data import Encoder, Table, canonical_table, encode_table, read_table, write_frame
from wellfit.records import FileReadError

NUM_ROWS = 257
"""One more than a power of two: a graph that takes only round numbers of rows is found out."""

_MAX_BYTES = 2**24
_TABLE, _ARRAYS, _TARGET = "sample.parquet", "sample.npz", "sample-target.npy"

Array = np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Rows that a study did not learn from, if there are any.

    Attributes:
        table: of their cells, one form for each kind of column; None for arrays and pictures.
        inputs: their arrays; empty for a table.
        target: ``[row]`` class codes, or ``[row]`` or ``[row, output]`` values; None where an earlier wellfit
            kept none.
    """

    table: Table | None = None
    inputs: tuple[Array, ...] = ()
    target: Array | None = None

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return self.table.num_rows if self.table is not None else len(self.inputs[0])

    def rows(self, number: int) -> Sample:
        """Return `number` rows, from the first again where there are fewer."""
        places = np.arange(number, dtype=np.int32) % self.num_rows
        target = None if self.target is None else self.target[places]
        if self.table is not None:
            return Sample(table=self.table.take(places), target=target)
        return Sample(inputs=tuple(values[places] for values in self.inputs), target=target)

    def arrays(self, encoder: Encoder | None) -> list[Array]:
        """Return the rows as the study's inputs are, before they are scaled."""
        if self.table is None or encoder is None:
            return list(self.inputs)
        return list(encode_table(encoder, self.table, with_target=False).dataset.inputs)


def sample_of(subject: Subject) -> Sample:
    """Return the first rows of the holdout, no more than 257 and, for arrays, 16 MiB."""
    rows = (subject.holdout if len(subject.holdout) else subject.working)[:NUM_ROWS]
    if subject.source is not None and subject.encoder is not None:
        table = canonical_table(subject.encoder, subject.source.take(rows))
        return Sample(table=table, target=np.asarray(subject.dataset.target[rows]))
    inputs = subject.dataset.inputs
    row_bytes = sum(values[:1].nbytes for values in inputs)
    rows = rows[: max(_MAX_BYTES // max(row_bytes, 1), 1)]
    return Sample(
        inputs=tuple(np.asarray(values[rows]) for values in inputs),
        target=np.asarray(subject.dataset.target[rows]),
    )


def write_sample(sample: Sample, folder: Path) -> None:
    """Write the rows into a study's folder."""
    if sample.target is not None:
        np.save(folder / _TARGET, sample.target, allow_pickle=False)
    if sample.table is not None:
        write_frame(sample.table.frame, folder / _TABLE)
    else:
        np.savez(folder / _ARRAYS, *sample.inputs)


def read_sample(folder: Path) -> Sample:
    """Return the rows that `write_sample` wrote.

    Raises:
        FileReadError: there are none, as in studies of wellfit before 0.7, or they cannot be read.
    """
    try:
        has_target = (folder / _TARGET).is_file()
        target = np.load(folder / _TARGET, allow_pickle=False) if has_target else None
        if (folder / _TABLE).is_file():
            return Sample(table=read_table(folder / _TABLE), target=target)
        with np.load(folder / _ARRAYS, allow_pickle=False) as stored:
            return Sample(inputs=tuple(stored[name] for name in stored.files), target=target)
    except (OSError, ValueError) as error:
        raise FileReadError(
            f"{folder} holds no rows to try an export on.",
            received=f"{type(error).__name__}: {error}",
            expected=f"{_TABLE} or {_ARRAYS}, which a study writes",
            fix="run the study again",
        ) from error
