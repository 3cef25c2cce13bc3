"""Train many members at once: data on the device once, members in blocks, blocks side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wellfit.models import NetworkFunction, TrainingSetup, optimizer_function
from wellfit.population._losses import probabilities, row_loss
from wellfit.population._numbers import member_numbers, needed_traits
from wellfit.population._program import Program, Shared, State, Traits
from wellfit.population._run import Run
from wellfit.population._scope import matmul_cpu
from wellfit.records import Curves, Dataset, Members, Scaling, Split

Array = np.ndarray
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class TargetScaling:
    """Centre and scale of a regression target, one of each a split.

    Attributes:
        center: ``[split, output]``.
        scale: ``[split, output]``, above 0.
    """

    center: Array
    scale: Array


class Population:
    """One network on one data set; trains any members of it without compiling twice.

    Args:
        network: the network as a function.
        setup: its loss and optimiser.
        dataset: the rows, kept once.
        splits: which rows are for training and validation; members refer to them by position.
        scalings: for each entry of fitted scalings, one `Scaling` for each input (None leaves an input as
            it is); members refer to them by position. Empty leaves all inputs as they are.
        target_scaling: for regression, how targets are centred and scaled; None leaves them.
        num_label_orders: how many permutations of the labels members can refer to (0 is the true order).
        block_size: members that run in one call; chosen for the device and the network if None.
        measured_rows: training rows on which the training loss is measured after each epoch, at most.

    Example:
        See `Population.train`.
    """

    def __init__(
        self,
        network: NetworkFunction,
        setup: TrainingSetup,
        dataset: Dataset,
        splits: Sequence[Split],
        *,
        scalings: Sequence[Sequence[Scaling | None]] = (),
        target_scaling: TargetScaling | None = None,
        num_label_orders: int = 1,
        block_size: int | None = None,
        measured_rows: int = 2048,
    ) -> None:
        self.network, self.setup, self.dataset = network, setup, dataset
        self.measured_rows = measured_rows
        self.block_size = block_size or _default_block_size(network)
        self.optimizer = optimizer_function(
            {"class_name": setup.optimizer, "config": dict(setup.optimizer_config)},
            [v.shape for v in network.trainable],
            [v.dtype for v in network.trainable],
        )
        self.shared = _shared(network, dataset, splits, scalings, target_scaling, num_label_orders)
        self.num_train = np.array([len(split.train) for split in splits], np.int32)
        self.compile_s = 0.0
        self.num_compilations = 0
        self._programs: list[Program] = []
        self._compiled: dict[tuple[Any, ...], Any] = {}

    def start(self, members: Members, *, weights: Sequence[Array] | None = None, shuffle: bool = True) -> Run:
        """Return a run that can be advanced by epochs, thinned out, and read at any time.

        Args:
            members: who trains.
            weights: initial weights in the order of ``model.weights``, each with or without a leading
                member axis; drawn from the members' seeds if None.
            shuffle: whether each epoch visits the rows in a new order, as in `keras.Model.fit`.
            block_size: members in one call, at most the population's own.
        """
        ordered = None if weights is None else self._by_variable(weights)
        return Run(
            self,
            members,
            weights=ordered,
            shuffle=shuffle,
            block_size=min(block_size or self.block_size, self.block_size),
        )

    def train(
        self,
        members: Members,
        *,
        weights: Sequence[Array] | None = None,
        shuffle: bool = True,
        keep_weights: bool = True,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Curves:
        """Train members to their end.

        Args:
            members: who trains.
            weights: see `start`.
            shuffle: see `start`.
            keep_weights: whether `Curves.weights` is filled.
            progress: called as ``progress(members_done, members_in_all)`` after each round of epochs.
            should_stop: asked between rounds; True ends the run with what there is.

        Returns:
            Curves in the order of `members`.
        """
        run = self.start(members, weights=weights, shuffle=shuffle)
        run.advance(progress=progress, should_stop=should_stop)
        return run.curves(keep_weights=keep_weights)

    def predict(self, curves_or_weights: Curves | Sequence[Array], members: Members, rows: Array) -> Array:
        """Return ``[member, row, class]`` probabilities or ``[member, row, output]`` values.

        Args:
            curves_or_weights: curves with weights, or weights in the order of ``model.weights``.
            members: whose weights they are.
            rows: ``[row]`` for all, or ``[member, row]`` indices into the data set.
        """
        weights = curves_or_weights.weights if isinstance(curves_or_weights, Curves) else curves_or_weights
        by_variable = self._by_variable(weights)
        num_trainable = len(self.network.trainable)
        rows = np.broadcast_to(np.asarray(rows, np.int32), (len(members), np.shape(rows)[-1]))
        needed = needed_traits(
            self.network, members.replace(dropout=0.0, batch_size=1), shuffle=True, measured_rows=1
        )
        program = self.program(replace(needed, dropout=False), reuse=False)
        numbers = member_numbers(self.network, members)
        parts = []
        for start in range(0, len(members), self.block_size):
            chosen = np.minimum(np.arange(start, start + self.block_size), len(members) - 1)
            state = (
                [w[chosen] for w in by_variable[:num_trainable]],
                [w[chosen] for w in by_variable[num_trainable:]],
            )
            picked = jax.tree.map(lambda leaf, chosen=chosen: leaf[chosen], numbers)
            call = self.compiled("predict", program, state, picked, self.shared, rows[chosen])
            parts.append(np.asarray(call(state, picked, self.shared, rows[chosen]))[: len(members) - start])
        outputs = np.concatenate(parts)
        if not self.dataset.task.is_classification:
            return outputs
        flat = probabilities(
            jnp.asarray(outputs.reshape(-1, outputs.shape[-1])), from_logits=self.setup.from_logits
        )
        return np.asarray(flat).reshape(*outputs.shape[:2], -1)

    def _by_variable(self, weights: Sequence[Array]) -> list[Array]:
        """Return arrays given in the order of ``model.weights`` with the trainable variables first."""
        ordered: list[Any] = [None] * len(weights)
        for source, position in enumerate(self.network.order):
            ordered[position] = weights[source]
        return ordered

    def program(self, needed: Traits, *, reuse: bool = True) -> Program:
        """Return a program that covers the needed traits, an earlier one where there is."""
        for program in self._programs:
            if program.traits == needed or (reuse and program.traits.covers(needed)):
                return program
        setup = self.setup
        program = Program(
            network=self.network,
            optimizer=self.optimizer,
            loss=row_loss(
                setup.loss_name,
                from_logits=setup.from_logits,
                delta=float(setup.loss_config.get("delta", 1.0)),
            ),
            loss_name=setup.loss_name,
            from_logits=setup.from_logits,
            task=self.dataset.task,
            traits=needed,
            matmul=matmul_cpu if jax.default_backend() == "cpu" else jnp.matmul,
        )
        self._programs.append(program)
        return program

    def compiled(self, name: str, program: Program, *arguments: Any) -> Any:
        """Return the executable of ``program.name`` for arguments of these shapes, compiling it once."""
        shapes = jax.tree.map(
            lambda leaf: (
                np.shape(leaf),
                np.asarray(leaf).dtype.name if not hasattr(leaf, "dtype") else str(leaf.dtype),
            ),
            arguments,
        )
        key = (name, id(program), str(jax.tree.leaves(shapes)))
        if key not in self._compiled:
            began = time.perf_counter()
            self._compiled[key] = jax.jit(getattr(program, name)).lower(*arguments).compile()
            self.compile_s += time.perf_counter() - began
            self.num_compilations += 1
        return self._compiled[key]


def _default_block_size(network: NetworkFunction) -> int:
    """Return members a block: enough to hide the cost of a call, few enough to stay in the cache."""
    parameters = max(1, sum(int(np.prod(v.shape)) for v in network.trainable))
    if jax.default_backend() == "cpu":
        # Weights, gradients, two moments and best weights of a block should fit a core's share of the
        # cache (about 1 MB); measured flat between 8 and 64 members for 3,457 parameters.
        return int(np.clip(2 ** np.floor(np.log2(2**20 / (20 * parameters))), 1, 8))
    return int(np.clip(2 ** np.floor(np.log2(2**33 / (64 * parameters))), 1, 1024))


def _shared(
    network: NetworkFunction,
    dataset: Dataset,
    splits: Sequence[Split],
    scalings: Sequence[Sequence[Scaling | None]],
    target_scaling: TargetScaling | None,
    num_label_orders: int,
) -> Shared:
    num_tables = max(1, len(scalings), len(splits))
    num_outputs = max(1, network.num_outputs)
    if target_scaling is None:
        target_scaling = TargetScaling(
            center=np.zeros((num_tables, num_outputs), np.float32),
            scale=np.ones((num_tables, num_outputs), np.float32),
        )
    orders = [np.arange(dataset.num_rows)]
    orders += [np.random.default_rng(k).permutation(dataset.num_rows) for k in range(1, num_label_orders)]
    train_rows, num_train = _padded([split.train for split in splits], dataset.num_rows)
    validation_rows, num_validation = _padded([split.validation for split in splits], 0)
    weight = dataset.sample_weight
    host = Shared(
        inputs=tuple(_as_input(values) for values in dataset.inputs),
        target=np.asarray(dataset.target, np.int32 if dataset.task.is_classification else np.float32),
        sample_weight=None if weight is None else np.asarray(weight, np.float32),
        train_rows=train_rows,
        num_train=num_train,
        validation_rows=validation_rows,
        num_validation=num_validation,
        scaling=tuple(_scaling_table([row[i] for row in scalings]) for i in range(len(dataset.inputs)))
        if scalings
        else (None,) * len(dataset.inputs),
        target_center=np.asarray(target_scaling.center, np.float32),
        target_scale=np.asarray(target_scaling.scale, np.float32),
        label_orders=np.stack(orders).astype(np.int32),
    )
    return jax.device_put(host)


def _as_input(values: Array) -> Array:
    return np.asarray(values, np.int32 if np.issubdtype(values.dtype, np.integer) else np.float32)


def _padded(rows: Sequence[Array], width: int) -> tuple[Array, Array]:
    lengths = np.array([len(r) for r in rows], np.int32)
    table = np.zeros((len(rows), max(width, int(lengths.max(initial=1)), 1)), np.int32)
    for index, chosen in enumerate(rows):
        table[index, : len(chosen)] = chosen
    return table, lengths


def _scaling_table(scalings: Sequence[Scaling | None]) -> dict[str, Array] | None:
    if scalings[0] is None:
        return None
    names = ["fill", "low", "high", "center", "inverse_scale", "mask"]
    if scalings[0].knots is not None:
        names.append("knots")
    return {name: np.stack([np.asarray(getattr(s, name), np.float32) for s in scalings]) for name in names}


__all__ = ["Population", "Progress", "State", "TargetScaling"]
