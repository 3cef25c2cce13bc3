"""How many outliers each column of numbers has, for the report."""

from __future__ import annotations

import numpy as np

from wellfit.data._cells import read_numbers
from wellfit.data._encoder import Encoder
from wellfit.data._outliers import is_outlier
from wellfit.data._preparation import DEFAULT_FACTORS
from wellfit.data._table import Table
from wellfit.records import CleaningStep


def outlier_steps(encoder: Encoder, table: Table) -> tuple[CleaningStep, ...]:
    """Return a line for each column of numbers that has outliers by interquartile range or z-score."""
    preparation = encoder.preparation
    steps: list[CleaningStep] = []
    for schema in encoder.used_columns:
        if schema.kind not in ("numeric", "integer"):
            continue
        values = read_numbers(table.frame[schema.name], table.decimal).values
        known = values[np.isfinite(values) & ~np.isin(values, schema.details["sentinels"])]  # pyright: ignore[reportArgumentType]
        counts = {
            rule: int(is_outlier(known, rule, DEFAULT_FACTORS[rule]).sum()) for rule in ("iqr", "zscore")
        }
        touched = int(is_outlier(known, preparation.outlier_rule, preparation.factor).sum())
        if not any(counts.values()):
            continue
        done = _done(preparation.outliers, touched)
        action = f"outliers: {counts['iqr']} by interquartile range, {counts['zscore']} by z-score; {done}"
        steps.append(
            CleaningStep(
                column=schema.name,
                action=action,
                num_cells=touched if preparation.outliers != "report" else 0,
                switch=f'outliers="{preparation.outliers}", outlier_rule="{preparation.outlier_rule}"',
            )
        )
    return tuple(steps)


def _done(outliers: str, touched: int) -> str:
    if outliers == "clip":
        return (
            f"{touched} beyond the fences are clipped"
            if touched
            else "none beyond the fences that are clipped"
        )
    if outliers == "drop":
        return f"{touched} rows are dropped from training"
    return "compressed by a logarithm" if outliers in ("log", "signed_log") else "left as they are"
