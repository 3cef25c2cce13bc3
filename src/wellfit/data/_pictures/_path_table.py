"""Tables whose rows name picture files."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from pathlib import Path

import numpy as np

from wellfit.data._pictures._files import ENDINGS, PictureFiles
from wellfit.data._table import Table, check_column
from wellfit.records import DataError, TargetNotFoundError, did_you_mean, shorten

_LOOKED_AT = 1000  # cells of a column: a column of paths shows in its first ones
_LOOKED_FOR = 100  # files, until one is there
_SHARE = 0.5  # of the cells that end as picture files do


def picture_column(
    table: Table, place: Path, target: str | None = None, ignored: Collection[str] = ()
) -> str | None:
    """Return the column that makes a table one of pictures, None if it is a table of its own.

    That is a column whose cells end as picture files do, with no other column beside it and the target.

    Args:
        table: what was read.
        place: the file that it was read from; paths are relative to it.
        target: column of labels, or None.
        ignored: columns that do not count.

    Raises:
        DataError: files that are there are named beside other columns, so that either could be meant.
        TargetNotFoundError: there is no such target.

    Example:
        >>> from wellfit.data import read_table
        >>> table = read_table({"file": ["a.png", "b.png"], "kind": ["cat", "dog"]})
        >>> picture_column(table, Path("labels.csv"), target="kind")
        'file'
    """
    if target is not None:
        check_column(table, target, role="target", error=TargetNotFoundError)
    names = [name for name in table.column_names if name != target and name not in ignored]
    found = [name for name in names if _are_paths(table, name)]
    if not found:
        return None
    if len(names) == 1:
        return found[0]
    if not any(_is_there(table, name, place) for name in found):
        return None
    others = [name for name in names if name != found[0]]
    raise DataError(
        f"{place.name} could be a table of pictures, or of numbers and words.",
        received=f"paths of picture files in {found[0]!r}, beside {shorten(others)}",
        expected="one column of paths and one of labels; or columns without paths",
        fix=f"leave out the other columns; or drop the paths: --column {found[0]}=drop",
    )


def files_of_table(
    table: Table, place: Path, target: str | None, path_column: str | None = None
) -> PictureFiles:
    """Return the pictures and labels of a table; see `find_pictures`."""
    columns = {name: _cells(table, name) for name in table.column_names}
    for asked in (target, path_column):
        if asked is not None and asked not in columns:
            raise TargetNotFoundError(
                f"there is no column {asked!r}.",
                received=asked,
                expected=", ".join(columns),
                fix=did_you_mean(asked, list(columns)),
            )
    paths = path_column or next((name for name in columns if _are_paths(table, name)), None)
    rest = [name for name in columns if name != paths]
    labels = target or (rest[0] if len(rest) == 1 else None)
    if paths is None or labels is None:
        raise DataError(
            f"{place.name} is not understood as a table of pictures.",
            received=f"columns {', '.join(columns)}",
            expected="a column of paths and one of labels",
            fix="name the column of labels with target=" if paths else "let a column hold paths of pictures",
        )
    known = [
        (path, label) for path, label in zip(columns[paths], columns[labels], strict=True) if path and label
    ]
    names = tuple(sorted({label for _, label in known}))
    codes = {name: code for code, name in enumerate(names)}
    if len(names) < 2:
        raise DataError(
            f"column {labels!r} does not tell classes apart.",
            received=f"{len(names)} different labels",
            expected="at least two",
        )
    lost = len(columns[paths]) - len(known)
    return PictureFiles(
        name=place.stem,
        paths=tuple(_beside(place, path) for path, _ in known),
        labels=np.array([codes[label] for _, label in known], np.int32),
        class_names=names,
        notes=(f"{lost} rows without a path or a label were left out",) if lost else (),
    )


def paths_in_table(table: Table, place: Path) -> list[Path]:
    """Return the path in each row, whatever else is in the table.

    Raises:
        DataError: there is no column of paths, there are several, or a row has none.
    """
    found = [name for name in table.column_names if _are_paths(table, name)]
    cells = _cells(table, found[0]) if len(found) == 1 else []
    if not cells or not all(cells):
        without = cells.index("") + 1 if cells else 0
        raise DataError(
            f"{place.name} does not name a picture in each row.",
            received=f"no path in row {without}" if cells else f"paths in {shorten(found) or 'no column'}",
            expected="one column of paths of picture files, relative to the table",
            fix="" if cells else f"its columns are {shorten(table.column_names)}",
        )
    return [_beside(place, cell) for cell in cells]


def other_cells(table: Table) -> list[str]:
    """Return the cells of the one column beside that of the paths; empty where there is not one."""
    rest = [name for name in table.column_names if not _are_paths(table, name)]
    return _cells(table, rest[0]) if len(rest) == 1 and len(table.column_names) == 2 else []


def _cells(table: Table, name: str, most: int | None = None) -> list[str]:
    column = table.frame[name] if most is None else table.frame[name].head(most)
    return ["" if cell is None else str(cell).strip() for cell in column.to_list()]


def _are_paths(table: Table, name: str) -> bool:
    known = [cell for cell in _cells(table, name, _LOOKED_AT) if cell]
    return bool(known) and sum(Path(cell).suffix.lower() in ENDINGS for cell in known) > _SHARE * len(known)


def _is_there(table: Table, name: str, place: Path) -> bool:
    cells = (cell for cell in _cells(table, name, _LOOKED_AT) if Path(cell).suffix.lower() in ENDINGS)
    return any(_beside(place, cell).is_file() for cell in islice(cells, _LOOKED_FOR))


def _beside(place: Path, cell: str) -> Path:
    """Return the file that a cell names, also where the table was written on Windows."""
    path = place.parent / cell
    return path if "\\" not in cell or path.exists() else place.parent / cell.replace("\\", "/")
