"""L2-SP: a penalty on how far kernels have gone from the weights that training started from.

Source: Li, Grandvalet and Davoine, Explicit Inductive Bias for Transfer Learning with Convolutional Networks,
2018.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from wellfit.models import NetworkFunction
from wellfit.population._mechanisms._base import Mechanism, Tree


class L2SP(Mechanism):
    """Strength times the sum of squared distances, over the kernels of all layers but the last.

    The program keeps the kernels that a member started from, and hands them over as ``anchor``. The last
    layer is new where a network learns another task, and has no weights that are worth staying near to; `l2`
    with ``penalty_where="last"`` holds it to zero, as the source does.
    """

    name = "l2_sp"

    def penalty(self, network: NetworkFunction, trainable: Tree, numbers: Any) -> jax.Array:
        """Return the penalty on the kernels that are on."""
        total = jnp.float32(0.0)
        for value, start, info in zip(trainable, numbers.own["anchor"], network.trainable, strict=True):
            if start is not None:
                gate = numbers.gates[info.block] if info.block >= 0 else True
                total = total + jnp.where(gate, jnp.square(value - start).sum(), 0.0)
        strength = numbers.own["l2_sp"]
        return jnp.where(strength > 0, strength * total, 0.0)
