"""Columns of words: categories, ordered ones, identifiers and free text."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from wellfit.data._cells import read_labels
from wellfit.data._column_traits import is_prose, known_order, names_identifier
from wellfit.data._inferred import Inferred, unused_column
from wellfit.data._preparation import Preparation
from wellfit.records import CleaningStep, ColumnSchema


def word_column(column: pl.Series, known: pl.Series, preparation: Preparation) -> Inferred:
    """Return the schema of a column of text that is neither numbers nor dates; `known` has no nulls."""
    labels = read_labels(column)
    num_missing, num_unique = labels.null_count(), known.n_unique()
    kind, reason = _unusable_words(column.name, known, num_missing, preparation)
    if kind:
        return unused_column(column, kind, reason, num_missing, num_unique)
    order = known_order(known.unique().to_list())
    if order:
        return ordinal_column(column, order, "words of a known order")
    return category_column(column, labels, preparation, "text that repeats")


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


def category_column(column: pl.Series, labels: pl.Series, preparation: Preparation, reason: str) -> Inferred:
    """Return the schema of a category column; `labels` are its cells as text."""
    counts = (
        labels.drop_nulls().value_counts(name="count").sort(["count", column.name], descending=[True, False])
    )
    rare_count = _rare_count(len(labels), preparation)
    frequent = counts.filter(pl.col("count") >= rare_count).head(preparation.max_categories)
    num_missing, num_unique = labels.null_count(), counts.height
    if frequent.height == 0:
        why = f"no category has {rare_count} rows"
        return unused_column(column, "category", why, num_missing, num_unique)
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


def ordinal_column(column: pl.Series, order: list[str], reason: str) -> Inferred:
    """Return the schema of a column whose values have an order."""
    labels = read_labels(column)
    num_unique = labels.drop_nulls().n_unique()
    if num_unique == 0 or (num_unique == 1 and labels.null_count() == 0):
        return unused_column(
            column, "constant", "the same value in every row", labels.null_count(), num_unique
        )
    schema = ColumnSchema(
        name=column.name,
        kind="ordinal",
        reason=reason,
        num_missing=labels.null_count(),
        num_unique=num_unique,
        details={"categories": order},
    )
    return Inferred(schema=schema)


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
