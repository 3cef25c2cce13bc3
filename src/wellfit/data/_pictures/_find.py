"""Picture files and their labels: from a folder with one sub-folder a class, or from a table of paths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data._read import read_table
from wellfit.records import DataError, FileReadError, TargetNotFoundError, did_you_mean

# By their endings: what else lies in a folder is none of ours, but is counted.
_ENDINGS = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".bmp",
        ".dib",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".ppm",
        ".pgm",
    }
    | {".pbm", ".pnm", ".jp2", ".avif", ".ico", ".tga"}
)
# Folders that hold rows of another kind, not a class.
_APART = re.compile(r"(?i)(test|val|valid|validation|holdout|eval)([ _.-].*)?s?|__macosx|\..*")
_TRAIN = re.compile(r"(?i)(train|training)([ _.-].*)?")


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureFiles:
    """Paths of pictures with their classes.

    Attributes:
        name: of the data.
        paths: of each picture.
        labels: ``[picture]`` class codes.
        class_names: in code order.
        notes: what the reader should know: folders and files that were left out.
    """

    name: str
    paths: tuple[Path, ...]
    labels: NDArray[np.int32]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def find_pictures(
    source: str | Path, *, target: str | None = None, path_column: str | None = None
) -> PictureFiles:
    """Return the pictures that a folder or a table names.

    A folder holds one sub-folder for each class, pictures at any depth in it. If it has a sub-folder
    ``train`` that is divided so, that one is read. Sub-folders named like tests or validation are left out,
    and a note says so. A table (CSV, TSV, Parquet, JSON lines) has a column of paths, relative to the table
    or absolute, and one of labels.

    Args:
        source: the folder or the file.
        target: column of labels of a table; None takes its only other column.
        path_column: column of paths; None takes the first one whose cells end as picture files do.

    Raises:
        FileReadError: there is nothing at that place.
        DataError: no classes, or no pictures.
        TargetNotFoundError: the table has no such column.
    """
    place = Path(source).expanduser()
    if not place.exists():
        near = [other.name for other in place.parent.glob("*")] if place.parent.is_dir() else []
        raise FileReadError(
            f"there is no file or folder {str(place)!r}.",
            received=str(source),
            expected="a folder of pictures, or a table of paths and labels",
            fix=did_you_mean(place.name, near),
        )
    return _of_folder(place) if place.is_dir() else _of_table(place, target, path_column)


def picture_paths(source: Any) -> list[Path]:
    """Return the pictures of a path, a folder (at any depth, by their endings) or a list of paths.

    Raises:
        FileReadError: there is nothing at that place.
        DataError: there are no pictures.
    """
    if not isinstance(source, str | Path):
        return [Path(one).expanduser() for one in source]
    place = Path(source).expanduser()
    if not place.exists():
        raise FileReadError(
            f"there is no file or folder {str(place)!r}.",
            received=str(source),
            expected="a picture, or a folder of pictures",
        )
    if place.is_file():
        return [place]
    files = sorted(file for file in place.rglob("*") if file.is_file() and file.suffix.lower() in _ENDINGS)
    if not files:
        raise DataError(
            f"there are no pictures in {place}.",
            received="a folder without files that end as pictures do",
            expected="JPEG, PNG, BMP, GIF, WebP or TIFF files",
        )
    return files


def _of_folder(place: Path) -> PictureFiles:
    folders = sorted(folder for folder in place.iterdir() if folder.is_dir())
    training = [f for f in folders if _TRAIN.fullmatch(f.name) and any(one.is_dir() for one in f.iterdir())]
    if len(training) == 1:
        found = _of_folder(training[0])
        rest = [folder.name for folder in folders if folder != training[0]]
        notes = (f"pictures are those of {training[0].name}/", *_left_out(rest, "next to it"))
        return PictureFiles(
            name=place.name,
            paths=found.paths,
            labels=found.labels,
            class_names=found.class_names,
            notes=(*notes, *found.notes),
        )
    apart = [folder.name for folder in folders if _APART.fullmatch(folder.name)]
    classes = [folder for folder in folders if folder.name not in apart]
    paths: list[Path] = []
    codes: list[int] = []
    names: list[str] = []
    others = 0
    for folder in classes:
        files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
        pictures = [file for file in files if file.suffix.lower() in _ENDINGS]
        others += len(files) - len(pictures)
        if not pictures:
            continue
        codes.extend([len(names)] * len(pictures))
        names.append(folder.name)
        paths.extend(pictures)
    if len(names) < 2:
        raise DataError(
            f"{place} does not hold pictures of at least two classes.",
            received=f"{len(paths)} pictures in {len(names)} sub-folders of classes",
            expected="one sub-folder for each class, with its pictures",
            fix="for example flowers/rose/1.jpg and flowers/tulip/2.jpg; or pass a table of paths and labels",
        )
    notes = [*_left_out(apart, "since their names are those of test or validation pictures")]
    if others:
        notes.append(f"{others} files that are no pictures by their names were left out")
    return PictureFiles(
        name=place.name,
        paths=tuple(paths),
        labels=np.array(codes, np.int32),
        class_names=tuple(names),
        notes=tuple(notes),
    )


def _left_out(names: Sequence[str], reason: str) -> list[str]:
    return [f"left out {', '.join(f'{name}/' for name in names)}, {reason}"] if names else []


def _of_table(place: Path, target: str | None, path_column: str | None) -> PictureFiles:
    table = read_table(place)
    columns = {name: [_text(cell) for cell in table.frame[name].to_list()] for name in table.column_names}
    for asked in (target, path_column):
        if asked is not None and asked not in columns:
            raise TargetNotFoundError(
                f"there is no column {asked!r}.",
                received=asked,
                expected=", ".join(columns),
                fix=did_you_mean(asked, list(columns)),
            )
    paths = path_column or next((name for name in columns if _are_paths(columns[name])), None)
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
        paths=tuple(place.parent / path for path, _ in known),
        labels=np.array([codes[label] for _, label in known], np.int32),
        class_names=names,
        notes=(f"{lost} rows without a path or a label were left out",) if lost else (),
    )


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _are_paths(cells: Sequence[str]) -> bool:
    known = [cell for cell in cells if cell]
    return bool(known) and sum(Path(cell).suffix.lower() in _ENDINGS for cell in known) > 0.5 * len(known)
