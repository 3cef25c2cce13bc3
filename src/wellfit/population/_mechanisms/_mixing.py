"""What mixup and cutmix share: shares drawn from a Beta distribution, and a partner for each row."""

from __future__ import annotations

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from scipy.special import betaincinv

from wellfit.population._mechanisms._base import Array
from wellfit.population._random import bits

_LEVELS = 257


@lru_cache(maxsize=256)
def _quantiles(concentration: float) -> Array:
    if concentration == 0:
        return np.ones(_LEVELS, np.float32)
    levels = np.linspace(0.0, 1.0, _LEVELS)
    return betaincinv(concentration, concentration, levels).astype(np.float32)


def beta_table(concentration: Array) -> Array:
    """Return ``[member, level]`` quantiles of Beta(a, a); ones for a = 0.

    `jax.random.beta` draws by rejection, which waits for the slowest member of a block.
    """
    rows = [_quantiles(float(np.clip(value, 0.0, 1e3))) for value in concentration]
    return np.stack(rows) if rows else np.zeros((0, _LEVELS), np.float32)


def drawn(table: jax.Array, seed: jax.Array, count: int) -> jax.Array:
    """Return ``[count]`` numbers of the distribution whose quantiles are in `table`, by interpolation."""
    place = (bits(seed, (count,)) >> 8).astype(jnp.float32) * ((_LEVELS - 1) / (1 << 24))
    below = jnp.minimum(place.astype(jnp.int32), _LEVELS - 2)
    share = place - below.astype(jnp.float32)
    low, high = table[below], table[below + 1]
    return low + share * (high - low)


def partners(valid: jax.Array) -> jax.Array:
    """Return for each row the row it is mixed with: the real rows in reverse.

    Batches are drawn in random order, so that this is a random partner; a middle row is its own.
    """
    position = lax.iota(jnp.int32, valid.shape[0])
    count = valid.sum().astype(jnp.int32)
    return jnp.where(position < count, count - 1 - position, position)


def along(share: jax.Array, values: jax.Array) -> jax.Array:
    """Return ``[row]`` numbers shaped to multiply ``[row, ...]``."""
    return share.reshape(share.shape + (1,) * (values.ndim - 1))
