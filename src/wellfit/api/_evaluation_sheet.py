"""The chosen network on the holdout, and the columns it learned from, for the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._doubted import doubted_labels
from wellfit.api._final import Final
from wellfit.api._out_of_fold import OutOfFold
from wellfit.api._subject import Subject
from wellfit.data import ReadableColumn, array_columns, readable_columns
from wellfit.evaluation import column_view, holdout_view, relation, worst_rows
from wellfit.records import ColumnView, DataView, Evaluation, LabelSuspect, Mistake

Array = NDArray[Any]

MOST_COLUMNS = 40
_MOST_CELLS, _MOST_SUSPECTS = 6, 10
_MOST_LOOKED_AT, _MOST_RELATED = 400, 20_000  # columns; rows by which they are put in order
_MOST_GROUPED = 200


def evaluation_sheet(
    subject: Subject, final: Final | None, view: DataView | None, seed: int
) -> Evaluation | None:
    """Return what the network that is handed back does on the holdout; None without network or holdout.

    Args:
        subject: what the study is about.
        final: the network, with its predictions.
        view: the columns, the most telling first: their cells are shown with mistakes.
        seed: of the bootstrap.
    """
    if final is None or not final.said:
        return None
    dataset, rows = subject.dataset, subject.holdout
    target = dataset.target[rows]
    found = holdout_view(
        dataset.task,
        target,
        final.said,
        class_names=dataset.class_names,
        metric=subject.metric.name,
        columns=_columns(subject, rows)[:_MOST_GROUPED],
        groups=None if dataset.groups is None else dataset.groups[rows],
        seed=seed,
    )
    names = () if view is None else tuple(column.name for column in view.columns[:_MOST_CELLS])
    worst, amounts = worst_rows(dataset.task, target, final.said["chosen"])
    return replace(
        found,
        mistakes=tuple(
            _mistake(subject, final, int(place), float(amount), names)
            for place, amount in zip(worst, amounts, strict=True)
        ),
        mistake_columns=names,
        has_own_table=subject.source is not None and subject.source.holdout is not None,
    )


def data_sheet(subject: Subject, judged: OutOfFold | None) -> DataView | None:
    """Return the columns of the rows outside the holdout as counts; None where rows are no table.

    These are the rows that the schema was inferred from, so that both say the same.

    Args:
        subject: what the study is about.
        judged: what networks said of rows that they had not learned from.
    """
    dataset = subject.dataset
    rows = np.setdiff1d(np.arange(dataset.num_rows, dtype=np.int32), subject.holdout)
    columns = _columns(subject, rows)
    if not columns or not len(rows):
        return None
    target = dataset.target[rows]
    few = np.arange(0, len(rows), -(-len(rows) // _MOST_RELATED), dtype=np.int32)
    related = [relation(column.take(few), target[few], dataset.task) for column in columns]
    order = np.argsort(-np.asarray(related), kind="stable")[:MOST_COLUMNS]
    view = DataView(
        num_rows=len(rows),
        num_columns=len(columns),
        target=_target_view(subject, target),
        columns=tuple(column_view(columns[place], related[place]) for place in order),
    )
    return view if judged is None else _with_suspects(subject, view, judged)


def _columns(subject: Subject, rows: Array) -> Sequence[ReadableColumn]:
    if subject.encoder is not None and subject.source is not None:
        return readable_columns(subject.encoder, subject.source, rows)
    return array_columns(subject.dataset, rows)[:_MOST_LOOKED_AT]


def _target_view(subject: Subject, target: Array) -> ColumnView:
    name = subject.encoder.target.name if subject.encoder is not None else "target"
    if subject.dataset.task.is_classification:
        codes = np.asarray(target, np.intp)
        column = ReadableColumn(name=name, kind="target", codes=codes, labels=subject.dataset.class_names)
    else:
        numbers = np.asarray(target, np.float64).reshape(len(target), -1)[:, 0]
        column = ReadableColumn(name=name, kind="target", numbers=numbers)
    return column_view(column)


def _mistake(subject: Subject, final: Final, place: int, amount: float, names: tuple[str, ...]) -> Mistake:
    dataset, row = subject.dataset, int(subject.holdout[place])
    said = final.said["chosen"][place].reshape(-1)
    if dataset.task.is_classification:
        true = dataset.class_names[int(dataset.target[row])]
        predicted = dataset.class_names[int(said.argmax())]
    else:
        true, predicted = f"{float(dataset.target[row].reshape(-1)[0]):.6g}", f"{float(said[0]):.4g}"
    return Mistake(
        row=_row_number(subject, row),
        true=true,
        predicted=predicted,
        amount=float(f"{amount:.6g}"),
        cells=_cells(subject, row, names),
    )


def _row_number(subject: Subject, row: int) -> int:
    """Return the number of a row in its table, from 1."""
    return 1 + (row if subject.source is None else subject.source.place(row)[1])


def _cells(subject: Subject, row: int, names: tuple[str, ...]) -> tuple[str, ...]:
    if subject.source is not None:
        return subject.source.cells(row, names)
    known = {column.name: column.numbers for column in array_columns(subject.dataset, np.array([row]))}
    return tuple(
        "missing" if (v := known[name]) is None or np.isnan(v[0]) else f"{v[0]:.6g}" for name in names
    )


def _with_suspects(subject: Subject, view: DataView, judged: OutOfFold) -> DataView:
    """Add the rows whose label networks doubt that had not learned from them."""
    found = doubted_labels(subject, judged)
    if found is None:
        return view
    shown = zip(found.rows[:_MOST_SUSPECTS], found.said, strict=False)
    suspects = tuple(_suspect(subject, int(row), said) for row, said in shown)
    return replace(view, suspects=suspects, num_suspects=len(found.rows), num_judged=found.num_judged)


def _suspect(subject: Subject, row: int, said: Array) -> LabelSuspect:
    names, code = subject.dataset.class_names, int(subject.dataset.target[row])
    return LabelSuspect(
        row=_row_number(subject, row),
        label=names[code],
        said=names[int(said.argmax())],
        probability=round(float(said.max()), 4),
        probability_of_label=round(float(said[code]), 4),
    )
