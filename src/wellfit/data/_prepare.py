"""From a table to a data set with a holdout, in the order that keeps the holdout unseen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from wellfit.data._encode import Encoded, encode_table
from wellfit.data._encoder import Encoder
from wellfit.data._fit_encoder import fit_encoder, learn_encoder
from wellfit.data._groups import duplicate_codes, label_codes, merge_groups, row_codes
from wellfit.data._outliers import RULE_QUANTILES, fences
from wellfit.data._preparation import Preparation
from wellfit.data._schema import Overrides
from wellfit.data._splits import holdout_split
from wellfit.data._table import Table
from wellfit.data._target import infer_target
from wellfit.records import CleaningStep, ColumnSchema, DataError, Dataset, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """A table made ready for a study.

    Attributes:
        dataset: all rows that have a target, those of the holdout included.
        encoder: fitted on the working rows only.
        working: ``[n]`` int32 rows of `dataset` to learn and validate on.
        holdout: ``[m]`` int32 rows of `dataset` that nothing may see until the end; may be empty.
        rows: ``[row]`` int32, the row of the table (of the holdout table after its end) of each row.
        steps: the cleaning log.
        groups: ``[row]`` int32 codes of the column of groups over both tables, or None where the holdout is
            no table of its own or one of them has no such column.
    """

    dataset: Dataset
    encoder: Encoder
    working: IntArray
    holdout: IntArray
    rows: IntArray
    steps: tuple[CleaningStep, ...]
    groups: IntArray | None = None

    @property
    def schema(self) -> tuple[ColumnSchema, ...]:
        """What each column of the table is."""
        return self.encoder.schema


def prepare(
    table: Table,
    target: str,
    *,
    task: str = "auto",
    holdout: float | Table = 0.2,
    seed: int = 0,
    columns: Overrides | None = None,
    group: str | None = None,
    time: str | None = None,
    preparation: Preparation | None = None,
    input_width: int | None = None,
) -> Prepared:
    """Return `table` as a data set with its holdout; use it at the start of a study.

    A first encoder, fitted on all rows, is needed only to find duplicates and groups; it is thrown
    away once the holdout is drawn, and the encoder that counts is fitted on the working rows alone.

    Args:
        table: from `read_table`.
        target: the column to predict.
        task: auto, classification, binary, multiclass or regression.
        holdout: share of the rows to set aside (0 for none), or a table of its own.
        seed: of the holdout.
        columns: kinds that override what would be inferred; see `infer_schema`.
        group: the column whose equal values never straddle a split.
        time: the column that orders the rows; the holdout is then the latest rows.
        preparation: options; the defaults if None.
        input_width: see `fit_encoder`.

    Raises:
        DataError: the table, its target or its columns cannot be used; the message says why.

    Example:
        >>> from wellfit.data import read_table
        >>> table = read_table({"x": [float(i) for i in range(40)], "y": ["a", "b"] * 20})
        >>> prepared = prepare(table, "y", columns={"x": "numeric"})
        >>> len(prepared.working), len(prepared.holdout)
        (32, 8)
    """
    options = preparation or Preparation()
    known = infer_target(table, target, task)
    fixed = {
        "columns": columns,
        "group": group,
        "time": time,
        "preparation": options,
        "input_width": input_width,
    }
    if isinstance(holdout, Table):
        return _with_holdout_table(table, holdout, fit_encoder(table, known, **fixed))
    if holdout == 0:
        encoder = fit_encoder(table, known, **fixed)
        encoded = encode_table(encoder, table, with_target=True, strict=False)
        every = np.arange(encoded.dataset.num_rows, dtype=np.int32)
        return _finish(encoder, encoded, every, every[:0])
    first, _ = learn_encoder(table, known, rows=None, **fixed)
    encoded = encode_table(first, table, with_target=True, strict=False)
    split = holdout_split(encoded.dataset, holdout, seed)
    encoder = fit_encoder(table, known, rows=encoded.rows[split.train], **fixed)
    encoded = encode_table(encoder, table, with_target=True, strict=False)
    return _finish(encoder, encoded, split.train, split.validation)


def _with_holdout_table(table: Table, holdout: Table, encoder: Encoder) -> Prepared:
    """Return both tables as one data set; rows of the holdout that are also in the table stay in it."""
    own = encode_table(encoder, table, with_target=True, strict=False)
    held = encode_table(encoder, holdout, with_target=True, strict=False)
    num_own, num_held = own.dataset.num_rows, held.dataset.num_rows
    groups = None
    if encoder.group and all(encoder.group in one.column_names for one in (table, holdout)):
        groups = label_codes(encoder.group, [table.take(own.rows), holdout.take(held.rows)])
    both = _joined(own, held, table.num_rows, groups)
    prepared = _finish(
        encoder,
        both,
        np.arange(num_own, dtype=np.int32),
        np.arange(num_own, num_own + num_held, dtype=np.int32),
    )
    steps = (*prepared.steps, *held.steps, *_repeated(own.dataset, held.dataset))
    return replace(prepared, steps=steps, groups=groups)


def _joined(own: Encoded, held: Encoded, num_table_rows: int, labels: IntArray | None) -> Encoded:
    first, second = own.dataset, held.dataset
    num_held = second.num_rows
    inputs = tuple(np.concatenate(pair) for pair in zip(first.inputs, second.inputs, strict=True))
    groups = first.groups
    if labels is not None:
        duplicates = duplicate_codes(inputs)
        groups = labels if duplicates is None else merge_groups(labels, duplicates)
    elif groups is not None:
        # Where the holdout has no groups, its rows stand alone.
        groups = np.concatenate([groups, groups.max(initial=0) + 1 + np.arange(num_held)]).astype(np.int32)
    time = None
    if first.time is not None:
        later = np.full(num_held, np.inf) if second.time is None else second.time
        time = np.concatenate([first.time, later])
    dataset = replace(
        first,
        inputs=inputs,
        target=np.concatenate([first.target, second.target]),
        groups=groups,
        time=time,
    )
    return Encoded(
        dataset=dataset,
        rows=np.concatenate([own.rows, held.rows + num_table_rows]).astype(np.int32),
        incomplete=np.concatenate([own.incomplete, held.incomplete]),
        steps=own.steps,
    )


def _repeated(own: Dataset, held: Dataset) -> tuple[CleaningStep, ...]:
    """Return a warning if rows of the holdout table are also in the table."""
    pairs = zip(own.inputs, held.inputs, strict=True)
    codes = row_codes(tuple(np.concatenate(pair) for pair in pairs))
    num_repeated = int(np.isin(codes[own.num_rows :], codes[: own.num_rows]).sum())
    if not num_repeated:
        return ()
    action = (
        f"holdout rows with the same inputs as rows of the table, of {held.num_rows}: they flatter the result"
    )
    return (CleaningStep(column="", action=action, num_cells=num_repeated),)


def _finish(encoder: Encoder, encoded: Encoded, working: IntArray, held: IntArray) -> Prepared:
    kept, dropped = _dropped_rows(encoder, encoded, working)
    steps = (*encoder.steps, *encoded.steps, *dropped, *_duplicate_steps(encoded.dataset, encoder))
    return Prepared(
        dataset=encoded.dataset, encoder=encoder, working=kept, holdout=held, rows=encoded.rows, steps=steps
    )


def _dropped_rows(
    encoder: Encoder, encoded: Encoded, working: IntArray
) -> tuple[IntArray, tuple[CleaningStep, ...]]:
    """Return the working rows without those that the options drop: incomplete ones, outliers."""
    preparation, kept = encoder.preparation, working
    steps: list[CleaningStep] = []
    if preparation.missing == "drop_row":
        kept = kept[~encoded.incomplete[kept]]
        steps.append(_row_step("rows with a missing cell", len(working) - len(kept), 'missing="drop_row"'))
    if preparation.outliers == "drop":
        before = len(kept)
        kept = kept[~_has_outlier(encoder, encoded.dataset, kept)]
        steps.append(_row_step("rows with an outlier", before - len(kept), 'outliers="drop"'))
    if len(kept):
        return kept, tuple(step for step in steps if step.num_cells)
    raise DataError(
        "no row is left to learn from.",
        received=f"{len(working)} rows, all dropped: " + "; ".join(step.action for step in steps),
        expected="rows that the options keep",
        fix='use missing="median" and outliers="clip", which keep rows',
    )


def _row_step(what: str, num_rows: int, switch: str) -> CleaningStep:
    return CleaningStep(column="", action=f"{what} dropped from training", num_cells=num_rows, switch=switch)


def _has_outlier(encoder: Encoder, dataset: Dataset, rows: IntArray) -> np.ndarray:
    """Return ``[n]`` whether a row holds a number beyond the fences of `rows` (flags left aside)."""
    preparation = encoder.preparation
    numbers = {column.name for column in encoder.matrix_columns if column.kind in ("numeric", "integer")}
    found = np.zeros(len(rows), dtype=bool)
    if not encoder.matrix_columns:
        return found
    for i, name in enumerate(dataset.feature_names[0]):
        values = dataset.inputs[0][rows, i].astype(np.float64)
        known = values[np.isfinite(values)]
        if name not in numbers or not len(known):
            continue
        low, high = _bounds(known, preparation)
        found |= (values < low) | (values > high)
    return found


def _bounds(known: np.ndarray, preparation: Preparation) -> tuple[float, float]:
    if preparation.outlier_rule == "zscore":
        reach = preparation.factor * known.std()
        return float(known.mean() - reach), float(known.mean() + reach)
    quantiles = np.quantile(known, RULE_QUANTILES[preparation.outlier_rule])
    low, high = fences(quantiles[:1], quantiles[1:], preparation.factor)
    return float(low[0]), float(high[0])


def _duplicate_steps(dataset: Dataset, encoder: Encoder) -> tuple[CleaningStep, ...]:
    if encoder.group:
        return ()
    if dataset.groups is None:
        num_distinct = int(row_codes(dataset.inputs).max(initial=-1)) + 1
        if num_distinct == dataset.num_rows:
            return ()
        action = f"only {num_distinct} different rows of inputs: equal rows are not kept together in splits"
        return (CleaningStep(column="", action=action, num_cells=dataset.num_rows - num_distinct),)
    num_repeats = dataset.num_rows - len(np.unique(dataset.groups))
    action = "rows repeat the inputs of another row; such rows stay on one side of every split"
    return (CleaningStep(column="", action=action, num_cells=num_repeats),)
