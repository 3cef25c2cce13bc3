"""Mixup: each row is mixed with another one, inputs and target alike.

Source: Zhang et al., mixup: Beyond Empirical Risk Minimization, 2018.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from wellfit.models import NetworkFunction
from wellfit.population._mechanisms._base import Array, Batch, Mechanism
from wellfit.population._mechanisms._mixing import along, beta_table, drawn, partners
from wellfit.population._random import derive
from wellfit.records import Members


class Mixup(Mechanism):
    """Scaled inputs, encoded targets and weights are mixed; of codes, those of the larger part are taken."""

    name = "mixup"

    def numbers(self, network: NetworkFunction, members: Members) -> dict[str, Array]:
        """Return the quantiles that the shares are drawn by."""
        del network
        return {"mixup": beta_table(members.mixup), "mixup_on": members.mixup > 0}

    def batch(self, batch: Batch, numbers: Any, seed: jax.Array) -> Batch:
        """Return the mixed batch."""
        other = partners(batch.valid)
        share = drawn(numbers.own["mixup"], derive(seed, 0x317), other.shape[0])
        is_on = numbers.own["mixup_on"]

        def mixed(values: jax.Array) -> jax.Array:
            part = along(share, values)
            if jnp.issubdtype(values.dtype, jnp.floating):
                return jnp.where(is_on, part * values + (1.0 - part) * values[other], values)
            return jnp.where(part >= 0.5, values, values[other])

        return batch._replace(
            inputs=[mixed(values) for values in batch.inputs],
            target=mixed(batch.target),
            weight=mixed(batch.weight),
        )
