"""A network together with what its inputs go through first, as one plain Keras network.

It takes features as they are before they are scaled, missing ones as NaN, and puts out probabilities or
values. Everything is an operation or a layer of Keras, so that any backend and any exporter of it knows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from wellfit.records import Formula, Scaling, Task

_LARGEST = float(np.finfo(np.float32).max)

Tensor = Any
Input = tuple[str, tuple[int, ...], str]
"""Name, shape of one row, type."""


def feature_network(
    model: keras.Model,
    inputs: Sequence[Input],
    scalings: Sequence[Scaling | None],
    *,
    task: Task,
    formulas: Sequence[Formula] = (),
    from_logits: bool = False,
) -> keras.Model:
    """Return a network from features that are not yet scaled to probabilities or values.

    Args:
        model: what a study handed back; it stays as it is, and is a layer of the new network.
        inputs: of the new network, in the order of the network's own.
        scalings: what each goes through, see `wellfit.data.apply_scaling`; None for codes and pictures.
        task: binary, multiclass or regression.
        formulas: of the features that are added to the first scaled input, see `wellfit.data.created`.
        from_logits: whether the network puts out logits.

    Returns:
        A functional network; its output is ``[row, class]`` probabilities (two columns for one unit), or
        ``[row, output]`` values.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "sigmoid")])
        >>> whole = feature_network(model, [("x", (2,), "float32")], [None], task=Task.BINARY)
        >>> whole.output_shape
        (None, 2)
    """
    own: list[Tensor] = [keras.Input(shape, dtype=dtype, name=name) for name, shape, dtype in inputs]
    to_create, prepared = tuple(formulas), []
    for value, scaling, wanted in zip(own, scalings, model.inputs, strict=True):
        if scaling is None:
            prepared.append(value if value.dtype == wanted.dtype else ops.cast(value, wanted.dtype))
            continue
        prepared.append(_scaled(_filled(value, scaling, to_create), scaling))
        to_create = ()
    structure = getattr(model, "_inputs_struct", None)
    given = prepared[0] if structure is None else keras.tree.pack_sequence_as(structure, prepared)
    output = _finished(model(given, training=False), task, from_logits)
    return keras.Model(own if len(own) > 1 else own[0], output, name="study")


def _filled(values: Tensor, scaling: Scaling, formulas: Sequence[Formula]) -> Tensor:
    """Return ``[row, feature]`` with created features behind the others, and nothing missing."""
    fill = _row(scaling.fill)
    width = int(values.shape[1])
    filled = ops.where(ops.isnan(values), fill[:, :width], values)
    if not formulas:
        return filled
    made = ops.concatenate([_created(values, formula) for formula in formulas], axis=1)
    # Missing, infinite and NaN alike are not at most the largest number.
    return ops.concatenate(
        [filled, ops.where(ops.less_equal(ops.absolute(made), _LARGEST), made, fill[:, width:])], axis=1
    )


def _created(values: Tensor, formula: Formula) -> Tensor:
    parts = [values[:, place : place + 1] for place in formula.columns]
    if formula.kind == "product":
        return ops.multiply(parts[0], parts[1])
    if formula.kind == "ratio":  # by 0 it is not finite, which counts as missing
        return ops.divide(parts[0], parts[1])
    if formula.kind == "log":
        return ops.multiply(ops.sign(parts[0]), ops.log1p(ops.absolute(parts[0])))
    return parts[0]


def _scaled(filled: Tensor, scaling: Scaling) -> Tensor:
    values = filled
    if np.isfinite(scaling.low).any() or np.isfinite(scaling.high).any():
        values = ops.minimum(ops.maximum(values, _bound(scaling.low)), _bound(scaling.high))
    if scaling.knots is not None:
        values = _ranks(values, np.asarray(scaling.knots, np.float32))
    out = ops.multiply(ops.subtract(values, _row(scaling.center)), _row(scaling.inverse_scale * scaling.mask))
    if scaling.rotation is None:
        return out
    # A kernel and no constant of the config, which is text: there are as many numbers as pairs of features.
    turned = keras.layers.Dense(scaling.rotation.shape[1], use_bias=False, trainable=False, name="rotation")
    out = turned(out)
    turned.set_weights([np.asarray(scaling.rotation, np.float32)])
    return out


def _ranks(values: Tensor, knots: np.ndarray) -> Tensor:
    """Return the linear interpolation of (knot i, i / m): the mean share by which segments are passed."""
    lower, width = knots[np.newaxis, :, :-1], np.diff(knots, axis=1)[np.newaxis]
    passed = ops.divide(ops.subtract(ops.expand_dims(values, 2), lower), width)
    return ops.mean(ops.minimum(ops.maximum(passed, 0.0), 1.0), axis=2)


def _row(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float32)[np.newaxis]


def _bound(values: np.ndarray) -> np.ndarray:
    """Return ``[1, feature]`` bounds that JSON can say: the largest number stands for none."""
    return np.clip(_row(values), -np.float32(_LARGEST), np.float32(_LARGEST))


def _finished(output: Tensor, task: Task, from_logits: bool) -> Tensor:
    if task is Task.REGRESSION:
        return output
    if output.shape[-1] == 1:
        positive = ops.sigmoid(output) if from_logits else output
        return ops.concatenate([ops.subtract(1.0, positive), positive], axis=1)
    if from_logits:
        return ops.softmax(output, axis=1)
    return ops.divide(output, ops.sum(output, axis=1, keepdims=True))
