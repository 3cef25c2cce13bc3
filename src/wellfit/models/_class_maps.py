"""Where in a picture a network finds what it says: Grad-CAM, on any backend.

Grad-CAM weighs the maps of the last convolution by the mean gradient, over places, of a class score. That
mean is a directional derivative: how fast the score grows when one number is added to a whole map. So it is
measured by running what follows the maps, twice for each map, and needs no automatic differentiation. Where
a mean over places and one dense layer follow, it is exactly the class activation map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from wellfit.models._chosen import predict_plain
from wellfit.models._chosen_layers import by_path
from wellfit.models._flat_steps import Step, flat_steps, run_steps
from wellfit.models._graph import why_no_graph
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
    steps, _, outputs = flat_steps(model)
    operation = next((step.operation for step in steps if outputs[0] in step.outputs), None)

    def change(layer: Any, config: Config) -> Config:
        is_end = layer is operation and getattr(
            config.get("activation"), "__name__", config.get("activation")
        )
        return {**config, "activation": "linear"} if is_end in _ENDS else config

    is_softmax = isinstance(operation, keras.layers.Softmax)
    passed = {path: 0 for path, layer in by_path(model).items() if is_softmax and layer is operation}
    copy = rebuild(model, Edits(change=change, passed=passed))
    copy_weights(model, copy)
    return copy


def _halves(model: keras.Model) -> tuple[keras.Model, keras.Model, str]:
    """Return the network up to its last maps, nested models opened, and from there on.

    Args:
        model: with one input and one output; its layers become part of both halves.
    """
    steps, inputs, outputs = flat_steps(model)
    start = keras.Input(model.inputs[0].shape[1:], dtype=model.inputs[0].dtype)
    tensors: dict[int, Any] = {inputs[0]: start}
    run_steps(steps, tensors)
    place = _last_maps(steps, tensors, outputs[0])
    if place is None:
        raise UnsupportedModelError("this network has no convolution that everything passes")
    slot = place.outputs[0]
    maps = keras.Input(tensors[slot].shape[1:], name="maps")
    made: dict[int, Any] = {slot: maps}
    run_steps(_behind(steps, slot, outputs[0]), made)
    front = keras.Model(start, tensors[slot])
    return front, keras.Model(maps, made[outputs[0]]), place.operation.name


def _last_maps(steps: Sequence[Step], tensors: Mapping[int, Any], output: int) -> Step | None:
    """Return the last call that puts out maps of a convolution, which every way to the output passes."""
    seen = False
    found = None
    for step in steps:
        seen = seen or _convolves(step.operation)
        shape = tuple(tensors[step.outputs[0]].shape)
        has_places = len(step.outputs) == 1 and len(shape) == 4 and None not in shape[1:]
        is_first = getattr(step.operation, "data_format", "channels_last") == "channels_first"
        if seen and has_places and shape[1] * shape[2] > 1 and not is_first:
            is_passed = isinstance(step.operation, _PASSED)
            if not is_passed and _is_passed_by_all(steps, step.outputs[0], output):
                found = step
    return found


def _convolves(operation: Any) -> bool:
    if isinstance(operation, keras.Model):
        return any(_convolves(layer) for layer in operation.layers)
    return isinstance(operation, _CONVOLUTIONS)


def _is_passed_by_all(steps: Sequence[Step], slot: int, output: int) -> bool:
    """Return whether the output depends on the input by way of one tensor alone."""
    if slot == output:
        return False
    behind = _behind(steps, slot, output)
    made = {slot, *(one for step in behind for one in step.outputs)}
    return all(one in made for step in behind for one in step.inputs)


def _behind(steps: Sequence[Step], slot: int, output: int) -> list[Step]:
    """Return the calls that the output needs once a tensor is known, in order."""
    needed, found = {output}, []
    for step in reversed(steps):
        if slot not in step.outputs and not needed.isdisjoint(step.outputs):
            needed |= set(step.inputs)
            found.append(step)
    return found[::-1]


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
