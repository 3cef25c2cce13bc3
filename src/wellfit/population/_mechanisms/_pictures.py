"""What all changes of pictures share: which inputs are pictures, and numbers drawn for each of them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from wellfit.population._mechanisms._base import Batch, Mechanism
from wellfit.population._random import bits, derive


class PictureMechanism(Mechanism):
    """Changes inputs ``[picture, row of pixels, column, channel]`` of real numbers; leaves others alone.

    All of one program share their batch loop, so they form one group.

    Attributes:
        code: keeps the random numbers of two mechanisms apart.
    """

    group = "augmentation"
    code: int = 0

    def batch(self, batch: Batch, numbers: Any, seed: jax.Array) -> Batch:
        """Return the batch with its pictures changed."""
        return batch._replace(
            inputs=[
                self.changed(values, numbers.own, derive(seed, place)) if are_pictures(values) else values
                for place, values in enumerate(batch.inputs)
            ]
        )

    def changed(self, pictures: jax.Array, own: Any, seed: jax.Array) -> jax.Array:
        """Return changed pictures; with strengths of 0 they are the same bit for bit.

        Args:
            pictures: ``[picture, row, column, channel]``.
            own: the member's strengths by name.
            seed: of this update and input.
        """
        raise NotImplementedError


def are_pictures(values: jax.Array) -> bool:
    """Return whether an input is changed at all."""
    return values.ndim == 4 and bool(jnp.issubdtype(values.dtype, jnp.floating))


def uniform(seed: jax.Array, count: int) -> jax.Array:
    """Return ``[count]`` numbers from 0 to 1, written out so that no pixel draws them anew."""
    drawn = (bits(seed, (count,)) >> 8).astype(jnp.float32) * (1.0 / (1 << 24))
    return lax.optimization_barrier(drawn)


def way(seed: jax.Array, count: int) -> jax.Array:
    """Return ``[count]`` numbers from -1 to 1."""
    return 2.0 * uniform(seed, count) - 1.0


def along(values: jax.Array) -> jax.Array:
    """Return ``[picture]`` numbers shaped to meet ``[picture, row, column, channel]``."""
    return values[:, None, None, None]
