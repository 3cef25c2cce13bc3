"""How a network ends: its last `Dense`, the activations behind it, and the bias that sets class shares."""

from __future__ import annotations

from typing import Any

import keras

from wellfit.models._compile import TrainingSetup
from wellfit.models._graph import read_graph, why_no_graph
from wellfit.models._kinds import is_passing
from wellfit.records import UnsupportedModelError


def ending(model: keras.Model) -> tuple[Any, dict[str, Any]]:
    """Return the last `Dense` and the layers behind it by name.

    Raises:
        UnsupportedModelError: the last layers are not a `Dense` and elementwise activations.
    """
    reason = why_no_graph(model)
    if not reason:
        graph = read_graph(model)
        call, tail = graph.calls[graph.outputs[0][0]], dict[str, Any]()
        while True:
            if type(call.operation) is keras.layers.Dense:
                return call.operation, tail
            plain = isinstance(call.operation, keras.layers.Activation)
            if not plain and not is_passing(call.operation, len(call.shapes[0])):
                reason = f"{type(call.operation).__name__} {call.name!r} before the output"
                break
            tail[call.name] = call.operation
            call = graph.calls[call.inputs[0][0]]
    raise UnsupportedModelError(
        "the output of this network cannot be changed",
        received=reason,
        expected="a Dense layer, and activations behind it",
        fix="end the network with keras.layers.Dense(units)",
    )


def output_bias(model: keras.Model, setup: TrainingSetup, num_classes: int) -> int:
    """Return the position in ``model.weights`` of the bias that sets the class shares, -1 for none.

    There is one where the last layer is a trainable `Dense` with a bias and one unit (two classes) or one for
    each class, and nothing but the sigmoid or softmax of the cross-entropy follows it.

    Args:
        model: the network.
        setup: its loss.
        num_classes: of the target; 0 for regression.

    Example:
        >>> from wellfit.models import training_setup
        >>> from wellfit.records import Task
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
        >>> output_bias(model, training_setup(model, Task.BINARY), 2)
        1
    """
    try:
        last, tail = ending(model)
    except UnsupportedModelError:
        return -1
    is_single = last.units == 1
    if last.units != (1 if is_single and num_classes == 2 else num_classes):
        return -1
    if not setup.loss_name.endswith("crossentropy") or last.bias is None or not last.trainable:
        return -1
    functions = [last.activation, *(getattr(layer, "activation", None) for layer in tail.values())]
    names = [name for f in functions if (name := getattr(f, "__name__", "unknown")) != "linear"]
    if names != ([] if setup.from_logits else ["sigmoid" if is_single else "softmax"]):
        return -1
    return next((i for i, weight in enumerate(model.weights) if weight is last.bias), -1)
