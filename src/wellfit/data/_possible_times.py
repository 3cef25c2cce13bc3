"""Dates and times that no calendar has, as damaged or foreign typed files may hold them."""

from __future__ import annotations

import polars as pl

from wellfit.records import CleaningStep

_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31, from 1970-01-01
_DAY_S = 86_400
_UNITS = {"ms": 10**3, "us": 10**6, "ns": 10**9}


def with_possible_times(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[CleaningStep, ...]]:
    """Return a frame in which dates outside of the years 1 to 9999 and times past midnight are missing.

    Polars keeps them as numbers, and ends the process or the thread where it has to write one down.
    """
    steps: list[CleaningStep] = []
    for column in frame.get_columns():
        limits = _limits(column.dtype)
        if limits is None:
            continue
        is_odd = ~column.to_physical().is_between(*limits)
        if num_odd := int(is_odd.sum()):
            frame = frame.with_columns(column.set(is_odd.fill_null(False), None))
            steps.append(
                CleaningStep(column=column.name, action="impossible dates left out", num_cells=num_odd)
            )
    return frame, tuple(steps)


def _limits(dtype: pl.DataType) -> tuple[int, int] | None:
    """Return the smallest and the largest number that stands for a time of a type; None for other types."""
    if dtype == pl.Date:
        return _FIRST_DAY, _LAST_DAY
    if dtype == pl.Time:
        return 0, _DAY_S * _UNITS["ns"] - 1
    if isinstance(dtype, pl.Datetime):
        # A day less at both ends: a time zone may move a moment into the year before or after.
        second = _UNITS[dtype.time_unit]
        first, last = (_FIRST_DAY + 1) * _DAY_S * second, _LAST_DAY * _DAY_S * second - 1
        return max(first, -(2**63)), min(last, 2**63 - 1)
    return None
