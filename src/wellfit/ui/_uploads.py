"""A file that comes by the browser, into the workbench's folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from wellfit.records import DataError
from wellfit.ui._paths import NETWORKS, TABLES

_CHUNK_BYTES = 2**20
_MOST_TRIES = 1_000
_MOST_NAME_BYTES = 180


def store(root: Path, name: str, stream: BinaryIO, *, max_bytes: int) -> Path:
    """Write a file under its own name, or with a number where there is one of that name.

    Args:
        root: the folder.
        name: as the browser tells it.
        stream: the bytes; they are copied piece by piece.
        max_bytes: the most there may be.

    Raises:
        DataError: the ending is not that of a table or a network, or the file is empty or too large.
    """
    plain = plain_name(name)
    if Path(plain).suffix.lower() not in TABLES + NETWORKS:
        raise DataError(
            "files of this kind cannot be uploaded.",
            received=repr(plain),
            expected=f"a name ending in {', '.join(TABLES + NETWORKS)}",
            fix="save the table as CSV or Parquet, the network as .keras; pack pictures into a .zip",
        )
    path, target = new_file(root, plain)
    num_bytes = 0
    try:
        with target:
            while chunk := stream.read(_CHUNK_BYTES):
                num_bytes += len(chunk)
                if num_bytes > max_bytes:
                    break
                target.write(chunk)
    except OSError:
        path.unlink()  # half a table looks like a whole one
        raise
    if 0 < num_bytes <= max_bytes:
        return path
    path.unlink()
    raise DataError(
        f"{plain} is empty." if not num_bytes else f"{plain} is larger than {max_bytes // 2**20} MB.",
        received="0 bytes" if not num_bytes else f"more than {max_bytes:,} bytes",
        expected="a file with rows, within the limit for uploads",
        fix="choose the file again, or copy it into the folder of the workbench",
    )


def plain_name(name: str) -> str:
    """Return a file name without folders and without anything that a shell or a browser could take amiss.

    Example:
        >>> plain_name("../../etc/My data (2).CSV")
        'My_data_2_.CSV'
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = re.sub(r"[^\w.-]+", "_", last).lstrip(".-")
    stem, dot, suffix = plain.rpartition(".")
    return f"{_cut(stem)}{dot}{suffix[:10]}" if dot else _cut(plain)


def _cut(text: str) -> str:
    """Return the beginning of a name: file systems count its bytes, and a letter may take four."""
    return text[:80].encode()[:_MOST_NAME_BYTES].decode(errors="ignore")


def new_file(root: Path, name: str) -> tuple[Path, BinaryIO]:
    """Return a file that was not there, open to be written."""
    for path in _free_paths(root, name):
        try:
            return path, path.open("xb")
        except FileExistsError:
            continue
    raise DataError("there are too many files of this name.", received=name, fix="give it another name")


def new_folder(root: Path, name: str) -> Path:
    """Return an empty folder that was not there."""
    for path in _free_paths(root, name):
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise DataError("there are too many folders of this name.", received=name, fix="give it another name")


def _free_paths(root: Path, name: str) -> Iterator[Path]:
    stem, suffix = Path(name).stem, Path(name).suffix
    for number in range(1, _MOST_TRIES):
        yield root / (name if number == 1 else f"{stem}-{number}{suffix}")
