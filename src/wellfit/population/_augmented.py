"""Pictures as training shows them, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from wellfit.population._mechanisms import ON_BATCHES, Batch, held
from wellfit.records import AUGMENTATION_FIELDS, Settings, members_from

PICTURE_FIELDS = ("mixup", "cutmix", *AUGMENTATION_FIELDS)
"""Fields of `Settings` that change pictures in training; 0 is off for all of them."""


def augmented(
    pictures: NDArray[np.floating[Any]], settings: Settings, *, seeds: Sequence[int]
) -> NDArray[np.float32]:
    """Return pictures as a network that is trained by `settings` gets them, once for each seed.

    What mixes pictures mixes the first with the last one, and so on; labels are left out.

    Args:
        pictures: ``[picture, row, column, channel]`` real numbers, in any unit.
        settings: of the training; only `PICTURE_FIELDS` count.
        seeds: one for each version.

    Returns:
        ``[seed, picture, row, column, channel]``.

    Example:
        >>> pictures = np.random.default_rng(0).uniform(0, 255, (4, 8, 8, 3))
        >>> augmented(pictures, Settings(random_rotation=0.1), seeds=range(3)).shape
        (3, 4, 8, 8, 3)
    """
    member = members_from([settings], split=[0], seed=[0])
    # What changes batches does not look at the network.
    numbers = [one.numbers(cast(Any, None), member) for one in held(ON_BATCHES)]
    own = {name: np.asarray(value)[0] for one in numbers for name, value in one.items()}
    found = _changed(np.asarray(pictures, np.float32), own, np.asarray(seeds, np.uint32))
    return np.asarray(found)


@jax.jit
def _changed(pictures: jax.Array, own: dict[str, jax.Array], seeds: jax.Array) -> jax.Array:
    ones = jnp.ones(len(pictures), jnp.float32)

    def one(seed: jax.Array) -> jax.Array:
        batch = Batch([pictures], ones[:, None], ones, ones)
        for mechanism in held(ON_BATCHES):
            batch = mechanism.batch(batch, SimpleNamespace(own=own), seed)
        return batch.inputs[0]

    return jax.vmap(one)(seeds)
