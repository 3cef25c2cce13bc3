"""Records read back from JSON by what their fields are declared to be."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

Record = TypeVar("Record")


def parse_nested(kind: type[Record], values: Any) -> Record:
    """Return a record of `kind` from what `plain_value` made of one.

    Fields may be numbers, text, choices, arrays, records, and tuples or mappings of these. Unknown keys are
    left aside, as a later version may have written more; a field that is absent has its default; None is NaN
    where a number is due.

    Raises:
        KeyError, TypeError, ValueError, OverflowError: `values` is no such record.

    Example:
        >>> from wellfit.records import Scored
        >>> parse_nested(Scored, {"value": 1, "low": None, "high": 2.5, "later": 3})
        Scored(value=1.0, low=nan, high=2.5)
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"{_shown(values)} where {kind.__name__} is due")
    hints = _hints(kind)
    return kind(**{name: _value(hints[name], value) for name, value in values.items() if name in hints})


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(kind: Any, value: Any) -> Any:
    if kind is object:
        return value
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        inner = next(part for part in parts if part is not type(None))
        return None if value is None else _value(inner, value)
    if origin is Literal:
        return _one_of(parts, value)
    return _single(kind, value) if origin is None else _several(origin, parts, value)


def _several(origin: Any, parts: Sequence[Any], value: Any) -> Any:
    if origin is np.ndarray:
        return _array(get_args(parts[1])[0], value)
    if issubclass(origin, Mapping):
        return {str(name): _value(parts[1], one) for name, one in _checked(Mapping, value).items()}
    return tuple(_value(parts[0], one) for one in _checked(Sequence, value))


def _one_of(choices: Sequence[Any], value: Any) -> Any:
    if value not in choices:
        raise ValueError(f"{_shown(value)} where one of {', '.join(map(repr, choices))} is due")
    return value


def _single(kind: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(kind):
        return parse_nested(kind, value)  # type: ignore[arg-type]
    if issubclass(kind, Enum):
        return kind(value)
    if kind is float:
        return math.nan if value is None else float(_checked((int, float), value))
    return _checked(kind, value)


def _array(dtype: Any, value: Any) -> np.ndarray:
    if np.issubdtype(dtype, np.floating):
        with np.errstate(over="ignore"):  # what is too large for the type is infinite
            return np.asarray([_single(float, one) for one in _checked(Sequence, value)], dtype=dtype)
    return np.asarray(_checked(Sequence, value), dtype=dtype)


def _checked(kind: Any, value: Any) -> Any:
    is_text = isinstance(value, str) and kind is Sequence
    if is_text or not isinstance(value, kind):
        names = kind if isinstance(kind, tuple) else (kind,)
        raise TypeError(f"{_shown(value)} where {' or '.join(one.__name__ for one in names)} is due")
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
