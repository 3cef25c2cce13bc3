"""Cheap counter-based randomness: the same numbers whatever the batching, at a few integer operations each.

On a CPU, JAX's own generator (threefry) costs more than the matrix products of a small network, and a
permutation by sorting more than an epoch. Nothing here is fit for cryptography; tests hold the mean,
variance and independence that training needs.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

_GOLDEN = 0x9E3779B9  # 2**32 over the golden ratio: consecutive counters land far apart
NUM_SHUFFLE_ROUNDS = 16  # more than log2 of a million rows would need for every row to be moved often


def mix(value: jax.Array) -> jax.Array:
    """Return a well-mixed uint32 of a uint32 (Ellis, hash prospector, "lowbias32", 2018)."""
    value = value ^ (value >> 16)
    value = value * jnp.uint32(0x7FEB352D)
    value = value ^ (value >> 15)
    value = value * jnp.uint32(0x846CA68B)
    return value ^ (value >> 16)


def derive(seed: jax.Array, *counters: jax.Array | int) -> jax.Array:
    """Return a new seed for each combination of counters."""
    for counter in counters:
        seed = mix(seed + jnp.asarray(counter).astype(jnp.uint32) * jnp.uint32(_GOLDEN) + jnp.uint32(1))
    return seed


def bits(seed: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Return uint32 random bits in `shape`."""
    size = 1
    for dimension in shape:
        size *= dimension
    counter = lax.iota(jnp.uint32, size).reshape(shape)
    return mix(counter * jnp.uint32(_GOLDEN) + lax.optimization_barrier(seed))


def normal(seed: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Return standard normal float32 numbers in `shape` (inverse of the cumulative distribution)."""
    uniform = ((bits(seed, shape) >> 9).astype(jnp.float32) + 0.5) * (1.0 / (1 << 23))
    return jax.scipy.special.ndtri(uniform)


def shuffle_keys(seed: jax.Array, size: jax.Array) -> jax.Array:
    """Return the ``[round]`` keys of one shuffle of ``0 .. size-1``."""
    rounds = lax.iota(jnp.uint32, NUM_SHUFFLE_ROUNDS)
    return mix(rounds * jnp.uint32(_GOLDEN) + seed) % jnp.maximum(size, 1).astype(jnp.uint32)


def shuffled(position: jax.Array, size: jax.Array, keys: jax.Array) -> jax.Array:
    """Return where a shuffle of ``0 .. size-1`` sends each position, without sorting or storing it.

    Every round pairs position p with key - p (mod size) and swaps the two or not, by a bit that both
    agree on; the result is a permutation for any size and any keys (Hoang, Morris and Rogaway, "An
    Enciphering Scheme Based on a Card Shuffle", 2012).

    Args:
        position: integers in ``[0, size)``, any shape.
        size: scalar, may be traced.
        keys: ``[round]`` from `shuffle_keys`.

    Returns:
        int32 in the shape of `position`.
    """
    size = size.astype(jnp.uint32)
    here = position.astype(jnp.uint32)
    for index in range(NUM_SHUFFLE_ROUNDS):
        key = keys[index]
        partner = jnp.where(here <= key, key - here, key + size - here)
        higher = jnp.maximum(here, partner)
        coin = higher * jnp.uint32(_GOLDEN) + key * jnp.uint32(0xC2B2AE35) + jnp.uint32(index)
        coin = (coin ^ (coin >> 15)) * jnp.uint32(0x7FEB352D)
        here = jnp.where((coin >> 31) == 1, partner, here)
    return lax.optimization_barrier(here.astype(jnp.int32))
