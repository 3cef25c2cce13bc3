"""Max-norm: the weights into a hidden unit are never longer than a bound.

Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from wellfit.models import NetworkFunction, held_to_norm
from wellfit.population._mechanisms._base import Mechanism, Tree
from wellfit.population._mechanisms.orthogonality import hidden


class MaxNorm(Mechanism):
    """Keras' `MaxNorm` with ``axis=0`` on hidden kernels of two axes, after each update."""

    name = "max_norm"

    def after_update(self, network: NetworkFunction, trainable: Tree, numbers: Any, before: Tree) -> Tree:
        """Shorten what is too long; layers that are off keep their weights."""
        del before
        largest = numbers.own["max_norm"]

        def held(value: Any, info: Any, is_hidden: bool) -> Any:
            if not is_hidden:
                return value
            is_on = (largest > 0) & (numbers.gates[info.block] if info.block >= 0 else True)
            return jnp.where(is_on, held_to_norm(value, largest), value)

        return [
            held(value, info, is_hidden)
            for value, info, is_hidden in zip(trainable, network.trainable, hidden(network), strict=True)
        ]
