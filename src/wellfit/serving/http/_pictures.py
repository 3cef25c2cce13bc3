"""Pictures that come encoded, as JPEG, PNG and others: read and resized as those that were learned from."""

from __future__ import annotations

import base64
import binascii
import io
import threading
import time
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from wellfit.records import FileReadError
from wellfit.serving._rows import Array
from wellfit.serving._signature import ArrayInput
from wellfit.serving.http._limits import Limits
from wellfit.serving.http._model import Model
from wellfit.serving.http._refusal import RefusedError


def prepare() -> None:
    """Bring what reads files of pictures, in a thread: it takes seconds, and numbers need not wait."""
    threading.Thread(target=import_module, args=("wellfit.data",), daemon=True).start()


def is_encoded(value: object) -> bool:
    """Return whether a JSON value is ``{"b64": ...}``, as TensorFlow Serving writes bytes."""
    return isinstance(value, dict) and len(value) == 1 and "b64" in value


def read_encoded(model: Model, wanted: ArrayInput, values: Sequence[object], limits: Limits) -> list[Any]:
    """Return the list with each encoded picture as an array.

    Raises:
        RefusedError: one is no picture, or the network takes none.
    """
    if model.signature.kind != "pictures":
        raise RefusedError(422, "this network takes no pictures.", expected="arrays of numbers")
    arrays: list[Any] = []
    ends_at = time.monotonic() + limits.timeout_s
    for place, value in enumerate(values):
        if not isinstance(value, dict) or not is_encoded(value):
            arrays.append(value)
            continue
        # Whoever asked was told by then that it took too long; this thread must not go on for nobody.
        if time.monotonic() > ends_at:
            raise RefusedError(504, "reading the pictures took too long.", received=f"{len(values)} pictures")
        arrays.append(decode(model, wanted, _bytes(value["b64"], place), place, limits))
    return arrays


def decode(model: Model, wanted: ArrayInput, data: bytes, place: int, limits: Limits) -> Array:
    """Return ``[height, width, channel]`` of a picture's file.

    Raises:
        RefusedError: it is no picture, or has too many pixels.
    """
    # Reading pictures brings what reads tables; networks that take none must start without it.
    from wellfit.data import decode_picture  # noqa: PLC0415

    height, width, channels = wanted.shape
    depth = model.servable.manifest.get("picture_depth")
    try:
        return decode_picture(
            io.BytesIO(data),
            (height, width),
            channels=channels,
            fit=model.signature.picture_fit or "crop",  # pyright: ignore
            depth=depth if isinstance(depth, int) else None,
            most_pixels=limits.pixels,
        )
    except FileReadError as error:
        raise RefusedError(
            422,
            f"picture {place + 1} cannot be read.",
            received=error.received,
            expected=error.expected,
            row=place + 1,
        ) from None


def _bytes(text: object, place: int) -> bytes:
    try:
        if isinstance(text, str):
            return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise RefusedError(
        422,
        f"picture {place + 1} is not encoded in Base64.",
        expected='{"b64": "..."} with a whole JPEG, PNG, BMP, GIF, WebP or TIFF file',
        row=place + 1,
    )
