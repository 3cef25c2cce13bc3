"""Networks that are judged by a mean of their weights over time.

- ``ema``: exponential moving average after each update, with decay
  ``min((1 + t) / (10 + t), 1 - 1 / window)``, where t counts updates and the window is a twentieth of all
  updates, 10 to 1,000 (decay 0.9 to 0.999). The first term lets the average forget the initial weights.
  Source: Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992; the decay as in
  TensorFlow's `ExponentialMovingAverage`.
- ``swa``: plain mean of the weights at the ends of the epochs of the last quarter; before it, the weights as
  they are. Source: Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, 2018.
- ``lookahead``: slow weights go half of the way to the fast ones every five updates, and the fast ones start
  again from there. Source: Zhang et al., Lookahead Optimizer: k Steps Forward, 1 Step Back, 2019.

Moving statistics of normalization layers are averaged like weights (of fast weights in lookahead they go on
as they are): a mean of means is a good estimate where weights change slowly, and computing them anew would
take a pass over the rows after each epoch. What is no real number, such as the state of a random generator,
is taken as it is.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from wellfit.population._mechanisms._base import Mechanism, Tree
from wellfit.records import AVERAGINGS

_EMA, _SWA, _LOOKAHEAD = (AVERAGINGS.index(name) for name in ("ema", "swa", "lookahead"))
EVERY, STEP = 5, 0.5
_SHARE, _SHORTEST, _LONGEST = 0.05, 10.0, 1000.0
_SWA_FROM = 0.75


def ema_decay(updates: Any, num_updates: Any) -> Any:
    """Return the decay after so many updates (the first is 0), of `num_updates` in all."""
    longest = 1.0 - 1.0 / jnp.clip(_SHARE * num_updates, _SHORTEST, _LONGEST)
    return jnp.minimum((1.0 + updates) / (10.0 + updates), longest)


def swa_weight(epoch: Any, epochs: Any) -> Any:
    """Return the weight of an epoch's weights in the running mean: 1 replaces what there was."""
    start = jnp.ceil(_SWA_FROM * epochs).astype(jnp.int32)
    return 1.0 / jnp.maximum(epoch - jnp.minimum(start, epochs - 1) + 1, 1).astype(jnp.float32)


def moved(average: Tree, current: Tree, share: Any) -> Tree:
    """Return the average, moved a share of the way to the current weights."""

    def one(old: jax.Array, new: jax.Array) -> jax.Array:
        if not jnp.issubdtype(new.dtype, jnp.floating):
            return new
        return jnp.where(share >= 1, new, old + share * (new - old))

    return jax.tree.map(one, average, current)


class Averaging(Mechanism):
    """Keeps a second set of weights, `State.average`, that epochs are measured with."""

    name = "averaging"
    group = "averaging"

    def after_step(self, state: Any, numbers: Any, num_updates: jax.Array) -> Any:
        """Move the average of ``ema`` and ``lookahead``; let the fast weights of lookahead start anew."""
        kind, done = numbers.own["averaging"], state.updates
        syncs = (kind == _LOOKAHEAD) & (done % EVERY == 0)
        ema = 1.0 - ema_decay((done - 1).astype(jnp.float32), num_updates)
        share = jnp.select([kind == _EMA, syncs], [ema, jnp.float32(STEP)], jnp.float32(0.0))
        share = jax.lax.optimization_barrier(share)
        average = moved(state.average, (list(state.trainable), list(state.other)), share)
        trainable = [
            jnp.where(syncs, slow, fast) for slow, fast in zip(average[0], state.trainable, strict=True)
        ]
        return state._replace(average=average, trainable=trainable)

    def after_epoch(self, state: Any, numbers: Any) -> Any:
        """Move the average of ``swa``; the weights themselves are that of members without an average."""
        kind = numbers.own["averaging"]
        share = jnp.select(
            [kind == _SWA, kind == 0],
            [swa_weight(state.epoch, numbers.epochs), jnp.float32(1.0)],
            jnp.float32(0.0),
        )
        current = (list(state.trainable), list(state.other))
        return state._replace(average=moved(state.average, current, share))
