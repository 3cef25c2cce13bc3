"""Data losses a row, as Keras computes them, and metrics that fall out of the same outputs.

The formulas follow Keras' JAX backend to the clipping constant, so that a member equals `Model.fit`.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from wellfit.records import Task

_EPSILON = 1e-7  # keras.config.epsilon()'s default, where probabilities are clipped

RowLoss = Callable[[jax.Array, jax.Array], jax.Array]


def row_loss(name: str, *, from_logits: bool, delta: float = 1.0) -> RowLoss:
    """Return the function ``(target [row, output], output [row, output]) -> loss [row]``.

    Args:
        name: ``binary_crossentropy``, ``categorical_crossentropy``, ``sparse_categorical_crossentropy``
            (the same on one-hot targets), ``mean_squared_error``, ``mean_absolute_error`` or ``huber``.
        from_logits: whether outputs are logits; cross-entropies only.
        delta: where Huber's loss turns from square to line.
    """

    def binary(target: jax.Array, output: jax.Array) -> jax.Array:
        if from_logits:
            # -t log s(x) - (1 - t) log s(-x), with one exponential in place of two.
            loss = jax.nn.softplus(output) - target * output
        else:
            output = jnp.clip(output, _EPSILON, 1.0 - _EPSILON)
            loss = -(target * jnp.log(output) + (1.0 - target) * jnp.log(1.0 - output))
        return loss.mean(-1)

    def categorical(target: jax.Array, output: jax.Array) -> jax.Array:
        if from_logits:
            log_probability = jax.nn.log_softmax(output, axis=-1)
        else:
            output = output / output.sum(-1, keepdims=True)
            log_probability = jnp.log(jnp.clip(output, _EPSILON, 1.0 - _EPSILON))
        return -(target * log_probability).sum(-1)

    def huber(target: jax.Array, output: jax.Array) -> jax.Array:
        error = jnp.abs(output - target)
        return jnp.where(error <= delta, 0.5 * error * error, delta * error - 0.5 * delta * delta).mean(-1)

    table: dict[str, RowLoss] = {
        "binary_crossentropy": binary,
        "categorical_crossentropy": categorical,
        "sparse_categorical_crossentropy": categorical,
        "mean_squared_error": lambda target, output: jnp.square(output - target).mean(-1),
        "mean_absolute_error": lambda target, output: jnp.abs(output - target).mean(-1),
        "huber": huber,
    }
    return table[name]


def encode_target(target: jax.Array, task: Task, num_outputs: int) -> jax.Array:
    """Return ``[row, output]`` float32 targets as the network's outputs are compared with them."""
    if not task.is_classification:
        return target if target.ndim == 2 else target[:, None]
    if num_outputs == 1:
        return target.astype(jnp.float32)[:, None]
    return jax.nn.one_hot(target, num_outputs)


def smooth(target: jax.Array, smoothing: jax.Array | float) -> jax.Array:
    """Return targets with a share spread evenly over the classes, as Keras does (two for one output)."""
    num_classes = max(target.shape[-1], 2)
    return target * (1.0 - smoothing) + smoothing / num_classes


def correct(target: jax.Array, output: jax.Array, *, from_logits: bool) -> jax.Array:
    """Return ``[row]`` 1 where the predicted class is the true one, else 0."""
    if output.shape[-1] == 1:
        threshold = 0.0 if from_logits else 0.5
        return ((output[:, 0] > threshold) == (target[:, 0] > 0.5)).astype(jnp.float32)
    return (output.argmax(-1) == target.argmax(-1)).astype(jnp.float32)


def probabilities(output: jax.Array, *, from_logits: bool) -> jax.Array:
    """Return ``[row, class]`` probabilities of a classifier's outputs, two columns for one output."""
    if output.shape[-1] == 1:
        positive = jax.nn.sigmoid(output) if from_logits else output
        return jnp.concatenate([1.0 - positive, positive], axis=-1)
    return jax.nn.softmax(output, axis=-1) if from_logits else output / output.sum(-1, keepdims=True)
