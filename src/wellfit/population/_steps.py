"""What a member that trains by Keras does beyond `fit`: other rows, shorter steps, means of weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax.numpy as jnp
import numpy as np

from wellfit.data import computable
from wellfit.models import (
    NetworkFunction,
    RowMover,
    packed_inputs,
    set_weights,
    shorten_steps,
    weight_values,
)
from wellfit.population._mechanisms import ON_BATCHES, Batch, held
from wellfit.population._mechanisms.averaging import EVERY, STEP, ema_decay, swa_weight
from wellfit.population._random import derive
from wellfit.records import AVERAGINGS, Members

Array = Any


class _Own:
    """One member's numbers, as mechanisms take them."""

    def __init__(self, own: dict[str, Array]) -> None:
        self.own = own


class Steps:
    """One member's batches and averages, by the functions that the compiled program is made of.

    Args:
        network: the network as a function.
        member: exactly one.
        num_updates: in all epochs.
    """

    def __init__(self, network: NetworkFunction, member: Members, num_updates: int) -> None:
        self._member, self._num_updates = member, num_updates
        self._mixing = [m for m in held(ON_BATCHES) if m.is_used(member).any()]
        own = {name: v[0] for m in self._mixing for name, v in m.numbers(network, member).items()}
        self._numbers = _Own({name: jnp.asarray(value) for name, value in own.items()})
        self._batch_size = int(member.batch_size[0])
        self._kind = AVERAGINGS[int(member.averaging[0])]
        self._size = float(member.adversarial[0])
        self._rate_decay = float(member.rate_decay[0])
        self._updates = 0
        self._average: list[Array] | None = None
        self._mover: RowMover | None = None

    @property
    def is_stepwise(self) -> bool:
        """Whether weights or rows must be looked at between updates."""
        return self._kind in ("ema", "lookahead") or self._size > 0 or self._rate_decay != 1

    def mixed(
        self, inputs: list[Array], target: Array, weight: Array | None, epoch: int
    ) -> tuple[list[Array], Array, Array | None]:
        """Return an epoch's rows, those of each batch mixed with each other."""
        if not self._mixing:
            return inputs, target, weight
        weights = np.ones(len(target), np.float32) if weight is None else weight
        first = epoch * -(-len(target) // self._batch_size)
        parts = [
            self._mixed([values[at] for values in inputs], target[at], weights[at], first + number)
            for number, at in enumerate(self._batches(len(target)))
        ]
        joined = [np.concatenate([part.inputs[i] for part in parts]) for i in range(len(inputs))]
        return (
            joined,
            np.concatenate([part.target for part in parts]),
            np.concatenate([part.weight for part in parts]),
        )

    def train(self, model: Any, inputs: list[Array], target: Array, weight: Array | None) -> float:
        """Take an epoch's updates one by one; return the mean loss, which is not finite if any was not.

        As in Keras' `fit`, batches count by their rows.
        """
        if self._average is None:
            self._average = weight_values(model)
        losses, counts = [], []
        for at in self._batches(len(target)):
            rows, wanted = [values[at] for values in inputs], target[at]
            weights = None if weight is None else weight[at]
            if self._size > 0:
                rows, wanted, weights = self._with_moved(model, rows, wanted, weights)
            with shorten_steps(model, self._rate_decay):
                losses.append(model.train_on_batch(packed_inputs(model, rows), wanted, sample_weight=weights))
            counts.append(len(wanted))
            self._updates += 1
            self._follow(model)
        return float(np.average([np.ravel(loss)[0] for loss in losses], weights=counts))

    @contextmanager
    def judged(self, model: Any, epoch: int) -> Iterator[None]:
        """Let the network have the weights that the member is judged by."""
        current = weight_values(model)
        if self._kind == "swa":
            share = float(swa_weight(jnp.int32(epoch), jnp.int32(self._member.epochs[0])))
            self._average = _moved(self._average or current, current, share)
        if self._kind == "none" or self._average is None:
            yield
            return
        set_weights(model, self._average)
        yield
        set_weights(model, current)

    def _follow(self, model: Any) -> None:
        """Move the average after an update."""
        current = weight_values(model)
        if self._kind == "ema":
            decay = float(ema_decay(jnp.float32(self._updates - 1), jnp.float32(self._num_updates)))
            self._average = _moved(self._average or current, current, 1.0 - decay)
        elif self._kind == "lookahead" and self._updates % EVERY == 0:
            self._average = _moved(self._average or current, current, STEP)
            trained = {id(variable) for variable in model.trainable_variables}
            for variable, value in zip(model.weights, self._average, strict=True):
                if id(variable) in trained:
                    variable.assign(value)

    def _mixed(self, inputs: list[Array], target: Array, weight: Array, update: int) -> Batch:
        seed = derive(jnp.uint32(self._member.seed[0]), 0xD0, update)
        given = [jnp.asarray(computable(values)) for values in inputs]
        batch = Batch(given, jnp.asarray(target), jnp.asarray(weight), jnp.ones(len(target)))
        for mechanism in self._mixing:
            batch = mechanism.batch(batch, self._numbers, seed)
        return batch

    def _with_moved(
        self, model: Any, rows: list[Array], target: Array, weight: Array | None
    ) -> tuple[list[Array], Array, Array | None]:
        """Return the rows and, behind them, the same rows moved; their mean loss is half of either's."""
        if self._mover is None:
            self._mover = RowMover(model, self._batch_size)
        moved = self._mover.moved(rows, target, weight, self._size)
        both = [np.concatenate(pair) for pair in zip(rows, moved, strict=True)]
        doubled = None if weight is None else np.concatenate([weight, weight])
        return both, np.concatenate([target, target]), doubled

    def _batches(self, count: int) -> list[slice]:
        return [slice(start, start + self._batch_size) for start in range(0, count, self._batch_size)]


def _moved(average: list[Array], current: list[Array], share: float) -> list[Array]:
    return [
        old + np.float32(share) * (new - old) if share < 1 and np.issubdtype(new.dtype, np.floating) else new
        for old, new in zip(average, current, strict=True)
    ]
