"""New pictures in the size of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data import decode_picture, picture_paths
from wellfit.models import Model


def picture_inputs(model: Model, source: Any, fit: str, depth: int | None = None) -> NDArray[np.uint8]:
    """Return ``[picture, row, column, channel]`` from 0 to 255, in the order of the files.

    Args:
        model: whose input decides the size.
        source: a picture, a folder, or a list of paths.
        fit: see `decode_picture`.
        depth: see `decode_picture`.

    Raises:
        FileReadError: a file cannot be read; it is named.
        DataError: there are no pictures.
    """
    rows, columns, channels = model.inputs[0].shape[1:]
    size: Any = (rows, columns)
    decoded = [
        decode_picture(path, size, channels=channels, fit=fit, depth=depth)  # type: ignore[arg-type]
        for path in picture_paths(source)
    ]
    return np.stack(decoded)
