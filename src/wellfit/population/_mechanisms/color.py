"""Saturation and hue of colored pictures; those of one channel stay as they are.

Both are Keras' `RandomSaturation` and `RandomHue`, written so that no range of values need be known: the
largest and the smallest channel of a pixel give all that hue and saturation are made of.

Source: Smith, Color Gamut Transform Pairs, 1978.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from wellfit.population._mechanisms._pictures import PictureMechanism, along, way
from wellfit.population._random import derive


class RandomSaturation(PictureMechanism):
    """Keras' ``RandomSaturation((0.5 - strength, 0.5 + strength))``: 0.5 leaves gray only, or none."""

    name, code = "random_saturation", 0xA9

    def changed(self, pictures: jax.Array, own: Any, seed: jax.Array) -> jax.Array:
        """Return the pictures with stronger or paler colors."""
        if pictures.shape[-1] != 3:
            return pictures
        strength = own[self.name]
        place = 0.5 + strength * way(derive(seed, self.code), len(pictures))
        factor = place / (1.0 - place + 1e-7)
        return jnp.where(strength > 0, saturated(pictures, factor), pictures)


class RandomHue(PictureMechanism):
    """Keras' ``RandomHue(strength)``: colors go round their circle by up to half of the strength."""

    name, code = "random_hue", 0xAA

    def changed(self, pictures: jax.Array, own: Any, seed: jax.Array) -> jax.Array:
        """Return the pictures in other colors."""
        if pictures.shape[-1] != 3:
            return pictures
        strength = own[self.name]
        turn = 0.5 * strength * way(derive(seed, self.code), len(pictures))
        return jnp.where(strength > 0, hue_turned(pictures, turn), pictures)


def saturated(pictures: jax.Array, factor: jax.Array) -> jax.Array:
    """Return pictures whose channels lie `factor` times as far below the largest one, at most at black.

    Args:
        pictures: ``[picture, row, column, 3]``; black is 0, or the darkest value if that is lower.
        factor: ``[picture]``, 0 or more.
    """
    value = pictures.max(-1, keepdims=True)
    lowest = pictures.min(-1, keepdims=True)
    black = jnp.minimum(pictures.min((1, 2, 3), keepdims=True), 0.0)
    most = (value - black) / jnp.maximum(value - lowest, 1e-12)
    return value - jnp.minimum(along(factor), most) * (value - pictures)


def hue_turned(pictures: jax.Array, turn: jax.Array) -> jax.Array:
    """Return pictures whose hue has moved by `turn` of the whole circle.

    Args:
        pictures: ``[picture, row, column, 3]``.
        turn: ``[picture]``.
    """
    red, green, blue = pictures[..., 0], pictures[..., 1], pictures[..., 2]
    value, lowest = pictures.max(-1), pictures.min(-1)
    reach = value - lowest
    scale = 1.0 / jnp.maximum(reach, 1e-12)
    hue = jnp.where(value == green, 2.0 + (blue - red) * scale, 4.0 + (red - green) * scale)
    hue = jnp.where(value == red, (green - blue) * scale, hue)
    hue = jnp.mod(hue + 6.0 * turn[:, None, None], 6.0)
    shares = (jnp.abs(hue - 3.0) - 1.0, 2.0 - jnp.abs(hue - 2.0), 2.0 - jnp.abs(hue - 4.0))
    return jnp.stack([lowest + reach * jnp.clip(share, 0.0, 1.0) for share in shares], axis=-1)
