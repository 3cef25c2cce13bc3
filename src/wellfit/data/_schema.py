"""What each column of a table is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wellfit.data._cells import is_usable
from wellfit.data._column_schema import infer_column, override_column
from wellfit.data._inferred import Inferred
from wellfit.data._preparation import Preparation
from wellfit.data._table import Table, check_column
from wellfit.records import (
    CleaningStep,
    ColumnSchema,
    IntArray,
    SettingsError,
    TargetNotFoundError,
)

Overrides = Mapping[str, str | Sequence[str]]


def infer_schema(
    table: Table,
    target: str | None = None,
    *,
    rows: IntArray | None = None,
    columns: Overrides | None = None,
    group: str | None = None,
    time: str | None = None,
    preparation: Preparation | None = None,
) -> tuple[ColumnSchema, ...]:
    """Return what each column of `table` is, in file order; use it to see and store what was understood.

    Args:
        table: from `read_table`.
        target: the column to predict; it is not used as a feature.
        rows: ``[n]`` indices of the rows to look at (the training rows), or None for all.
        columns: name to kind (numeric, integer, boolean, category, ordinal, datetime, text, identifier),
            to ``"drop"``, or to a list of values in their order.
        group: the column whose equal values never straddle a split; not a feature.
        time: the column that orders the rows; not a feature. A group or time column that `columns` names too
            is a feature as well.
        preparation: options; the defaults if None.

    Raises:
        ColumnNotFoundError: a named column does not exist.
        SettingsError: an unknown kind, or one column in two roles.

    Example:
        >>> from wellfit.data import read_table
        >>> table = read_table({"age": [31, 45, 28], "smoker": ["yes", "no", "no"]})
        >>> [column.kind for column in infer_schema(table)]
        ['integer', 'boolean']
    """
    inferred = infer_columns(
        table,
        target,
        rows=rows,
        columns=columns,
        group=group,
        time=time,
        preparation=preparation or Preparation(),
    )
    return tuple(column.schema for column in inferred)


def infer_columns(
    table: Table,
    target: str | None,
    *,
    rows: IntArray | None,
    columns: Overrides | None,
    group: str | None,
    time: str | None,
    preparation: Preparation,
) -> tuple[Inferred, ...]:
    """Return the schema of each column with what was done to it; see `infer_schema`."""
    _check_roles(table, target, columns or {}, group, time)
    seen = table if rows is None else table.take(rows)
    roles = {group: "keeps rows together in splits", time: "orders the rows"}
    inferred: list[Inferred] = []
    for name in table.column_names:
        column = seen.frame[name]
        if columns and name in columns and is_usable(column):
            found = override_column(column, columns[name], table.decimal, preparation)
        else:
            found = infer_column(column, table.decimal, preparation)
        if name == target:
            found = _role(found, "target", "what is predicted")
        elif name in roles and not (columns and name in columns):
            found = _role(found, found.schema.kind, roles[name])
        inferred.append(_without_gaps(found, preparation))
    return tuple(inferred)


def _role(found: Inferred, kind: str, reason: str) -> Inferred:
    return Inferred(schema=replace(found.schema, kind=kind, used=False, reason=reason, details={}))


def _without_gaps(found: Inferred, preparation: Preparation) -> Inferred:
    """Leave a column with missing cells out where the options say so."""
    schema = found.schema
    if preparation.missing != "drop_column" or not schema.used or not schema.num_missing:
        return found
    step = CleaningStep(
        column=schema.name,
        action="left out because it has missing cells",
        num_cells=schema.num_missing,
        switch='missing="drop_column"',
    )
    return Inferred(
        schema=replace(schema, used=False, reason="has missing cells"), steps=(*found.steps, step)
    )


def _check_roles(
    table: Table, target: str | None, columns: Overrides, group: str | None, time: str | None
) -> None:
    for role, name in (("group", group), ("time", time)):
        if name is not None:
            check_column(table, name, role=role)
    if target is not None:
        check_column(table, target, role="target", error=TargetNotFoundError)
    for name in columns:
        check_column(table, name, role="columns")
    twice = [role for role, name in (("group", group), ("time", time)) if name is not None and name == target]
    if target is not None and target in columns:
        twice.append("columns")
    if twice:
        raise SettingsError(
            f"column {target!r} cannot be the target and something else.",
            received=f"{target!r} as target and in {', '.join(twice)}",
            expected="the target to be named as target only",
            fix="take it out of the other options",
        )
