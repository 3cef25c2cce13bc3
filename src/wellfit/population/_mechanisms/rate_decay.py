"""Discriminative learning rates: the nearer a layer is to the input, the smaller its steps.

Source: Howard and Ruder, Universal Language Model Fine-tuning for Text Classification, 2018.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from wellfit.models import NetworkFunction, rate_factors
from wellfit.population._masks import block_gates
from wellfit.population._mechanisms._base import Array, Mechanism, Tree
from wellfit.records import Members


class RateDecay(Mechanism):
    """Each step is shortened by its layer's factor, decoupled decay of kernels included.

    A step is proportional to the learning rate in all optimizers of Keras but FTRL, so that this is what a
    smaller rate of the layer would do. What a constraint has done to the weights is shortened with it.
    """

    name = "rate_decay"

    def is_used(self, members: Members) -> Array:
        """Return ``[member]`` whether there is more than one rate."""
        return np.asarray(members.rate_decay != 1)

    def numbers(self, network: NetworkFunction, members: Members) -> dict[str, Array]:
        """Return ``[member, variable]`` factors; layers that are off do not count."""
        gates = block_gates(network, members.depth)
        paths = [info.path for info in network.trainable]
        known: dict[Any, list[float]] = {}
        rows = []
        for factor, gate in zip(members.rate_decay, gates, strict=True):
            key = (float(factor), gate.tobytes())
            if key not in known:
                on = [i.is_kernel and (i.block < 0 or bool(gate[i.block])) for i in network.trainable]
                known[key] = rate_factors(paths, on, float(factor))
            rows.append(known[key])
        return {"rates_by_variable": np.asarray(rows, np.float32).reshape(len(members), len(paths))}

    def after_update(self, network: NetworkFunction, trainable: Tree, numbers: Any, before: Tree) -> Tree:
        """Return weights that went a part of the way."""
        del network
        factors = numbers.own["rates_by_variable"]

        def shortened(index: int, old: Any, new: Any) -> Any:
            return jnp.where(factors[index] == 1, new, old + factors[index] * (new - old))

        return [shortened(index, *pair) for index, pair in enumerate(zip(before, trainable, strict=True))]
