"""A network as Python functions that build it: layer names kept, only arguments that are not defaults."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from wellfit.models._chosen_layers import leaves
from wellfit.models._code._calls import applied, layer_code
from wellfit.models._code._names import Names
from wellfit.models._code._values import argument_code, call_code
from wellfit.models._graph import Call, Graph, TensorKey, read_graph, why_no_graph
from wellfit.models._probe import predictions, probe_inputs, weight_values
from wellfit.models._rebuild import set_weights
from wellfit.records import UnsupportedModelError

MOST_LAYERS = 60
"""Layers beyond which a network is no longer written out: nobody would read it."""


@dataclass(frozen=True, kw_only=True)
class NetworkCode:
    """A network as code.

    Attributes:
        functions: source of the functions, nested models first; the last is called ``build_model``. Empty
            where the network is not written out.
        reason: why it is not.
    """

    functions: str
    reason: str = ""


def network_code(model: keras.Model) -> NetworkCode:
    """Return code that builds `model` with new weights, checked by running it.

    An adapted `Normalization` is written with its numbers. What was built is compared with `model`: layers,
    their configs, and predictions with the same weights.

    Args:
        model: a built Sequential or functional model of layers and operations of Keras.

    Returns:
        The code, or the reason why there is none: too many layers, layers that are not part of Keras.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, name="head")], name="small")
        >>> print(network_code(model).functions)
        def build_model():
            return keras.Sequential(
                [
                    keras.Input((3,)),
                    keras.layers.Dense(1, name="head"),
                ],
                name="small",
            )
    """
    reason = why_no_graph(model)
    if reason:
        return NetworkCode(functions="", reason=reason)
    count = sum(1 for _ in leaves(model))
    if count > MOST_LAYERS:
        return NetworkCode(functions="", reason=f"it has {count} layers")
    try:
        writer = _Writer()
        writer.write(model, "build_model")
        functions = "\n\n\n".join(writer.functions)
        _check(model, functions)
    except UnsupportedModelError as error:
        return NetworkCode(functions="", reason=error.summary)
    return NetworkCode(functions=functions)


class _Writer:
    """Writes one function for each model, those inside first."""

    def __init__(self) -> None:
        self.functions: list[str] = []
        self._names = Names(["build_model"])

    def write(self, model: keras.Model, function: str) -> None:
        body = self._sequential(model) if _is_list(model) else self._functional(model)
        self.functions.append(f"def {function}():\n{textwrap.indent(body, '    ')}")

    def _sequential(self, model: Any) -> str:
        parts = [input_code(model.inputs[0]), *(self._made(layer) for layer in model.layers)]
        inner = "".join(f"{textwrap.indent(part, '        ')},\n" for part in parts)
        return f"return keras.Sequential(\n    [\n{inner}    ],\n    name={argument_code(model.name)},\n)"

    def _functional(self, model: Any) -> str:
        graph = read_graph(model)
        variables = variable_names(graph)
        lines = [f"{variables[(c.index, 0)]} = {input_code(c.operation.output)}" for c in _inputs(graph)]
        makers: dict[str, str] = {}
        names = Names([*variables.values(), "keras", "np"])
        for call in graph.calls:
            if call.is_input:
                continue
            if len(graph.calls_of(call.name)) > 1 and call.name not in makers and _is_layer(call):
                makers[call.name] = names.new(call.name)
                lines.append(f"{makers[call.name]} = {self._made(call.operation)}")
            maker = makers.get(call.name) or (self._made(call.operation) if _is_layer(call) else None)
            target = ", ".join(variables[(call.index, place)] for place in range(len(call.shapes)))
            lines.append(f"{target} = {applied(call, maker, graph, variables)}")
        alone = isinstance(model, keras.Sequential)

        def named(struct: Any) -> str:
            return _struct_code(struct, lambda leaf: variables[graph.keys[id(leaf)]])

        ends = (model.inputs[0], model.outputs[0]) if alone else (model.input, model.output)
        last = [*(named(end) for end in ends), f"name={argument_code(model.name)}"]
        return "\n".join([*lines, f"return {call_code('keras.Model', last)}"])

    def _made(self, layer: Any) -> str:
        if not isinstance(layer, keras.Model):
            return layer_code(layer)
        function = self._names.new(f"build_{layer.name}")
        self.write(layer, function)
        return f"{function}()"


def input_code(tensor: Any) -> str:
    """Return ``keras.Input(...)`` for an input tensor."""
    layer = tensor._keras_history.operation
    parts = [argument_code(tuple(tensor.shape[1:]))]
    kind = keras.backend.standardize_dtype(tensor.dtype)
    parts += [f"dtype={argument_code(kind)}"] if kind != "float32" else []
    # Names that Keras made up say nothing.
    is_own = not layer.name.startswith(("input_layer", "keras_tensor"))
    return call_code("keras.Input", parts + ([f"name={argument_code(layer.name)}"] if is_own else []))


def variable_names(graph: Graph) -> dict[TensorKey, str]:
    """Return a name for each tensor: ``x`` where only the next call reads it, else one like the layer's."""
    inputs = _inputs(graph)
    names, found = Names(["x", "keras", "np"]), dict[TensorKey, str]()
    for call in graph.calls:
        for place in range(len(call.shapes)):
            key = (call.index, place)
            readers = graph.consumers.get(key, ())
            is_last = key in graph.outputs and call.index == len(graph.calls) - 1 and not readers
            is_passed_on = set(readers) == {call.index + 1} and key not in graph.outputs
            if call.is_input:
                found[key] = "inputs" if len(inputs) == 1 else names.new(call.name)
            elif len(call.shapes) == 1 and (is_passed_on or is_last):
                found[key] = "x"
            else:
                name = call.name if _is_layer(call) else type(call.operation).__name__.lower()
                found[key] = names.new(name if place == 0 else f"{name}_{place}")
    return found


def _inputs(graph: Graph) -> list[Call]:
    return [call for call in graph.calls if call.is_input]


def _is_layer(call: Call) -> bool:
    return isinstance(call.operation, keras.layers.Layer)


def _is_list(model: Any) -> bool:
    """Whether a model is a plain list of different layers."""
    if not isinstance(model, keras.Sequential):
        return False
    return len({layer.name for layer in model.layers}) == len(model.layers)


def _struct_code(struct: Any, named: Any) -> str:
    if isinstance(struct, dict):
        return (
            "{" + ", ".join(f"{argument_code(k)}: {_struct_code(v, named)}" for k, v in struct.items()) + "}"
        )
    if isinstance(struct, list | tuple):
        return "[" + ", ".join(_struct_code(part, named) for part in struct) + "]"
    return named(struct)


def _check(model: keras.Model, functions: str) -> None:
    """Run the code and compare what it builds."""
    space: dict[str, Any] = {"keras": keras, "np": np}
    try:
        exec(compile(functions, "build_model", "exec"), space)
        built: keras.Model = space["build_model"]()
        kept = [v for v, is_fixed in zip(weight_values(model), _fixed(model), strict=True) if not is_fixed]
        set_weights(built, kept)
        inputs = probe_inputs(model)
        difference = np.abs(predictions(model, inputs) - predictions(built, inputs))
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise _unlike(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}") from error
    wrong = [name for name, own, other in zip(*_compared(model, built), strict=True) if own != other]
    if wrong or not np.allclose(difference, 0.0, atol=1e-5, equal_nan=True):
        raise _unlike(f"layers {', '.join(wrong)}" if wrong else "other predictions")


def _compared(model: keras.Model, built: keras.Model) -> tuple[Sequence[str], list[Any], list[Any]]:
    own, other = ([leaf for _, leaf in leaves(one)] for one in (model, built))
    own, other = ([leaf for leaf in part if not _is_input(leaf)] for part in (own, other))
    if len(own) != len(other):
        raise _unlike(f"{len(other)} layers in place of {len(own)}")
    return [leaf.name for leaf in own], [_config(leaf) for leaf in own], [_config(leaf) for leaf in other]


def _is_input(layer: Any) -> bool:
    return isinstance(layer, keras.layers.InputLayer)


def _config(layer: Any) -> Any:
    """Return a config as far as code has to say the same; an adapted normalization has its numbers."""
    left_out = {"mean", "variance"} if isinstance(layer, keras.layers.Normalization) else set()
    return keras.tree.map_structure(
        str, {key: value for key, value in layer.get_config().items() if key not in left_out}
    )


def _fixed(model: keras.Model) -> list[bool]:
    """Return which weights are numbers in the code."""
    held = {
        id(v)
        for _, leaf in leaves(model)
        for part in leaf._flatten_layers()
        if isinstance(part, keras.layers.Normalization)
        for v in part.weights
    }
    return [id(variable) in held for variable in model.weights]


def _unlike(received: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        "code that builds the same network could not be written",
        received=received,
        expected="the layers of the network, with the same predictions",
    )
