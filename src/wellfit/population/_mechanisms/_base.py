"""What a mechanism is: a way of regularizing that members of one program can differ in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from wellfit.models import NetworkFunction
from wellfit.records import Members

Array = Any  # NumPy on the host, JAX on the device
Tree = Any
Found = tuple[jax.Array, jax.Array, Tree]
"""Of one batch: data loss, the same with penalties on activities, weights that are not trained."""

Objective = Callable[[Tree, Sequence[jax.Array]], tuple[jax.Array, Found]]
"""``(trainable, inputs) -> (loss with all penalties, found)`` of one batch."""

Compute = Callable[[Objective, Tree, Sequence[jax.Array]], tuple[Found, Tree]]
"""``(objective, trainable, inputs) -> (found, gradient)``."""


class Batch(NamedTuple):
    """Rows of one update of one member.

    Attributes:
        inputs: ``[row, ...]`` each, scaled.
        target: ``[row, output]``.
        weight: ``[row]``, 0 for rows that only fill the batch.
        valid: ``[row]`` 1 for real rows, which come first.
    """

    inputs: list[jax.Array]
    target: jax.Array
    weight: jax.Array
    valid: jax.Array


class Mechanism:
    """Hooks into the training step; each does nothing unless a mechanism says otherwise.

    A program holds the mechanisms that some member uses, and leaves the others out. A member that does not
    use one that is held must train bit for bit as without: select, do not multiply.

    Attributes:
        name: of the trait, and of the array of `Members` where there is one.
        group: mechanisms of one group share a program, so that members who want none of them do not pay
            for it; empty for those that cost nothing.
    """

    name: str = ""
    group: str = "extra"

    def is_used(self, members: Members) -> Array:
        """Return ``[member]`` booleans."""
        return np.asarray(getattr(members, self.name) > 0)

    def numbers(self, network: NetworkFunction, members: Members) -> dict[str, Array]:
        """Return arrays with a leading member axis, by unique names."""
        del network
        return {self.name: getattr(members, self.name)}

    def scope(self, numbers: Any) -> dict[str, Any]:
        """Return arguments of `MemberScope`."""
        del numbers
        return {}

    def batch(self, batch: Batch, numbers: Any, seed: jax.Array) -> Batch:
        """Return what the network sees in place of a batch."""
        del numbers, seed
        return batch

    def penalty(self, network: NetworkFunction, trainable: Tree, numbers: Any) -> jax.Array | float:
        """Return a penalty on weights."""
        del network, trainable, numbers
        return 0.0

    def compute(self, inner: Compute, numbers: Any) -> Compute:
        """Return how loss and gradient of a batch are computed."""
        del numbers
        return inner

    def after_update(self, network: NetworkFunction, trainable: Tree, numbers: Any, before: Tree) -> Tree:
        """Return weights as they are after an update, which started from those `before` it."""
        del network, numbers, before
        return trainable

    def after_step(self, state: Any, numbers: Any, num_updates: jax.Array) -> Any:
        """Return the state after an update, of `num_updates` in all."""
        del numbers, num_updates
        return state

    def after_epoch(self, state: Any, numbers: Any) -> Any:
        """Return the state at the end of an epoch, before it is measured."""
        del numbers
        return state
