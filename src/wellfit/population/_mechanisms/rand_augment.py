"""RandAugment: two operations for each picture, drawn from a list, all at one magnitude.

The operations are those that are here anyway: rotation, two shears, two shifts, brightness, contrast,
saturation, and none at all. The geometry of those that were drawn is part of the one resampling that
`affine` does; the rest is done here. A picture of one channel has no saturation to change.

Source: Cubuk et al., RandAugment: Practical Automated Data Augmentation with a Reduced Search Space, 2020.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from wellfit.population._mechanisms._pictures import PictureMechanism, along
from wellfit.population._mechanisms.color import saturated
from wellfit.population._random import bits, derive

# What an operation changes at a magnitude of 1: turns, shares of a side, deviations of pixels, factors.
_MOST = {
    "rotation": 1.0 / 12.0,
    "shear_x": 0.3,
    "shear_y": 0.3,
    "shift_x": 0.3,
    "shift_y": 0.3,
    "brightness": 0.9,
    "contrast": 0.9,
    "saturation": 0.9,
}
_NUM_OPERATIONS = len(_MOST) + 1  # and none


def drawn_operations(magnitude: jax.Array, seed: jax.Array, count: int) -> dict[str, jax.Array]:
    """Return by operation its ``[picture]`` amounts: 0 unless it is one of the picture's two.

    The two are different ones; each has the magnitude, up or down at random.
    """
    number = bits(derive(seed, 0xA6), (count, 2))
    sign = jnp.where((bits(derive(seed, 0xA7), (count, 2)) >> 31) == 1, 1.0, -1.0)
    first = (number[:, 0] >> 8) % _NUM_OPERATIONS
    second = (first + 1 + (number[:, 1] >> 8) % (_NUM_OPERATIONS - 1)) % _NUM_OPERATIONS
    amounts = {
        name: most * magnitude * ((first == at) * sign[:, 0] + (second == at) * sign[:, 1])
        for at, (name, most) in enumerate(_MOST.items())
    }
    return lax.optimization_barrier(amounts)


class RandAugment(PictureMechanism):
    """The part of RandAugment that moves no pixel: brightness, contrast and saturation."""

    name = "rand_augment"

    def changed(self, pictures: jax.Array, own: Any, seed: jax.Array) -> jax.Array:
        """Return the pictures in another light."""
        magnitude = own["rand_augment"]
        amounts = drawn_operations(magnitude, seed, len(pictures))
        mean = pictures.mean((1, 2), keepdims=True)
        lift = along(amounts["brightness"] * pictures.std((1, 2, 3)))
        found = mean + along(1.0 + amounts["contrast"]) * (pictures - mean) + lift
        if pictures.shape[-1] == 3:
            found = saturated(found, 1.0 + amounts["saturation"])
        return jnp.where(magnitude > 0, found, pictures)
