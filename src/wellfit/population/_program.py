"""The compiled program: one block of members through a number of epochs.

Everything here is traced once. Whatever differs between members comes in as arrays (`Numbers`), so that
a second population with other strengths compiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from wellfit.models import LONG_SCHEDULES, NetworkFunction, OptimizerFunction, long_schedule
from wellfit.population._convolution import Convolving
from wellfit.population._device import chunk_rows
from wellfit.population._losses import RowLoss, correct, encode_target, smooth
from wellfit.population._mechanisms import Batch, Compute, Found, Mechanism, held
from wellfit.population._random import derive, shuffle_keys, shuffled
from wellfit.population._scope import MemberScope
from wellfit.records import RESULTS, SCHEDULES, Task

RUNNING = -1
SEGMENT = 32  # epochs a call of the program can return curves for

Tree = Any


class Numbers(NamedTuple):
    """One member's numbers as device arrays; see `Members` for their meaning. Leading axis: member.

    `own` holds those of the mechanisms by name.
    """

    seed: jax.Array
    split: jax.Array
    scaling: jax.Array
    label_order: jax.Array
    num_visits: jax.Array
    learning_rate: jax.Array
    schedule: jax.Array
    decay: jax.Array
    plateau_patience: jax.Array
    warmup: jax.Array
    clip_norm: jax.Array
    l1: jax.Array
    l2: jax.Array
    penalty_scale: jax.Array
    weight_decay: jax.Array
    rates: jax.Array
    label_smoothing: jax.Array
    class_weight: jax.Array
    units: jax.Array
    gates: jax.Array
    epochs: jax.Array
    patience: jax.Array
    start_epoch: jax.Array
    restore_best: jax.Array
    own: dict[str, jax.Array]


class State(NamedTuple):
    """Everything that changes while a member trains. Leading axis: member.

    `average` is the mean of weights that a member is judged by, or empty where no member has one. `anchor`
    are the kernels that it started from, or empty where no member is held to them. `running_loss` is the sum
    over the updates of this epoch of the loss that Keras reports, each times its rows.
    """

    trainable: Tree
    other: Tree
    optimizer: Tree
    best: Tree
    average: Tree
    anchor: Tree
    best_loss: jax.Array
    best_epoch: jax.Array
    wait: jax.Array
    rate_factor: jax.Array
    plateau_best: jax.Array
    plateau_wait: jax.Array
    running_loss: jax.Array
    updates: jax.Array
    epoch: jax.Array
    status: jax.Array


class Shared(NamedTuple):
    """The data set and its splits, on the device once.

    `membership` is ``[side, split, row]``, 1 where a row is for training (side 0) or validation (side 1),
    or None where the splits are too small a part of the rows to measure all rows in passing.
    """

    inputs: tuple[jax.Array, ...]
    target: jax.Array
    sample_weight: jax.Array | None
    train_rows: jax.Array
    num_train: jax.Array
    validation_rows: jax.Array
    num_validation: jax.Array
    scaling: tuple[dict[str, jax.Array] | None, ...]
    target_center: jax.Array
    target_scale: jax.Array
    label_orders: jax.Array
    membership: jax.Array | None


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What the compiled program leaves out because no member needs it; a changed trait compiles anew.

    Attributes:
        dropout: some dropout rate is above zero.
        width: some member is narrowed.
        depth: some member has a block off.
        label_order: some member has permuted labels.
        clipping: some member clips its gradients.
        smoothing: some member smooths its labels.
        class_weight: some member weighs its classes.
        mechanisms: names of the mechanisms that some member uses.
        shuffle: batches are drawn in a new order each epoch.
        batch_size: rows in an update.
        measured_rows: training rows on which the training loss is measured after each epoch.
    """

    dropout: bool = True
    width: bool = False
    depth: bool = False
    label_order: bool = False
    clipping: bool = False
    smoothing: bool = False
    class_weight: bool = False
    mechanisms: frozenset[str] = frozenset()
    shuffle: bool = True
    batch_size: int = 32
    measured_rows: int = 2048

    def covers(self, other: Traits) -> bool:
        """Return whether a program with these traits can run members that need `other`."""
        same = (self.shuffle, self.batch_size, self.measured_rows) == (
            other.shuffle,
            other.batch_size,
            other.measured_rows,
        )
        names = ("dropout", "width", "depth", "label_order", "clipping", "smoothing", "class_weight")
        more = all(getattr(self, name) or not getattr(other, name) for name in names)
        return same and more and self.mechanisms >= other.mechanisms

    def holding(self, names: Collection[str]) -> Traits:
        """Return these traits and others: names of fields or of mechanisms."""
        fields = {name: True for name in names if isinstance(getattr(self, name, None), bool)}
        added = frozenset(mechanism.name for mechanism in held(names))
        return replace(self, mechanisms=self.mechanisms | added, **fields)


@dataclass(frozen=True, kw_only=True, eq=False)
class Program:
    """Pure functions of one network under given traits.

    Attributes:
        network: the network as a function.
        optimizer: the optimiser as a function.
        loss: data loss a row.
        loss_name: its name.
        from_logits: whether outputs are logits.
        task: what kind of target there is.
        traits: what is compiled in.
        matmul: the matrix product that suits the device.
        convolving: how convolutions are computed.
    """

    network: NetworkFunction
    optimizer: OptimizerFunction
    loss: RowLoss
    loss_name: str
    from_logits: bool
    task: Task
    traits: Traits
    matmul: Callable[[jax.Array, jax.Array], jax.Array]
    convolving: Convolving = Convolving.OWN

    def segment(
        self, state: State, numbers: Numbers, shared: Shared, num_epochs: jax.Array, num_steps: jax.Array
    ) -> tuple[State, dict[str, jax.Array]]:
        """Train a block for up to `num_epochs` epochs; stop early when no member is left running.

        Args:
            state: of the block.
            numbers: of the block.
            shared: the data.
            num_epochs: at most `SEGMENT`.
            num_steps: updates in an epoch, the same for every member of the block.

        Returns:
            The new state and curves, name to ``[member, SEGMENT]`` (NaN where no epoch was trained).
        """
        count = state.status.shape[0]
        empty = {name: jnp.full((count, SEGMENT), jnp.nan) for name in self.curve_names}
        finish = jax.vmap(self._finish, in_axes=(0, 0, None))

        def more(carry: tuple[jax.Array, State, Tree]) -> jax.Array:
            index, state, _ = carry
            return (index < num_epochs) & (state.status == RUNNING).any()

        def epoch(carry: tuple[jax.Array, State, Tree]) -> tuple[jax.Array, State, Tree]:
            index, state, curves = carry
            keys = self.prepare(state, numbers, shared)

            def step(position: jax.Array, state: State) -> State:
                return self.step(state, numbers, shared, keys, position)

            state = lax.fori_loop(0, num_steps, step, state)
            state, row = finish(state, numbers, shared)
            curves = {name: curves[name].at[:, index].set(row[name]) for name in curves}
            return index + 1, state, curves

        _, state, curves = lax.while_loop(more, epoch, (jnp.int32(0), state, empty))
        return state, curves

    @property
    def curve_names(self) -> tuple[str, ...]:
        """Names of the curves that `segment` returns."""
        losses = ("train_loss", "validation_loss", "penalty", "running_loss")
        return (*losses, "train_accuracy", "validation_accuracy") if self.task.is_classification else losses

    def predict(self, weights: Tree, numbers: Numbers, shared: Shared, rows: jax.Array) -> jax.Array:
        """Return ``[member, row, output]`` raw outputs in inference mode; regression in target units.

        Args:
            weights: (trainable, other) of the block.
            numbers: of the block.
            shared: the data.
            rows: ``[member, row]`` indices.
        """

        def one(weights: Tree, numbers: Numbers, rows: jax.Array) -> jax.Array:
            outputs = self._outputs(weights[0], weights[1], numbers, shared, rows)
            if self.task.is_classification:
                return outputs
            return outputs * shared.target_scale[numbers.scaling] + shared.target_center[numbers.scaling]

        return jax.vmap(one)(weights, numbers, rows)

    def prepare(self, state: State, numbers: Numbers, shared: Shared) -> jax.Array:
        """Return the ``[member, round]`` keys of this epoch's orders of rows."""
        return jax.vmap(self._prepare, in_axes=(0, 0, None))(state, numbers, shared)

    def step(
        self, state: State, numbers: Numbers, shared: Shared, keys: jax.Array, position: jax.Array
    ) -> State:
        """Take an update of each member of a block; `position` counts those of an epoch."""
        # One answer for the whole block: under `vmap` a choice by member would compute both sides.
        step = partial(self._step, penalty_kind=self._penalty_kind(numbers))
        return jax.vmap(step, in_axes=(0, 0, None, 0, None))(state, numbers, shared, keys, position)

    def close(self, state: State, numbers: Numbers) -> State:
        """Let the mechanisms do what they do after an epoch."""
        return jax.vmap(self._close)(state, numbers)

    def measured(self, state: State, numbers: Numbers, shared: Shared, place: jax.Array) -> jax.Array:
        """Return ``[member, row, output]`` of a chunk of the rows that are measured after an epoch."""

        def one(state: State, numbers: Numbers) -> jax.Array:
            rows = self._rows_to_measure(numbers, shared)[0]
            size = -(-len(rows) // num_chunks_of(len(rows)))
            rows = lax.dynamic_slice_in_dim(jnp.pad(rows, (0, -len(rows) % size)), place * size, size)
            return self._outputs(*self._judged(state), numbers, shared, rows)

        return jax.vmap(one)(state, numbers)

    def judge(
        self, state: State, numbers: Numbers, shared: Shared, parts: Sequence[jax.Array]
    ) -> tuple[State, dict[str, jax.Array]]:
        """Return the state after an epoch and a row of the curves, from the chunks of `measured`."""

        def one(state: State, numbers: Numbers, outputs: jax.Array) -> tuple[State, dict[str, jax.Array]]:
            rows = self._rows_to_measure(numbers, shared)[0]
            return self._judge(state, numbers, shared, outputs[: len(rows)])

        return jax.vmap(one)(state, numbers, jnp.concatenate(parts, 1))

    def num_measured(self, shared: Shared) -> int:
        """Return rows that are measured after an epoch."""
        if shared.membership is not None:
            return shared.target.shape[0]
        return min(self.traits.measured_rows, shared.train_rows.shape[1]) + shared.validation_rows.shape[1]

    def _prepare(self, state: State, numbers: Numbers, shared: Shared) -> jax.Array:
        return shuffle_keys(derive(numbers.seed, 0x5EED, state.epoch), shared.num_train[numbers.split])

    def _step(
        self,
        state: State,
        numbers: Numbers,
        shared: Shared,
        keys: jax.Array,
        position: jax.Array,
        *,
        penalty_kind: jax.Array,
    ) -> State:
        """Take one update of one member."""
        numbers = _anchored(numbers, state)
        rows, valid = self._batch(numbers, shared, keys, position)
        target = self._target(numbers, shared, rows)
        if self.traits.smoothing:
            target = smooth(target, numbers.label_smoothing)
        seed = derive(numbers.seed, 0xD0, state.updates)
        weight = self._weight(numbers, shared, rows, valid)
        batch = Batch(self._inputs(numbers, shared, rows), target, weight, valid)
        for mechanism in self._mechanisms:
            batch = mechanism.batch(batch, numbers, seed)
        (data, reported, other), gradient = self._gradient(state, numbers, batch, seed)
        # The gradient needs no penalty's value: passes over all weights that nobody needs are saved.
        ways = (_no_penalty, partial(self._penalty, has_l1=False), self._penalty)
        reported += lax.switch(penalty_kind, ways, state.trainable, numbers)
        if self.traits.clipping:
            gradient = _clipped(gradient, numbers.clip_norm)
        # The scalars of a member are computed once, not again in every loop that reads them.
        rate = lax.optimization_barrier(self._learning_rate(state, numbers, shared))
        trainable = self._decayed(state.trainable, rate * numbers.weight_decay, numbers)
        trainable, optimizer = self.optimizer.apply(list(state.optimizer), gradient, trainable, rate)
        for mechanism in self._mechanisms:
            trainable = mechanism.after_update(self.network, trainable, numbers, state.trainable)
        failed = (state.status == RUNNING) & ~jnp.isfinite(data)
        # A member that has ended goes on computing, but nothing reads it: its best weights and its curves
        # are kept by `_finish`. Holding its state here instead would copy all weights in every step.
        state = state._replace(
            trainable=list(trainable),
            other=list(other),
            optimizer=list(optimizer),
            running_loss=state.running_loss + reported * batch.valid.sum(),
            updates=state.updates + 1,
            status=jnp.where(failed, jnp.int32(RESULTS.nonfinite), state.status),
        )
        for mechanism in self._mechanisms:
            state = mechanism.after_step(state, numbers, self._num_updates(numbers, shared))
        return state

    @property
    def _mechanisms(self) -> list[Mechanism]:
        return held(self.traits.mechanisms)

    def _gradient(self, state: State, numbers: Numbers, batch: Batch, seed: jax.Array) -> tuple[Found, Tree]:
        """Return what is found of a batch, and its gradient."""

        def objective(trainable: Tree, inputs: Sequence[jax.Array]) -> tuple[jax.Array, Found]:
            scope = self._scope(numbers, training=True, seed=seed, rows=batch.valid)
            outputs, other, extra = self.network.apply(trainable, state.other, inputs, True, scope)
            data = (self.loss(batch.target, outputs) * batch.weight).sum() / batch.valid.sum()
            return data + extra + self._penalty(trainable, numbers), (data, data + extra, other)

        compute: Compute = _plain
        for mechanism in self._mechanisms:
            compute = mechanism.compute(compute, numbers)
        return compute(objective, list(state.trainable), batch.inputs)

    def _batch(
        self, numbers: Numbers, shared: Shared, keys: jax.Array, position: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Return row indices, and which of them are real (the last batch of an epoch may not be full)."""
        size, visits = shared.num_train[numbers.split], self._visits(numbers, shared)
        place = position * self.traits.batch_size + lax.iota(jnp.int32, self.traits.batch_size)
        valid = place < visits
        place = place % jnp.maximum(size, 1)
        if self.traits.shuffle:
            place = shuffled(place, size, keys)
        rows = lax.optimization_barrier(shared.train_rows[numbers.split, place])
        return rows, valid.astype(jnp.float32)

    def _inputs(self, numbers: Numbers, shared: Shared, rows: jax.Array) -> list[jax.Array]:
        return self._prepared(tuple(values[rows] for values in shared.inputs), numbers, shared)

    def _prepared(self, picked: Sequence[jax.Array], numbers: Numbers, shared: Shared) -> list[jax.Array]:
        real = [v.astype(jnp.float32) if v.dtype == jnp.uint8 else v for v in picked]  # pixels
        return [
            values
            if scaling is None
            else _scaled(values, {name: table[numbers.scaling] for name, table in scaling.items()})
            for values, scaling in zip(real, shared.scaling, strict=True)
        ]

    def _target(
        self, numbers: Numbers, shared: Shared, rows: jax.Array, *, permuted: bool = True
    ) -> jax.Array:
        if self.traits.label_order and permuted:
            rows = shared.label_orders[numbers.label_order, rows]
        target = encode_target(shared.target[rows], self.task, self.network.num_outputs)
        if self.task.is_classification:
            return target
        return (target - shared.target_center[numbers.scaling]) / shared.target_scale[numbers.scaling]

    def _weight(self, numbers: Numbers, shared: Shared, rows: jax.Array, valid: jax.Array) -> jax.Array:
        weight = valid
        if shared.sample_weight is not None:
            weight = weight * shared.sample_weight[rows]
        if self.traits.class_weight and self.task.is_classification:
            if self.traits.label_order:
                rows = shared.label_orders[numbers.label_order, rows]
            weight = weight * numbers.class_weight[shared.target[rows]]
        return weight

    def _scope(self, numbers: Numbers, *, training: bool = False, **changes: Any) -> MemberScope:
        traits = self.traits
        for mechanism in self._mechanisms if training else ():
            changes |= mechanism.scope(numbers)
        return MemberScope(
            rates=numbers.rates if traits.dropout and self.network.own_rates else None,
            units=numbers.units if traits.width and self.network.layout.groups else None,
            gates=numbers.gates if traits.depth and self.network.layout.blocks else None,
            matmul=self.matmul,
            convolving=self.convolving,
            **changes,
        )

    def _penalty(self, trainable: Tree, numbers: Numbers, *, has_l1: bool = True) -> jax.Array:
        """Return the penalties on weights of one member: its own strengths and the network's."""
        total = jnp.float32(0.0)
        for index, (value, info) in enumerate(zip(trainable, self.network.trainable, strict=True)):
            if not info.is_kernel and not info.own_l1 and not info.own_l2:
                continue
            added = self._reach(index, numbers)
            l1 = info.own_l1 * numbers.penalty_scale + (numbers.l1 * added if info.is_kernel else 0.0)
            l2 = info.own_l2 * numbers.penalty_scale + (numbers.l2 * added if info.is_kernel else 0.0)
            penalty = l2 * jnp.square(value).sum()
            if has_l1:
                penalty = l1 * jnp.abs(value).sum() + penalty
            if self.traits.depth and info.block >= 0:
                penalty = jnp.where(numbers.gates[info.block], penalty, 0.0)
            total = total + penalty
        for mechanism in self._mechanisms:
            total = total + mechanism.penalty(self.network, trainable, numbers)
        return total

    def _penalty_kind(self, numbers: Numbers) -> jax.Array:
        """Return which penalties on weights a block has: 0 for none, 1 for none of L1, 2 for any."""
        infos, scaled = self.network.trainable, numbers.penalty_scale != 0
        has_l1, has_l2 = numbers.l1 != 0, numbers.l2 != 0
        if any(info.own_l1 for info in infos):
            has_l1 |= scaled
        if any(info.own_l2 for info in infos):
            has_l2 |= scaled
        if any(type(mechanism).penalty is not Mechanism.penalty for mechanism in self._mechanisms):
            has_l2 = jnp.ones_like(has_l2)
        return jnp.where(has_l1.any(), 2, has_l2.any().astype(jnp.int32))

    def _reach(self, index: int, numbers: Numbers) -> jax.Array | float:
        """Return 1 where penalties reach a variable, else 0."""
        return numbers.own["reach"][index] if "penalty_where" in self.traits.mechanisms else 1.0

    def _decayed(self, trainable: Tree, strength: jax.Array, numbers: Numbers) -> list[jax.Array]:
        """Apply decoupled weight decay to kernels that are on (Loshchilov and Hutter, 2019)."""

        def kept(index: int, info: Any) -> jax.Array:
            added = strength * self._reach(index, numbers)
            gated = self.traits.depth and info.block >= 0
            return 1.0 - (jnp.where(numbers.gates[info.block], added, 0.0) if gated else added)

        return [
            value * kept(index, info) if info.is_kernel else value
            for index, (value, info) in enumerate(zip(trainable, self.network.trainable, strict=True))
        ]

    def _visits(self, numbers: Numbers, shared: Shared) -> jax.Array:
        """Return the rows that an epoch visits."""
        return jnp.where(numbers.num_visits > 0, numbers.num_visits, shared.num_train[numbers.split])

    def _num_updates(self, numbers: Numbers, shared: Shared) -> jax.Array:
        """Return the updates in all epochs, as a real number of at least 1."""
        steps = (self._visits(numbers, shared) + self.traits.batch_size - 1) // self.traits.batch_size
        return jnp.maximum(steps * numbers.epochs, 1).astype(jnp.float32)

    def _learning_rate(self, state: State, numbers: Numbers, shared: Shared) -> jax.Array:
        total = self._num_updates(numbers, shared)
        progress = state.updates.astype(jnp.float32) / total
        exponential = jnp.power(jnp.maximum(numbers.decay, 1e-12), progress)
        half_wave = 0.5 * (1.0 + jnp.cos(jnp.pi * jnp.minimum(progress, 1.0)))
        cosine = (1.0 - numbers.decay) * half_wave + numbers.decay
        factor = jnp.select(
            [numbers.schedule == 1, numbers.schedule == 2, numbers.schedule == 3],
            [exponential, cosine, state.rate_factor],
            jnp.float32(1.0),
        )
        if "long_schedules" in self.traits.mechanisms:
            for name in LONG_SCHEDULES:
                follows = numbers.schedule == SCHEDULES.index(name)
                factor = jnp.where(follows, long_schedule(name, progress, numbers.decay), factor)
        # Rises from one step to the full rate, which the last update of the warm-up has.
        rising = (state.updates + 1).astype(jnp.float32) / jnp.maximum(numbers.warmup * total, 1.0)
        factor = factor * jnp.minimum(rising, 1.0)
        return numbers.learning_rate * factor * self.optimizer.schedule(state.updates)

    def _outputs(
        self, trainable: Tree, other: Tree, numbers: Numbers, shared: Shared, rows: jax.Array | None
    ) -> jax.Array:
        """Return ``[row, output]`` in inference mode, a chunk of rows at a time; of all rows if None."""
        scope = self._scope(numbers)

        def chunk(rows: Tree) -> jax.Array:
            picked = rows if isinstance(rows, tuple) else tuple(values[rows] for values in shared.inputs)
            inputs = self._prepared(picked, numbers, shared)
            return self.network.apply(list(trainable), list(other), inputs, False, scope)[0]

        if rows is None:
            num_rows = shared.target.shape[0]
            num_chunks = num_chunks_of(num_rows)
            whole = tuple(v.reshape(num_chunks, num_rows // num_chunks, *v.shape[1:]) for v in shared.inputs)
            return lax.map(chunk, whole).reshape(num_rows, -1)
        num_rows = rows.shape[0]
        num_chunks = num_chunks_of(num_rows)
        if num_chunks == 1:
            return chunk(rows)
        size = -(-num_rows // num_chunks)
        padded = jnp.concatenate([rows, jnp.zeros(num_chunks * size - num_rows, rows.dtype)])
        outputs = lax.map(chunk, padded.reshape(num_chunks, size))
        return outputs.reshape(num_chunks * size, -1)[:num_rows]

    def _finish(self, state: State, numbers: Numbers, shared: Shared) -> tuple[State, dict[str, jax.Array]]:
        """Measure both sides with the same weights and judge by them.

        Where all rows are measured they stay in the order in which they lie: gathering them for each member
        costs more than measuring some in vain.
        """
        state = self._close(state, numbers)
        rows = None if shared.membership is not None else self._rows_to_measure(numbers, shared)[0]
        return self._judge(state, numbers, shared, self._outputs(*self._judged(state), numbers, shared, rows))

    def _close(self, state: State, numbers: Numbers) -> State:
        numbers = _anchored(numbers, state)
        for mechanism in self._mechanisms:
            state = mechanism.after_epoch(state, numbers)
        return state

    def _judged(self, state: State) -> tuple[Tree, Tree]:
        """Return the weights that a member is judged by."""
        return state.average or (state.trainable, state.other)

    def _judge(
        self, state: State, numbers: Numbers, shared: Shared, outputs: jax.Array
    ) -> tuple[State, dict[str, jax.Array]]:
        """Keep the best weights and decide whether to go on, by outputs for the rows that are measured."""
        numbers = _anchored(numbers, state)
        judged = self._judged(state)
        row = self._row(judged, numbers, shared, outputs)
        row["running_loss"] = self._running_loss(state, numbers, shared)
        has_validation = shared.num_validation[numbers.split] > 0
        running = state.status == RUNNING
        monitored = row["validation_loss"]
        finite = jnp.isfinite(jnp.where(has_validation, monitored, row["train_loss"]))
        counts = state.epoch >= numbers.start_epoch
        # Before counting begins every epoch replaces the one before it. Without validation rows the last
        # epoch is the best there is. NaN is never better.
        best_loss = jnp.where(state.epoch <= numbers.start_epoch, jnp.inf, state.best_loss)
        better = running & finite & ((monitored < best_loss) | ~has_validation)
        kept = jnp.where(numbers.restore_best, better, running & finite)
        best = jax.tree.map(lambda new, old: jnp.where(kept, new, old), judged, state.best)
        wait = jnp.where(better, 0, state.wait + (running & counts))
        stop = (numbers.patience > 0) & (wait >= numbers.patience) & counts & has_validation
        status = jnp.where(~finite, jnp.int32(RESULTS.nonfinite), jnp.int32(RUNNING))
        status = jnp.where(finite & stop, jnp.int32(RESULTS.early_stopped), status)
        ended = finite & ~stop & (state.epoch + 1 >= numbers.epochs)
        status = jnp.where(ended, jnp.int32(RESULTS.finished), status)
        watched = jnp.where(has_validation, monitored, row["train_loss"])
        lowered = watched < state.plateau_best
        plateau_wait = jnp.where(lowered, 0, state.plateau_wait + 1)
        reduce = ~lowered & (plateau_wait >= numbers.plateau_patience)
        new = state._replace(
            best=best,
            best_loss=jnp.where(better & has_validation, monitored, state.best_loss),
            best_epoch=jnp.where(better, state.epoch, state.best_epoch),
            wait=wait,
            plateau_best=jnp.where(running & lowered, watched, state.plateau_best),
            plateau_wait=jnp.where(reduce, 0, plateau_wait),
            rate_factor=jnp.where(running & reduce, state.rate_factor * numbers.decay, state.rate_factor),
            running_loss=jnp.zeros_like(state.running_loss),
            epoch=state.epoch + running,
            status=jnp.where(running, status, state.status),
        )
        return new, {name: jnp.where(running, value, jnp.nan) for name, value in row.items()}

    def _running_loss(self, state: State, numbers: Numbers, shared: Shared) -> jax.Array:
        """Return the mean of the loss that Keras reports over an epoch, in the unit of the other losses.

        Keras weighs batches by their rows. Outputs that are scaled each on their own have no common unit.
        """
        mean = state.running_loss / self._visits(numbers, shared)
        if self.task.is_classification:
            return mean
        unit = self._unit(numbers, shared)
        return mean * jnp.where((unit == unit[0]).all(), unit[0], jnp.nan)

    def _row(
        self, weights: Tree, numbers: Numbers, shared: Shared, outputs: jax.Array
    ) -> dict[str, jax.Array]:
        """Data loss and metrics on training and on validation rows, inference mode, no penalties."""
        rows, sides = self._rows_to_measure(numbers, shared)
        row = {"penalty": self._penalty(weights[0], numbers)}
        # Training rows are measured against the labels they were trained on, permuted or not.
        target = self._target(numbers, shared, rows)
        losses = self._in_target_unit(target, outputs, numbers, shared)
        hits = correct(target, outputs, from_logits=self.from_logits) if self.task.is_classification else None
        for name, (part, valid) in sides.items():
            weight = valid if shared.sample_weight is None else valid * shared.sample_weight[rows[part]]
            total = weight.sum()
            # A sum over invalid rows must not spread their NaN: select before multiplying.
            row[f"{name}_loss"] = jnp.where(valid > 0, losses[part] * weight, 0.0).sum() / total
            if hits is not None:
                row[f"{name}_accuracy"] = (hits[part] * weight).sum() / total
        return row

    def _rows_to_measure(
        self, numbers: Numbers, shared: Shared
    ) -> tuple[jax.Array, dict[str, tuple[slice, jax.Array]]]:
        """Return rows to measure, and for each side which places are its own and how much each counts.

        These are all rows where the two sides are most of them, else a part of the training rows and all
        validation rows.
        """
        if shared.membership is not None:
            own = {
                name: (slice(None), shared.membership[side, numbers.split])
                for side, name in enumerate(("train", "validation"))
            }
            return lax.iota(jnp.int32, shared.target.shape[0]), own
        train_rows, train_valid = self._measured_train_rows(numbers, shared)
        validation_rows = shared.validation_rows[numbers.split]
        positions = lax.iota(jnp.int32, validation_rows.shape[0])
        validation_valid = (positions < shared.num_validation[numbers.split]).astype(jnp.float32)
        split_at = train_rows.shape[0]
        sides = {
            "train": (slice(0, split_at), train_valid),
            "validation": (slice(split_at, None), validation_valid),
        }
        return jnp.concatenate([train_rows, validation_rows]), sides

    def _in_target_unit(
        self, target: jax.Array, outputs: jax.Array, numbers: Numbers, shared: Shared
    ) -> jax.Array:
        """Return ``[row]`` losses; of a scaled target in the target's own unit, output by output."""
        if self.task.is_classification:
            return self.loss(target, outputs)
        return (self.loss(target[..., None], outputs[..., None]) * self._unit(numbers, shared)).mean(-1)

    def _unit(self, numbers: Numbers, shared: Shared) -> jax.Array:
        """Return ``[output]`` what a loss of scaled targets is multiplied by."""
        scale = shared.target_scale[numbers.scaling]
        return scale if self.loss_name == "mean_absolute_error" else scale * scale

    def _measured_train_rows(self, numbers: Numbers, shared: Shared) -> tuple[jax.Array, jax.Array]:
        """Return evenly spaced training rows, at most `Traits.measured_rows` of them."""
        size = shared.num_train[numbers.split]
        count = min(self.traits.measured_rows, shared.train_rows.shape[1])
        position = lax.iota(jnp.int32, count)
        valid = (position < size).astype(jnp.float32)
        stride = jnp.maximum(size.astype(jnp.float32) / count, 1.0)
        place = jnp.minimum((position * stride).astype(jnp.int32), jnp.maximum(size - 1, 0))
        return shared.train_rows[numbers.split, place], valid


def _anchored(numbers: Numbers, state: State) -> Numbers:
    """Return the numbers together with the kernels that the member started from, where they are kept."""
    return numbers._replace(own={**numbers.own, "anchor": state.anchor}) if state.anchor else numbers


def _no_penalty(trainable: Tree, numbers: Numbers) -> jax.Array:
    del trainable, numbers
    return jnp.float32(0.0)


def _plain(objective: Callable[..., Any], trainable: Tree, inputs: Sequence[jax.Array]) -> tuple[Found, Tree]:
    (_, found), gradient = jax.value_and_grad(objective, has_aux=True)(trainable, inputs)
    return found, gradient


def _clipped(gradient: Tree, largest: jax.Array) -> Tree:
    """Scale the gradients of one member down to a norm; by nothing where it is 0."""
    norm = jnp.sqrt(sum(jnp.square(g).sum() for g in jax.tree.leaves(gradient)))
    factor = jnp.where((largest > 0) & (norm > largest), largest / jnp.maximum(norm, 1e-30), 1.0)
    return jax.tree.map(lambda g: g * factor, gradient)


def num_chunks_of(num_rows: int) -> int:
    """Return how many chunks rows are evaluated in."""
    return -(-num_rows // chunk_rows())


def _scaled(values: jax.Array, scaling: dict[str, jax.Array]) -> jax.Array:
    """Apply one member's `Scaling` to a batch, in the order that the record documents."""
    values = jnp.where(jnp.isnan(values), scaling["fill"], values)
    values = jnp.clip(values, scaling["low"], scaling["high"])
    if "knots" in scaling:
        values = _quantiles(values, scaling["knots"])
    values = (values - scaling["center"]) * scaling["inverse_scale"] * scaling["mask"]
    if "rotation" in scaling:
        values = jnp.matmul(values, scaling["rotation"], precision="highest")
    return values


def _quantiles(values: jax.Array, knots: jax.Array) -> jax.Array:
    levels = jnp.linspace(0.0, 1.0, knots.shape[1])
    return jax.vmap(lambda column, xs: jnp.interp(column, xs, levels), in_axes=(1, 0), out_axes=1)(
        values, knots
    )
