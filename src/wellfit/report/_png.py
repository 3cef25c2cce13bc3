"""Small pictures as text: PNG files in base64."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]


def to_png(picture: Array, most: int = 64) -> str:
    """Return a picture as a PNG file in base64, made smaller where a side is longer than `most`.

    Args:
        picture: ``[row, column, channel]`` from 0 to 255, of 1 or 3 channels.
        most: pixels along the longer side.

    Example:
        >>> from_png(to_png(np.full((4, 6, 3), 7.0))).shape
        (4, 6, 3)
    """
    values = np.clip(np.rint(np.nan_to_num(picture)), 0, 255).astype(np.uint8)
    image = Image.fromarray(values[:, :, 0] if values.shape[2] == 1 else values)
    image.thumbnail((most, most), Image.Resampling.BOX)
    stream = io.BytesIO()
    image.save(stream, format="PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def from_png(text: str) -> NDArray[np.uint8]:
    """Return ``[row, column, 3]`` of what `to_png` returned.

    Raises:
        ValueError: it is no picture.
    """
    try:
        with Image.open(io.BytesIO(base64.b64decode(text))) as image:
            return np.asarray(image.convert("RGB"), np.uint8)
    except (OSError, SyntaxError) as error:
        raise ValueError("this is no picture in base64") from error


def resized_map(values: Array, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return ``[row, column]`` numbers in another size, smooth in between."""
    image = Image.fromarray(np.asarray(values, np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR), np.float32)
