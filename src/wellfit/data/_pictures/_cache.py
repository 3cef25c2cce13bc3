"""Pictures decoded once, in parallel, to a file that is mapped into memory."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wellfit.data._pictures._copies import THUMBNAIL, difference_hash, thumbnail
from wellfit.data._pictures._decode import Fit, common_depth, decode_picture, highest_number
from wellfit.data._pictures._files import PictureFiles
from wellfit.records import FileReadError, OutputError

Progress = Callable[[int, int], None]

_FORMAT = 3  # of what is kept on disk
_AT_A_TIME = 64


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form that all pictures are brought to.

    Attributes:
        size: rows and columns.
        channels: 1 or 3.
        fit: see `decode_picture`.
        depth: see `decode_picture`; None goes by the numbers in all pictures.
    """

    size: tuple[int, int]
    channels: int
    fit: Fit
    depth: int | None = None


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A file that could not be read.

    Attributes:
        path: of the file.
        reason: why.
    """

    path: str
    reason: str


def decoded_folder(files: PictureFiles, form: Form, cache: Path | None, progress: Progress | None) -> Path:
    """Return a folder with all that is kept of these pictures.

    Raises:
        OutputError: there is no room for them.
    """
    folder = _place(files, form, cache)
    if (folder / "index.json").is_file():
        return folder
    return _decode_all(files, form, folder, progress)


def _place(files: PictureFiles, form: Form, cache: Path | None) -> Path:
    """Return where these pictures are kept: another place if any file, or how it is decoded, changes."""
    key = hashlib.sha256(f"{_FORMAT} {form}".encode())
    for path in files.paths:
        try:
            state = path.stat()
            key.update(f"{path.absolute()} {state.st_size} {state.st_mtime_ns}\n".encode())
        except OSError:
            key.update(f"{path.absolute()} missing\n".encode())
    base = cache
    if base is None:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        base = home / "wellfit" / "pictures"
    return base / key.hexdigest()[:32]


def _decode_all(files: PictureFiles, form: Form, folder: Path, progress: Progress | None) -> Path:
    """Decode every file; what is written is complete, or is not there."""
    base = folder.parent
    try:
        base.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=base))
    except OSError:
        # A home that cannot be written must not stop a study; decoding anew next time only costs time.
        part = Path(tempfile.mkdtemp(prefix="wellfit-pictures-"))
        folder = part / "done"
        part.joinpath("work").mkdir()
        part = part / "work"
    try:
        _write(files, form, part, progress)
        try:
            part.rename(folder)
        except OSError:
            # Another process was quicker: its pictures are the same.
            if not (folder / "index.json").is_file():
                raise
    except OSError as error:
        megabytes = len(files.paths) * np.prod([*form.size, form.channels]) / 1e6
        raise OutputError(
            f"decoded pictures cannot be kept in {base}.",
            received=str(error),
            expected=f"room for {megabytes:,.0f} MB",
            fix="make room, or set XDG_CACHE_HOME to a folder that has it",
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _write(files: PictureFiles, form: Form, part: Path, progress: Progress | None) -> None:
    count, shape = len(files.paths), (*form.size, form.channels)
    raw: Any = np.lib.format.open_memmap(part / "raw.npy", mode="w+", dtype=np.uint8, shape=(count, *shape))
    hashes = np.zeros(count, np.uint64)
    small = np.zeros((count, THUMBNAIL, THUMBNAIL, form.channels), np.uint8)
    skipped: dict[int, Skipped] = {}
    depth, highest = form.depth, None

    def one(position: int) -> None:
        path = files.paths[position]
        try:
            raw[position] = decode_picture(path, form.size, channels=form.channels, fit=form.fit, depth=depth)
            hashes[position] = difference_hash(raw[position])
            small[position] = thumbnail(raw[position])
        except FileReadError as error:
            reason = error.received if path.exists() else "there is no such file"
            skipped[position] = Skipped(path=str(path), reason=str(reason or error.summary))

    with ThreadPoolExecutor(min(32, os.cpu_count() or 1)) as pool:
        if depth is None:
            highest = max((n for n in pool.map(highest_number, files.paths) if n is not None), default=None)
            depth = None if highest is None else common_depth(highest)
        for start in range(0, count, _AT_A_TIME):
            list(pool.map(one, range(start, min(start + _AT_A_TIME, count))))
            if progress is not None:
                progress(min(start + _AT_A_TIME, count), count)
    kept = np.array([position for position in range(count) if position not in skipped], np.intp)
    if len(kept) == count:
        raw.flush()
        (part / "raw.npy").rename(part / "images.npy")
    else:
        images: Any = np.lib.format.open_memmap(
            part / "images.npy", mode="w+", dtype=np.uint8, shape=(len(kept), *shape)
        )
        for start in range(0, len(kept), _AT_A_TIME):
            images[start : start + _AT_A_TIME] = raw[kept[start : start + _AT_A_TIME]]
        images.flush()
        (part / "raw.npy").unlink()
    np.save(part / "hashes.npy", hashes[kept])
    np.save(part / "thumbnails.npy", small[kept])
    left_out = [asdict(skipped[position]) for position in sorted(skipped)]
    index = {"skipped": left_out, "depth": depth, "highest": highest}
    (part / "index.json").write_text(json.dumps(index), "utf-8")
