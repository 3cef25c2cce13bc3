"""The layers of a network as calls: what each is made with, and which layer it reads."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from wellfit.models._code._calls import layer_code
from wellfit.models._graph import read_graph, why_no_graph
from wellfit.records import UnsupportedModelError


@dataclass(frozen=True, kw_only=True)
class LayerCall:
    """One layer.

    Attributes:
        name: of the layer.
        kind: of its class.
        arguments: those that are not defaults, name to code; empty for a layer that is not written in Keras
            alone.
        parameters: names of its positional arguments in order.
        after: name of the one layer that it reads; empty for an input, an operation, or several.
    """

    name: str
    kind: str
    arguments: Mapping[str, str]
    parameters: tuple[str, ...]
    after: str = ""


def layer_calls(model: keras.Model) -> tuple[LayerCall, ...]:
    """Return the layers of a network in order, inputs left out; none for one whose graph is not known.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "relu", name="head")])
        >>> layer_calls(model)[0].arguments
        {'units': '1', 'activation': '"relu"', 'name': '"head"'}
    """
    if why_no_graph(model):
        return ()
    graph = read_graph(model)
    found: dict[str, LayerCall] = {}
    for call in graph.calls:
        if call.is_input or not isinstance(call.operation, keras.layers.Layer) or call.name in found:
            continue
        before = graph.calls[call.inputs[0][0]] if len(call.inputs) == 1 else None
        is_layer = before is not None and isinstance(before.operation, keras.layers.Layer)
        after = before.name if before is not None and is_layer and not before.is_input else ""
        found[call.name] = _call_of(call.operation, after)
    return tuple(found.values())


def _call_of(layer: Any, after: str) -> LayerCall:
    kinds = inspect.signature(type(layer).__init__).parameters.values()
    parameters = tuple(p.name for p in kinds if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self")
    try:
        code = layer_code(layer)
    except UnsupportedModelError:
        code = "unknown()"
    call: Any = ast.parse(code, mode="eval").body
    arguments = {
        name: str(ast.get_source_segment(code, value))
        for name, value in [
            *zip(parameters, call.args, strict=False),
            *((keyword.arg, keyword.value) for keyword in call.keywords),
        ]
    }
    return LayerCall(
        name=layer.name, kind=type(layer).__name__, arguments=arguments, parameters=parameters, after=after
    )
