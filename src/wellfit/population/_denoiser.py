"""A small network that tells noise from picture, given how much noise there is and which class it is.

Maps of two sizes, with a bridge between those of the first; two by two pixels are one place of a map, so that
32 pixels a side are 16 places. Time and class enter every block as a scale and a shift.

Source: Ronneberger, Fischer and Brox, U-Net, 2015; Ho, Jain and Abbeel, Denoising Diffusion Probabilistic
Models, 2020; Perez et al., FiLM: Visual Reasoning with a General Conditioning Layer, 2018.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Weights = dict[str, Any]

_OUTER, _INNER, _CONTEXT = 32, 64, 64  # channels of the two sizes of maps, and of time and class
_PIXELS = 2  # a side that are one place of a map
MULTIPLE = 2 * _PIXELS
"""Sides of pictures are a multiple of this: maps are halved once."""
_GROUPS = 8
_BLOCKS = {"before": _OUTER, "middle_1": _INNER, "middle_2": _INNER, "after": _OUTER}


def denoiser_weights(key: jax.Array, num_channels: int, num_classes: int) -> Weights:
    """Return weights with which the network puts out zeros, and every block changes nothing."""
    keys = iter(jax.random.split(key, 32))
    packed = _PIXELS * _PIXELS * num_channels

    def drawn(*shape: int, gain: float = 1.0) -> jax.Array:
        fan_in = shape[0] if len(shape) == 2 else shape[0] * shape[1] * shape[2]
        return gain * jax.random.normal(next(keys), shape, jnp.float32) / jnp.sqrt(float(fan_in))

    def block(width: int) -> Weights:
        return {
            "first": drawn(3, 3, width, width),
            "second": drawn(3, 3, width, width, gain=0.0),
            "context": drawn(_CONTEXT, 2 * width, gain=0.1),
        }

    return {
        "classes": jax.random.normal(next(keys), (num_classes, _CONTEXT), jnp.float32),
        "time": drawn(_CONTEXT, _CONTEXT),
        "enter": drawn(3, 3, packed, _OUTER),
        "down": drawn(3, 3, _OUTER, _INNER),
        "up": drawn(3, 3, _INNER, _OUTER),
        "leave": drawn(3, 3, _OUTER, packed, gain=0.0),
        **{name: block(width) for name, width in _BLOCKS.items()},
    }


def denoised(weights: Weights, pictures: jax.Array, times: jax.Array, labels: jax.Array) -> jax.Array:
    """Return ``[picture, row, column, channel]`` what the network says of noisy pictures.

    Args:
        weights: as of `denoiser_weights`.
        pictures: ``[picture, row, column, channel]``, sides a multiple of `MULTIPLE`.
        times: ``[picture]`` 0 for no noise to 1 for noise alone.
        labels: ``[picture]`` codes of classes.
    """
    context = jax.nn.silu(_waves(times) @ weights["time"] + weights["classes"][labels])
    maps = _convolved(_packed(pictures), weights["enter"])
    bridge = _block(weights["before"], maps, context)
    maps = _convolved(bridge, weights["down"], stride=2)
    maps = _block(weights["middle_1"], maps, context)
    maps = _block(weights["middle_2"], maps, context)
    maps = bridge + _convolved(jnp.repeat(jnp.repeat(maps, 2, 1), 2, 2), weights["up"])
    maps = _block(weights["after"], maps, context)
    return _unpacked(_convolved(jax.nn.silu(_normalized(maps)), weights["leave"]))


def num_denoiser_products(num_rows: int, num_columns: int, num_channels: int) -> int:
    """Return the products that one picture takes on its way through the network."""
    places = num_rows * num_columns // _PIXELS**2
    packed = _PIXELS * _PIXELS * num_channels
    outer = 2 * packed * _OUTER + 4 * _OUTER * _OUTER + _INNER * _OUTER
    inner = _OUTER * _INNER + 4 * _INNER * _INNER
    return 9 * (places * outer + places // 4 * inner)


def _block(weights: Weights, maps: jax.Array, context: jax.Array) -> jax.Array:
    scale, shift = jnp.split((context @ weights["context"])[:, None, None], 2, -1)
    inside = _convolved(jax.nn.silu(_normalized(maps)), weights["first"])
    inside = _normalized(inside) * (1.0 + scale) + shift
    return maps + _convolved(jax.nn.silu(inside), weights["second"])


def _convolved(maps: jax.Array, kernel: jax.Array, stride: int = 1) -> jax.Array:
    return lax.conv_general_dilated(
        maps, kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def _normalized(maps: jax.Array) -> jax.Array:
    """Return maps of mean 0 and variance 1 in each group of channels (Wu and He, 2018)."""
    groups = maps.reshape(*maps.shape[:-1], _GROUPS, -1)
    mean = groups.mean((1, 2, 4), keepdims=True)
    variance = groups.var((1, 2, 4), keepdims=True)
    return ((groups - mean) * lax.rsqrt(variance + 1e-5)).reshape(maps.shape)


def _waves(times: jax.Array) -> jax.Array:
    """Return ``[picture, feature]`` sines and cosines of many frequencies."""
    frequencies = jnp.exp(jnp.linspace(0.0, jnp.log(1000.0), _CONTEXT // 2))
    angles = times[:, None] * frequencies
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], -1)


def _packed(pictures: jax.Array) -> jax.Array:
    """Return ``[picture, row / 2, column / 2, 4 * channel]``."""
    count, rows, columns, channels = pictures.shape
    split = pictures.reshape(count, rows // _PIXELS, _PIXELS, columns // _PIXELS, _PIXELS, channels)
    return split.transpose(0, 1, 3, 2, 4, 5).reshape(count, rows // _PIXELS, columns // _PIXELS, -1)


def _unpacked(maps: jax.Array) -> jax.Array:
    count, rows, columns, packed = maps.shape
    split = maps.reshape(count, rows, columns, _PIXELS, _PIXELS, packed // _PIXELS**2)
    return split.transpose(0, 1, 3, 2, 4, 5).reshape(count, rows * _PIXELS, columns * _PIXELS, -1)
