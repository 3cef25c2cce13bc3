"""Pictures that a generator draws which has learned to take noise off pictures of each class.

Noise is added in ever larger shares, x_t = cos(pi t / 2) x + sin(pi t / 2) noise, and a network learns to
tell one from the other; starting at noise alone, a few steps lead back to a picture. It is trained at 32
pixels a side at most: larger pictures are made small first, and those that are drawn are enlarged bilinearly,
so that they lack detail.

Source: Ho, Jain and Abbeel, Denoising Diffusion Probabilistic Models, 2020; Song, Meng and Ermon, Denoising
Diffusion Implicit Models, 2021 (few steps); Nichol and Dhariwal, Improved Denoising Diffusion Probabilistic
Models, 2021 (cosine schedule); Salimans and Ho, Progressive Distillation for Fast Sampling of Diffusion
Models, 2022 (what is predicted).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from wellfit.population._denoiser import (
    MULTIPLE,
    Weights,
    denoised,
    denoiser_weights,
    num_denoiser_products,
)

Array = NDArray[Any]
Stop = Callable[[], bool]
State = tuple[Weights, Weights, Weights, Weights]  # weights, their running mean, both moments of Adam

NUM_UPDATES = 1000
_LARGEST = 32  # pixels a side
_BATCH = 32
_NUM_STEPS = 25
_CHUNK = 10  # updates after which a caller's `should_stop` is asked
_LEARNING_RATE = 3e-3
_FIRST, _SECOND, _EPSILON = 0.9, 0.99, 1e-8
_KEPT = 0.99  # of the running mean at each update
_TRAINING = 3  # ways through the network that an update takes


class StoppedError(Exception):
    """A stop request came before there were pictures; whoever made it has other results to keep."""


def drawn_pictures(
    pictures: Array,
    labels: Array,
    wanted: Array,
    *,
    num_classes: int,
    seed: int,
    num_updates: int | None = None,
    should_stop: Stop | None = None,
) -> Array:
    """Return new pictures like those of each class.

    A generator is trained on `pictures`, of which it has seen nothing before. Whatever their number, it takes
    as many updates, so that it is compiled once for a size of pictures.

    Args:
        pictures: ``[picture, row, column, channel]`` of the training, in any unit.
        labels: ``[picture]`` codes of their classes.
        wanted: ``[new picture]`` codes of the classes to draw.
        num_classes: how many there are.
        seed: of weights, order and noise.
        num_updates: of the generator; None for `NUM_UPDATES`.
        should_stop: asked every few updates, and before pictures are drawn; True ends the work.

    Returns:
        ``[new picture, row, column, channel]`` of the dtype of `pictures`, each channel in its range.

    Raises:
        StoppedError: `should_stop` said so.

    Example:
        >>> dark, light = np.zeros((20, 8, 8, 1)), np.ones((20, 8, 8, 1))
        >>> labels = np.repeat([0, 1], 20)
        >>> drawn = drawn_pictures(
        ...     np.concatenate([dark, light]), labels, np.array([0, 1]), num_classes=2, seed=0, num_updates=1
        ... )
        >>> drawn.shape, bool(drawn.min() >= 0), bool(drawn.max() <= 1)
        ((2, 8, 8, 1), True, True)
    """
    low, high = (find(pictures, axis=(0, 1, 2)).astype(np.float32) for find in (np.min, np.max))
    middle, reach = (low + high) / 2, np.where(high > low, (high - low) / 2, 1.0).astype(np.float32)
    size = _small_size(*pictures.shape[1:3])
    stop = should_stop or (lambda: False)
    small = _in_batches(lambda some: (_resized(some, size) - middle) / reach, pictures)
    start, training, key = jax.random.split(jax.random.key(seed), 3)
    weights = denoiser_weights(start, pictures.shape[-1], num_classes)
    order = np.random.default_rng(seed).integers(len(small), size=(num_updates or NUM_UPDATES, _BATCH))
    weights = _trained(weights, small, np.asarray(labels, np.int32), order, training, should_stop=stop)

    def draw(some: Array) -> Array:
        nonlocal key
        _check(stop)
        key, own = jax.random.split(key)
        found = _resized(_drawn(weights, own, some, (*size, pictures.shape[-1])), pictures.shape[1:3])
        values = np.clip(found * reach + middle, low, high)
        is_whole = np.issubdtype(pictures.dtype, np.integer)
        return (np.round(values) if is_whole else values).astype(pictures.dtype)

    return _in_batches(draw, np.asarray(wanted, np.int32))


def num_drawing_products(num_rows: int, num_columns: int, num_channels: int, num_drawn: int) -> int:
    """Return the products that training a generator and drawing by it take.

    Args:
        num_rows: of pixels.
        num_columns: of pixels.
        num_channels: of a picture.
        num_drawn: pictures to draw.
    """
    each = num_denoiser_products(*_small_size(num_rows, num_columns), num_channels)
    batches = -(-num_drawn // _BATCH)
    return _BATCH * each * (_TRAINING * NUM_UPDATES + _NUM_STEPS * batches)


def _small_size(num_rows: int, num_columns: int) -> tuple[int, int]:
    """Return the size that pictures are learned in: their own, but for what does not fit.

    Example:
        >>> _small_size(8, 8), _small_size(28, 28), _small_size(224, 112), _small_size(5, 30)
        ((8, 8), (28, 28), (32, 16), (4, 32))
    """
    scale = min(1.0, _LARGEST / max(num_rows, num_columns))
    rows, columns = (MULTIPLE * max(1, round(scale * side / MULTIPLE)) for side in (num_rows, num_columns))
    return rows, columns


def _trained(
    weights: Weights, small: Array, labels: Array, order: Array, key: jax.Array, *, should_stop: Stop
) -> Weights:
    """Return the running mean of the weights of a network that learns to take noise off pictures.

    Args:
        weights: to begin with.
        small: ``[picture, row, column, channel]`` from -1 to 1.
        labels: ``[picture]``.
        order: ``[update, position in the batch]`` pictures of each update.
        key: of noise and times.
        should_stop: asked before every chunk of updates.
    """
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state: State = (weights, weights, zeros, zeros)
    # Called for each update: XLA's convolutions on a CPU are several times as slow inside a loop.
    for update, some in enumerate(order):
        if update % _CHUNK == 0:
            # A call returns before its work is done: without waiting, all would be asked for at once.
            jax.block_until_ready(state)
            _check(should_stop)
        own = jax.random.fold_in(key, update)
        rate = np.float32(0.5 * _LEARNING_RATE * (1.0 + np.cos(np.pi * update / len(order))))
        state = _updated(state, small[some], labels[some], own, count=np.int32(update + 1), rate=rate)
    return state[1]


def _check(should_stop: Stop) -> None:
    if should_stop():
        raise StoppedError("pictures were not drawn: a stop request came first")


@jax.jit
def _updated(
    state: State, pictures: jax.Array, labels: jax.Array, key: jax.Array, *, count: jax.Array, rate: jax.Array
) -> State:
    """Return the state after one step of Adam (Kingma and Ba, 2015)."""
    weights, mean, first, second = state
    of_noise, of_time = jax.random.split(key)
    noise = jax.random.normal(of_noise, pictures.shape, jnp.float32)
    # At equal distances, batches vary less (Kingma et al., Variational Diffusion Models, 2021).
    times = (jnp.arange(_BATCH) / _BATCH + jax.random.uniform(of_time)) % 1.0
    share, rest = _shares(times)
    noisy, target = share * pictures + rest * noise, share * noise - rest * pictures

    def loss(weights: Weights) -> jax.Array:
        return jnp.square(denoised(weights, noisy, times, labels) - target).mean()

    slopes = jax.grad(loss)(weights)
    first = jax.tree.map(lambda old, slope: _FIRST * old + (1 - _FIRST) * slope, first, slopes)
    second = jax.tree.map(lambda old, slope: _SECOND * old + (1 - _SECOND) * slope**2, second, slopes)
    step = rate * jnp.sqrt(1 - _SECOND**count) / (1 - _FIRST**count)
    weights = jax.tree.map(lambda w, m, v: w - step * m / (jnp.sqrt(v) + _EPSILON), weights, first, second)
    kept = jnp.minimum(_KEPT, count / (count + 10.0))
    mean = jax.tree.map(lambda old, new: kept * old + (1 - kept) * new, mean, weights)
    return weights, mean, first, second


def _drawn(weights: Weights, key: jax.Array, labels: Array, shape: tuple[int, ...]) -> Array:
    """Return ``[picture, row, column, channel]`` from -1 to 1, from noise alone in a few steps."""
    pictures = jax.random.normal(key, (len(labels), *shape), jnp.float32)
    times = np.linspace(1.0, 0.0, _NUM_STEPS + 1, dtype=np.float32)
    for time, following in pairwise(times):
        pictures = _stepped(weights, pictures, labels, time, following)
    return np.asarray(pictures)


@jax.jit
def _stepped(
    weights: Weights, pictures: jax.Array, labels: jax.Array, time: jax.Array, following: jax.Array
) -> jax.Array:
    """Return pictures with as much noise as there is at the time that follows."""
    times = jnp.full(len(pictures), time)
    share, rest = _shares(times)
    said = denoised(weights, pictures, times, labels)
    clean = jnp.clip(share * pictures - rest * said, -1.0, 1.0)
    noise = (pictures - share * clean) / rest
    share, rest = _shares(jnp.full(len(pictures), following))
    return share * clean + rest * noise


def _shares(times: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the share of the picture and that of the noise, whose squares sum to 1."""
    angles = 0.5 * jnp.pi * times[:, None, None, None]
    return jnp.cos(angles), jnp.sin(angles)


def _resized(pictures: Array, size: tuple[int, int]) -> Array:
    if pictures.shape[1:3] == size:
        return pictures.astype(np.float32)
    return np.asarray(_bilinear(pictures, size))


@partial(jax.jit, static_argnums=1)
def _bilinear(pictures: jax.Array, size: tuple[int, int]) -> jax.Array:
    shape = (len(pictures), *size, pictures.shape[-1])
    return jax.image.resize(pictures.astype(jnp.float32), shape, "linear")


def _in_batches(function: Any, values: Array) -> Array:
    """Return what a function makes of values, which gets as many at a time, so that it is compiled once."""
    parts = []
    for start in range(0, len(values), _BATCH):
        some = values[start : start + _BATCH]
        parts.append(function(np.resize(some, (_BATCH, *values.shape[1:])))[: len(some)])
    return np.concatenate(parts)
