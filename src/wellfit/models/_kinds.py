"""What kinds of layers there are, as far as width, depth and dropout are concerned."""

from __future__ import annotations

from typing import Any

import keras

_ELEMENTWISE_FUNCTIONS = frozenset(
    {
        "linear",
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "celu",
        "gelu",
        "silu",
        "swish",
        "mish",
        "sigmoid",
        "hard_sigmoid",
        "log_sigmoid",
        "hard_silu",
        "hard_swish",
        "hard_tanh",
        "tanh",
        "tanh_shrink",
        "soft_shrink",
        "hard_shrink",
        "squareplus",
        "softplus",
        "softsign",
        "sparse_plus",
        "sparse_sigmoid",
        "threshold",
        "exponential",
    }
)

_ACTIVATION_LAYERS = (keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.ELU)

_DROPOUT_LAYERS = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.GaussianDropout,
    keras.layers.AlphaDropout,
)
DROPOUT_NAMES = frozenset(kind.__name__ for kind in _DROPOUT_LAYERS)

_PASSING_LAYERS = (
    *_ACTIVATION_LAYERS,
    *_DROPOUT_LAYERS,
    keras.layers.GaussianNoise,
    keras.layers.ActivityRegularization,
    keras.layers.Identity,
)

_POOLING_LAYERS = (
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.MaxPooling3D,
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.AveragePooling3D,
    keras.layers.GlobalMaxPooling1D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.GlobalMaxPooling3D,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalAveragePooling3D,
    keras.layers.ZeroPadding1D,
    keras.layers.ZeroPadding2D,
    keras.layers.Cropping1D,
    keras.layers.Cropping2D,
    keras.layers.UpSampling1D,
    keras.layers.UpSampling2D,
)

_MERGE_LAYERS = (
    keras.layers.Add,
    keras.layers.Subtract,
    keras.layers.Multiply,
    keras.layers.Average,
    keras.layers.Maximum,
    keras.layers.Minimum,
)

_PASSING_OPERATIONS = frozenset(
    {"Relu", "Relu6", "Sigmoid", "Tanh", "Gelu", "Silu", "Elu", "Selu", "Softplus"}
)
_MERGE_OPERATIONS = frozenset({"Add", "Subtract", "Multiply", "Maximum", "Minimum"})


KERNEL_KEYS = frozenset(
    {
        "kernel_regularizer",
        "recurrent_regularizer",
        "depthwise_regularizer",
        "pointwise_regularizer",
        "embeddings_regularizer",
    }
)
"""Names of the regularizers of kernels in the configs of layers."""

NORMALIZATION_WEIGHTS = ("gamma", "beta")
"""Names of the scales and offsets of normalization layers."""

# The last is what `SpectralNormalization` measures the kernel inside it by.
_NO_KERNELS = ("bias", "alpha", *NORMALIZATION_WEIGHTS, "vector_u")


def is_dropout(operation: Any) -> bool:
    """Whether it is a layer of the dropout family, with a ``rate``."""
    return type(operation) in _DROPOUT_LAYERS


def is_dense(operation: Any) -> bool:
    """Whether it is a plain `Dense`, kernel and bias only: it can be rebuilt for any width of its input."""
    if type(operation) is not keras.layers.Dense:
        return False
    return len(operation.weights) == 1 + bool(operation.use_bias)


def is_convolution(operation: Any) -> bool:
    """Whether it is a plain convolution, channels last, kernel and bias only: it takes any number of maps."""
    if type(operation) not in (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D):
        return False
    is_plain = operation.groups == 1 and operation.data_format == "channels_last"
    return is_plain and len(operation.weights) == 1 + bool(operation.use_bias)


def is_pooling(operation: Any) -> bool:
    """Whether each map that comes out is made of one that goes in, channels last: pooling, padding, ..."""
    is_last = getattr(operation, "data_format", "channels_last") == "channels_last"
    return type(operation) in _POOLING_LAYERS and is_last


def is_elementwise_activation(activation: Any) -> bool:
    """Whether an activation maps each unit by itself (softmax does not)."""
    if type(activation) in _ACTIVATION_LAYERS:
        return True
    name = getattr(activation, "__name__", "")
    return name in _ELEMENTWISE_FUNCTIONS and getattr(keras.activations, name, None) is activation


def is_normalization(operation: Any, rank: int) -> bool:
    """Whether it is a batch or layer normalization over the last of `rank` axes alone."""
    if type(operation) not in (keras.layers.BatchNormalization, keras.layers.LayerNormalization):
        return False
    axes = operation.axis if isinstance(operation.axis, list | tuple) else [operation.axis]
    return list(axes) in ([-1], [rank - 1])


def is_passing(operation: Any, rank: int) -> bool:
    """Whether unit i of what comes out depends on unit i of what goes in alone, up to normalization."""
    if type(operation) in _PASSING_LAYERS or is_normalization(operation, rank) or is_prelu(operation):
        return True
    if type(operation) is keras.layers.Activation:
        return is_elementwise_activation(operation.activation)
    return _is_keras_operation(operation) and type(operation).__name__ in _PASSING_OPERATIONS


def is_prelu(operation: Any) -> bool:
    """Whether it is a `PReLU`, which has one slope for each unit."""
    return type(operation) is keras.layers.PReLU


def is_merge(operation: Any) -> bool:
    """Whether it combines tensors of equal shape unit by unit."""
    if type(operation) in _MERGE_LAYERS:
        return True
    return _is_keras_operation(operation) and type(operation).__name__ in _MERGE_OPERATIONS


def is_addition(operation: Any) -> bool:
    """Whether it is an `Add` layer or ``x + y``."""
    if type(operation) is keras.layers.Add:
        return True
    return _is_keras_operation(operation) and type(operation).__name__ == "Add"


def is_nonlinear(operation: Any) -> bool:
    """Whether it applies a nonlinear activation."""
    if type(operation) in _ACTIVATION_LAYERS or is_prelu(operation):
        return True
    if type(operation) in (keras.layers.Activation, keras.layers.Dense):
        return getattr(operation.activation, "__name__", "") != "linear"
    return _is_keras_operation(operation) and type(operation).__name__ in _PASSING_OPERATIONS


def has_weights(operation: Any) -> bool:
    """Whether it is a layer with weights."""
    return isinstance(operation, keras.layers.Layer) and bool(operation.weights)


def _is_keras_operation(operation: Any) -> bool:
    """Whether it is an operation of `keras.ops`, not a layer."""
    module = type(operation).__module__
    return not isinstance(operation, keras.layers.Layer) and module.startswith("keras.") and ".ops." in module


def is_kernel(variable: Any) -> bool:
    """Whether weight penalties and decay apply in training: a kernel that is trainable."""
    return bool(variable.trainable) and is_matrix(variable)


def is_matrix(variable: Any) -> bool:
    """Whether a weight is a kernel, trainable or not: two axes or more, no bias, normalization or slope."""
    return len(variable.shape) >= 2 and variable.name not in _NO_KERNELS
