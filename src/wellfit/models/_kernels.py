"""Which kernels a penalty or a norm reaches, and penalties on them that Keras applies in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

ops: Any = keras.ops  # whose annotations leave out what its functions return

_EPSILON = 1e-12  # of Keras' `normalize`


def reached(paths: Sequence[str], on: Sequence[bool], where: str) -> list[bool]:
    """Return which kernels of a network belong to all layers, to the first with weights, or to the last.

    Args:
        paths: of the trainable variables, from input to output.
        on: which of them are kernels in use.
        where: ``all``, ``first`` or ``last``.

    Example:
        >>> reached(["a/kernel", "a/bias", "b/kernel"], [True, False, True], "last")
        [False, False, True]
    """
    layers = [_layer_of(path) for path, is_on in zip(paths, on, strict=True) if is_on]
    if where == "all" or not layers:
        return list(on)
    chosen = layers[0 if where == "first" else -1]
    return [is_on and _layer_of(path) == chosen for path, is_on in zip(paths, on, strict=True)]


def hidden_kernels(
    paths: Sequence[str], kernels: Sequence[bool], shapes: Sequence[Sequence[int]]
) -> list[bool]:
    """Return which variables are kernels of two axes of a layer before the last one with weights.

    Embeddings and recurrent kernels are none.

    Example:
        >>> hidden_kernels(["a/kernel", "a/bias", "b/kernel"], [True, False, True], [(3, 4), (4,), (4, 1)])
        [True, False, False]
    """
    last = reached(paths, kernels, "last")
    return [
        is_kernel and not is_last and len(shape) == 2 and path.rsplit("/", 1)[-1] == "kernel"
        for path, is_kernel, is_last, shape in zip(paths, kernels, last, shapes, strict=True)
    ]


def held_kernels(paths: Sequence[str], kernels: Sequence[bool]) -> list[bool]:
    """Return which variables L2-SP reaches: the kernels of all layers but the last one that has any.

    Example:
        >>> held_kernels(["a/kernel", "a/bias", "b/kernel"], [True, False, True])
        [True, False, False]
    """
    last = reached(paths, kernels, "last")
    return [is_kernel and not is_last for is_kernel, is_last in zip(kernels, last, strict=True)]


def rate_factors(paths: Sequence[str], kernels: Sequence[bool], factor: float) -> list[float]:
    """Return what the learning rate of each variable is multiplied by: 1 in the last layer with a kernel.

    With each layer with a kernel towards the input it is multiplied by `factor` once more. Variables of a
    layer without, such as a normalization, go with the layer before it.

    Args:
        paths: of the trainable variables, from input to output.
        kernels: which of them are kernels in use.
        factor: above 0.

    Example:
        >>> rate_factors(["a/kernel", "n/gamma", "b/kernel", "b/bias"], [True, False, True, False], 0.5)
        [0.5, 0.5, 1.0, 1.0]
    """
    own = [_layer_of(path) for path in paths]
    layers = list(dict.fromkeys(layer for layer, is_on in zip(own, kernels, strict=True) if is_on))
    place, factors = 0, []
    for layer in own:
        place = layers.index(layer) if layer in layers else place
        factors.append(float(factor) ** max(len(layers) - 1 - place, 0))
    return factors


def orthogonality(kernel: Any, num_units: Any) -> Any:
    """Return Keras' `OrthogonalRegularizer(1.0, mode="columns")` of a kernel ``[in, out]``.

    The mean absolute cosine between the incoming weights of two units: columns, for they belong to the
    units. Units that are masked out have zero weights and do not count.

    Args:
        kernel: the kernel.
        num_units: units that are on.
    """
    squares = ops.sum(ops.square(kernel), axis=0, keepdims=True)
    # The gradient of a square root at zero is infinite; masked units have all weights at zero.
    is_on = squares > _EPSILON**2
    unit = kernel * ops.where(is_on, ops.rsqrt(ops.where(is_on, squares, 1.0)), 0.0)
    product = ops.matmul(ops.transpose(unit), unit)
    others = ops.abs(product * (1.0 - ops.eye(kernel.shape[1], dtype=kernel.dtype)))
    num_pairs = num_units * (num_units - 1.0) / 2.0
    return 0.5 * ops.sum(others) / ops.maximum(num_pairs, 1.0)


def held_to_norm(kernel: Any, largest: Any) -> Any:
    """Return Keras' `MaxNorm(largest, axis=0)`: the weights into each unit are at most that long."""
    norms = ops.sqrt(ops.sum(ops.square(kernel), axis=0, keepdims=True))
    factor = ops.minimum(norms, largest) / (keras.config.epsilon() + norms)
    return kernel * factor


class MemberPenalty(keras.regularizers.Regularizer):
    """L1, L2, orthogonality and L2-SP of one kernel; lives as long as a member trains.

    Args:
        l1: strength of the sum of absolute weights.
        l2: strength of the sum of squares.
        factor: strength of `orthogonality`; 0 for none.
        l2_sp: strength of the sum of squared distances from `anchor`.
        anchor: what the member starts from.
    """

    def __init__(self, l1: float, l2: float, factor: float, l2_sp: float, anchor: Any) -> None:
        self.l1, self.l2, self.factor, self.l2_sp, self.anchor = l1, l2, factor, l2_sp, anchor

    def __call__(self, x: Any) -> Any:
        """Return the penalty on a kernel."""
        total = self.l1 * ops.sum(ops.abs(x)) + self.l2 * ops.sum(ops.square(x))
        if self.factor:
            total = total + self.factor * orthogonality(x, float(x.shape[1]))
        if self.l2_sp:
            total = total + self.l2_sp * ops.sum(ops.square(x - ops.cast(self.anchor, x.dtype)))
        return total

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return dict(vars(self))


class Both(keras.constraints.Constraint):
    """One constraint after the other.

    Args:
        first: applied first.
        then: applied to what it gives.
    """

    def __init__(self, first: Any, then: Any) -> None:
        self.first, self.then = first, then

    def __call__(self, w: Any) -> Any:
        """Return the weights under both constraints."""
        return self.then(self.first(w))


def _layer_of(path: str) -> str:
    return path.rpartition("/")[0]
