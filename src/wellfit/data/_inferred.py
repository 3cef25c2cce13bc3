"""A column's schema together with what was done to its cells."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from wellfit.records import CleaningStep, ColumnSchema


@dataclass(frozen=True, kw_only=True)
class Inferred:
    """A column's schema, and what was done to its cells.

    Attributes:
        schema: what the column is.
        steps: what was done, for the cleaning log.
    """

    schema: ColumnSchema
    steps: tuple[CleaningStep, ...] = field(default=())


def unused_column(column: pl.Series, kind: str, reason: str, num_missing: int, num_unique: int) -> Inferred:
    """Return the schema of a column that the network does not see."""
    schema = ColumnSchema(
        name=column.name, kind=kind, used=False, reason=reason, num_missing=num_missing, num_unique=num_unique
    )
    return Inferred(schema=schema)
