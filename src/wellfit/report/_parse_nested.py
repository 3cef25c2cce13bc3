"""Records inside records, read back from JSON by what their fields are declared to be."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")


def parse_nested(kind: type[Record], values: Mapping[str, Any]) -> Record:
    """Return a record of `kind` whose fields are numbers, text, records, and tuples or mappings of these.

    Unknown keys are left aside, as a later version may have written more; a field that is absent has its
    default; None is NaN where a number is due.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: `values` is no such record.

    Example:
        >>> from wellfit.records import Scored
        >>> parse_nested(Scored, {"value": 1, "low": None, "high": 2.5, "later": 3})
        Scored(value=1.0, low=nan, high=2.5)
    """
    hints = get_type_hints(kind)
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: _value(hints[name], value) for name, value in values.items() if name in known})


def _value(kind: Any, value: Any) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        inner = next(part for part in parts if part is not type(None))
        return None if value is None else _value(inner, value)
    if origin is tuple:
        return tuple(_value(parts[0], one) for one in value)
    if origin is Mapping:
        return {str(name): _value(parts[1], one) for name, one in value.items()}
    if dataclasses.is_dataclass(kind):
        return parse_nested(kind, value)  # type: ignore[arg-type]
    if kind is float:
        return math.nan if value is None else float(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} where {kind.__name__} is due")
    return value
