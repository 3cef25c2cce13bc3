"""A report read back from `report.json`, so that it can be drawn again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from wellfit.records import DataError, FileReadError, Report
from wellfit.report._json import SCHEMA
from wellfit.report._parse_check import check_shapes
from wellfit.report._parse_nested import parse_nested


def read_json(path: str | Path) -> Report:
    """Read a `report.json` that `write_json` wrote.

    Raises:
        FileReadError: the file is missing or does not hold JSON.
        DataError: it holds JSON that is not a report of this schema.
    """
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if not Path(path).exists() and Path(path).with_name("study.json").exists():
            folder = Path(path).parent
            raise FileReadError(
                f"the study in {folder} has not come to its end.",
                received="a folder with the runs of a study, and no report",
                expected="a finished study",
                fix=f"if it runs no more: wellfit resume {folder}",
            ) from error
        raise FileReadError(
            "cannot read the report",
            received=f"{path} ({error})",
            expected="the report.json of an output folder",
            fix="give the folder that 'wellfit improve' wrote",
        ) from error
    return from_json(values)


def from_json(values: object) -> Report:
    """Return the `Report` that `to_json` described.

    Unknown keys are left aside; None is NaN where a number is due.

    Args:
        values: what `to_json` returned or `json.load` read.

    Raises:
        DataError: `values` is not a report of schema 1, or a part of it is missing or of a wrong kind.

    Example:
        >>> from_json({"schema": 99})
        Traceback (most recent call last):
        ...
        wellfit.records._errors.DataError: this is not a report that can be read
          Received: schema 99
          Expected: schema 1
          Fix: use the version of wellfit that wrote it, or run the study again
    """
    if not isinstance(values, Mapping) or values.get("schema") != SCHEMA:
        received = (
            f"schema {values.get('schema')!r}" if isinstance(values, Mapping) else type(values).__name__
        )
        raise DataError(
            "this is not a report that can be read",
            received=received,
            expected=f"schema {SCHEMA}",
            fix="use the version of wellfit that wrote it, or run the study again",
        )
    try:
        report = parse_nested(Report, values)
        check_shapes(report)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(
            "the report is damaged",
            received=f"{type(error).__name__}: {error}",
            expected="all parts of schema 1",
            fix="run the study again",
        ) from error
    return report
