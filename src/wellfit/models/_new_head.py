"""Another head on a network: what puts out the classes of the data, in place of those it was trained for."""

from __future__ import annotations

from typing import Any

import keras

from wellfit.models._copied import copied
from wellfit.models._graph import read_graph, why_no_graph
from wellfit.models._kinds import is_dense
from wellfit.models._reference import compiled, head
from wellfit.records import ModelMismatchError, Task

_DROPOUT = 0.2


def with_new_head(model: keras.Model, task: Task, num_outputs: int) -> keras.Model:
    """Return the network with a new last layer for a task; everything before it keeps its weights.

    A network that ends in maps, as one without its top does, gets the mean over places, dropout and a
    `Dense` layer. Of one that ends in `Dense`, that layer and the activation behind it are exchanged.
    The result is compiled with the loss of the task and Adam: the rate that another task ended with says
    nothing about this one.

    Args:
        model: a built Sequential or functional network with one output; it stays as it is.
        task: what the new head is for.
        num_outputs: classes of a multiclass target, or outputs of a regression; binary always has 1 unit.

    Raises:
        ModelMismatchError: the network has several outputs, or no graph to cut the head off.

    Example:
        >>> backbone = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, name="body")])
        >>> [layer.name for layer in with_new_head(backbone, Task.MULTICLASS, 5).layers][1:]
        ['body', 'head_mean', 'head_dropout', 'head']

    Source:
        Yosinski et al., How Transferable Are Features in Deep Neural Networks?, 2014.
    """
    reason = why_no_graph(model)
    if reason or len(model.outputs) != 1:
        raise ModelMismatchError(
            f"model {model.name!r} cannot get another head",
            received=reason or f"{len(model.outputs)} outputs",
            expected="a built Sequential or functional model with one output",
            fix=f"end the network with as many units as the data need ({num_outputs} outputs)",
        )
    copy = copied(model)
    x = _before_head(copy)
    if len(x.shape) > 2:
        x = keras.layers.Dropout(_DROPOUT, name="head_dropout")(_mean(len(x.shape))(x))
    made = keras.Model(copy.inputs, head(x, task, num_outputs), name=model.name)
    return compiled(made, task)


def _before_head(model: keras.Model) -> Any:
    """Return the tensor that the last `Dense` layer reads, or the output where something else ends it."""
    graph = read_graph(model)
    call = graph.calls[graph.outputs[0][0]]
    while not call.is_input and not is_dense(call.operation) and _is_activation(call.operation):
        call = graph.calls[call.inputs[0][0]]
    return call.args[0] if is_dense(call.operation) else model.outputs[0]


def _is_activation(operation: Any) -> bool:
    return isinstance(operation, keras.layers.Activation | keras.layers.Softmax)


def _mean(rank: int) -> keras.layers.Layer:
    kinds = {
        3: keras.layers.GlobalAveragePooling1D,
        4: keras.layers.GlobalAveragePooling2D,
        5: keras.layers.GlobalAveragePooling3D,
    }
    return kinds[rank](name="head_mean")
