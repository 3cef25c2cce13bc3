"""Changes of layers in the user's own script: arguments of those it has, and layers behind them."""

from __future__ import annotations

import ast
import re
from typing import Any

from wellfit.api._code._recipe import Recipe
from wellfit.api._code._source import Source, called
from wellfit.models import LayerCall, call_code, layer_calls

_NONE = ("_regularizer", "_constraint")  # arguments that are None by default


def change_layers(recipe: Recipe, source: Source) -> list[str]:
    """Make the layers of a script those of the chosen network; return what is to be changed by hand."""
    given = {layer.name: layer for layer in layer_calls(recipe.given)}
    chosen = {layer.name: layer for layer in layer_calls(recipe.model)}
    places = _matched(source, list(given.values()))
    by_hand: list[str] = []
    for name, layer in chosen.items():
        if name in given:
            by_hand += _change(source, given[name], layer, places.get(name))
    for name, layer in given.items():
        if name not in chosen:
            by_hand.append(f"leave out layer {name!r} ({layer.kind})")
    return by_hand + _insert(source, given, chosen, places)


def _matched(source: Source, layers: list[LayerCall]) -> dict[str, Any]:
    """Return the call in the source that makes each layer, where that is certain.

    By the name that the source gives; otherwise by order, if the calls of layer classes are exactly those of
    the network, one for each layer, with the same numbers.
    """
    calls = source.calls(*{layer.kind for layer in layers})
    known = {layer.name: layer for layer in layers}
    found: dict[str, Any] = {}
    for call in calls:
        name = source.argument(call, "name")
        if isinstance(name, ast.Constant) and name.value in known and called(call) == known[name.value].kind:
            if name.value in found:
                return {}
            found[name.value] = call
    same_order = [called(call) for call in calls] == [layer.kind for layer in layers]
    if same_order and all(_agrees(source, *pair) for pair in zip(calls, layers, strict=True)):
        found |= {layer.name: call for call, layer in zip(calls, layers, strict=True)}
    return found


def _agrees(source: Source, call: Any, layer: LayerCall) -> bool:
    """Whether the numbers and texts of a call are those of a layer."""
    given = [*zip(layer.parameters, call.args, strict=False), *((k.arg, k.value) for k in call.keywords)]
    for name, value in given:
        code = layer.arguments.get(str(name), "")
        is_known = (
            isinstance(value, ast.Constant) and code and name != "name" and not code.startswith("keras.")
        )
        if is_known and ast.literal_eval(code) != value.value:
            return False
    names = source.argument(call, "name")
    return not isinstance(names, ast.Constant) or names.value == layer.name


def _change(source: Source, own: LayerCall, new: LayerCall, call: Any) -> list[str]:
    """Change the arguments of one layer."""
    if own.kind != new.kind:
        return [f"layer {own.name!r} becomes {call_of(new)}"]
    by_hand = []
    for name in dict.fromkeys([*own.arguments, *new.arguments]):
        code = new.arguments.get(name) or ("None" if name.endswith(_NONE) else "")
        if code == own.arguments.get(name):
            continue
        done = bool(code) and call is not None
        if done:
            done = source.set_argument(call, name, _named(source, code), own.parameters)
        if not done:
            by_hand.append(f"layer {own.name!r}: {name}={code or 'its default'}")
    return by_hand


def _insert(
    source: Source, given: dict[str, LayerCall], chosen: dict[str, LayerCall], places: dict[str, Any]
) -> list[str]:
    """Put new layers behind those that they read."""
    by_hand = []
    for name, layer in chosen.items():
        if name in given:
            continue
        before, after = layer, layer.after
        while after and after not in given:
            before, after = chosen[after], chosen[after].after
        call = places.get(after)
        readers = [one for one in chosen.values() if one.after == layer.name]
        is_in_line = bool(after) and len(readers) <= 1
        code = call_of(layer)
        if call is not None:
            code = f"{_prefix(source, call)}{code.removeprefix('keras.layers.')}"
        if call is None or not is_in_line or not source.insert_after(call, _named(source, code)):
            where = f"behind layer {before.after!r}" if before.after else "behind the input"
            by_hand.append(f"{where}: {call_of(layer)}")
    return by_hand


def call_of(layer: LayerCall) -> str:
    """Return the code of a layer on one line."""
    first = [layer.arguments[name] for name in layer.parameters[:1] if name in layer.arguments]
    rest = [f"{k}={v}" for k, v in layer.arguments.items() if k not in layer.parameters[: len(first)]]
    return re.sub(r"\s*\n\s*", " ", call_code(f"keras.layers.{layer.kind}", [*first, *rest]))


def _prefix(source: Source, call: Any) -> str:
    """Return how the source names the module of layers, with a dot."""
    own = source.segment(call.func).rpartition(".")[0]
    return f"{own}." if own else "keras.layers."


def _named(source: Source, code: str) -> str:
    return re.sub(r"(?<![\w.])keras\.", f"{source.import_keras()}.", code) if "keras." in code else code
