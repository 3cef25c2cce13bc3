"""Pictures that are changed at random each time they are seen, so that no two epochs show the same ones.

Source: Shorten and Khoshgoftaar, A Survey on Image Data Augmentation for Deep Learning, 2019; Zhong et al.,
Random Erasing Data Augmentation, 2020.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from wellfit.population._mechanisms._base import Batch, Mechanism
from wellfit.population._random import bits, derive


class Augmentation(Mechanism):
    """Changes inputs ``[row, row of pixels, column, channel]`` of real numbers, and leaves others alone."""

    group = "augmentation"
    code: int = 0

    def batch(self, batch: Batch, numbers: Any, seed: jax.Array) -> Batch:
        """Return the batch with its pictures changed."""
        strength = numbers.own[self.name]
        return batch._replace(
            inputs=[
                self.changed(values, strength, derive(seed, self.code, place))
                if values.ndim == 4 and jnp.issubdtype(values.dtype, jnp.floating)
                else values
                for place, values in enumerate(batch.inputs)
            ]
        )

    def changed(self, pictures: jax.Array, strength: jax.Array, seed: jax.Array) -> jax.Array:
        """Return changed pictures; with a strength of 0 they are the same bit for bit."""
        raise NotImplementedError


class RandomFlip(Augmentation):
    """Left and right are exchanged, with the strength as probability."""

    name, code = "random_flip", 0xA1

    def changed(self, pictures: jax.Array, strength: jax.Array, seed: jax.Array) -> jax.Array:
        """Return the pictures, some of them mirrored."""
        is_turned = _uniform(seed, len(pictures)) < strength
        return jnp.where(_along(is_turned), pictures[:, :, ::-1], pictures)


class RandomTranslation(Augmentation):
    """A shift by whole pixels along both axes, up to the strength as a share; the edge is repeated."""

    name, code = "random_translation", 0xA2

    def changed(self, pictures: jax.Array, strength: jax.Array, seed: jax.Array) -> jax.Array:
        """Return the pictures shifted."""
        for axis in (1, 2):
            size = pictures.shape[axis]
            way = 2.0 * _uniform(derive(seed, axis), len(pictures)) - 1.0
            offset = jnp.round(way * strength * size).astype(jnp.int32)
            place = jnp.clip(lax.iota(jnp.int32, size)[None] + offset[:, None], 0, size - 1)
            shape = (len(pictures), *(size if other == axis else 1 for other in (1, 2, 3)))
            pictures = jnp.take_along_axis(pictures, place.reshape(shape), axis=axis)
        return pictures


class RandomBrightness(Augmentation):
    """A number is added to all pixels, up to the strength times the deviation of the picture's pixels."""

    name, code = "random_brightness", 0xA3

    def changed(self, pictures: jax.Array, strength: jax.Array, seed: jax.Array) -> jax.Array:
        """Return the pictures lighter or darker."""
        way = 2.0 * _uniform(seed, len(pictures)) - 1.0
        deviation = pictures.std((1, 2, 3))
        return jnp.where(strength > 0, pictures + _along(way * strength * deviation), pictures)


class RandomContrast(Augmentation):
    """Differences from a picture's mean grow or shrink by up to the strength."""

    name, code = "random_contrast", 0xA4

    def changed(self, pictures: jax.Array, strength: jax.Array, seed: jax.Array) -> jax.Array:
        """Return the pictures with more or less contrast."""
        factor = 1.0 + strength * (2.0 * _uniform(seed, len(pictures)) - 1.0)
        mean = pictures.mean((1, 2), keepdims=True)
        return jnp.where(strength > 0, mean + _along(factor) * (pictures - mean), pictures)


class RandomErasing(Augmentation):
    """A rectangle anywhere, whose sides are the strength as a share, becomes the picture's mean."""

    name, code = "random_erasing", 0xA5

    def changed(self, pictures: jax.Array, strength: jax.Array, seed: jax.Array) -> jax.Array:
        """Return the pictures with a part erased."""
        inside = strength > 0
        for axis in (1, 2):
            size = pictures.shape[axis]
            middle = _uniform(derive(seed, axis), len(pictures)) * size
            apart = jnp.abs(lax.iota(jnp.float32, size)[None] + 0.5 - middle[:, None])
            shape = (len(pictures), *(size if other == axis else 1 for other in (1, 2, 3)))
            inside = inside & (apart < 0.5 * strength * size).reshape(shape)
        return jnp.where(inside, pictures.mean((1, 2), keepdims=True), pictures)


AUGMENTATIONS: tuple[Augmentation, ...] = (
    RandomFlip(),
    RandomTranslation(),
    RandomBrightness(),
    RandomContrast(),
    RandomErasing(),
)


def _uniform(seed: jax.Array, count: int) -> jax.Array:
    return (bits(seed, (count,)) >> 8).astype(jnp.float32) * (1.0 / (1 << 24))


def _along(values: jax.Array) -> jax.Array:
    return values[:, None, None, None]
