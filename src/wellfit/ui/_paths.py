"""What lies in the workbench's folder, and that nothing outside it is reached."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from wellfit.records import FileReadError

TABLES = (
    *(".csv", ".tsv", ".txt", ".parquet", ".pq"),
    *(".arrow", ".feather", ".ipc", ".jsonl", ".ndjson", ".json"),
)
"""Endings of files that may hold a table."""
NETWORKS = (".keras", ".h5")
"""Endings of files that may hold a network; code in them is refused where they are loaded."""
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")
"""Endings of files that may hold a picture."""
_MOST_FILES = 200
_MOST_LOOKED_AT = 2_000


def confined(root: Path, name: str) -> Path:
    """Return the file or folder `name` of `root`, links followed.

    Args:
        root: a resolved folder.
        name: a path relative to it, from outside.

    Raises:
        FileReadError: it is outside, hidden, or not there.
    """
    try:
        path = (root / name).resolve()
        is_inside = path.is_relative_to(root) and path != root
        is_hidden = is_inside and any(part.startswith(".") for part in path.relative_to(root).parts)
        is_there = is_inside and path.exists()
    except (OSError, ValueError, RuntimeError):
        is_inside = is_hidden = is_there = False
    if is_there and not is_hidden:
        return path
    raise FileReadError(
        "there is no such file in the folder of the workbench.",
        received=repr(name[:200]),
        expected=f"a file in {root}",
        fix="copy it there, or upload it",
    )


def data_file(root: Path, name: str) -> Path:
    """Return a table file or a folder of pictures.

    Raises:
        FileReadError: it is neither.
    """
    path = confined(root, name)
    if (path.is_file() and path.suffix.lower() in TABLES) or (path.is_dir() and picture_classes(path)):
        return path
    raise FileReadError(
        f"{path.name} is not a table or a folder of pictures.",
        received=repr(path.suffix or path.name),
        expected=f"a file ending in {', '.join(TABLES)}, or a folder with a sub-folder of pictures a class",
    )


def own_files(root: Path, endings: tuple[str, ...]) -> list[str]:
    """Return the files of `root` and of its sub-folders with such endings; studies are left aside."""
    found: list[str] = []
    for folder in (root, *_folders(root)):
        if folder != root and any(os.path.exists(folder / name) for name in ("report.json", "study.json")):
            continue
        for entry in _entries(folder):
            path = Path(entry.path)
            if path.suffix.lower() in endings and os.path.isfile(path) and _is_inside(root, path):
                found.append(str(path.relative_to(root)))
    return sorted(found)[:_MOST_FILES]


def picture_folders(root: Path) -> list[str]:
    """Return the folders of `root` that hold pictures in a sub-folder for each class."""
    return [path.name for path in _folders(root) if picture_classes(path)]


def picture_classes(folder: Path) -> list[str]:
    """Return the sub-folders that begin with pictures, or nothing if there are fewer than two."""
    classes = [
        path.name
        for path in _folders(folder)
        if any(entry.name.lower().endswith(PICTURES) for entry in _entries(path, most=20))
    ]
    return sorted(classes) if len(classes) > 1 else []


# Functions of os.path, unlike those of Path, raise nothing for a loop of links or a closed folder.


def _folders(folder: Path) -> list[Path]:
    return sorted(Path(entry.path) for entry in _entries(folder) if entry.is_dir(follow_symlinks=False))


def _entries(folder: Path, most: int = _MOST_LOOKED_AT) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number >= most:
                    return
                if not entry.name.startswith("."):
                    yield entry
    except OSError:
        return


def _is_inside(root: Path, path: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):
        return False
