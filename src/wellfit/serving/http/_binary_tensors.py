"""Tensors as bytes behind the JSON of a request, which Triton's client sends unless it is told not to.

Source:
    NVIDIA Triton Inference Server, Binary Tensor Data Extension.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wellfit.serving.http._json import read_json
from wellfit.serving.http._refusal import RefusedError

NAME = "binary_tensor_data"
"""Of the extension, as servers list it."""

_SIZE = "binary_data_size"
_LENGTH_BYTES = 4
_BITS = (8, 16, 32, 64)
_TYPES = {
    "BOOL": "?",
    **{f"INT{bits}": f"<i{bits // 8}" for bits in _BITS},
    **{f"UINT{bits}": f"<u{bits // 8}" for bits in _BITS},
    **{f"FP{bits}": f"<f{bits // 8}" for bits in _BITS[1:]},
}


def read_mixed(body: bytes, head_size: str) -> Any:
    """Return the request with the bytes of its inputs as lists, as if it had been JSON.

    Args:
        body: JSON and, behind it, the bytes of those inputs that have ``binary_data_size``, in their order.
        head_size: how many bytes are JSON.

    Raises:
        RefusedError: sizes do not fit, or bytes are no values of their datatype.

    Example:
        >>> head = b'{"inputs": [{"datatype": "FP32", "parameters": {"binary_data_size": 4}}]}'
        >>> read_mixed(head + np.float32(1.5).tobytes(), str(len(head)))["inputs"][0]["data"]
        [1.5]
    """
    if not (head_size.isascii() and head_size.isdigit()) or len(head_size) > 12 or int(head_size) > len(body):
        raise RefusedError(400, "inference-header-content-length does not fit.", received=head_size[:40])
    start = int(head_size)
    request = read_json(body[:start])
    inputs = request.get("inputs") if isinstance(request, dict) else None
    for given in inputs if isinstance(inputs, list) else []:
        parameters = given.get("parameters") if isinstance(given, dict) else None
        if not isinstance(parameters, dict) or _SIZE not in parameters:
            continue
        size = parameters[_SIZE]
        if type(size) is not int or not 0 <= size <= len(body) - start:
            raise RefusedError(400, f"{_SIZE} does not fit.", received=repr(size)[:40])
        given["data"] = _values(given.get("datatype"), body[start : start + size])
        start += size
    if start != len(body):
        raise RefusedError(
            400, "there are more bytes than inputs.", received=f"{len(body) - start} bytes more"
        )
    return request


def _values(datatype: object, data: bytes) -> list[Any]:
    if datatype == "BYTES":
        return _texts(data)
    found = _TYPES.get(datatype) if isinstance(datatype, str) else None
    if found is None or len(data) % np.dtype(found).itemsize:
        raise RefusedError(
            400,
            "the bytes of an input are no values of its datatype.",
            received=f"{len(data)} bytes of {datatype!r:.40}",
            expected=f"BYTES, {', '.join(_TYPES)}",
        )
    return np.frombuffer(data, found).tolist()


def _texts(data: bytes) -> list[str]:
    """Return texts, each of which stands behind its length in four bytes."""
    texts: list[str] = []
    start = 0
    while start < len(data):
        stop = start + _LENGTH_BYTES
        stop += int.from_bytes(data[start:stop], "little")
        if stop > len(data):
            raise RefusedError(400, "a text is longer than the bytes of its input.")
        try:
            texts.append(data[start + _LENGTH_BYTES : stop].decode())
        except UnicodeError:
            raise RefusedError(400, "a text is not UTF-8.") from None
        start = stop
    return texts
