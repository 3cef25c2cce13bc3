"""The networks of the fault benchmark, described by numbers that a fault or an intervention changes."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

from dataclasses import dataclass, replace

import keras

SHAPES = ("32-16", "64-32-dropout", "128-bn", "residual")
_UNITS = {"32-16": (32, 16), "64-32-dropout": (64, 32), "128-bn": (128,), "residual": (48,)}


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A network and how it is trained.

    Attributes:
        shape: one of `SHAPES`.
        num_features: columns.
        task: binary, multiclass or regression.
        num_classes: 0 for regression.
        width: factor on the units of the shape.
        units: units of every hidden layer in place of the shape's, 0 for the shape's own.
        depth: hidden layers (or blocks) more or fewer.
        dropout: rate after each hidden layer.
        l2: on every kernel, as Keras' `L2`.
        learning_rate: of Adam.
        epochs: passes.
        batch_size: rows an update.
        balanced: whether rows are weighed by the inverse frequency of their class.
        momentum: of every batch normalisation; 0 has none but the shape's own at 0.9.
        start: initial weights: default, zeros, dead (biases far below zero), saturated (tanh, large kernels).
        start_size: how far.
        head: right, or what is wrong with the output.
        frozen: whether hidden layers are not trainable.
        logit_scale: factor on the output, before its activation.
    """

    shape: str
    num_features: int
    task: str
    num_classes: int
    width: float = 1.0
    units: int = 0
    depth: int = 0
    dropout: float = 0.0
    l2: float = 0.0
    learning_rate: float = 1e-3
    epochs: int = 30
    batch_size: int = 32
    balanced: bool = False
    momentum: float = 0.0
    start: str = "default"
    start_size: float = 0.0
    head: str = "right"
    frozen: bool = False
    logit_scale: float = 1.0

    def sizes(self) -> tuple[float, float, float]:
        """Return the widths that have a program: the shape's own, a wider one, one far too wide."""
        return (1.0, 2.0, 4.0) if self.shape in ("128-bn", "residual") else (1.0, 4.0, 8.0)

    def structure(self) -> Spec:
        """Return what decides the graph; specs of one structure can share a compiled program."""
        width = next((size for size in self.sizes() if self.width <= size), self.width)
        units = 48 if 0 < self.units <= 48 else self.units
        return replace(
            self,
            width=1.0 if units else width,
            units=units,
            dropout=0.0,
            l2=0.0,
            learning_rate=1e-3,
            epochs=1,
            balanced=False,
            batch_size=32,
        )

    def change(self, **changes: object) -> Spec:
        """Return a copy with some numbers replaced."""
        return replace(self, **changes)


def build(spec: Spec) -> keras.Model:
    """Return the compiled network of a spec with fresh weights."""
    dense = _dense(spec)
    inputs = keras.Input((spec.num_features,))
    x = inputs
    for number, units in enumerate(_hidden(spec)):
        last = x
        if spec.shape == "residual" and number:
            x = _normalized(spec, x)
        x = dense(units)(x)
        if spec.shape == "128-bn" or (spec.momentum and spec.shape != "residual"):
            x = _normalized(spec, x)
        x = keras.layers.Activation("tanh" if spec.start == "saturated" else "relu")(x)
        if spec.dropout:
            x = keras.layers.Dropout(spec.dropout)(x)
        if spec.shape == "residual" and number:
            x = keras.layers.Add()([last, dense(units)(x)])
    model = keras.Model(inputs, _head(spec, x))
    model.compile(keras.optimizers.Adam(spec.learning_rate), _loss(spec))
    return model


def _hidden(spec: Spec) -> list[int]:
    units = list(_UNITS[spec.shape])
    if spec.shape == "residual":
        units = units * 3  # the stem and two blocks
    for _ in range(spec.depth):
        units.append(units[-1])
    units = units[: len(units) + spec.depth] if spec.depth < 0 else units
    return [spec.units or max(1, round(u * spec.width)) for u in units]


def _normalized(spec: Spec, x: object) -> object:
    if spec.shape == "residual" and not spec.momentum:
        return keras.layers.LayerNormalization()(x)
    return keras.layers.BatchNormalization(momentum=spec.momentum or 0.9)(x)


def _dense(spec: Spec) -> object:
    """Return a maker of hidden layers."""

    def dense(units: int) -> keras.layers.Layer:
        kernel: object = "glorot_uniform"
        bias: object = "zeros"
        if spec.start == "zeros":
            kernel = "zeros"
        elif spec.start == "dead":
            bias = keras.initializers.Constant(-spec.start_size)
        elif spec.start == "saturated":
            kernel = keras.initializers.RandomNormal(0.0, spec.start_size)
        layer = keras.layers.Dense(
            units, kernel_initializer=kernel, bias_initializer=bias, kernel_regularizer=_penalty(spec)
        )
        layer.trainable = not spec.frozen
        return layer

    return dense


def _penalty(spec: Spec) -> object:
    return keras.regularizers.L2(spec.l2) if spec.l2 else None


def _head(spec: Spec, x: object) -> object:
    units = spec.num_classes if spec.task == "multiclass" else 1
    if spec.head == "softmax-one-unit":
        units = 1
    x = keras.layers.Dense(units, kernel_regularizer=_penalty(spec))(x)
    if spec.logit_scale != 1:
        x = keras.layers.Rescaling(spec.logit_scale)(x)
    right = {"binary": "sigmoid", "multiclass": "softmax", "regression": "linear"}[spec.task]
    activation = {
        "right": right,
        "from-logits-twice": right,
        "from-logits-never": "linear",
        "softmax-one-unit": "softmax",
        "relu": "relu",
        "sigmoid": "sigmoid",
    }[spec.head]
    return x if activation == "linear" else keras.layers.Activation(activation)(x)


def _loss(spec: Spec) -> keras.losses.Loss:
    if spec.task == "regression":
        return keras.losses.MeanSquaredError()
    from_logits = spec.head == "from-logits-twice"
    if spec.task == "binary":
        return keras.losses.BinaryCrossentropy(from_logits=from_logits)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
