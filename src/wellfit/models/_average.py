"""Several networks as one: the mean of their predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from wellfit.models._function import packed_inputs
from wellfit.models._graph import why_no_graph
from wellfit.records import SettingsError, Task, UnsupportedModelError

ops: Any = keras.ops  # whose annotations leave out what its functions return

_EPSILON = 1e-7


def averaged(
    models: Sequence[keras.Model],
    weights: Sequence[float],
    task: Task,
    *,
    from_logits: bool = False,
    loss: Any = None,
) -> keras.Model:
    """Return one plain Keras network that puts out the weighted mean of what several predict.

    Classes: the mean of the probabilities, put out as logits again if the networks put out logits.
    Regression: the mean of the outputs. Every network stays whole inside, as a layer ``member1``,
    ``member2`` and so on.

    Args:
        models: networks of the same inputs and outputs.
        weights: one for each, at least 0, not all 0; they are divided by their sum.
        task: what the networks are for.
        from_logits: whether their outputs are logits.
        loss: what the result is compiled with, so that it can be evaluated; None leaves it uncompiled.

    Raises:
        SettingsError: there is no network, or weights do not fit.
        UnsupportedModelError: a network is subclassed, so that it has no graph.

    Example:
        >>> one = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> two = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> both = averaged([one, two], [3.0, 1.0], Task.REGRESSION)
        >>> float(both(np.ones((1, 2), "float32"))[0, 0])
        1.5

    Source:
        Breiman, Bagging Predictors, 1996; Lakshminarayanan et al., Simple and Scalable Predictive
        Uncertainty Estimation Using Deep Ensembles, 2017.
    """
    shares = np.asarray(weights, np.float64)
    if not len(models) or len(shares) != len(models) or not (shares >= 0).all() or not shares.sum() > 0:
        raise SettingsError(
            "weights do not fit the networks to average",
            received=f"{len(models)} networks, weights {list(weights)}",
            expected="at least one network, and as many weights of at least 0",
        )
    for model in models:
        reason = why_no_graph(model)
        if reason:
            raise UnsupportedModelError(f"networks without a graph cannot be averaged: {reason}")
    inputs = [
        keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=f"input{number}")
        for number, tensor in enumerate(models[0].inputs, start=1)
    ]
    parts = []
    for number, (model, share) in enumerate(zip(models, shares / shares.sum(), strict=True), start=1):
        member: Any = keras.Model(
            packed_inputs(model, model.inputs), model.outputs[0], name=f"member{number}"
        )
        output = member(packed_inputs(model, inputs))
        output = _probabilities(output) if task.is_classification and from_logits else output
        parts.append(keras.layers.Rescaling(float(share), name=f"share{number}")(output))
    total = parts[0] if len(parts) == 1 else keras.layers.Add(name="average")(parts)
    if task.is_classification and from_logits:
        total = _logits(total)
    average = keras.Model(packed_inputs(models[0], inputs), total, name="average_of_networks")
    if loss is not None:
        # An average is not trained further: an optimizer without a state keeps its file small.
        average.compile(optimizer=keras.optimizers.SGD(), loss=loss)
    return average


def mean_outputs(outputs: Sequence[Any], *, from_logits: bool) -> Any:
    """Return the mean of several outputs of a network: of logits, those of the mean probability.

    Args:
        outputs: symbolic tensors, at least two.
        from_logits: whether they are logits.
    """
    if not from_logits:
        return keras.layers.Average(name="mean_of_views")(outputs)
    return _logits(keras.layers.Average(name="mean_of_views")([_probabilities(one) for one in outputs]))


def _probabilities(logits: Any) -> Any:
    return ops.sigmoid(logits) if logits.shape[-1] == 1 else ops.softmax(logits, axis=-1)


def _logits(probabilities: Any) -> Any:
    """Return logits whose sigmoid or softmax is `probabilities`."""
    known = ops.clip(probabilities, _EPSILON, 1.0 - _EPSILON)
    if probabilities.shape[-1] == 1:
        return ops.subtract(ops.log(known), ops.log(ops.subtract(1.0, known)))
    return ops.log(known)
