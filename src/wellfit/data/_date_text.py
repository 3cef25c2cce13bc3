"""Dates: how they are written, and the parts a network can use."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d-%m-%Y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%H:%M:%S",
    "%H:%M",
)
"""Tried in this order; month before day where both fit, as in the United States."""

PARTS = ("year", "month", "day", "weekday", "hour")
_PERIOD = {"month": 12, "weekday": 7, "hour": 24}
_LOOKS_LIKE_DATE = r"^\d{1,4}[-/.:]\d{1,2}|^\d{1,2}[- ][A-Za-z]{3}|^[A-Za-z]{3,9} \d{1,2}, \d{4}"


def find_date_format(text: pl.Series) -> str:
    """Return the format that reads all cells of cleaned text but one in a hundred, or an empty string."""
    known = text.drop_nulls()
    sample = known.head(200)
    if not len(sample) or sample.str.contains(_LOOKS_LIKE_DATE).mean() < 0.95:  # pyright: ignore[reportOperatorIssue]
        return ""
    for pattern in FORMATS:
        # Most formats fail on the first cells: look at all of them only where those are read.
        if _share_read(sample, pattern) >= 0.95 and _share_read(known, pattern) >= 0.99:
            return pattern
    return ""


def is_ambiguous(text: pl.Series, pattern: str) -> bool:
    """Return whether day and month could be the other way round in every cell."""
    if not pattern.startswith("%m/%d"):
        return False
    return _share_read(text.drop_nulls(), pattern.replace("%m/%d", "%d/%m")) >= 0.99


def _share_read(text: pl.Series, pattern: str) -> float:
    return 1.0 - parse_dates(text, pattern).null_count() / max(len(text), 1)


def parse_dates(column: pl.Series, pattern: str) -> pl.Series:
    """Return ``[row]`` datetimes (UTC, microseconds); null where a cell cannot be read by `pattern`."""
    if column.dtype == pl.Time:
        return _on_first_day(column)
    if column.dtype.is_temporal():
        return _naive(column.cast(pl.Datetime("us")) if column.dtype == pl.Date else column)
    text = column.cast(pl.String)
    if pattern.startswith("%H"):
        return _on_first_day(text.str.to_time(pattern, strict=False))
    if pattern.endswith(("%:z", "Z")):
        return _naive(text.str.to_datetime(pattern, strict=False, time_zone="UTC"))
    return _naive(text.str.to_datetime(pattern, strict=False))


def _naive(column: pl.Series) -> pl.Series:
    zoned = getattr(column.dtype, "time_zone", None)
    column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else column
    return column.cast(pl.Datetime("us"))


def _on_first_day(column: pl.Series) -> pl.Series:
    return (column.cast(pl.Duration("us")) + datetime(1970, 1, 1)).cast(pl.Datetime("us"))


def varying_parts(dates: pl.Series) -> list[str]:
    """Return the parts of `dates` that are not the same everywhere."""
    return [part for part in PARTS if _part(dates, part).n_unique() - int(dates.null_count() > 0) > 1]


def date_features(dates: pl.Series, parts: list[str]) -> dict[str, NDArray[np.float64]]:
    """Return one or two columns for each part: plain for year and day, else a point on a circle.

    A month m becomes sin(2 pi m / 12) and cos(2 pi m / 12), so that December is next to January.
    """
    columns: dict[str, NDArray[np.float64]] = {}
    for part in parts:
        values = _part(dates, part).cast(pl.Float64).to_numpy()
        if part not in _PERIOD:
            columns[part] = values
            continue
        angle = 2 * np.pi * values / _PERIOD[part]
        columns[f"{part}_sin"] = np.sin(angle)
        columns[f"{part}_cos"] = np.cos(angle)
    return columns


def _part(dates: pl.Series, part: str) -> pl.Series:
    if part == "hour":
        return dates.dt.hour() + dates.dt.minute().cast(pl.Float64) / 60
    return getattr(dates.dt, part)()
