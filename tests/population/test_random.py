"""Randomness: dropout's share, scale and independence, noise, and the order of rows."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from population_samples import layers

from wellfit.models import network_function
from wellfit.population._random import derive, shuffle_keys, shuffled
from wellfit.population._scope import MemberScope

RATES = (0.05, 0.3, 0.5, 0.9)


def masks(layer: keras.layers.Layer, seeds: range, rate: float, shape: tuple[int, ...]) -> np.ndarray:
    """Return ``[seed, layer, ...]`` what two copies of a layer make of ones in training."""
    inputs = keras.Input(shape[1:])
    first = layer(inputs)
    second = type(layer).from_config({**layer.get_config(), "name": "second"})(inputs)
    function = network_function(keras.Model(inputs, layers.Concatenate(axis=-1)([first, second])))
    state = [jnp.asarray(v) for v in function.values]

    def one(seed: jax.Array) -> jax.Array:
        scope = MemberScope(seed=derive(seed, 1), rates=jnp.full(len(function.own_rates), rate))
        return function.apply([], state, [jnp.ones(shape)], True, scope)[0]

    outputs = np.asarray(jax.jit(jax.vmap(one))(jnp.asarray(list(seeds), jnp.uint32)))
    return np.stack(np.split(outputs, 2, axis=-1), axis=1)


@pytest.mark.parametrize("rate", RATES)
def test_dropout_keeps_mean_and_variance(rate: float) -> None:
    """A share is zero and the rest scaled up: mean 1 and variance rate / (1 - rate), within 4 deviations."""
    values = masks(layers.Dropout(0.5), range(20), rate, (64, 50))
    kept = values != 0
    np.testing.assert_allclose(values[kept], 1 / (1 - rate), rtol=1e-6)
    error = np.sqrt(rate * (1 - rate) / kept.size)
    assert abs(kept.mean() - (1 - rate)) < 4 * error
    assert abs(values.mean() - 1) < 4 * error / (1 - rate)
    np.testing.assert_allclose(values.var(), rate / (1 - rate), rtol=0.05)
    # The share of each row and of each column scatters as independent draws would.
    for axis, count in ((3, 50), (2, 64)):
        spread = kept.mean(axis=axis).var() / (rate * (1 - rate) / count)
        assert 0.85 < spread < 1.15


def test_dropout_is_independent() -> None:
    """Masks of other seeds, steps and layers, and neighboring units, agree as often as chance has it."""
    kept = masks(layers.Dropout(0.5), range(24), 0.5, (64, 50)) != 0
    flat = kept.reshape(48, -1).astype(float) - 0.5
    correlation = np.corrcoef(flat)[np.triu_indices(48, 1)]
    assert np.abs(correlation).max() < 5 / np.sqrt(flat.shape[1])
    assert abs(correlation.mean()) < 4 / np.sqrt(correlation.size * flat.shape[1])
    for shift in ((1, 0), (0, 1), (1, 1), (8, 0)):
        moved = np.roll(kept, shift, axis=(2, 3))
        agree = (moved == kept).mean()
        assert abs(agree - 0.5) < 4 * 0.5 / np.sqrt(kept.size)


def test_steps_differ() -> None:
    """Consecutive updates of one member draw unrelated masks."""
    draws = [_bits(update) for update in range(16)]
    agreement = [np.mean(a == b) for a, b in itertools.combinations(draws, 2)]
    assert max(abs(a - 0.5) for a in agreement) < 5 * 0.5 / np.sqrt(draws[0].size)


def _bits(update: int) -> np.ndarray:
    seed = derive(jnp.uint32(3), 0xD0, update)
    scope = MemberScope(seed=seed, rates=jnp.array([0.5]))
    return np.asarray(scope.dropout(0, jnp.ones((40, 100)), None)) > 0


def test_rate_zero_is_the_identity() -> None:
    """A member without dropout in a program with dropout sees what it would see without."""
    assert np.all(masks(layers.Dropout(0.5), range(3), 0.0, (8, 5)) == 1)


def test_spatial_dropout_drops_whole_channels() -> None:
    """All positions of a channel go together, each channel by itself."""
    values = masks(layers.SpatialDropout1D(0.5), range(30), 0.4, (16, 7, 10))
    kept = values != 0
    assert np.all(kept == kept[:, :, :, :1, :])
    assert abs(kept.mean() - 0.6) < 4 * np.sqrt(0.24 / (kept.size / 7))


def test_gaussian_dropout() -> None:
    """Multiplies by normal numbers of mean 1 and variance rate / (1 - rate)."""
    values = masks(layers.GaussianDropout(0.5), range(20), 0.3, (64, 50))
    assert abs(values.mean() - 1) < 0.01
    np.testing.assert_allclose(values.var(), 0.3 / 0.7, rtol=0.03)
    standard = (values - 1) / np.sqrt(0.3 / 0.7)
    assert abs((standard**3).mean()) < 0.03
    assert abs((standard**4).mean() - 3) < 0.1


def test_gaussian_noise_keeps_its_own_size() -> None:
    """Noise is no dropout: a member's dropout rate does not touch it."""
    values = masks(layers.GaussianNoise(0.8), range(20), 0.1, (64, 50))
    np.testing.assert_allclose(values.std(), 0.8, rtol=0.02)
    assert abs(values.mean() - 1) < 0.02


def test_alpha_dropout_keeps_mean_and_variance_of_selu() -> None:
    """Standard normal inputs keep mean 0 and variance 1, as self-normalizing networks need."""
    inputs = keras.Input((50,))
    function = network_function(keras.Model(inputs, layers.AlphaDropout(0.1)(inputs)))
    x = np.random.default_rng(0).normal(size=(4000, 50)).astype(np.float32)
    scope = MemberScope(seed=jnp.uint32(5), rates=jnp.array([0.3]))
    values = np.asarray(function.apply([], list(function.values), [jnp.asarray(x)], True, scope)[0])
    common = np.median(values[np.abs(values - np.median(values[values < -1])) < 1e-4])
    assert abs(np.isclose(values, common, atol=1e-4).mean() - 0.3) < 0.01
    assert abs(values.mean()) < 0.02
    assert abs(values.var() - 1) < 0.03
    quiet = function.apply([], list(function.values), [jnp.asarray(x)], False, scope)[0]
    np.testing.assert_array_equal(np.asarray(quiet), x)


@jax.jit
def order(seed: jax.Array, size: jax.Array, padded: jax.Array) -> jax.Array:
    """Return where a shuffle of `size` rows sends the positions of `padded`."""
    return shuffled(padded % size, size, shuffle_keys(seed, size))


@given(size=st.integers(1, 3000), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_shuffle_is_a_permutation(size: int, seed: int) -> None:
    """Every size and seed visits every row exactly once."""
    found = np.asarray(order(jnp.uint32(seed), jnp.int32(size), jnp.arange(3000)))[:size]
    assert np.array_equal(np.sort(found), np.arange(size))


@pytest.mark.parametrize("size", [2, 3, 7, 16, 33])
def test_shuffle_is_close_to_uniform(size: int) -> None:
    """Each row comes to each place equally often: chi-square within four deviations of its mean."""
    num = 4000
    seeds = derive(jnp.arange(num, dtype=jnp.uint32), 0x5EED, 3)
    found = np.asarray(jax.vmap(lambda s: order(s, jnp.int32(size), jnp.arange(size)))(seeds))
    counts = np.stack([np.bincount(found[:, place], minlength=size) for place in range(size)])
    expected = num / size
    degrees = (size - 1) ** 2
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert abs(chi_square - degrees) < 5 * np.sqrt(2 * degrees)


def test_shuffle_breaks_up_neighbors_and_epochs() -> None:
    """Rows that lie side by side end up anywhere, and one epoch's order says nothing of the next."""
    size, num = 500, 300
    keys = [derive(jnp.arange(num, dtype=jnp.uint32), 0x5EED, epoch) for epoch in (0, 1)]
    first, second = (
        np.asarray(jax.vmap(lambda s: order(s, jnp.int32(size), jnp.arange(size)))(seeds)) for seeds in keys
    )
    gaps = np.abs(np.diff(first, axis=1))
    np.testing.assert_allclose(gaps.mean(), (size + 1) / 3, rtol=0.02)
    share_adjacent = (gaps == 1).mean()
    assert abs(share_adjacent - 2 / size) < 5 * np.sqrt(2 / size / gaps.size)
    correlation = [np.corrcoef(a, b)[0, 1] for a, b in zip(first, second, strict=True)]
    assert abs(np.mean(correlation)) < 4 / np.sqrt(num * size)
    assert np.abs(correlation).max() < 5 / np.sqrt(size)
