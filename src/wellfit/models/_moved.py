"""Rows moved along the sign of the gradient that the loss has by them, on any backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from wellfit.models._function import packed_inputs
from wellfit.models._gradients import ReplacedByGradient
from wellfit.models._probe import weight_values
from wellfit.models._rebuild import Edits, rebuild

ops: Any = keras.ops


class _Shift(keras.layers.Layer):
    """Adds a weight of its own to each row of a batch; the gradient by it is the one by the row."""

    def __init__(self, size: int, **options: Any) -> None:
        super().__init__(**options)
        self.size = size

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make a shift for each row."""
        self.shift = self.add_weight(shape=(self.size, *input_shape[1:]), initializer="zeros")

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Return the shape of the rows."""
        return tuple(input_shape)

    def call(self, inputs: Any) -> Any:
        """Return the rows, each with its shift."""
        return inputs + self.shift[: ops.shape(inputs)[0]]


class RowMover:
    """Moves rows of a network by the fast gradient sign method; made once for a network that trains.

    Args:
        model: a network with a known graph, compiled with its loss.
        batch_size: rows at most.
    """

    def __init__(self, model: keras.Model, batch_size: int) -> None:
        self._model = model
        real = [t._keras_history.operation.name for t in model.inputs if "float" in str(t.dtype)]
        self._is_real = ["float" in str(tensor.dtype) for tensor in model.inputs]
        names = {name: f"{name}_shift" for name in real}
        made = {name: _maker(batch_size, shift) for name, shift in names.items()}
        self._copy: Any = rebuild(model, Edits(inserted=made))
        self._shifts = [self._copy.get_layer(names[name]) for name in real]
        for layer in self._copy.layers:
            if layer not in self._shifts:
                layer.trainable = False
        self._copy.compile(optimizer=ReplacedByGradient(learning_rate=1.0), loss=model.loss)

    def moved(
        self, inputs: Sequence[np.ndarray], target: np.ndarray, weight: np.ndarray | None, size: float
    ) -> list[np.ndarray]:
        """Return the rows after a step of `size` that raises their loss.

        Args:
            inputs: one array for each input.
            target: as the loss takes it.
            weight: ``[row]``, or None.
            size: of the step, in the inputs' unit.
        """
        theirs = {layer.name: layer for layer in self._model.layers}
        for layer in self._copy.layers:
            if layer.name in theirs:
                # Copies: a training step gives the memory of the weights away.
                values = [np.array(value) for value in weight_values(theirs[layer.name])]
                for variable, value in zip(layer.weights, values, strict=True):
                    variable.assign(value)
        for layer in self._shifts:
            layer.shift.assign(np.zeros(layer.shift.shape, np.float32))
        self._copy.train_on_batch(packed_inputs(self._copy, inputs), target, sample_weight=weight)
        slopes = iter([np.asarray(ops.convert_to_numpy(layer.shift.value)) for layer in self._shifts])
        return [
            (values + size * np.sign(next(slopes)[: len(values)])).astype(np.float32) if is_real else values
            for values, is_real in zip(inputs, self._is_real, strict=True)
        ]


def _maker(size: int, name: str) -> Any:
    return lambda suffix: _Shift(size, name=f"{name}{suffix}")
