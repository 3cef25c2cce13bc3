"""One layer, and one call of a layer or operation, as code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from wellfit.models._code._values import argument_code, arguments, call_code
from wellfit.models._graph import Call, Graph, TensorKey
from wellfit.models._probe import value_of
from wellfit.records import UnsupportedModelError

Config = dict[str, Any]


def layer_code(layer: Any) -> str:
    """Return code that makes a layer.

    Raises:
        UnsupportedModelError: it is not one of `keras.layers`.
    """
    name = type(layer).__name__
    if getattr(keras.layers, name, None) is not type(layer) or name == "Lambda":
        raise UnsupportedModelError(
            f"layer {layer.name!r} ({name}) is code of its own",
            received=name,
            expected="layers of keras.layers",
        )
    config = layer.get_config()
    if isinstance(layer, keras.layers.Normalization):
        config = _with_numbers(layer, config)
    return call_code(f"keras.layers.{name}", arguments(type(layer), config))


def applied(call: Call, maker: str | None, graph: Graph, variables: Mapping[TensorKey, str]) -> str:
    """Return the code of one call.

    Args:
        call: the call.
        maker: code of the layer that is called; None for an operation.
        graph: the network's.
        variables: names of the tensors.
    """

    def shown(value: Any) -> str:
        if id(value) in graph.keys:
            return variables[graph.keys[id(value)]]
        if isinstance(value, list | tuple) and any(id(part) in graph.keys for part in value):
            return f"[{', '.join(shown(part) for part in value)}]"
        if isinstance(value, dict):
            return "{" + ", ".join(f"{argument_code(k)}: {shown(v)}" for k, v in value.items()) + "}"
        if keras.ops.is_tensor(value):
            return f"np.array({argument_code(np.asarray(keras.ops.convert_to_numpy(value)))})"
        return argument_code(value)

    positional = [shown(value) for value in call.args]
    # Keras notes how a layer was called when the network was built; training decides that anew.
    given = {k: v for k, v in call.kwargs.items() if not (v is None or (k == "training" and not v))}
    named = {name: shown(value) for name, value in given.items()}
    if maker is not None:
        return f"{maker}({', '.join([*positional, *(f'{k}={v}' for k, v in named.items())])})"
    if type(call.operation).__name__ == "GetItem":
        return f"{positional[0]}[{_index(call.args[1])}]"
    return _operation_code(call, positional, named)


def _operation_code(call: Call, positional: list[str], named: dict[str, str]) -> str:
    """Return ``keras.ops.name(...)`` for an operation; what it was made with comes by name."""
    kind = type(call.operation).__name__
    name = next((one for one in (_snake(kind), kind.lower()) if hasattr(keras.ops, one)), None)
    if name is None or not type(call.operation).__module__.startswith("keras."):
        raise UnsupportedModelError(
            f"operation {call.name!r} ({kind}) is not one of keras.ops",
            received=kind,
            expected="operations of keras.ops",
        )
    parameters = inspect.signature(getattr(keras.ops, name)).parameters
    for key, value in call.operation.get_config().items():
        if key in parameters and key != "name" and value != parameters[key].default:
            named.setdefault(key, argument_code(value))
    return call_code(f"keras.ops.{name}", [*positional, *(f"{k}={v}" for k, v in named.items())])


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _index(key: Any) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    return ", ".join(_slice(part) if isinstance(part, slice) else argument_code(part) for part in parts)


def _slice(part: slice) -> str:
    start, stop, step = ("" if value is None else str(value) for value in (part.start, part.stop, part.step))
    return f"{start}:{stop}" + (f":{step}" if step else "")


def _with_numbers(layer: Any, config: Config) -> Config:
    """Return the config of a `Normalization` with the mean and variance that it was adapted to."""
    if config.get("mean") is not None or not layer.built:
        return config
    weights = {variable.name: value_of(variable) for variable in layer.weights}
    if not {"mean", "variance"} <= set(weights):
        return config
    return {**config, "mean": weights["mean"].tolist(), "variance": weights["variance"].tolist()}
