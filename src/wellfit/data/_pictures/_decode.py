"""One picture file as an array: any format, depth and orientation, in one size."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from wellfit.records import FileReadError

Fit = Literal["crop", "pad", "stretch"]
FITS = get_args(Fit)
"""How a picture of another shape comes to the wanted one: by cutting, by black bars, or by distortion."""

_MOST_PIXELS = 400_000_000  # a file that claims more is no picture but an attack, or needs cutting first
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)
_DEEP_WHOLE = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_DEEP = (*_DEEP_WHOLE, "F")
_DEPTHS = (8, 10, 12, 14, 16)  # bits that cameras and scanners measure with
_NEVER_DEEP = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".webp"})


def decode_picture(
    path: str | Path | BinaryIO,
    size: tuple[int, int],
    *,
    channels: int = 3,
    fit: Fit = "crop",
    depth: int | None = None,
    most_pixels: int = _MOST_PIXELS,
) -> NDArray[np.uint8]:
    """Return the picture in a file as ``[row, column, channel]`` from 0 to 255.

    It is turned the way its EXIF orientation says; of an animation the first frame is taken; transparent
    places become white; 16 bits a channel become 8. Channels are grey, or red, green and blue.

    Args:
        path: a file that Pillow can read: JPEG, PNG, BMP, GIF, WebP, TIFF and others; or one that is open.
        size: rows and columns of the result.
        channels: 1 or 3.
        fit: ``crop`` keeps the middle, ``pad`` adds black bars, ``stretch`` changes the proportions.
        depth: bits that the numbers of a deep grey picture take, see `common_depth`; None takes all 16.
        most_pixels: of the file; what claims more is not decoded.

    Raises:
        FileReadError: the file is no picture, or it is cut off or damaged.

    Source:
        Exif 2.3, CIPA DC-008, 2010 (orientation).
    """
    try:
        with warnings.catch_warnings():
            # Size is checked below; what a damaged header or an odd palette says is of no use to anybody.
            warnings.simplefilter("ignore")
            with Image.open(path) as opened:
                width, height = opened.size
                if width * height > most_pixels:
                    raise FileReadError(
                        f"{path} is too large to decode.",
                        received=f"{width} x {height} pixels",
                        expected=f"at most {most_pixels:,} pixels",
                        fix="make it smaller first",
                    )
                if opened.format == "JPEG":
                    # The decoder leaves out detail that is thrown away anyway: several times as fast.
                    opened.draft("RGB" if channels == 3 else "L", _draft_size(opened.size, size))
                opened.load()
                picture: Any = ImageOps.exif_transpose(opened) or opened
                return _fitted(_plain(picture, channels, depth), size, fit)
    except _DAMAGED as error:
        reason = "it is no picture" if isinstance(error, UnidentifiedImageError) else str(error)
        raise FileReadError(
            f"{path} cannot be read as a picture.",
            received=reason[:200] or type(error).__name__,
            expected="a whole JPEG, PNG, BMP, GIF, WebP or TIFF file",
        ) from error


def highest_number(path: Path) -> int | None:
    """Return the highest number in a grey picture of more than 8 bits; None for any other file."""
    if path.suffix.lower() in _NEVER_DEEP:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as opened:
                width, height = opened.size
                if opened.mode not in _DEEP_WHOLE or width * height > _MOST_PIXELS:
                    return None
                return int(np.asarray(opened).max(initial=0))
    except _DAMAGED:
        return None


def common_depth(highest: int) -> int | None:
    """Return the bits that numbers take, of those that devices measure with; None for more than 16.

    A file has 8 or 16 bits for a number. Where 10 or 12 were measured, the highest number of 16 bits is far
    away, and what is scaled by it is almost black. One picture may be dark, so `highest` is that of all.

    Args:
        highest: number in all deep pictures of the data.

    Example:
        >>> [common_depth(number) for number in (255, 1000, 4095, 5000, 40_000, 70_000)]
        [8, 10, 12, 14, 16, None]
    """
    return next((depth for depth in _DEPTHS if highest < 2**depth), None)


def _draft_size(own: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
    """Return what the shorter side may shrink to before it is resized well: twice the wanted size."""
    rows, columns = wanted
    factor = min(1.0, 2.0 * max(rows / own[1], columns / own[0]))
    return max(1, round(own[0] * factor)), max(1, round(own[1] * factor))


def _plain(picture: Any, channels: int, depth: int | None) -> Any:
    """Return the picture in 8-bit grey or colour."""
    mode = "L" if channels == 1 else "RGB"
    if picture.mode in _DEEP:
        return Image.fromarray(_eight_bits(np.asarray(picture), depth)).convert(mode)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, picture).convert(mode)
    return picture.convert(mode)


def _eight_bits(values: NDArray[Any], depth: int | None) -> NDArray[np.uint8]:
    """Return deep grey values from 0 to 255: whole numbers by their range, others by what they hold."""
    numbers = np.nan_to_num(values.astype(np.float64))
    highest = float(numbers.max(initial=0.0))
    if np.issubdtype(values.dtype, np.floating):
        factor = 255.0 if highest <= 1.0 else 1.0 if highest <= 255.0 else 255.0 / highest
    elif depth is not None and highest < 65536:
        factor = 255.0 / (2**depth - 1)
    else:
        factor = 1.0 if highest <= 255 and values.dtype.itemsize > 2 else 255.0 / max(65535.0, highest)
    return np.clip(np.rint(numbers * factor), 0, 255).astype(np.uint8)


def _fitted(picture: Any, size: tuple[int, int], fit: Fit) -> NDArray[np.uint8]:
    wanted = (size[1], size[0])  # Pillow says width first
    if fit == "crop":
        picture = ImageOps.fit(picture, wanted, Image.Resampling.BILINEAR)
    elif fit == "pad":
        picture = ImageOps.pad(picture, wanted, Image.Resampling.BILINEAR)
    else:
        picture = picture.resize(wanted, Image.Resampling.BILINEAR)
    values = np.asarray(picture, np.uint8)
    return values[:, :, None] if values.ndim == 2 else values
