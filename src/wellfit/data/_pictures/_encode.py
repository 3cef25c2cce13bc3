"""Pictures side by side as a small PNG file."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_GAP = 2  # white pixels between two pictures
_COLORS = 64  # of a palette: a third of the size of full color, and still a picture


def png_strip(pictures: NDArray[np.uint8], *, side: int = 48) -> tuple[bytes, int, int]:
    """Return a PNG file with pictures from left to right, and its width and height.

    Args:
        pictures: ``[picture, row, column, channel]`` from 0 to 255, gray or red, green and blue.
        side: pixels of the longer side of each; larger ones are made smaller, much smaller ones larger by
            a whole factor.

    Example:
        >>> data, width, height = png_strip(np.zeros((3, 30, 40, 1), np.uint8))
        >>> data[:4], width, height
        (b'\\x89PNG', 124, 30)
    """
    cells = [_small(one, side) for one in pictures]
    gap = np.full((cells[0].shape[0], _GAP, *cells[0].shape[2:]), 255, np.uint8)
    parts = [part for cell in cells for part in (cell, gap)][:-1]
    strip: Any = Image.fromarray(np.concatenate(parts, axis=1))
    if strip.mode == "RGB":
        strip = strip.quantize(_COLORS)
    stream = io.BytesIO()
    strip.save(stream, "PNG", optimize=True)
    return stream.getvalue(), strip.width, strip.height


def _small(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    image: Any = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    if max(image.size) > side:
        factor = side / max(image.size)
        size = tuple(max(1, round(length * factor)) for length in image.size)
        image = image.resize(size, Image.Resampling.BOX)
    larger = max(1, side // max(image.size))
    return np.asarray(image, np.uint8).repeat(larger, axis=0).repeat(larger, axis=1)
