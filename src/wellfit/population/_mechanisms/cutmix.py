"""Cutmix: a part of each row comes from another row, and so does its target.

Of a picture the part is a rectangle; of the features of a table, each is drawn by itself.

Source: Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features,
2019; on the features of a table as in Somepalli et al., SAINT, 2021.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from wellfit.models import NetworkFunction
from wellfit.population._mechanisms._base import Array, Batch, Mechanism
from wellfit.population._mechanisms._mixing import along, beta_table, drawn, partners
from wellfit.population._mechanisms._pictures import are_pictures, uniform
from wellfit.population._random import bits, derive
from wellfit.records import Members


class Cutmix(Mechanism):
    """The target follows the share that did stay, not the one that was drawn."""

    name = "cutmix"

    def numbers(self, network: NetworkFunction, members: Members) -> dict[str, Array]:
        """Return the quantiles that the shares are drawn by."""
        del network
        return {"cutmix": beta_table(members.cutmix), "cutmix_on": members.cutmix > 0}

    def batch(self, batch: Batch, numbers: Any, seed: jax.Array) -> Batch:
        """Return the batch with features, or parts of pictures, exchanged."""
        other = partners(batch.valid)
        is_on = numbers.own["cutmix_on"]
        share = drawn(numbers.own["cutmix"], derive(seed, 0xC07), other.shape[0])
        inputs, num_kept, num_features = [], jnp.zeros_like(share), 0
        for index, values in enumerate(batch.inputs):
            stays = _outside_rectangle if are_pictures(values) else _feature_by_feature
            kept = stays(values.shape, share, derive(seed, 0xC08, index)) | ~is_on
            inputs.append(jnp.where(kept, values, values[other]))
            flat = kept.reshape(kept.shape[0], -1)
            num_kept, num_features = num_kept + flat.mean(1) * values[0].size, num_features + values[0].size
        actual = num_kept / num_features

        def mixed(values: jax.Array) -> jax.Array:
            part = along(actual, values)
            return jnp.where(is_on, part * values + (1.0 - part) * values[other], values)

        return batch._replace(inputs=inputs, target=mixed(batch.target), weight=mixed(batch.weight))


def _feature_by_feature(shape: tuple[int, ...], share: jax.Array, seed: jax.Array) -> jax.Array:
    level = (bits(seed, shape) >> 8).astype(jnp.float32) / (1 << 24)
    return level < share.reshape(share.shape + (1,) * (len(shape) - 1))


def _outside_rectangle(shape: tuple[int, ...], share: jax.Array, seed: jax.Array) -> jax.Array:
    """Return ``[picture, row, column, 1]``: false in a rectangle of the other share, cut off at the edges.

    Its sides have the proportions of the picture, and its middle lies anywhere in it.
    """
    inside = jnp.ones((shape[0], 1, 1, 1), bool)
    for axis in (1, 2):
        size = shape[axis]
        middle = uniform(derive(seed, axis), shape[0])[:, None] * size
        half = 0.5 * size * jnp.sqrt(1.0 - share)[:, None]
        is_near = jnp.abs(lax.iota(jnp.float32, size)[None] + 0.5 - middle) < half
        inside = inside & is_near.reshape(shape[0], *(size if other == axis else 1 for other in (1, 2, 3)))
    return ~inside
