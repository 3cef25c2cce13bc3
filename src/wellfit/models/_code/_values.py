"""Values of a Keras config as code: numbers, text, and objects with the arguments that are not defaults."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from wellfit.records import UnsupportedModelError

WIDTH = 100
"""Columns of a line of code."""

_NOT_ARGUMENTS = frozenset({"registered_name", "build_config", "loss_scale_factor"})
_LAST = ("trainable", "dtype", "name")
Config = Mapping[str, Any]


def argument_code(value: Any) -> str:
    """Return code for a value of a config.

    Raises:
        UnsupportedModelError: it is an object that is not part of Keras.

    Example:
        >>> argument_code(keras.regularizers.serialize(keras.regularizers.L2(1e-4)))
        'keras.regularizers.L2(0.0001)'
    """
    if isinstance(value, Mapping):
        return _mapping_code(value)
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        inner = ", ".join(argument_code(part) for part in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    return _plain_code(value)


def object_code(config: Config) -> str:
    """Return code for an object of Keras, given as `keras.saving` serializes it."""
    name = str(config.get("class_name"))
    if name == "function" and isinstance(config.get("config"), str):
        return argument_code(config["config"])
    if name == "DTypePolicy":
        return argument_code(config["config"]["name"])
    path = f"{config.get('module') or ''}.{name}"
    kind = _attribute(path)
    if kind is None or config.get("registered_name") not in (None, "", name):
        raise _unsupported(name)
    return call_code(path, arguments(kind, config["config"]))


def arguments(kind: Any, config: Config) -> list[str]:
    """Return the arguments by which `kind` makes what `config` describes: those without default first.

    Args:
        kind: a class of Keras.
        config: as its ``get_config`` gives it.
    """
    parameters = inspect.signature(kind.__init__).parameters
    plain = [p for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"]
    required = [p.name for p in plain if p.default is p.empty and p.name in config]
    usual = _defaults(kind, {name: config[name] for name in required}, parameters)
    changed = {
        name: value
        for name, value in config.items()
        if name not in required
        and name not in _NOT_ARGUMENTS
        and ((name == "name" and issubclass(kind, keras.layers.Layer)) or not _same(value, usual.get(name)))
        and not (name == "name" and not issubclass(kind, keras.layers.Layer))
    }
    # The one number of L2, Dropout or Adam needs no name.
    first = plain[0].name if plain else ""
    if not required and first in changed and first != "name" and len(set(changed) - {"name"}) == 1:
        required = [first]
    positional = [argument_code(config[name]) for name in required]
    named = [name for name in changed if name not in required]
    # What all layers have comes last, where one looks for a name.
    named.sort(key=lambda name: _LAST.index(name) + 1 if name in _LAST else 0)
    return [*positional, *(f"{name}={argument_code(changed[name])}" for name in named)]


def call_code(path: str, parts: Sequence[str]) -> str:
    """Return a call, on one line if it fits, else with one argument on each line.

    Example:
        >>> call_code("keras.layers.Dense", ["64", 'activation="relu"'])
        'keras.layers.Dense(64, activation="relu")'
    """
    line = f"{path}({', '.join(parts)})"
    if "\n" not in line and len(line) <= WIDTH - 12:
        return line
    inner = "".join(f"{textwrap.indent(part, '    ')},\n" for part in parts)
    return f"{path}(\n{inner})"


def _plain_code(value: Any) -> str:
    if isinstance(value, float) and not np.isfinite(value):
        return f'float("{value}")'
    if value is Ellipsis:
        return "..."
    if isinstance(value, str):
        return _text_code(value)
    if value is None or isinstance(value, bool | int | float | slice):
        return repr(value)
    raise _unsupported(type(value).__name__)


def _mapping_code(value: Config) -> str:
    if "class_name" in value and "config" in value:
        return object_code(value)
    if value.get("class_name") == "__tuple__" and "items" in value:
        return argument_code(tuple(value["items"]))
    parts = [f"{argument_code(key)}: {argument_code(inner)}" for key, inner in value.items()]
    return f"{{{', '.join(parts)}}}"


def _text_code(value: str) -> str:
    """Return text in double quotes, as formatters write it."""
    quoted = repr(value)
    return f'"{quoted[1:-1]}"' if quoted[0] == "'" and '"' not in quoted else quoted


def _defaults(kind: Any, required: Config, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of an object that is made with what it must have alone."""
    # A name, or Keras would count the layer among those that are named by number.
    named = {"name": "usual"} if issubclass(kind, keras.layers.Layer) else {}
    known = {name: p.default for name, p in parameters.items() if p.default is not p.empty}
    if named:
        known |= {"trainable": True, "dtype": keras.layers.Identity(name="usual").get_config()["dtype"]}
    for make in (kind.from_config, lambda config: kind(**config)):
        try:
            return known | dict(make({**required, **named}).get_config())
        except Exception:
            # Some classes cannot be made of that; then only plain defaults are known.
            continue
    return known


def _same(value: Any, usual: Any) -> bool:
    """Whether two values of configs are equal; lists and tuples are told apart by nobody."""
    if isinstance(value, list | tuple) and isinstance(usual, list | tuple):
        return len(value) == len(usual) and all(_same(a, b) for a, b in zip(value, usual, strict=True))
    if isinstance(value, Mapping) and isinstance(usual, Mapping):
        return value.keys() == usual.keys() and all(_same(value[key], usual[key]) for key in value)
    return type(value) is type(usual) and bool(value == usual)


def _attribute(path: str) -> Any:
    """Return what a dotted path in Keras names; None if there is nothing."""
    found: Any = keras
    root, *parts = path.split(".")
    if root != "keras":
        return None
    for part in parts:
        found = getattr(found, part, None)
    return found


def _unsupported(name: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"{name} is not part of Keras, and cannot be written as plain Keras code",
        received=name,
        expected="layers, activations, losses and optimizers of Keras",
    )
