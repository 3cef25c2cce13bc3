"""Picture files and their labels: from a folder with one sub-folder a class, or from a table of paths."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wellfit.data._pictures._files import ENDINGS, TABLE_ENDINGS, PictureFiles
from wellfit.data._pictures._path_table import files_of_table, paths_in_table
from wellfit.data._read import read_table
from wellfit.records import DataError, FileReadError, did_you_mean

# Folders that hold rows of another kind, not a class.
_APART = re.compile(r"(?i)(test|val|valid|validation|holdout|eval)([ _.-].*)?s?|__macosx|\..*")
_TRAIN = re.compile(r"(?i)(train|training)([ _.-].*)?")


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
        FileReadError: there is nothing at that place, or a folder may not be read.
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
    return (
        _of_folder(place) if place.is_dir() else files_of_table(read_table(place), place, target, path_column)
    )


def picture_paths(source: Any, reading: Mapping[str, Any] | None = None) -> list[Path]:
    """Return the pictures of a path, a folder (at any depth, by their endings), a table or a list of paths.

    Args:
        source: where they are; the paths in a table are relative to it, and its other columns do not matter.
        reading: options of `read_table`.

    Raises:
        FileReadError: there is nothing at that place.
        DataError: there are no pictures, or what is given holds no paths.
    """
    if not isinstance(source, str | Path):
        try:
            return [Path(one).expanduser() for one in source]
        except TypeError as error:
            raise DataError(
                "these are no paths of pictures.",
                received=f"an object of type {type(source).__name__}",
                expected="a picture, a folder of pictures, a table file of their paths, or a list of paths",
                fix="pass paths; arrays of pixels are for the network itself",
            ) from error
    place = Path(source).expanduser()
    if not place.exists():
        raise FileReadError(
            f"there is no file or folder {str(place)!r}.",
            received=str(source),
            expected="a picture, a folder of pictures, or a table of their paths",
        )
    if place.is_file():
        is_table = place.suffix.lower() in TABLE_ENDINGS
        return paths_in_table(read_table(place, **(reading or {})), place) if is_table else [place]
    files = sorted(file for file in place.rglob("*") if file.is_file() and file.suffix.lower() in ENDINGS)
    if not files:
        raise DataError(
            f"there are no pictures in {place}.",
            received="a folder without files that end as pictures do",
            expected="JPEG, PNG, BMP, GIF, WebP or TIFF files",
        )
    return files


def _of_folder(place: Path) -> PictureFiles:
    _check_rights(place)
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
    empty: list[str] = []
    others = 0
    for folder in classes:
        _check_rights(folder)
        files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
        pictures = [file for file in files if file.suffix.lower() in ENDINGS]
        others += len(files) - len(pictures)
        if not pictures:
            empty.append(folder.name)
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
    notes = [
        *_left_out(apart, "since their names are those of test or validation pictures"),
        *_left_out(empty, "since no pictures are in them"),
    ]
    if others:
        notes.append(f"{others} files that are no pictures by their names were left out")
    return PictureFiles(
        name=place.name,
        paths=tuple(paths),
        labels=np.array(codes, np.int32),
        class_names=tuple(names),
        notes=tuple(notes),
    )


def _check_rights(folder: Path) -> None:
    """Refuse a folder that may not be read: without a word its class would be missing."""
    if not os.access(folder, os.R_OK | os.X_OK):
        raise FileReadError(
            f"folder {str(folder)!r} cannot be read.",
            received="no permission to list it",
            expected="a folder of pictures that may be read",
            fix="check its rights",
        )


def _left_out(names: Sequence[str], reason: str) -> list[str]:
    return [f"left out {', '.join(f'{name}/' for name in names)}, {reason}"] if names else []
