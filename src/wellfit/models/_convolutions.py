"""Convolution and pooling layers that ask the active scope how to compute; see `network_function`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from wellfit.models._scope import ACTIVE

Tensor = Any
ops: Any = keras.ops  # whose annotations leave out what its functions return


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Where the places of a convolution or a pooling are.

    Attributes:
        strides: along each axis of the maps.
        padding: places of zeros before and after, along each axis.
        dilation: distance of neighbouring places of the kernel, along each axis.
        groups: of channels that are convolved apart; as many as channels for a depthwise convolution.
    """

    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int = 1


def convolution_call(layer: Any) -> Callable[..., Tensor] | None:
    """Return a call that lets the active scope convolve or pool; None for layers of other kinds.

    A scope answers None where Keras' own way suits; so does the layer outside a scope.
    """
    if type(layer) in (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D):
        return _convolution(layer)
    if type(layer) in (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D):
        return _depthwise(layer)
    if type(layer) in (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D):
        return _separable(layer)
    for kind, classes in _POOLINGS.items():
        if type(layer) in classes:
            return _pooling(layer, kind)
    return None


_POOLINGS = {
    "max": (keras.layers.MaxPooling1D, keras.layers.MaxPooling2D, keras.layers.MaxPooling3D),
    "average": (keras.layers.AveragePooling1D, keras.layers.AveragePooling2D, keras.layers.AveragePooling3D),
}


def _convolution(layer: Any) -> Callable[..., Tensor]:
    original = layer.call

    def call(inputs: Tensor) -> Tensor:
        outputs = _convolved(layer, inputs, ops.convert_to_tensor(layer.kernel), layer.groups)
        return original(inputs) if outputs is None else _finished(layer, outputs)

    return call


def _depthwise(layer: Any) -> Callable[..., Tensor]:
    original = layer.call

    def call(inputs: Tensor) -> Tensor:
        outputs = _depthwise_convolved(layer, inputs, layer.kernel)
        return original(inputs) if outputs is None else _finished(layer, outputs)

    return call


def _separable(layer: Any) -> Callable[..., Tensor]:
    original = layer.call

    def call(inputs: Tensor) -> Tensor:
        between = _depthwise_convolved(layer, inputs, layer.depthwise_kernel)
        if between is None:
            return original(inputs)
        pointwise = Geometry(
            strides=(1,) * layer.rank, padding=((0, 0),) * layer.rank, dilation=(1,) * layer.rank
        )
        scope: Any = ACTIVE.get()
        outputs = scope.convolution(between, ops.convert_to_tensor(layer.pointwise_kernel), pointwise)
        return _finished(layer, outputs)

    return call


def _pooling(layer: Any, kind: str) -> Callable[..., Tensor]:
    original = layer.call

    def call(inputs: Tensor) -> Tensor:
        scope = ACTIVE.get()
        # Zeros that are added would count in a mean, and in a maximum of negative numbers.
        if scope is None or layer.padding != "valid":
            return original(inputs)
        outputs = scope.pooled(
            _channels_last(layer, inputs), kind, _pair(layer.pool_size), _pair(layer.strides)
        )
        return original(inputs) if outputs is None else _own_format(layer, outputs)

    return call


def _convolved(layer: Any, inputs: Tensor, kernel: Tensor, groups: int) -> Tensor | None:
    """Return the convolution, channels last and without bias; None to leave it to Keras."""
    scope = ACTIVE.get()
    if scope is None:
        return None
    maps = _channels_last(layer, inputs)
    return scope.convolution(maps, kernel, _geometry(layer, maps.shape[1:-1], groups))


def _depthwise_convolved(layer: Any, inputs: Tensor, kernel: Any) -> Tensor | None:
    values = ops.convert_to_tensor(kernel)
    # [..., channel, multiplier] becomes the kernel of a convolution with a group for each channel.
    shape = values.shape
    flat = ops.reshape(values, (*shape[:-2], 1, shape[-2] * shape[-1]))
    return _convolved(layer, inputs, flat, shape[-2])


def _geometry(layer: Any, sizes: Sequence[int], groups: int) -> Geometry:
    strides, dilation = _pair(layer.strides), _pair(layer.dilation_rate)
    reach = [(size - 1) * step + 1 for size, step in zip(_pair(layer.kernel_size), dilation, strict=True)]
    if layer.padding == "causal":
        padding = [(own - 1, 0) for own in reach]
    elif layer.padding == "same":
        missing = [
            max((-(-size // stride) - 1) * stride + own - size, 0)
            for size, stride, own in zip(sizes, strides, reach, strict=True)
        ]
        padding = [(total // 2, total - total // 2) for total in missing]
    else:
        padding = [(0, 0)] * len(reach)
    return Geometry(strides=strides, padding=tuple(padding), dilation=dilation, groups=groups)


def _finished(layer: Any, outputs: Tensor) -> Tensor:
    if layer.use_bias:
        outputs = outputs + ops.convert_to_tensor(layer.bias)
    outputs = _own_format(layer, outputs)
    return outputs if layer.activation is None else layer.activation(outputs)


def _channels_last(layer: Any, inputs: Tensor) -> Tensor:
    return ops.moveaxis(inputs, 1, -1) if layer.data_format == "channels_first" else inputs


def _own_format(layer: Any, outputs: Tensor) -> Tensor:
    return ops.moveaxis(outputs, -1, 1) if layer.data_format == "channels_first" else outputs


def _pair(sizes: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in sizes)
