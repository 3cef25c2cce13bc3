"""Whether a network fits the data: number of inputs, their width, and the output units."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from wellfit.data import computable
from wellfit.records import Dataset, ModelMismatchError, Task


def check_fit(model: keras.Model, dataset: Dataset) -> None:
    """Raise unless `model` takes the inputs of `dataset` and puts out what its task needs.

    A network that has not been built yet is built for the data, as ``fit`` would.

    Args:
        model: the network.
        dataset: the data.

    Raises:
        ModelMismatchError: it does not fit; the message says what was received and what is expected.

    Example:
        >>> rows = np.zeros((4, 3), np.float32)
        >>> data = Dataset(inputs=(rows,), target=np.array([0, 1, 0, 1], np.int32), task=Task.BINARY)
        >>> check_fit(keras.Sequential([keras.layers.Dense(1, activation="sigmoid")]), data)
    """
    if not model.built:
        _build(model, dataset)
    inputs = getattr(model, "inputs", None)
    if inputs:
        _check_inputs(list(inputs), dataset)
    shapes = _output_shapes(model, dataset)
    if len(shapes) != 1:
        raise ModelMismatchError(
            f"model {model.name!r} has {len(shapes)} outputs",
            received=f"outputs of shape {', '.join(map(str, shapes))}",
            expected="one output",
            fix="build a network of the output that the target belongs to: keras.Model(inputs, output)",
        )
    _check_output(shapes[0], dataset)


def _build(model: keras.Model, dataset: Dataset) -> None:
    shapes = [(None, *array.shape[1:]) for array in dataset.inputs]
    try:
        if isinstance(model, keras.Sequential):
            model.build(shapes[0])
        else:
            rows: Any = [computable(array[:1]) for array in dataset.inputs]
            model(rows[0] if len(rows) == 1 else rows, training=False)
    except Exception as error:
        # The network's own code runs here, and can raise anything.
        raise ModelMismatchError(
            f"model {model.name!r} cannot be built for this data",
            received=f"inputs of shape {', '.join(map(str, shapes))}: {str(error).partition(chr(10))[0]}",
            fix="begin the network with keras.Input of that shape, rows left out",
        ) from error


def _check_inputs(inputs: list[Any], dataset: Dataset) -> None:
    if len(inputs) != len(dataset.inputs):
        raise ModelMismatchError(
            f"the network has {len(inputs)} input{'s' if len(inputs) != 1 else ''}, "
            f"the data {len(dataset.inputs)}",
            received=f"data for {', '.join(dataset.input_names)}",
            expected=f"data for {', '.join(tensor.name for tensor in inputs)}",
            fix="give the network one keras.Input for each, in this order",
        )
    for tensor, array, name in zip(inputs, dataset.inputs, dataset.input_names, strict=True):
        expected, received = tuple(tensor.shape), tuple(array.shape[1:])
        if expected[0] is not None:
            raise ModelMismatchError(
                f"input {tensor.name!r} takes batches of {expected[0]} rows only",
                received=f"batch_shape={expected}",
                expected="any number of rows",
                fix=f"make it with keras.Input({expected[1:]}), without batch_size",
            )
        if not _shapes_fit(expected[1:], received):
            raise ModelMismatchError(
                f"input {tensor.name!r} does not fit the data",
                received=f"{_columns(received)} in {name!r}",
                expected=_columns(expected[1:]),
                fix=f"make it with keras.Input({received}), or give the columns it was made for",
            )


def _shapes_fit(expected: tuple[int | None, ...], received: tuple[int, ...]) -> bool:
    """Whether an array fits; Keras itself adds or drops a last axis of size 1."""
    if len(expected) == len(received) + 1 and expected[-1] == 1:
        expected = expected[:-1]
    elif len(received) == len(expected) + 1 and received[-1] == 1:
        received = received[:-1]
    return len(expected) == len(received) and all(
        want in (None, got) for want, got in zip(expected, received, strict=True)
    )


def _columns(shape: tuple[int | None, ...]) -> str:
    if len(shape) == 1:
        return f"{shape[0] if shape[0] is not None else 'any number of'} column{'s' if shape[0] != 1 else ''}"
    return f"rows of shape {shape}"


def _output_shapes(model: keras.Model, dataset: Dataset) -> list[tuple[int | None, ...]]:
    outputs = getattr(model, "outputs", None)
    if not outputs:
        rows: Any = [keras.ops.convert_to_tensor(computable(array[:1])) for array in dataset.inputs]
        outputs = keras.tree.flatten(model(rows[0] if len(rows) == 1 else rows, training=False))
    return [tuple(output.shape) for output in outputs]


def _check_output(shape: tuple[int | None, ...], dataset: Dataset) -> None:
    if len(shape) != 2:
        raise ModelMismatchError(
            "the network does not put out one row of units for each row",
            received=f"output of shape {shape}",
            expected="shape (rows, units)",
            fix="end the network with a Dense layer after Flatten or GlobalAveragePooling",
        )
    units = shape[1]
    allowed, head = _heads(dataset)
    if units not in allowed:
        raise ModelMismatchError(
            f"the network's output does not fit a {dataset.task} target",
            received=f"{units} output unit{'s' if units != 1 else ''}",
            expected=f"{' or '.join(map(str, allowed))} for {_target(dataset)}",
            fix=f"end the network with {head}",
        )


def _heads(dataset: Dataset) -> tuple[tuple[int, ...], str]:
    """Return how many output units the task allows, and the layer that would do."""
    if dataset.task is Task.BINARY:
        return (1, 2), "Dense(1, activation='sigmoid')"
    if dataset.task is Task.MULTICLASS:
        count = dataset.num_classes or int(np.max(dataset.target)) + 1
        return (count,), f"Dense({count}, activation='softmax')"
    count = 1 if dataset.target.ndim == 1 else int(dataset.target.shape[1])
    return (count,), f"Dense({count})"


def _target(dataset: Dataset) -> str:
    if dataset.task is Task.REGRESSION:
        return "the numbers to be predicted"
    if dataset.task is Task.BINARY:
        return "two classes"
    return f"{dataset.num_classes or int(np.max(dataset.target)) + 1} classes"
