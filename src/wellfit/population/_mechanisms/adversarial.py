"""Adversarial training: half of the loss is that of rows moved a step along the sign of their gradient.

Source: Goodfellow, Shlens and Szegedy, Explaining and Harnessing Adversarial Examples, 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from wellfit.population._mechanisms._base import Compute, Found, Mechanism, Objective, Tree


class Adversarial(Mechanism):
    """Clean and moved rows pass the network one after the other, under the same dropout.

    Batch normalization sees them apart, and its moving averages follow the clean rows alone.
    """

    name = "adversarial"
    group = "adversarial"

    def compute(self, inner: Compute, numbers: Any) -> Compute:
        """Return the mean of the gradients at the rows and at the moved rows."""
        size = numbers.own["adversarial"]

        def both(objective: Objective, trainable: Tree, inputs: Sequence[jax.Array]) -> tuple[Found, Tree]:
            real = [i for i, values in enumerate(inputs) if jnp.issubdtype(values.dtype, jnp.floating)]

            def by_real(trainable: Tree, chosen: Sequence[jax.Array]) -> Any:
                placed = dict(zip(real, chosen, strict=True))
                return objective(trainable, [placed.get(i, values) for i, values in enumerate(inputs)])

            chosen = [inputs[i] for i in real]
            differentiate = jax.value_and_grad(by_real, argnums=(0, 1), has_aux=True)
            (_, (*losses, other)), (clean, slopes) = differentiate(trainable, chosen)
            moved = [values + size * jnp.sign(slope) for values, slope in zip(chosen, slopes, strict=True)]
            (*moved_losses, _), gradient = inner(by_real, trainable, moved)
            mean = jax.tree.map(lambda a, b: jnp.where(size > 0, 0.5 * (a + b), a), clean, gradient)
            pairs = zip(losses, moved_losses, strict=True)
            data, reported = (jnp.where(size > 0, 0.5 * (a + b), a) for a, b in pairs)
            return (data, reported, other), mean

        return both
