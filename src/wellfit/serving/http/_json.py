"""JSON as it comes from strangers, and as it goes back."""

from __future__ import annotations

import json
import math
from typing import Any

from wellfit.serving.http._refusal import RefusedError

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


class _TwiceError(ValueError):
    pass


def read_json(body: bytes) -> Any:
    """Return what a body holds; NaN and Infinity are numbers, as TensorFlow Serving takes them.

    Raises:
        RefusedError: it is no JSON, is nested too deeply, or names a key twice.

    Example:
        >>> read_json(b'{"age": NaN}')
        {'age': nan}
    """
    if not body.strip():
        raise RefusedError(400, "the body is empty.", expected="JSON")
    try:
        value = json.loads(body, object_pairs_hook=_object)
        if b"\\u" in body:
            # Half of a surrogate pair can be written in JSON, but is no text.
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise RefusedError(400, "the JSON is nested too deeply.", expected="rows of plain cells") from None
    except UnicodeError:
        raise RefusedError(
            400, "the body is not UTF-8 text.", expected="JSON in UTF-8, not compressed"
        ) from None
    except ValueError as error:
        raise RefusedError(400, "the body is not JSON.", received=_reason(error), expected="JSON") from None
    return value


def write_json(value: object) -> bytes:
    """Return JSON that every client reads: what is no finite number is null."""
    try:
        return _encode(value).encode()
    except ValueError:
        return _encode(_finite(value)).encode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _TwiceError(f"the key {twice!r:.80} is there twice")
    return made


def _reason(error: ValueError) -> str:
    return f"{error}".partition("\n")[0][:200]


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value
