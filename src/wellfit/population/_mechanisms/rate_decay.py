"""Discriminative learning rates: the nearer a layer is to the input, the smaller its steps.

Source: Howard and Ruder, Universal Language Model Fine-tuning for Text Classification, 2018.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from wellfit.models import NetworkFunction, rate_factors
from wellfit.population._mechanisms._base import Array, Mechanism, Tree
from wellfit.population._mechanisms._layer_numbers import layer_numbers
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
        factors = [float(factor) for factor in members.rate_decay]
        return {"rates_by_variable": layer_numbers(network, members, factors, rate_factors)}

    def after_update(self, network: NetworkFunction, trainable: Tree, numbers: Any, before: Tree) -> Tree:
        """Return weights that went a part of the way."""
        del network
        factors = numbers.own["rates_by_variable"]

        def shortened(index: int, old: Any, new: Any) -> Any:
            return jnp.where(factors[index] == 1, new, old + factors[index] * (new - old))

        return [shortened(index, *pair) for index, pair in enumerate(zip(before, trainable, strict=True))]
