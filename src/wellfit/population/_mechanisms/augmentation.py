"""Pictures that are changed at random each time they are seen, so that no two epochs show the same ones.

Source: Shorten and Khoshgoftaar, A Survey on Image Data Augmentation for Deep Learning, 2019; Zhong et al.,
Random Erasing Data Augmentation, 2020.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from wellfit.population._mechanisms._pictures import PictureMechanism, along, uniform, way
from wellfit.population._mechanisms.affine import Affine
from wellfit.population._mechanisms.color import RandomHue, RandomSaturation
from wellfit.population._mechanisms.rand_augment import RandAugment
from wellfit.population._random import bits, derive


class RandomFlip(PictureMechanism):
    """Left and right are exchanged, with the strength as probability."""

    name, code = "random_flip", 0xA1

    def changed(self, pictures: jax.Array, own: Any, seed: jax.Array) -> jax.Array:
        """Return the pictures, some of them mirrored."""
        is_turned = uniform(derive(seed, self.code), len(pictures)) < own[self.name]
        return jnp.where(along(is_turned), pictures[:, :, ::-1], pictures)


class RandomBrightness(PictureMechanism):
    """A number is added to all pixels, up to the strength times the deviation of the picture's pixels."""

    name, code = "random_brightness", 0xA3

    def changed(self, pictures: jax.Array, own: Any, seed: jax.Array) -> jax.Array:
        """Return the pictures lighter or darker."""
        strength = own[self.name]
        amount = strength * way(derive(seed, self.code), len(pictures))
        found = pictures + along(amount * pictures.std((1, 2, 3)))
        return jnp.where(strength > 0, found, pictures)


class RandomContrast(PictureMechanism):
    """Differences from a picture's mean grow or shrink by up to the strength (Keras' `RandomContrast`)."""

    name, code = "random_contrast", 0xA4

    def changed(self, pictures: jax.Array, own: Any, seed: jax.Array) -> jax.Array:
        """Return the pictures with more or less contrast."""
        strength = own[self.name]
        factor = 1.0 + strength * way(derive(seed, self.code), len(pictures))
        mean = pictures.mean((1, 2), keepdims=True)
        return jnp.where(strength > 0, mean + along(factor) * (pictures - mean), pictures)


class RandomNoise(PictureMechanism):
    """Noise on every pixel, with the strength as a share of the deviation of the picture's pixels.

    `input_noise` is in the unit of scaled inputs, which pictures from 0 to 255 are not in. The noise is the
    sum of four random bytes: near enough to Gaussian, and a fraction of its cost.
    """

    name, code = "random_noise", 0xAB

    def changed(self, pictures: jax.Array, own: Any, seed: jax.Array) -> jax.Array:
        """Return the pictures with noise."""
        strength = own[self.name]
        noise = _bell(derive(seed, self.code), pictures.shape)
        found = pictures + along(strength * pictures.std((1, 2, 3))) * noise
        return jnp.where(strength > 0, found, pictures)


class RandomErasing(PictureMechanism):
    """A rectangle anywhere, whose sides are the strength as a share, becomes the picture's mean."""

    name, code = "random_erasing", 0xA5

    def changed(self, pictures: jax.Array, own: Any, seed: jax.Array) -> jax.Array:
        """Return the pictures with a part erased."""
        strength = own[self.name]
        seed, inside = derive(seed, self.code), strength > 0
        for axis in (1, 2):
            size = pictures.shape[axis]
            middle = uniform(derive(seed, axis), len(pictures)) * size
            apart = jnp.abs(lax.iota(jnp.float32, size)[None] + 0.5 - middle[:, None])
            shape = (len(pictures), *(size if other == axis else 1 for other in (1, 2, 3)))
            inside = inside & (apart < 0.5 * strength * size).reshape(shape)
        return jnp.where(inside, pictures.mean((1, 2), keepdims=True), pictures)


def _bell(seed: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Return numbers of mean 0 and deviation 1: the sum of four uniform ones, shifted and scaled."""
    drawn = bits(seed, shape)
    total = (drawn >> 24) + ((drawn >> 16) & 0xFF) + ((drawn >> 8) & 0xFF) + (drawn & 0xFF)
    return (total.astype(jnp.float32) - 510.0) * math.sqrt(12.0 / (4 * (256**2 - 1)))


AUGMENTATIONS: tuple[PictureMechanism, ...] = (
    RandomFlip(),
    Affine(),
    RandAugment(),
    RandomBrightness(),
    RandomContrast(),
    RandomSaturation(),
    RandomHue(),
    RandomNoise(),
    RandomErasing(),
)
"""In the order in which they act: places first, then light and color, then what hides."""
