"""What one column is, and what encoding it needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from wellfit.data._cells import Numbers, is_text, is_usable, read_booleans, read_labels, read_numbers
from wellfit.data._date_text import find_date_format, is_ambiguous, parse_dates, varying_parts
from wellfit.data._inferred import Inferred, unused_column
from wellfit.data._number_schema import number_column
from wellfit.data._number_text import boolean_words, clean_text, has_leading_zeros
from wellfit.data._preparation import Preparation
from wellfit.data._word_schema import category_column, natural_order, ordinal_column, word_column
from wellfit.records import CleaningStep, ColumnSchema, SettingsError, did_you_mean, shorten

KINDS = ("numeric", "integer", "boolean", "category", "ordinal", "datetime", "text", "identifier", "drop")
_MIN_SHARE_NUMBERS = 0.95


def infer_column(column: pl.Series, decimal: str, preparation: Preparation) -> Inferred:
    """Return what `column` (training rows only) is.

    A column of text is tried as numbers, yes or no, dates, identifiers, free text and categories, in
    that order.
    """
    dtype = column.dtype
    if not is_usable(column):
        return unused_column(column, "text", f"cells of type {dtype} cannot be used", 0, 0)
    if dtype.is_temporal() and dtype != pl.Duration:
        return date_column(column, "", "typed as date or time")
    if isinstance(dtype, pl.Enum):
        order = [
            name for name in dtype.categories.to_list() if name in set(column.drop_nulls().cast(pl.String))
        ]
        return ordinal_column(column, order, "typed with an order")
    if dtype == pl.Boolean or not is_text(column):
        return number_column(column, read_numbers(column), preparation, "")
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
        return ordinal_column(column, [str(value) for value in kind], "order as asked for")
    labels = read_labels(column)
    if kind in ("drop", "text", "identifier"):
        shown = "text" if kind == "drop" else kind
        return unused_column(column, shown, f"left out {reason}", labels.null_count(), labels.n_unique())
    if kind == "category":
        return category_column(column, labels, preparation, reason)
    if kind == "ordinal":
        return ordinal_column(column, natural_order(labels.drop_nulls().unique().to_list()), reason)
    if kind == "datetime":
        return _override_datetime(column, reason)
    if kind in ("numeric", "integer", "boolean"):
        read = read_booleans if kind == "boolean" else read_numbers
        return number_column(column, _checked(column, read(column, decimal), kind), preparation, kind)
    raise SettingsError(
        f"there is no kind of column {kind!r}.",
        received=f"columns={{{column.name!r}: {kind!r}}}",
        expected=", ".join(repr(known) for known in KINDS) + ", or a list of values in order",
        fix=did_you_mean(kind, KINDS) or "leave the column out to have its kind found",
    )


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
        return date_column(column, "", reason)
    text = clean_text(column)
    pattern = find_date_format(text)
    if pattern:
        return date_column(text, pattern, reason)
    raise SettingsError(
        f"column {column.name!r} cannot be read as datetime.",
        received=f"cells such as {shorten(text.drop_nulls().unique().head(4).to_list())}",
        expected="dates of one form, such as 2024-05-31 or 31.05.2024 14:30",
        fix="choose another kind, such as 'category'",
    )


def _text_column(column: pl.Series, decimal: str, preparation: Preparation) -> Inferred:
    if column.dtype != pl.Categorical:
        numbers = read_numbers(column, decimal)
        num_numbers = int(np.isfinite(numbers.values).sum()) + numbers.num_infinite
        num_wrong = int(numbers.wrong.sum())
        enough = num_numbers and num_numbers >= _MIN_SHARE_NUMBERS * (num_numbers + num_wrong)
        if enough and not has_leading_zeros(column):
            return number_column(column, numbers, preparation, "")
    text = clean_text(column)
    known = text.drop_nulls()
    if boolean_words(set(known.unique().str.to_lowercase().to_list())):
        return number_column(column, read_booleans(column), preparation, "boolean")
    pattern = find_date_format(text)
    if pattern:
        unsure = "; month before day is a guess" if is_ambiguous(text, pattern) else ""
        return date_column(text, pattern, f"dates such as {known[0]!r}{unsure}")
    return word_column(column, known, preparation)


def date_column(column: pl.Series, pattern: str, reason: str) -> Inferred:
    dates = parse_dates(column, pattern)
    parts = varying_parts(dates)
    num_unique = dates.drop_nulls().n_unique()
    if not parts:
        return unused_column(column, "constant", "one date in every row", dates.null_count(), num_unique)
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
