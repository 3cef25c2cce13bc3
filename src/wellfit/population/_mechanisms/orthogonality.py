"""Orthogonality: hidden units whose incoming weights point in different directions.

Source: Bansal, Chen and Wang, Can We Gain More from Orthogonality Regularizations, 2018.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wellfit.models import NetworkFunction, hidden_kernels, orthogonality
from wellfit.population._masks import member_units
from wellfit.population._mechanisms._base import Array, Mechanism, Tree
from wellfit.records import Members


def hidden(network: NetworkFunction) -> list[bool]:
    """Return which trainable variables are hidden kernels of two axes."""
    infos = network.trainable
    return hidden_kernels([i.path for i in infos], [i.is_kernel for i in infos], [i.shape for i in infos])


class Orthogonality(Mechanism):
    """Keras' `OrthogonalRegularizer` with ``mode="columns"`` on hidden kernels of two or more units."""

    name = "orthogonality"

    def numbers(self, network: NetworkFunction, members: Members) -> dict[str, Array]:
        """Return strengths, and ``[member, variable]`` units that are on."""
        units = member_units(network, members.width)
        counts = np.ones((len(members), len(network.trainable)), np.float32)
        for index, info in enumerate(network.trainable):
            axis = info.axes[-1] if info.axes else None
            if axis is None:
                counts[:, index] = info.shape[-1] if info.shape else 1
            else:
                counts[:, index] = sum(
                    part.size if part.group is None else units[:, part.group] for part in axis
                )
        return {**super().numbers(network, members), "columns": counts}

    def penalty(self, network: NetworkFunction, trainable: Tree, numbers: Any) -> jax.Array:
        """Return the penalty on the kernels that are on."""
        total = jnp.float32(0.0)
        is_hidden = hidden(network)
        for index, (value, info) in enumerate(zip(trainable, network.trainable, strict=True)):
            if is_hidden[index] and info.shape[1] > 1:
                found = orthogonality(value, numbers.own["columns"][index])
                gate = numbers.gates[info.block] if info.block >= 0 else True
                total = total + jnp.where(gate, found, 0.0)
        strength = numbers.own["orthogonality"]
        return jnp.where(strength > 0, strength * total, 0.0)
