"""Pictures that are drawn look like those of their class, keep their range, and come out the same again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from wellfit.population import StoppedError, _diffusion, drawn_pictures, num_drawing_products
from wellfit.population._denoiser import (
    _packed,
    _unpacked,
    denoised,
    denoiser_weights,
    num_denoiser_products,
)
from wellfit.population._diffusion import _updated

Array = np.ndarray
CODES = np.array([0, 1] * 6, np.int32)


def pictures(count: int, size: tuple[int, int, int] = (8, 8, 1)) -> tuple[Array, Array]:
    """Return pictures from 0 to 255, dark ones and light ones in turn, and their codes."""
    labels = (np.arange(count) % 2).astype(np.int32)
    noise = np.random.default_rng(0).normal(scale=20, size=(count, *size))
    return np.clip(60 + 130 * labels[:, None, None, None] + noise, 0, 255), labels


def drawn(given: Array, labels: Array, seed: int = 0, num_updates: int = 3) -> Array:
    """Return twelve pictures, dark and light in turn."""
    return drawn_pictures(given, labels, CODES, num_classes=2, seed=seed, num_updates=num_updates)


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, (8, 8, 1)), (np.uint8, (12, 8, 3))])
def test_each_class_is_like_its_own(dtype: type, size: tuple[int, int, int]) -> None:
    """A picture that is drawn is nearer to the mean of its class; its pixels are of their kind and range."""
    given, labels = pictures(60, size)
    given = given.astype(dtype)
    found = drawn(given, labels, num_updates=120)
    assert found.shape == (12, *size)
    assert found.dtype == dtype
    assert found.min() >= given.min()
    assert found.max() <= given.max()
    means = np.stack([given[labels == code].astype(float).mean(axis=0) for code in (0, 1)])
    distances = np.abs(found[:, None].astype(float) - means).mean(axis=(2, 3, 4))
    np.testing.assert_array_equal(distances.argmin(axis=1), CODES)


def test_the_seed_decides() -> None:
    """The same seed draws the same pictures, another one others; no two are alike."""
    given, labels = pictures(40)
    first, second, other = (drawn(given, labels, seed) for seed in (2**32 - 1, 2**32 - 1, 1))
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, other)
    assert len(np.unique(first.reshape(12, -1), axis=0)) == 12


def test_it_is_compiled_once_for_a_size() -> None:
    """However many pictures there are to learn from."""
    sizes = []
    for count in (30, 70):
        drawn(*pictures(count, (8, 16, 1)))
        sizes.append(_updated._cache_size())
    assert sizes[0] == sizes[1]


def test_large_pictures_are_learned_small() -> None:
    """They come back in their own size, a channel that never changes as it is."""
    given, labels = pictures(20, (70, 40, 3))
    given[..., 2] = 7.0
    found = drawn(given, labels)
    assert found.shape == (12, 70, 40, 3)
    np.testing.assert_array_equal(found[..., 2], 7.0)
    assert num_drawing_products(70, 40, 3, 12) < num_drawing_products(32, 32, 3, 12)


def test_the_network_says_nothing_at_first() -> None:
    """Then what it learns is what there is to say; two by two pixels come back as they were."""
    given = jnp.asarray(pictures(4, (8, 12, 3))[0], jnp.float32)
    weights = denoiser_weights(jax.random.key(0), 3, 2)
    said = denoised(weights, given, jnp.linspace(0.0, 1.0, 4), jnp.array([0, 1, 0, 1]))
    np.testing.assert_array_equal(said, jnp.zeros_like(given))
    np.testing.assert_array_equal(_unpacked(_packed(given)), given)


def test_products_are_those_of_the_kernels() -> None:
    """Each kernel is used at every place of its map."""
    weights = denoiser_weights(jax.random.key(0), 3, 2)
    places = {"down": 24, "middle_1": 24, "middle_2": 24}
    total = 0
    for name, value in weights.items():
        kernels = [value["first"], value["second"]] if isinstance(value, dict) else [value]
        total += sum(k.size * places.get(name, 96) for k in kernels if k.ndim == 4)
    assert num_denoiser_products(16, 24, 3) == total


def stops_at(count: int) -> tuple[Callable[[], bool], list[None]]:
    """Return what says True when it is asked for so many times, and what counts how often it was asked."""
    asked: list[None] = []

    def should_stop() -> bool:
        asked.append(None)
        return len(asked) >= count

    return should_stop, asked


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_stop_ends_the_training_within_a_chunk(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many updates are made as were asked for before it, and nothing is drawn."""
    made: list[None] = []

    def counted(state: Any, *_: Any, **__: Any) -> Any:
        made.append(None)
        return state

    monkeypatch.setattr(_diffusion, "_updated", counted)
    given, labels = pictures(12)
    should_stop, asked = stops_at(count)
    with pytest.raises(StoppedError):
        drawn_pictures(given, labels, CODES, num_classes=2, seed=0, num_updates=100, should_stop=should_stop)
    assert len(asked) == count
    assert len(made) == (count - 1) * _diffusion._CHUNK


def test_a_stop_is_heard_while_pictures_are_drawn() -> None:
    """Training is one chunk here; what is asked after it comes before the second batch of pictures."""
    given, labels = pictures(12)
    options: dict[str, Any] = {"num_classes": 2, "seed": 0, "num_updates": 1}
    should_stop, asked = stops_at(3)
    with pytest.raises(StoppedError):
        drawn_pictures(given, labels, np.resize(CODES, 40), should_stop=should_stop, **options)
    assert len(asked) == 3
    should_stop, _ = stops_at(4)
    assert len(drawn_pictures(given, labels, np.resize(CODES, 40), should_stop=should_stop, **options)) == 40
