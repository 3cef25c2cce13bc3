"""Pictures that are shifted, turned, zoomed, sheared and cropped: all of it in one resampling.

Each number has the meaning of Keras' layer of that name (`RandomTranslation`, `RandomRotation`, `RandomZoom`,
`RandomShear`), with the fill mode ``nearest``: the edge is repeated. Shears and zooms are about the middle;
Keras shears about the upper left corner, which also shifts. A crop takes a part anywhere inside the picture
and brings it to the whole size, so that unlike a zoom with a shift it never shows what was not there; Keras
has no layer for that. Shifts are by whole pixels, which blurs nothing.

A pixel takes four reads. Measured on a CPU with a small convolutional network and pictures of 28 by 28, all
augmentations together add a few percent to a step; this one alone in a program adds about half, for a reason
that is not found yet. Reading the nearest pixel takes a fourth of the reads and coarsens small pictures.

Source: Shorten and Khoshgoftaar, A Survey on Image Data Augmentation for Deep Learning, 2019; Szegedy et al.,
Going Deeper with Convolutions, 2015 (crops).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from wellfit.models import NetworkFunction
from wellfit.population._mechanisms._base import Array
from wellfit.population._mechanisms._pictures import PictureMechanism, uniform, way
from wellfit.population._mechanisms.rand_augment import drawn_operations
from wellfit.population._random import derive
from wellfit.records import Members

AFFINE_FIELDS = (
    "random_translation",
    "random_rotation",
    "random_zoom",
    "random_shear",
    "random_crop",
    "rand_augment",
)


class Affine(PictureMechanism):
    """All changes of where a pixel is, in one linear map of places for each picture."""

    name, code = "affine", 0xA2

    def is_used(self, members: Members) -> Array:
        """Return ``[member]`` booleans."""
        return np.any([getattr(members, field) > 0 for field in AFFINE_FIELDS], axis=0)

    def numbers(self, network: NetworkFunction, members: Members) -> dict[str, Array]:
        """Return the strengths by field."""
        del network
        return {field: getattr(members, field) for field in AFFINE_FIELDS}

    def changed(self, pictures: jax.Array, own: Any, seed: jax.Array) -> jax.Array:
        """Return the pictures moved."""
        is_on = jnp.stack([own[field] > 0 for field in AFFINE_FIELDS]).any()
        # Written out: else every pixel would draw and turn anew what its picture has once.
        matrix, shift = lax.optimization_barrier(drawn_maps(pictures.shape, own, seed))
        return jnp.where(is_on, resampled(pictures, matrix, shift), pictures)


def drawn_maps(shape: tuple[int, ...], own: Any, seed: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return where the pixels of each picture come from.

    Args:
        shape: of the pictures.
        own: strengths by field.
        seed: of this update.

    Returns:
        ``[picture, 2, 2]`` maps of places about the middle, and ``[picture, 2]`` shifts in pixels.
    """
    count, sides = shape[0], jnp.asarray(shape[1:3], jnp.float32)
    parts = drawn_operations(own["rand_augment"], seed, count)
    seed = derive(seed, Affine.code)
    turn = own["random_rotation"] * way(derive(seed, 1), count) + parts["rotation"]
    zoom = 1.0 + own["random_zoom"] * way(derive(seed, 2), count)
    # The rows' shear first: it moves pixels along the column axis by a share of their row.
    lean_x = own["random_shear"] * way(derive(seed, 3), count) + parts["shear_x"]
    lean_y = own["random_shear"] * way(derive(seed, 4), count) + parts["shear_y"]
    side = 1.0 - own["random_crop"] * uniform(derive(seed, 5), count)
    ways = jnp.stack([way(derive(seed, 6), count), way(derive(seed, 7), count)], axis=1)
    moves = jnp.stack([way(derive(seed, 8), count), way(derive(seed, 9), count)], axis=1)
    cosine, sine = jnp.cos(2.0 * jnp.pi * turn), jnp.sin(2.0 * jnp.pi * turn)
    rotation = _matrix(cosine, sine, -sine, cosine)
    shear = _matrix(jnp.ones(count), lean_y, lean_x, jnp.ones(count))
    matrix = (zoom * side)[:, None, None] * jnp.einsum("pij,pjk->pik", shear, rotation)
    shares = own["random_translation"] * moves + jnp.stack([parts["shift_y"], parts["shift_x"]], axis=1)
    room = 0.5 * (1.0 - side)[:, None] * (sides - 1.0)
    return matrix, jnp.round(shares * sides) + room * ways


def _matrix(a: jax.Array, b: jax.Array, c: jax.Array, d: jax.Array) -> jax.Array:
    return jnp.stack([jnp.stack([a, b], axis=-1), jnp.stack([c, d], axis=-1)], axis=-2)


def resampled(pictures: jax.Array, matrix: jax.Array, shift: jax.Array) -> jax.Array:
    """Return pictures whose pixels are read elsewhere, between pixels by their distance (bilinear).

    Args:
        pictures: ``[picture, row, column, channel]``.
        matrix: ``[picture, 2, 2]`` from a place about the middle to where it is read; rows first.
        shift: ``[picture, 2]`` in pixels, added to it.
    """
    count, height, width, channels = pictures.shape
    middle = (0.5 * (height - 1), 0.5 * (width - 1))
    y = lax.iota(jnp.float32, height)[:, None] - middle[0]
    x = lax.iota(jnp.float32, width)[None] - middle[1]
    places = []
    for axis, size in enumerate((height, width)):
        row, column = matrix[:, axis, 0, None, None], matrix[:, axis, 1, None, None]
        place = (row * y + column * x) + middle[axis] + shift[:, axis, None, None]
        place = jnp.clip(place, 0.0, size - 1.0)
        below = jnp.clip(jnp.floor(place), 0.0, max(size - 2.0, 0.0))
        places.append((below.astype(jnp.int32), (place - below)[..., None], int(size > 1)))
    (top, down, row_step), (left, right, column_step) = places
    flat = pictures.reshape(count, height * width, channels)
    start = (top * width + left).reshape(count, height * width, 1)

    def read(rows: int, columns: int) -> jax.Array:
        at = start + (rows * row_step * width + columns * column_step)
        found = jnp.take_along_axis(flat, at, axis=1, mode="promise_in_bounds")
        return found.reshape(pictures.shape)

    upper = (1.0 - right) * read(0, 0) + right * read(0, 1)
    lower = (1.0 - right) * read(1, 0) + right * read(1, 1)
    return (1.0 - down) * upper + down * lower
