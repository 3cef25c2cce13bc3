"""Pictures with labels, read once, their copies and damaged files found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wellfit.data._pictures._cache import Form, Progress, Skipped, decoded_folder
from wellfit.data._pictures._copies import near_copies
from wellfit.data._pictures._decode import FITS, Fit
from wellfit.data._pictures._files import PictureFiles
from wellfit.data._pictures._find import find_pictures
from wellfit.records import DataError, FileReadError, SettingsError, did_you_mean, shorten

_LOOKED_AT = 64  # pictures whose size and colour decide where none are given
_LARGEST = 128  # side that is chosen at most: a network from scratch on two cores sees no more


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Pictures:
    """Pictures in memory-mapped form; only what is looked at is read.

    Attributes:
        name: of the data.
        images: ``[picture, row, column, channel]`` uint8 from 0 to 255, mapped from a file.
        labels: ``[picture]`` class codes.
        class_names: in code order.
        paths: of each picture.
        copies: ``[picture]`` codes of groups of (near) copies, which must not straddle a split.
        fit: how they came to their size.
        depth: bits that the numbers of deep grey pictures take; None if there are none, or they take more.
        skipped: files that could not be read.
        notes: what the reader should know.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
    class_names: tuple[str, ...]
    paths: tuple[Path, ...]
    copies: NDArray[np.int32]
    fit: Fit = "crop"
    depth: int | None = None
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        rows, columns, channels = self.images.shape[1:]
        return (
            f"<Pictures: {self.name}, {len(self.images):,} of {rows} x {columns} pixels and "
            f"{channels} channel{'s' * (channels != 1)}, classes {', '.join(self.class_names)}>"
        )


def read_pictures(
    source: str | Path | PictureFiles,
    *,
    target: str | None = None,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    largest: int = _LARGEST,
    fit: Fit = "crop",
    depth: int | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Pictures:
    """Return the pictures of a folder or table, decoded once and kept on disk for the next time.

    A file that cannot be read is listed and left out; only if none can be read it is an error. What was
    decoded is used again as long as no file has changed.

    Args:
        source: see `find_pictures`; or what it returned.
        target: column of labels, where `source` is a table.
        size: rows and columns; None takes the median of some pictures, square.
        largest: rows and columns at most, where `size` is None.
        channels: 1 for grey, 3 for colour; None looks at some pictures.
        fit: see `decode_picture`.
        depth: bits that the numbers of deep grey pictures take, as in `Pictures`; None looks at all pictures.
        cache: folder to keep decoded pictures in; ``$XDG_CACHE_HOME/wellfit/pictures`` if None.
        progress: called as ``progress(done, total)``.

    Raises:
        WellfitError: there are no pictures, none can be read, or an argument is out of range.

    Source:
        Krawetz, Kind of Like That, 2013 (near copies).
    """
    files = source if isinstance(source, PictureFiles) else find_pictures(source, target=target)
    _check(size, channels, largest, fit)
    if size is None or channels is None:
        own_size, own_channels = _usual(files.paths, largest)
        size, channels = size or own_size, channels or own_channels
    folder = decoded_folder(files, Form(size=size, channels=channels, fit=fit, depth=depth), cache, progress)
    index = json.loads((folder / "index.json").read_text("utf-8"))
    skipped = tuple(Skipped(**one) for one in index["skipped"])
    lost = {one.path for one in skipped}
    kept = np.array([i for i, path in enumerate(files.paths) if str(path) not in lost], np.intp)
    if not len(kept):
        raise FileReadError(
            f"none of the {len(files.paths)} pictures of {files.name} can be read.",
            received="; ".join(f"{Path(one.path).name}: {one.reason}" for one in skipped[:3]),
            expected="JPEG, PNG, BMP, GIF, WebP or TIFF files",
        )
    images = np.load(folder / "images.npy", mmap_mode="r")
    copies = near_copies(np.load(folder / "hashes.npy"), np.load(folder / "thumbnails.npy"))
    labels, class_names, lost_classes = _with_pictures(files, kept)
    return Pictures(
        name=files.name,
        images=images,
        labels=labels,
        class_names=class_names,
        paths=tuple(files.paths[i] for i in kept),
        copies=copies,
        fit=fit,
        depth=index["depth"],
        skipped=skipped,
        notes=(
            *files.notes,
            *lost_classes,
            *_told_depth(index["depth"], index["highest"]),
            *_notes(skipped, copies, labels),
        ),
    )


def _told_depth(depth: int | None, highest: int | None) -> list[str]:
    if depth is None or depth == 16 or highest is None:
        return []
    held = f"the numbers of grey pictures with 16 bits go up to {highest:,}"
    return [f"{held}: 0 to {2**depth - 1:,} ({depth} bits) became 0 to 255, and will of new pictures"]


def _with_pictures(
    files: PictureFiles, kept: NDArray[np.intp]
) -> tuple[NDArray[np.int32], tuple[str, ...], list[str]]:
    """Return labels and names of the classes that have a picture that can be read, and a note on others.

    A network would get an output for a class that it never sees.
    """
    present, labels = np.unique(files.labels[kept], return_inverse=True)
    gone = [name for code, name in enumerate(files.class_names) if code not in set(present.tolist())]
    if len(present) < 2:
        raise DataError(
            f"only one class of {files.name} has pictures that can be read.",
            received=f"nothing readable in {shorten(gone)}",
            expected="pictures of at least two classes",
        )
    note = [f"classes without a picture that can be read were left out: {', '.join(gone)}"] if gone else []
    return labels.astype(np.int32), tuple(files.class_names[code] for code in present), note


def _check(size: tuple[int, int] | None, channels: int | None, largest: int, fit: str) -> None:
    good = size is None or (len(size) == 2 and all(isinstance(n, int | np.integer) and n > 0 for n in size))
    if not good or largest < 1 or channels not in (None, 1, 3):
        raise SettingsError(
            "size or channels are out of range.",
            received=f"size={size!r}, largest={largest!r}, channels={channels!r}",
            expected="two whole numbers above 0, and 1 or 3",
        )
    if fit not in FITS:
        raise SettingsError(
            f"pictures cannot be fitted by {fit!r}.",
            received=f"fit={fit!r}",
            expected=", ".join(FITS),
            fix=did_you_mean(fit, FITS),
        )


def _usual(paths: Sequence[Path], largest: int) -> tuple[tuple[int, int], int]:
    """Return size and channels that suit most pictures, by the headers of some."""
    sides: list[int] = []
    is_grey: list[bool] = []
    for position in np.unique(np.linspace(0, len(paths) - 1, _LOOKED_AT).astype(int)):
        with suppress(Exception), Image.open(paths[position]) as opened:
            # Any damage is found, and told, when the picture is decoded.
            sides.append(min(opened.size))
            is_grey.append(opened.mode in ("1", "L", "I", "I;16", "I;16B", "F"))
    side = int(min(np.median(sides), largest)) if sides else largest
    return (side, side), 1 if is_grey and all(is_grey) else 3


def _notes(skipped: Sequence[Skipped], copies: NDArray[np.int32], labels: NDArray[np.int32]) -> list[str]:
    said = []
    if skipped:
        names = ", ".join(f"{Path(one.path).name} ({one.reason})" for one in skipped[:3])
        said.append(f"{len(skipped)} files cannot be read and were left out: {names}")
    repeated = {code for code, number in Counter(copies.tolist()).items() if number > 1}
    if repeated:
        of_copies = np.isin(copies, list(repeated))
        pairs = {
            (int(code), int(label)) for code, label in zip(copies[of_copies], labels[of_copies], strict=True)
        }
        unlike = len(pairs) - len(repeated)
        said.append(
            f"{int(of_copies.sum())} pictures are (near) copies, in {len(repeated)} groups no split divides"
            + (f"; {unlike} times copies have different labels" if unlike else "")
        )
    return said


def check_pictures(values: Any) -> NDArray[Any]:
    """Return an array of pictures with an axis of channels.

    Args:
        values: ``[picture, row, column]`` or ``[picture, row, column, channel]``.

    Raises:
        DataError: it is something else.
    """
    images = np.asarray(values)
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or not np.issubdtype(images.dtype, np.number):
        raise DataError(
            "this is no array of pictures.",
            received=f"shape {images.shape}, {images.dtype}",
            expected="[picture, row, column] or [picture, row, column, channel] numbers",
        )
    return images
