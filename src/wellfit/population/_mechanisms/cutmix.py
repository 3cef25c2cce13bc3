"""Cutmix on features: a share of each row's features comes from another row, and so does its target.

Source: Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features,
2019; on the features of a table as in Somepalli et al., SAINT, 2021.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from wellfit.models import NetworkFunction
from wellfit.population._mechanisms._base import Array, Batch, Mechanism
from wellfit.population._mechanisms._mixing import along, beta_table, drawn, partners
from wellfit.population._random import bits, derive
from wellfit.records import Members


class Cutmix(Mechanism):
    """Which features stay is drawn feature by feature; the target follows the share that did stay."""

    name = "cutmix"

    def numbers(self, network: NetworkFunction, members: Members) -> dict[str, Array]:
        """Return the quantiles that the shares are drawn by."""
        del network
        return {"cutmix": beta_table(members.cutmix), "cutmix_on": members.cutmix > 0}

    def batch(self, batch: Batch, numbers: Any, seed: jax.Array) -> Batch:
        """Return the batch with features exchanged."""
        other = partners(batch.valid)
        is_on = numbers.own["cutmix_on"]
        share = drawn(numbers.own["cutmix"], derive(seed, 0xC07), other.shape[0])
        inputs, num_kept, num_features = [], jnp.zeros_like(share), 0
        for index, values in enumerate(batch.inputs):
            level = (bits(derive(seed, 0xC08, index), values.shape) >> 8).astype(jnp.float32) / (1 << 24)
            kept = (level < along(share, values)) | ~is_on
            inputs.append(jnp.where(kept, values, values[other]))
            flat = kept.reshape(kept.shape[0], -1)
            num_kept, num_features = num_kept + flat.sum(1), num_features + flat.shape[1]
        actual = num_kept / num_features

        def mixed(values: jax.Array) -> jax.Array:
            part = along(actual, values)
            return jnp.where(is_on, part * values + (1.0 - part) * values[other], values)

        return batch._replace(inputs=inputs, target=mixed(batch.target), weight=mixed(batch.weight))
