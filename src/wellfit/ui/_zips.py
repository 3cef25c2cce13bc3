"""Pictures that come as a zip file, into a folder with a sub-folder for each class."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from wellfit.records import DataError
from wellfit.ui._paths import PICTURES
from wellfit.ui._uploads import new_file, new_folder, plain_name

_CHUNK_BYTES = 2**20
_MOST_TIMES = 4
"""Unpacked, pictures may be this many times as large as an upload; most are hardly smaller in a zip."""
_MOST_INDEX_BYTES = 32 * 2**20
_END, _END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 2**16
_END_64, _END_64_BYTES = b"PK\x06\x07", 20
_LAYOUT = "a folder with a sub-folder of pictures for each class, such as flowers/rose/1.jpg"
_ODD = '/\\:*?"<>|'
_Entry = tuple[zipfile.ZipInfo, str, str]


def unpack_pictures(root: Path, name: str, stream: BinaryIO, *, max_bytes: int) -> Path:
    """Write the pictures of a zip file into a new folder of `root`, all or none of them.

    Other files in it, and hidden ones, are left out. No path in it decides where anything is written: of
    each, the last two names are taken, class and picture.

    Args:
        root: the folder.
        name: of the zip file, as the browser tells it; the new folder is called so.
        stream: the zip file, which can be sought in.
        max_bytes: the largest upload; unpacked, four times as much may come out.

    Raises:
        DataError: it is damaged or locked, its paths lead elsewhere, it holds links, no classes of pictures,
            or more than there is room for.
    """
    draft = Path(tempfile.mkdtemp(prefix=".unpacked-", dir=root))
    try:
        _check_index(stream)
        with zipfile.ZipFile(stream) as archive:
            _unpack(archive, _pictures(archive), draft, most_bytes=_MOST_TIMES * max_bytes)
        folder = new_folder(root, plain_name(name).rpartition(".")[0] or "pictures")
        draft.chmod(0o755)
        return draft.replace(folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, UnicodeError) as error:
        # RuntimeError is what a password is asked for with.
        raise _refused("cannot be read as a zip file.", str(error) or type(error).__name__) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _check_index(stream: BinaryIO) -> None:
    """Refuse a list of contents that would take much memory before anything in it can be looked at."""
    length = stream.seek(0, 2)
    stream.seek(max(0, length - _END_BYTES - _LONGEST_COMMENT))
    tail = stream.read()
    place = tail.rfind(_END)
    if place < 0:
        raise _refused("cannot be read as a zip file.", f"{length:,} bytes without a list of contents")
    index_bytes = int.from_bytes(tail[place + 12 : place + 16], "little")
    is_64 = tail[max(0, place - _END_64_BYTES) : place].startswith(_END_64)
    if is_64 or index_bytes > _MOST_INDEX_BYTES:
        raise _refused("holds more files than can be unpacked here.", f"a list of {index_bytes:,} bytes")
    stream.seek(0)


def _pictures(archive: zipfile.ZipFile) -> list[_Entry]:
    """Return the pictures with class and file name; refuse what does not look like classes of pictures."""
    found: list[tuple[zipfile.ZipInfo, tuple[str, ...]]] = []
    for info in archive.infolist():
        path = PurePosixPath(info.filename.replace("\\", "/"))
        is_elsewhere = path.is_absolute() or ".." in path.parts or PureWindowsPath(info.filename).drive
        if is_elsewhere or stat.S_ISLNK(_mode(info)):
            raise _refused("holds a path or a link that leads elsewhere.", repr(info.filename[:200]))
        is_hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
        if not info.is_dir() and not is_hidden and path.suffix.lower() in PICTURES:
            found.append((info, path.parts))
    above = {parts[:-2] for _, parts in found}
    classes = {parts[-2] for _, parts in found if len(parts) > 1}
    if len(above) != 1 or any(len(parts) < 2 for _, parts in found) or len(classes) < 2:
        where = "several folders" if len(above) > 1 else f"{len(classes)} sub-folders"
        raise _refused("does not hold classes of pictures.", f"{len(found):,} pictures in {where}")
    names = {name: _safe(name) for name in classes}
    if len({name.casefold() for name in names.values()}) < len(classes):
        raise _refused(
            "has classes whose names differ too little.", ", ".join(map(repr, sorted(classes)))[:300]
        )
    return [
        (info, names[parts[-2]], _safe(PurePosixPath(parts[-1]).stem) + _ending(parts[-1]))
        for info, parts in found
    ]


def _unpack(archive: zipfile.ZipFile, pictures: list[_Entry], folder: Path, *, most_bytes: int) -> None:
    """Write pictures; what their headers say of their size is not relied on."""
    left = most_bytes
    for info, class_name, name in pictures:
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused("is packed in an unusual way.", f"method {info.compress_type}")
        (folder / class_name).mkdir(exist_ok=True)
        _, target = new_file(folder / class_name, name)
        with target, archive.open(info) as source:
            while chunk := source.read(_CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise _refused("is too large unpacked.", f"more than {most_bytes // 2**20:,} MB")
                target.write(chunk)


def _mode(info: zipfile.ZipInfo) -> int:
    return info.external_attr >> 16


def _safe(name: str) -> str:
    """Return a name of a class or a picture as a file can have it everywhere; spaces and letters stay."""
    return "".join("_" if char in _ODD or not char.isprintable() else char for char in name)[:60]


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _refused(what: str, received: str) -> DataError:
    return DataError(
        f"the zip file {what}",
        received=received,
        expected=_LAYOUT,
        fix="pack that folder again, or copy it into the folder of the workbench",
    )
