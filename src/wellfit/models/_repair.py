"""Networks with one thing set right: the output, frozen layers, normalization statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from wellfit.models._ending import ending
from wellfit.models._function import packed_inputs
from wellfit.models._graph import read_graph, why_no_graph
from wellfit.models._rebuild import Config, Edits, copy_weights, rebuild, set_weights
from wellfit.records import Task, UnsupportedModelError


def with_output(model: keras.Model, task: Task, num_outputs: int) -> keras.Model:
    """Return the network with a linear last layer of the right size, compiled with the loss that fits it.

    Hidden layers and optimizer settings stay; the weights of layers that keep their shape are copied.

    Args:
        model: the network, of one output.
        task: what it is to be trained for.
        num_outputs: 1 for two classes, k for k classes, or the number of targets.

    Raises:
        UnsupportedModelError: the last layers are not a `Dense` and elementwise activations.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="softmax")])
        >>> with_output(model, Task.BINARY, 1).layers[-1].activation.__name__
        'linear'
    """
    last, tail = ending(model)

    def change(layer: Any, config: Config) -> Config:
        if layer.name == last.name:
            return {**config, "units": num_outputs, "activation": "linear"}
        is_plain = layer.name in tail and "activation" in config
        return {**config, "activation": "linear"} if is_plain else config

    repaired = rebuild(model, Edits(change=change))
    _copy_fitting(model, repaired)
    repaired.compile(optimizer=fresh_optimizer(model), loss=_plain_loss(task, num_outputs))
    return repaired


def unfrozen(model: keras.Model) -> keras.Model:
    """Return the network with every layer trainable, compiled with the same loss.

    Raises:
        UnsupportedModelError: the network cannot be rebuilt.
    """
    free = rebuild(model, Edits(change=lambda _, config: {**config, "trainable": True}))
    copy_weights(model, free)
    loss: Any = model.loss if model.compiled else None
    free.compile(optimizer=fresh_optimizer(model), loss=loss)
    return free


def without_decay(model: keras.Model) -> keras.Model:
    """Return the network compiled with the same optimizer, but no weight decay.

    Raises:
        UnsupportedModelError: the network cannot be rebuilt.
    """
    same = rebuild(model, Edits())
    copy_weights(model, same)
    optimizer = fresh_optimizer(
        model, weight_decay=0.0 if type(model.optimizer).__name__ == "AdamW" else None
    )
    same.compile(optimizer=optimizer, loss=model.loss)
    return same


def fresh_optimizer(model: keras.Model, **changes: Any) -> Any:
    """Return the network's optimizer without state, or Adam where it has none."""
    if not model.compiled or model.optimizer is None:
        return keras.optimizers.Adam()
    own: Any = model.optimizer
    return type(own).from_config({**own.get_config(), **changes})


def normalized(model: keras.Model) -> keras.Model:
    """Return the network with a layer normalization after every hidden nonlinearity, compiled as it was.

    Raises:
        UnsupportedModelError: the network cannot be rebuilt, has no hidden nonlinearity, or its last layers
            are not a `Dense` and elementwise activations.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"),
        ...                           keras.layers.Dense(1, activation="sigmoid")])
        >>> [type(layer).__name__ for layer in normalized(model).layers]
        ['Dense', 'LayerNormalization', 'Dense']

    Source:
        Ba, Kiros and Hinton, Layer Normalization, 2016.
    """
    last, tail = ending(model)
    calls = [call for call in read_graph(model).calls if not call.is_input]
    hidden = [c.name for c in calls if _nonlinearity(c.operation) and c.name not in (last.name, *tail)]
    if not hidden:
        raise UnsupportedModelError(
            "there is nowhere to normalize",
            received="a network without a hidden nonlinearity",
            expected="a hidden layer with an activation",
            fix="add one: keras.layers.Dense(64, activation='relu')",
        )
    changed = rebuild(model, Edits(inserted={name: _normalization(name) for name in hidden}))
    copy_weights(model, changed)
    loss: Any = model.loss if model.compiled else None
    changed.compile(optimizer=fresh_optimizer(model), loss=loss)
    return changed


def _normalization(name: str) -> Callable[[str], keras.layers.Layer]:
    return lambda suffix: keras.layers.LayerNormalization(name=f"{name}{suffix}_normalized")


def with_weights(model: keras.Model, weights: Sequence[np.ndarray]) -> keras.Model:
    """Return an uncompiled copy of the network with other weights, in the order of ``model.weights``.

    Raises:
        UnsupportedModelError: the network cannot be rebuilt.
    """
    copy = rebuild(model, Edits())
    set_weights(copy, weights)
    return copy


def recalibrated(
    model: keras.Model, weights: Sequence[np.ndarray], inputs: Sequence[np.ndarray]
) -> keras.Model:
    """Return a copy whose batch normalizations hold the moments of `inputs`, all else unchanged.

    In training a batch normalization uses the moments of the batch, in inference a moving average of them.
    Taking the moments of the training rows anew tells whether that average is at fault.

    Args:
        model: the network.
        weights: its weights, in the order of ``model.weights``.
        inputs: training rows, one array for each input.

    Raises:
        UnsupportedModelError: the network cannot be rebuilt.

    Source:
        Wu and Johnson, Rethinking "Batch" in BatchNorm, 2021 (precise statistics).
    """
    trained = with_weights(model, weights)

    def change(layer: Any, config: Config) -> Config:
        if isinstance(layer, keras.layers.BatchNormalization):
            return {**config, "momentum": 0.0}
        quiet = {name: 0.0 for name in ("rate", "stddev") if name in config}
        return {**config, **quiet}

    copy = rebuild(model, Edits(change=change))
    copy_weights(trained, copy)
    packed = packed_inputs(copy, [np.asarray(values) for values in inputs])
    copy(packed, training=True)
    return copy


def activations(
    model: keras.Model, weights: Sequence[np.ndarray], inputs: Sequence[np.ndarray]
) -> dict[str, tuple[str, np.ndarray]]:
    """Return what every hidden layer with a nonlinearity puts out in inference mode.

    Args:
        model: the network.
        weights: in the order of ``model.weights``.
        inputs: rows, one array for each input.

    Returns:
        Layer name to (name of its nonlinearity, ``[row, unit]`` outputs); empty for a network whose layers
        cannot be listed.
    """
    if why_no_graph(model):
        return {}
    copy = with_weights(model, weights)
    graph = read_graph(copy)
    last = graph.outputs[0][0]
    found: dict[str, tuple[str, Any]] = {}
    for call in graph.calls:
        name = _nonlinearity(call.operation)
        if name and call.index != last and not call.is_input:
            found[call.name] = (name, call.operation.output)
    if not found:
        return {}
    probe = keras.Model(packed_inputs(copy, copy.inputs), [tensor for _, tensor in found.values()])
    packed = packed_inputs(copy, [np.asarray(values) for values in inputs])
    outputs: Any = probe(packed, training=False)
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    arrays = [np.asarray(keras.ops.convert_to_numpy(values)) for values in outputs]
    return {
        layer: (name, values.reshape(-1, values.shape[-1]))
        for (layer, (name, _)), values in zip(found.items(), arrays, strict=True)
    }


def _nonlinearity(operation: Any) -> str:
    if isinstance(operation, keras.layers.ReLU):
        return "relu"
    activation = getattr(operation, "activation", None)
    name = getattr(activation, "__name__", "")
    return name if isinstance(operation, keras.layers.Layer) and name not in ("", "linear", "softmax") else ""


def _copy_fitting(source: keras.Model, target: keras.Model) -> None:
    """Copy the weights of layers of equal name and shapes."""
    layers = {layer.name: layer for layer in source.layers}
    for layer in target.layers:
        own = layers.get(layer.name)
        if own is not None and [v.shape for v in own.weights] == [v.shape for v in layer.weights]:
            for mine, theirs in zip(layer.weights, own.weights, strict=True):
                mine.assign(theirs.value)


def _plain_loss(task: Task, num_outputs: int) -> Any:
    if not task.is_classification:
        return keras.losses.MeanSquaredError()
    if num_outputs == 1:
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
