"""What one column is, and what encoding it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wellfit.data._cells import Numbers, is_text, read_booleans, read_labels, read_numbers
from wellfit.data._column_traits import (
    find_sentinels,
    is_prose,
    known_order,
    names_identifier,
    number_identifier,
)
from wellfit.data._date_text import find_date_format, is_ambiguous, parse_dates, varying_parts
from wellfit.data._number_text import boolean_words, clean_text, has_leading_zeros
from wellfit.data._outliers import is_outlier
from wellfit.data._preparation import Preparation
from wellfit.records import CleaningStep, ColumnSchema, SettingsError, did_you_mean, shorten

KINDS = ("numeric", "integer", "boolean", "category", "ordinal", "datetime", "text", "identifier", "drop")
_MIN_SHARE_NUMBERS = 0.95


@dataclass(frozen=True, kw_only=True)
class Inferred:
    """A column's schema, and what was done to its cells.

    Attributes:
        schema: what the column is.
        steps: what was done, for the cleaning log.
    """

    schema: ColumnSchema
    steps: tuple[CleaningStep, ...] = field(default=())


def infer_column(column: pl.Series, decimal: str, preparation: Preparation) -> Inferred:
    """Return what `column` (training rows only) is.

    A column of text is tried as numbers, yes or no, dates, identifiers, free text and categories, in
    that order.
    """
    dtype = column.dtype
    if not (is_text(column) or dtype.is_numeric() or dtype.is_temporal() or dtype in (pl.Boolean, pl.Null)):
        return _unused(column, "text", f"cells of type {dtype} cannot be used", 0, 0)
    if dtype.is_temporal() and dtype != pl.Duration:
        return _datetime(column, "", "typed as date or time")
    if isinstance(dtype, pl.Enum):
        order = [
            name for name in dtype.categories.to_list() if name in set(column.drop_nulls().cast(pl.String))
        ]
        return _ordinal(column, order, "typed with an order")
    if dtype == pl.Boolean or not is_text(column):
        return _numbers(column, read_numbers(column), preparation, "")
    return _text_column(column, decimal, preparation)


def override_column(
    column: pl.Series, kind: str | Sequence[str], decimal: str, preparation: Preparation
) -> Inferred:
    """Return the schema of `column` where the user says what it is: a kind, "drop", or an order of values.

    Raises:
        SettingsError: there is no such kind, or the cells cannot be read as it.
    """
    reason = "as asked for"
    if not isinstance(kind, str):
        return _ordinal(column, [str(value) for value in kind], "order as asked for")
    labels = read_labels(column)
    if kind in ("drop", "text", "identifier"):
        shown = "text" if kind == "drop" else kind
        return _unused(column, shown, f"left out {reason}", labels.null_count(), labels.n_unique())
    if kind == "category":
        return _category(column, labels, preparation, reason)
    if kind == "ordinal":
        return _ordinal(column, natural_order(labels.drop_nulls().unique().to_list()), reason)
    if kind == "datetime":
        return _override_datetime(column, reason)
    if kind in ("numeric", "integer", "boolean"):
        read = read_booleans if kind == "boolean" else read_numbers
        return _numbers(column, _checked(column, read(column, decimal), kind), preparation, kind)
    raise SettingsError(
        f"there is no kind of column {kind!r}.",
        received=f"columns={{{column.name!r}: {kind!r}}}",
        expected=", ".join(repr(known) for known in KINDS) + ", or a list of values in order",
        fix=did_you_mean(kind, KINDS) or "leave the column out to have its kind found",
    )


def natural_order(labels: Sequence[str]) -> list[str]:
    """Return `labels` sorted as numbers if all are numbers, else as text.

    Example:
        >>> natural_order(["10", "9", "1"]), natural_order(["b", "a", "10"])
        (['1', '9', '10'], ['10', 'a', 'b'])
    """
    try:
        return sorted(labels, key=lambda label: (float(label), label))
    except ValueError:
        return sorted(labels)


def _checked(column: pl.Series, numbers: Numbers, kind: str) -> Numbers:
    if not numbers.wrong.all() and np.isfinite(numbers.values).any():
        return numbers
    raise SettingsError(
        f"column {column.name!r} cannot be read as {kind}.",
        received=f"cells such as {shorten([str(cell) for cell in column.drop_nulls().unique().head(4)])}",
        expected=f"cells that are {kind}",
        fix="choose another kind, such as 'category'",
    )


def _override_datetime(column: pl.Series, reason: str) -> Inferred:
    if not is_text(column):
        return _datetime(column, "", reason)
    text = clean_text(column)
    pattern = find_date_format(text)
    if pattern:
        return _datetime(text, pattern, reason)
    raise SettingsError(
        f"column {column.name!r} cannot be read as datetime.",
        received=f"cells such as {shorten(text.drop_nulls().unique().head(4).to_list())}",
        expected="dates of one form, such as 2024-05-31 or 31.05.2024 14:30",
        fix="choose another kind, such as 'category'",
    )


def _unused(column: pl.Series, kind: str, reason: str, num_missing: int, num_unique: int) -> Inferred:
    schema = ColumnSchema(
        name=column.name, kind=kind, used=False, reason=reason, num_missing=num_missing, num_unique=num_unique
    )
    return Inferred(schema=schema)


def _text_column(column: pl.Series, decimal: str, preparation: Preparation) -> Inferred:
    if column.dtype != pl.Categorical:
        numbers = read_numbers(column, decimal)
        num_numbers = int(np.isfinite(numbers.values).sum()) + numbers.num_infinite
        num_wrong = int(numbers.wrong.sum())
        enough = num_numbers and num_numbers >= _MIN_SHARE_NUMBERS * (num_numbers + num_wrong)
        if enough and not has_leading_zeros(column):
            return _numbers(column, numbers, preparation, "")
    text = clean_text(column)
    known = text.drop_nulls()
    if boolean_words(set(known.unique().str.to_lowercase().to_list())):
        return _numbers(column, read_booleans(column), preparation, "boolean")
    pattern = find_date_format(text)
    if pattern:
        unsure = "; month before day is a guess" if is_ambiguous(text, pattern) else ""
        return _datetime(text, pattern, f"dates such as {known[0]!r}{unsure}")
    return _words(column, known, preparation)


def _words(column: pl.Series, known: pl.Series, preparation: Preparation) -> Inferred:
    labels = read_labels(column)
    num_missing, num_unique = labels.null_count(), known.n_unique()
    kind, reason = _unusable_words(column.name, known, num_missing, preparation)
    if kind:
        return _unused(column, kind, reason, num_missing, num_unique)
    order = known_order(known.unique().to_list())
    if order:
        return _ordinal(column, order, "words of a known order")
    return _category(column, labels, preparation, "text that repeats")


def _unusable_words(
    name: str, known: pl.Series, num_missing: int, preparation: Preparation
) -> tuple[str, str]:
    """Return kind and reason of a column of words that is no category; two empty strings if it is one."""
    num_unique = known.n_unique()
    if num_unique == 0:
        return "constant", "every cell is missing"
    if num_unique == 1 and num_missing == 0:
        return "constant", "the same value in every row"
    if is_prose(known):
        return "text", "free text is not used yet"
    share = num_unique / len(known)
    if len(known) >= 20 and share >= (0.9 if names_identifier(name) else 0.95):
        return "identifier", "a value of its own in nearly every row"
    if num_unique > preparation.max_categories and share > 0.5:
        return "text", "too many different values for categories"
    return "", ""


def _category(column: pl.Series, labels: pl.Series, preparation: Preparation, reason: str) -> Inferred:
    counts = (
        labels.drop_nulls().value_counts(name="count").sort(["count", column.name], descending=[True, False])
    )
    rare_count = _rare_count(len(labels), preparation)
    frequent = counts.filter(pl.col("count") >= rare_count).head(preparation.max_categories)
    num_missing, num_unique = labels.null_count(), counts.height
    if frequent.height == 0:
        why = f"no category has {rare_count} rows"
        return _unused(column, "category", why, num_missing, num_unique)
    categories = natural_order(frequent[column.name].to_list())
    fill = frequent[column.name][0] if preparation.missing == "most_frequent" else ""
    own_level = not fill and num_missing >= max(rare_count, 1) and len(categories) > 1
    details: dict[str, object] = {"categories": categories, "missing_level": own_level, "fill": fill}
    schema = ColumnSchema(
        name=column.name,
        kind="category",
        reason=reason,
        num_missing=num_missing,
        num_unique=num_unique,
        details=details,
    )
    num_rare = num_unique - len(categories)
    if not num_rare:
        return Inferred(schema=schema)
    num_cells = len(labels) - num_missing - int(frequent["count"].sum())
    step = CleaningStep(
        column=column.name,
        action=f"{num_rare} rare categories share one code",
        num_cells=num_cells,
        switch=f"rare_count={preparation.rare_count}, max_categories={preparation.max_categories}",
    )
    return Inferred(schema=schema, steps=(step,))


def _rare_count(num_rows: int, preparation: Preparation) -> int:
    """Return how many rows a category needs: in a small table 2 % of them, at least two."""
    return min(preparation.rare_count, max(2, num_rows // 50))


def _ordinal(column: pl.Series, order: list[str], reason: str) -> Inferred:
    labels = read_labels(column)
    num_unique = labels.drop_nulls().n_unique()
    if num_unique == 0 or (num_unique == 1 and labels.null_count() == 0):
        return _unused(column, "constant", "the same value in every row", labels.null_count(), num_unique)
    schema = ColumnSchema(
        name=column.name,
        kind="ordinal",
        reason=reason,
        num_missing=labels.null_count(),
        num_unique=num_unique,
        details={"categories": order},
    )
    return Inferred(schema=schema)


def _datetime(column: pl.Series, pattern: str, reason: str) -> Inferred:
    dates = parse_dates(column, pattern)
    parts = varying_parts(dates)
    num_unique = dates.drop_nulls().n_unique()
    if not parts:
        return _unused(column, "constant", "one date in every row", dates.null_count(), num_unique)
    schema = ColumnSchema(
        name=column.name,
        kind="datetime",
        reason=reason,
        num_missing=dates.null_count(),
        num_unique=num_unique,
        details={"format": pattern, "parts": parts},
    )
    step = CleaningStep(
        column=column.name,
        action=f"date replaced by {', '.join(parts)}",
        num_cells=len(dates),
        switch=f'columns={{"{column.name}": "drop"}}',
    )
    return Inferred(schema=schema, steps=(step,))


def _numbers(column: pl.Series, numbers: Numbers, preparation: Preparation, kind: str) -> Inferred:
    values = numbers.values
    steps = list(_number_steps(column, numbers))
    sentinels = find_sentinels(values[np.isfinite(values)]) if preparation.sentinels == "missing" else []
    for sentinel in sentinels:
        num_cells = int((values == sentinel).sum())
        action = f"sentinel {sentinel:g} read as missing"
        steps.append(
            CleaningStep(column=column.name, action=action, num_cells=num_cells, switch='sentinels="keep"')
        )
    values = np.where(np.isin(values, sentinels), np.nan, values)
    known = values[np.isfinite(values)]
    num_missing, unique = len(values) - len(known), np.unique(known)
    words = kind == "boolean" and is_text(column) and bool(read_numbers(column).wrong.any())
    schema = ColumnSchema(
        name=column.name,
        kind=kind or _number_kind(known, unique),
        reason="yes or no" if words else "numbers",
        num_missing=num_missing,
        num_unique=len(unique),
        details={"words": words, **_number_details(known, num_missing, sentinels, preparation)},
    )
    reason = _useless(column.name, known, unique, num_missing, asked=bool(kind))
    if reason:
        unused = "constant" if len(unique) < 2 else "identifier"
        schema = replace(schema, kind=unused, used=False, reason=reason)
    return Inferred(schema=schema, steps=tuple(steps))


def _number_steps(column: pl.Series, numbers: Numbers) -> tuple[CleaningStep, ...]:
    steps: tuple[CleaningStep, ...] = ()
    if numbers.num_infinite:
        steps += (
            CleaningStep(
                column=column.name, action="infinity read as missing", num_cells=numbers.num_infinite
            ),
        )
    num_wrong = int(numbers.wrong.sum())
    if num_wrong:
        shown = column.filter(pl.Series(numbers.wrong)).unique(maintain_order=True).head(4)
        action = f"cells that are not numbers read as missing: {shorten([str(cell) for cell in shown])}"
        switch = f'columns={{"{column.name}": "category"}}'
        steps += (CleaningStep(column=column.name, action=action, num_cells=num_wrong, switch=switch),)
    return steps


def _number_kind(known: NDArray[np.float64], unique: NDArray[np.float64]) -> str:
    if len(unique) == 2 and set(unique) == {0.0, 1.0}:
        return "boolean"
    return "integer" if len(known) and (known == np.floor(known)).all() else "numeric"


def _useless(
    name: str, known: NDArray[np.float64], unique: NDArray[np.float64], num_missing: int, *, asked: bool
) -> str:
    if not len(unique):
        return "every cell is missing"
    if len(unique) == 1 and num_missing == 0:
        return "the same value in every row"
    return "" if asked else number_identifier(name, known, num_missing)


def _number_details(
    known: NDArray[np.float64], num_missing: int, sentinels: list[float], preparation: Preparation
) -> dict[str, object]:
    num_rows = len(known) + num_missing
    often = num_missing >= max(1, 0.01 * num_rows)
    return {
        "sentinels": sentinels,
        "indicator": preparation.missing_indicator and (often or bool(sentinels)),
        "log": _wants_log(known, preparation),
        "offset": _offset(known),
    }


def _wants_log(known: NDArray[np.float64], preparation: Preparation) -> bool:
    if preparation.outliers not in ("log", "signed_log") or len(np.unique(known)) < 3:
        return False
    if preparation.outliers == "log" and known.min() < 0:
        return False
    return bool(is_outlier(known, preparation.outlier_rule, preparation.factor).any())


def _offset(known: NDArray[np.float64]) -> float:
    """Return what to subtract so that float32 can tell the values apart: 0 unless they are far from 0."""
    if not len(known):
        return 0.0
    middle, spread = float(np.median(known)), float(known.max() - known.min())
    return middle if abs(middle) > 1e4 * spread > 0 else 0.0
