"""Learning from training rows how cells become inputs."""

from __future__ import annotations

from dataclasses import replace

from wellfit.data._encoder import Encoder, resolved
from wellfit.data._inferred import Inferred
from wellfit.data._leaks import leak_steps
from wellfit.data._outlier_report import outlier_steps
from wellfit.data._preparation import Preparation
from wellfit.data._schema import Overrides, infer_columns
from wellfit.data._table import Table
from wellfit.data._target import Target, infer_target
from wellfit.records import CleaningStep, ColumnSchema, DataError, IntArray, shorten


def fit_encoder(
    table: Table,
    target: str | Target,
    *,
    task: str = "auto",
    rows: IntArray | None = None,
    columns: Overrides | None = None,
    group: str | None = None,
    time: str | None = None,
    preparation: Preparation | None = None,
    input_width: int | None = None,
) -> Encoder:
    """Return how `table` becomes inputs: kinds, vocabularies, sentinels and date parts, from `rows` only.

    Args:
        table: from `read_table`.
        target: the column to predict, or what `infer_target` made of it.
        task: auto, classification, binary, multiclass or regression; unused if `target` is a `Target`.
        rows: ``[n]`` indices of the rows to learn from, or None for all.
        columns: kinds that override what would be inferred; see `infer_schema`.
        group: the column whose equal values never straddle a split.
        time: the column that orders the rows.
        preparation: options; the defaults if None.
        input_width: width of the network's input, which decides ``features="auto"``: the numeric columns
            as they stand if they are that many, else the prepared matrix.

    Raises:
        TargetError: the target cannot be learned.
        ColumnNotFoundError: a named column does not exist.
        DataError: no column is left to learn from.

    Example:
        >>> from wellfit.data import read_table
        >>> table = read_table({"x": [0.5, 1.5] * 20, "city": ["Rome", "Oslo"] * 20, "y": ["a", "b"] * 20})
        >>> fit_encoder(table, "y").feature_names
        ('x', 'city=Oslo', 'city=Rome')
    """
    known = infer_target(table, target, task) if isinstance(target, str) else target
    encoder, inferred = learn_encoder(
        table,
        known,
        rows=rows,
        columns=columns,
        group=group,
        time=time,
        preparation=preparation or Preparation(),
        input_width=input_width,
    )
    seen = table if rows is None else table.take(rows)
    steps = (*table.steps, *known.steps, *_log(inferred, encoder))
    return replace(encoder, steps=(*steps, *outlier_steps(encoder, seen), *leak_steps(encoder, seen)))


def learn_encoder(
    table: Table,
    target: Target,
    *,
    rows: IntArray | None,
    columns: Overrides | None,
    group: str | None,
    time: str | None,
    preparation: Preparation,
    input_width: int | None,
) -> tuple[Encoder, tuple[Inferred, ...]]:
    """Return the encoder without its cleaning log, and what was inferred; see `fit_encoder`."""
    inferred = infer_columns(
        table, target.name, rows=rows, columns=columns, group=group, time=time, preparation=preparation
    )
    features = _features(inferred, preparation, input_width)
    schema = tuple(_as_raw(column.schema) if features == "raw" else column.schema for column in inferred)
    _refuse_no_features(table, schema, features)
    encoder = Encoder(
        schema=schema,
        target=target,
        preparation=resolved(preparation, features),
        group=group or "",
        time=time or "",
    )
    return encoder, inferred


def _features(inferred: tuple[Inferred, ...], preparation: Preparation, width: int | None) -> str:
    if preparation.features != "auto":
        return preparation.features
    num_raw = sum(_is_raw(column.schema) for column in inferred)
    return "raw" if width is not None and width == num_raw else "encoded"


def _is_raw(schema: ColumnSchema) -> bool:
    """Return whether the column holds numbers as it stands, a constant one included."""
    is_number = "sentinels" in schema.details and not schema.details["words"]
    return is_number and schema.num_unique > 0 and (schema.used or schema.kind == "constant")


def _as_raw(schema: ColumnSchema) -> ColumnSchema:
    if not _is_raw(schema):
        reason = schema.reason if not schema.used else "raw features are the numeric columns only"
        return replace(schema, used=False, reason=reason)
    plain = {**schema.details, "sentinels": [], "indicator": False, "log": False, "offset": 0.0}
    return replace(schema, used=True, details=plain)


def _refuse_no_features(table: Table, schema: tuple[ColumnSchema, ...], features: str) -> None:
    if any(column.used for column in schema):
        return
    unused = [f"{column.name} ({column.reason})" for column in schema if column.kind != "target"]
    raise DataError(
        f"no column of {table.name} is left to learn from.",
        received=shorten(unused, 5) or "only the target",
        expected="numeric columns" if features == "raw" else "numbers, categories or dates beside the target",
        fix="say what a column is with columns={'name': 'category'}",
    )


def _log(inferred: tuple[Inferred, ...], encoder: Encoder) -> tuple[CleaningStep, ...]:
    """Return what was done to the columns that are used, and why others are left out."""
    before = {column.schema.name: column for column in inferred}
    steps: list[CleaningStep] = []
    for schema in encoder.schema:
        if schema.used:
            steps.extend(_kept(before[schema.name], encoder))
        elif schema.kind != "target" and schema.name not in (encoder.group, encoder.time):
            switch = f'columns={{"{schema.name}": "category"}}' if schema.kind != "constant" else ""
            action = f"left out as {schema.kind}: {schema.reason}"
            steps.append(CleaningStep(column=schema.name, action=action, switch=switch))
    return tuple(steps)


def _kept(found: Inferred, encoder: Encoder) -> tuple[CleaningStep, ...]:
    schema, preparation = found.schema, encoder.preparation
    steps = found.steps
    if preparation.features == "raw":
        steps = tuple(step for step in steps if not step.action.startswith("sentinel"))
    if schema.num_missing:
        steps += (_filling(schema, encoder),)
    if preparation.features != "raw" and schema.details.get("log"):
        action = "sign(x) log(1 + |x|) in place of x"
        switch = f'outliers="{preparation.outliers}"'
        steps += (
            CleaningStep(column=schema.name, action=action, num_cells=schema.num_unique, switch=switch),
        )
    return steps


def _filling(schema: ColumnSchema, encoder: Encoder) -> CleaningStep:
    method = encoder.preparation.missing
    if schema.kind == "category":
        fill = schema.details["fill"]
        action = f"missing filled with {fill!r}" if fill else "missing kept as a category of its own"
        if not fill and not schema.details["missing_level"]:
            action = "missing cells belong to no category"
    else:
        known = method if method in ("mean", "most_frequent", "constant") else "median"
        action = f"missing filled with the {known.replace('_', ' ')} of the training rows"
        if schema.details.get("indicator") and encoder.preparation.features != "raw":
            action += ", and told by a column of its own"
    return CleaningStep(
        column=schema.name, action=action, num_cells=schema.num_missing, switch=f'missing="{method}"'
    )
