"""A table as the page shows it: what each column is taken for, and what the target means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from wellfit.records import WellfitError
from wellfit.ui._library import data_package

KINDS = {
    "": "as found",
    "numeric": "number",
    "integer": "whole number",
    "boolean": "yes or no",
    "category": "category",
    "ordinal": "category in order",
    "datetime": "date or time",
    "drop": "leave out",
}
"""What a person may say that a column is, with words for it."""
_MOST_ROWS, _MOST_COLUMNS, _LONGEST = 5, 400, 60


@dataclass(frozen=True, kw_only=True)
class ColumnRow:
    """A column in the table of columns.

    Attributes:
        place: of the column in the file, from 0.
        name: of the column.
        kind: what it is taken for.
        asked: what the person says that it is; empty where it was found out.
        used: whether the network sees it.
        reason: why.
        num_missing: cells without a value.
        num_unique: distinct values.
        examples: some of its cells.
    """

    place: int
    name: str
    kind: str
    asked: str
    used: bool
    reason: str
    num_missing: int
    num_unique: int
    examples: str


@dataclass(frozen=True, kw_only=True)
class TableView:
    """What a page shows of a table.

    Attributes:
        names: of all columns, in file order.
        columns: rows of the table of columns.
        num_rows: of the file.
        detected: what was found out about the file.
        target: the column that is predicted; empty if none was chosen.
        meaning: what predicting it means, in a sentence.
        problem: why the choices do not fit, with what to do; empty if they do.
    """

    names: tuple[str, ...]
    columns: tuple[ColumnRow, ...]
    num_rows: int
    detected: str
    target: str
    meaning: str
    problem: str


def view_table(path: Path, target: str, asked: Mapping[int, str]) -> TableView:
    """Return what a page shows of a table file.

    Args:
        path: of the file.
        target: the column to predict; empty if none was chosen yet.
        asked: place of a column to the kind that the person says it is.

    Raises:
        WellfitError: the file cannot be read.
    """
    table = read(path)
    names = table.column_names
    target = target if target in names else ""
    kinds = overrides(names, target, asked)
    problem = meaning = ""
    try:
        schema = data_package().infer_schema(table, target or None, columns=kinds)
    except WellfitError as error:
        problem, schema = str(error), data_package().infer_schema(table, target or None)
    if target:
        try:
            meaning = _meaning(data_package().infer_target(table, target))
        except WellfitError as error:
            problem = problem or str(error)
    rows = [_row(place, column, table, asked) for place, column in enumerate(schema[:_MOST_COLUMNS])]
    return TableView(
        names=names,
        columns=tuple(rows),
        num_rows=table.num_rows,
        detected=", ".join(_found_out(name, value) for name, value in table.detected.items()),
        target=target,
        meaning=meaning,
        problem=problem,
    )


def read(path: Path) -> Any:
    """Return the table of a file; the last few are kept for as long as their files are the same."""
    facts = path.stat()
    return _read(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, changed_ns: int, size_bytes: int) -> Any:
    return data_package().read_table(path)


def overrides(names: tuple[str, ...], target: str, asked: Mapping[int, str]) -> dict[str, str]:
    """Return name to kind of the columns that the person decided; the target's is what it is."""
    known = {place: kind for place, kind in asked.items() if kind and kind in KINDS and place < len(names)}
    return {names[place]: kind for place, kind in known.items() if names[place] != target}


def _meaning(target: Any) -> str:
    if not target.class_names:
        return f"Regression: {target.reason}."
    classes = ", ".join(_shown(name) for name in target.class_names[:8])
    more = f" and {len(target.class_names) - 8} more" if len(target.class_names) > 8 else ""
    return f"{len(target.class_names)} classes: {classes}{more}."


def _row(place: int, column: Any, table: Any, asked: Mapping[int, str]) -> ColumnRow:
    cells = table.frame[column.name].head(_MOST_ROWS).to_list()
    return ColumnRow(
        place=place,
        name=column.name,
        kind=column.kind,
        asked=asked.get(place, "") if column.kind != "target" else "",
        used=column.used,
        reason=column.reason,
        num_missing=column.num_missing,
        num_unique=column.num_unique,
        examples=", ".join(_shown(cell) for cell in cells if cell is not None),
    )


def _found_out(name: str, value: object) -> str:
    """Return a fact about a file, such as ``delimiter ";"`` or ``encoding utf-8``."""
    if isinstance(value, bool):
        return name if value else f"no {name}"
    text = str(value)
    if len(text) > 1:
        return text if name == "format" else f"{name} {text}"
    words = {"\t": "tab", "": "none", " ": "blank"}
    return f"{name} {words[text]}" if text in words else f"{name} \u201c{text}\u201d"


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\u2026"
