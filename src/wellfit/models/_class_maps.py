"""Where in a picture a network finds what it says: Grad-CAM, on any backend.

Grad-CAM weighs the maps of the last convolution by the mean gradient, over places, of a class score. That
mean is a directional derivative: how fast the score grows when one number is added to a whole map. So it is
measured by running what follows the maps, twice for each map, and needs no automatic differentiation. Where
a mean over places and one dense layer follow, it is exactly the class activation map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from wellfit.models._chosen import predict_plain
from wellfit.models._graph import Call, Graph, TensorKey, read_graph, why_no_graph
from wellfit.models._rebuild import Config, Edits, copy_weights, rebuild
from wellfit.records import UnsupportedModelError

_STEP = 1e-2  # of the largest number on the maps: small against kinks, large against rounding
_MOST_NUMBERS = 2**24  # on maps that pass at once
_CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
)
_PASSED = (keras.layers.MaxPooling2D, keras.layers.AveragePooling2D, keras.layers.Dropout)
_ENDS = ("softmax", "sigmoid")


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassMaps:
    """Where the pictures hold what speaks for a class.

    Attributes:
        layer: whose maps were weighed.
        maps: ``[picture, row, column]`` from 0 to 1.
    """

    layer: str
    maps: np.ndarray


def class_maps(model: keras.Model, pictures: np.ndarray, classes: Sequence[int]) -> ClassMaps:
    """Return for each picture where the network finds what speaks for a class.

    Args:
        model: a network that ends in class scores or probabilities; it stays as it is.
        pictures: ``[picture, row, column, channel]`` as the network takes them.
        classes: of each picture; of a network with one output, 1 is its class and 0 the other.

    Raises:
        UnsupportedModelError: the network has no convolution that everything passes, or cannot be rebuilt.

    Example:
        >>> layers = keras.layers
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3, name="last"),
        ...                           layers.GlobalAveragePooling2D(), layers.Dense(3)])
        >>> found = class_maps(model, np.ones((2, 8, 8, 1), "float32"), [0, 2])
        >>> found.layer, found.maps.shape
        ('last', (2, 6, 6))

    Source:
        Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization,
        2017; Zhou et al., Learning Deep Features for Discriminative Localization, 2016.
    """
    front, tail, layer = _halves(_with_scores(model))
    maps = np.asarray(predict_plain(front, [np.asarray(pictures)]), np.float32)
    found = [_weighed(tail, one, int(code)) for one, code in zip(maps, classes, strict=True)]
    return ClassMaps(layer=layer, maps=np.stack(found) if found else np.zeros((0, *maps.shape[1:3])))


def _with_scores(model: keras.Model) -> keras.Model:
    """Return a copy that ends in scores: probabilities near 1 hardly move."""
    if why_no_graph(model) or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UnsupportedModelError("this network has no single way from a picture to classes")
    last = read_graph(model).outputs[0][0]
    operation = read_graph(model).calls[last].operation

    def change(layer: Any, config: Config) -> Config:
        is_end = layer is operation and getattr(
            config.get("activation"), "__name__", config.get("activation")
        )
        return {**config, "activation": "linear"} if is_end in _ENDS else config

    passed = {operation.name: 0} if isinstance(operation, keras.layers.Softmax) else {}
    copy = rebuild(model, Edits(change=change, passed=passed))
    copy_weights(model, copy)
    return copy


def _halves(model: keras.Model) -> tuple[keras.Model, keras.Model, str]:
    """Return the network up to its last maps, and from there on."""
    graph = read_graph(model)
    place = _last_maps(graph)
    if place is None:
        raise UnsupportedModelError("this network has no convolution that everything passes")
    key: TensorKey = (place.index, 0)
    front = keras.Model(model.inputs, place.operation.output)
    start = keras.Input(place.shapes[0][1:], name="maps")
    made: dict[TensorKey, Any] = {key: start}
    for call in graph.calls:
        if call.index in _behind(graph, key):
            _run(call, graph, made)
    return front, keras.Model(start, made[graph.outputs[0]]), place.name


def _last_maps(graph: Graph) -> Call | None:
    """Return the last call that puts out maps of a convolution, which every way to the output passes."""
    seen = False
    found = None
    for call in graph.calls:
        seen = seen or _convolves(call.operation)
        shape = call.shapes[0]
        has_places = len(call.shapes) == 1 and len(shape) == 4 and None not in shape[1:]
        is_first = getattr(call.operation, "data_format", "channels_last") == "channels_first"
        if seen and has_places and shape[1] * shape[2] > 1 and not is_first:  # type: ignore[operator]
            is_passed = isinstance(call.operation, _PASSED)
            if not is_passed and _is_passed_by_all(graph, (call.index, 0)):
                found = call
    return found


def _convolves(operation: Any) -> bool:
    if isinstance(operation, keras.Model):
        return any(_convolves(layer) for layer in operation.layers)
    return isinstance(operation, _CONVOLUTIONS)


def _is_passed_by_all(graph: Graph, key: TensorKey) -> bool:
    """Return whether the output depends on the inputs by way of one tensor alone."""
    if key == graph.outputs[0]:
        return False
    return not any(graph.calls[index].is_input for index in _behind(graph, key))


def _behind(graph: Graph, key: TensorKey) -> set[int]:
    """Return the calls that the output needs once a tensor is known."""
    needed: set[int] = set()
    waiting = [graph.outputs[0]]
    while waiting:
        one = waiting.pop()
        if one != key and one[0] not in needed:
            needed.add(one[0])
            waiting.extend(graph.calls[one[0]].inputs)
    return needed


def _run(call: Call, graph: Graph, made: dict[TensorKey, Any]) -> None:
    """Call a layer on what is made so far."""

    def given(value: Any) -> Any:
        return made[graph.keys[id(value)]] if id(value) in graph.keys else value

    changed: Any = keras.tree.map_structure(given, (call.args, call.kwargs))
    args, kwargs = changed
    outputs = keras.tree.flatten(call.operation(*args, **kwargs))
    made.update({(call.index, position): output for position, output in enumerate(outputs)})


def _weighed(tail: keras.Model, maps: np.ndarray, code: int) -> np.ndarray:
    """Return ``[row, column]`` from 0 to 1 of one picture's ``[row, column, map]``."""
    num_maps = maps.shape[2]
    step = _STEP * max(float(np.abs(maps).max()), 1e-6)
    slopes = np.zeros(num_maps)
    size = max(1, _MOST_NUMBERS // (2 * maps.size))
    for start in range(0, num_maps, size):
        part = np.arange(start, min(start + size, num_maps))
        moved = np.repeat(maps[None], 2 * len(part), axis=0)
        moved[np.arange(len(part)), :, :, part] += step
        moved[len(part) + np.arange(len(part)), :, :, part] -= step
        scores = _scores(predict_plain(tail, [moved]), code)
        slopes[part] = (scores[: len(part)] - scores[len(part) :]) / (2 * step)
    heat = np.maximum(maps.astype(np.float64) @ slopes, 0.0)
    return heat / heat.max() if heat.max() > 0 else heat


def _scores(outputs: np.ndarray, code: int) -> np.ndarray:
    """Return ``[row]`` scores of a class; one output speaks for class 1 and against class 0."""
    values = np.asarray(outputs, np.float64).reshape(len(outputs), -1)
    if values.shape[1] == 1:
        return values[:, 0] if code else -values[:, 0]
    return values[:, code]
