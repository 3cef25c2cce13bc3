"""Train many members at once: data on the device once, members in blocks, blocks side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wellfit.models import NetworkFunction, TrainingSetup, optimizer_function
from wellfit.population._check import check_members, check_start
from wellfit.population._convolution import Convolving, fastest_convolving
from wellfit.population._device import chunk_rows
from wellfit.population._executor import Progress
from wellfit.population._join import join_curves
from wellfit.population._losses import probabilities, row_loss
from wellfit.population._memory import SHARE, free_bytes, member_bytes
from wellfit.population._numbers import member_numbers, needed_traits
from wellfit.population._program import Program, State, Traits
from wellfit.population._run import Run
from wellfit.population._scope import matmul_cpu
from wellfit.population._shared import TargetScaling, as_inputs, shared_data
from wellfit.population._stepped import stepped
from wellfit.records import Curves, Dataset, Members, Scaling, SettingsError, Split

Array = Any  # NumPy on the host, JAX on the device


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
        vary: names of `Traits` or mechanisms that programs hold from the start (``dropout``, ``width``,
            ``depth``, ``label_order``, ``clipping``, ``smoothing``, ``class_weight``, ``mixup``, ...), so
            that members who need them later do not cause another compilation.
        memory_bytes: what the states of members may take at once in `train`; half of what is free if None.
            A run of `start` holds all its members.

    Example:
        See `Population.train`.
    """

    name = "inline"

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
        vary: Collection[str] = (),
        memory_bytes: int | None = None,
    ) -> None:
        self.network, self.setup, self.dataset = network, setup, dataset
        self.measured_rows, self.memory_bytes = measured_rows, memory_bytes
        self._vary = tuple(vary)
        self.convolving = Convolving.OWN
        if network.has_convolutions:
            self.convolving = fastest_convolving(network.num_products)
        self.block_size = block_size or _default_block_size(network, self.convolving)
        self.optimizer = optimizer_function(
            {"class_name": setup.optimizer, "config": dict(setup.optimizer_config)},
            [v.shape for v in network.trainable],
            [v.dtype for v in network.trainable],
            [v.constraint for v in network.trainable],
        )
        self.shared = shared_data(
            network.num_outputs,
            dataset,
            splits,
            scalings,
            target_scaling,
            num_label_orders=num_label_orders,
            measured_rows=measured_rows,
        )
        self.num_train = np.array([len(split.train) for split in splits], np.int32)
        self._num_classes = 0
        if dataset.task.is_classification:
            self._num_classes = dataset.num_classes or int(np.max(dataset.target)) + 1
        self._limits = {
            "num_splits": len(splits),
            "num_scalings": len(scalings),
            "num_label_orders": num_label_orders,
            "num_classes": self._num_classes,
        }
        self.compile_s = 0.0
        self.num_compilations = 0
        self._programs: list[Program] = []
        self._compiled: dict[tuple[Any, ...], Any] = {}

    def start(
        self,
        members: Members,
        *,
        weights: Sequence[Array] | None = None,
        shuffle: bool = True,
        block_size: int | None = None,
    ) -> Run:
        """Return a run that can be advanced by epochs, thinned out, and read at any time.

        Args:
            members: who trains.
            weights: initial weights in the order of ``model.weights``, each with or without a leading
                member axis; drawn from the members' seeds if None.
            shuffle: whether each epoch visits the rows in a new order, as in `keras.Model.fit`.
            block_size: members in one call, at most the population's own.
        """
        check_members(members, self.network.layout, **self._limits)
        check_start(members, weights is not None or self.network.starts_given)
        ordered = None if weights is None else self._by_variable(weights)
        return Run(
            self,
            self._complete(members),
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
        """Train members to their end, as many at a time as memory holds.

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
        check_members(members, self.network.layout, **self._limits)
        order = np.argsort(members.batch_size, kind="stable")
        size = self._chunk_size(members)
        parts = []
        for begin in range(0, len(members), size):
            chosen = order[begin : begin + size]
            own = None if weights is None else self._rows_of(weights, chosen)
            run = self.start(members.take(chosen), weights=own, shuffle=shuffle)
            report = _shifted(progress, begin, len(members))
            run.advance(progress=report, should_stop=should_stop)
            parts.append(run.curves(keep_weights=keep_weights))
            del run  # and with it the states of its members, before the next ones are made
        return join_curves(parts, order)

    def predict(
        self,
        curves_or_weights: Curves | Sequence[Array],
        members: Members,
        rows: Array,
        *,
        inputs: Sequence[Array] | None = None,
    ) -> Array:
        """Return ``[member, row, class]`` probabilities or ``[member, row, output]`` values.

        Args:
            curves_or_weights: curves with weights, or weights in the order of ``model.weights``.
            members: whose weights they are.
            rows: ``[row]`` for all, or ``[member, row]`` indices into the data set, or into `inputs`.
            inputs: ``[row, ...]`` for each input of the network, in place of those of the data set.
        """
        weights = curves_or_weights.weights if isinstance(curves_or_weights, Curves) else curves_or_weights
        by_variable = [
            np.broadcast_to(value, (len(members), *info.shape))
            for value, info in zip(self._by_variable(weights), self.network.variables, strict=True)
        ]
        num_trainable = len(self.network.trainable)
        shared = self.shared
        num_rows = np.shape(rows)[-1]
        rows = np.broadcast_to(np.asarray(rows, np.int32), (len(members), num_rows))
        # A round number of rows, so that row sets of nearly the same size share a compilation.
        step = 64 if num_rows <= 1024 else 1024
        one_by_one = self.convolving is Convolving.STEPS and num_rows > chunk_rows()
        step = chunk_rows() if one_by_one else step
        rows = np.pad(rows, ((0, 0), (0, -num_rows % step)))
        if inputs is not None:
            shared = shared._replace(inputs=jax.device_put(tuple(as_inputs(inputs, step))))
        needed = needed_traits(
            self.network, members.replace(batch_size=1, dropout=0.0), shuffle=True, measured_rows=1
        )
        program = self._predictor(needed)
        numbers = member_numbers(self.network, self._complete(members))
        parts = []
        for start in range(0, len(members), self.block_size):
            chosen = np.minimum(np.arange(start, start + self.block_size), len(members) - 1)
            state = (
                [w[chosen] for w in by_variable[:num_trainable]],
                [w[chosen] for w in by_variable[num_trainable:]],
            )
            picked = jax.tree.map(lambda leaf, chosen=chosen: leaf[chosen], numbers)
            own = rows[chosen]
            pieces = np.split(own, own.shape[1] // step, axis=1) if one_by_one else [own]
            call = self.compiled("predict", program, state, picked, shared, pieces[0])
            found = np.concatenate([call(state, picked, shared, piece) for piece in pieces], 1)
            parts.append(found[: len(members) - start, :num_rows])
        outputs = np.concatenate(parts)
        if not self.dataset.task.is_classification:
            return outputs
        flat = probabilities(
            jnp.asarray(outputs.reshape(-1, outputs.shape[-1])), from_logits=self.setup.from_logits
        )
        return np.asarray(flat).reshape(*outputs.shape[:2], -1)

    def _predictor(self, needed: Traits) -> Program:
        """Return any program that can predict for members with these traits; batches do not matter."""
        wanted = needed.holding(self._vary)
        for program in self._programs:
            if (program.traits.width or not wanted.width) and (program.traits.depth or not wanted.depth):
                return program
        return self.program(needed)

    def close(self) -> None:
        """Let go of compiled programs and of the data on the device."""
        self._programs.clear()
        self._compiled.clear()

    def _chunk_size(self, members: Members) -> int:
        """Return how many members' states fit the memory, at least a block."""
        budget = self.memory_bytes if self.memory_bytes is not None else int(SHARE * free_bytes())
        longest, copies = int(members.epochs.max(initial=1)), int(members.averaging.any())
        copies += int(members.l2_sp.any())
        each = member_bytes(self.network, self.optimizer, longest, more_copies=copies)
        return max(budget // each, self.block_size, 1)

    def _rows_of(self, weights: Sequence[Array], chosen: Array) -> list[Array]:
        """Return the chosen members' first weights; an array without a member axis serves all."""
        infos = [self.network.variables[position] for position in self.network.order]
        return [
            np.asarray(value)[chosen] if np.ndim(value) > len(info.shape) else value
            for value, info in zip(weights, infos, strict=True)
        ]

    def _complete(self, members: Members) -> Members:
        """Return members with a weight for each class, so that all numbers have one shape."""
        if members.class_weight.shape[1] or not self._num_classes:
            return members
        return replace(members, class_weight=np.ones((len(members), self._num_classes), np.float32))

    def _by_variable(self, weights: Sequence[Array]) -> list[Array]:
        """Return arrays given in the order of ``model.weights`` with the trainable variables first."""
        if len(weights) != len(self.network.order):
            raise SettingsError(
                "the weights do not fit the network",
                received=f"{len(weights)} arrays",
                expected=f"{len(self.network.order)}, one for each of model.weights",
                fix="train with keep_weights=True",
            )
        # What is no weight keeps the network's own value: states of random generators.
        ordered: list[Any] = list(self.network.values)
        for source, position in enumerate(self.network.order):
            ordered[position] = np.asarray(weights[source])
        return ordered

    def program(self, needed: Traits, *, reuse: bool = True) -> Program:
        """Return a program that covers the needed traits, an earlier one where there is."""
        if reuse:
            needed = needed.holding(self._vary)
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
            convolving=self.convolving,
        )
        self._programs.append(program)
        return program

    def segment(self, program: Program, *arguments: Any) -> Any:
        """Return what runs `Program.segment` for arguments of these shapes."""
        if program.convolving is not Convolving.STEPS:
            return self.compiled("segment", program, *arguments)
        key = _key("segment", program, arguments)
        if key not in self._compiled:
            self._compiled[key] = stepped(
                lambda name, *own: self.compiled(name, program, *own), program, *arguments[:3]
            )
        return self._compiled[key]

    def compiled(self, name: str, program: Program, *arguments: Any) -> Any:
        """Return the executable of ``program.name`` for arguments of these shapes, compiling it once."""
        key = _key(name, program, arguments)
        if key not in self._compiled:
            began = time.perf_counter()
            given_up = (0,) if name == "step" else ()  # its state is only a means; see `stepped`
            function = jax.jit(getattr(program, name), donate_argnums=given_up)
            self._compiled[key] = function.lower(*arguments).compile()
            self.compile_s += time.perf_counter() - began
            self.num_compilations += 1
        return self._compiled[key]


def _key(name: str, program: Program, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    shapes = jax.tree.map(
        lambda leaf: (
            np.shape(leaf),
            np.asarray(leaf).dtype.name if not hasattr(leaf, "dtype") else str(leaf.dtype),
        ),
        arguments,
    )
    return name, id(program), str(jax.tree.leaves(shapes))


def _shifted(progress: Progress | None, done: int, total: int) -> Progress | None:
    return None if progress is None else lambda more, _: progress(done + more, total)


def _default_block_size(network: NetworkFunction, convolving: Convolving) -> int:
    """Return members a block: enough to hide the cost of a call, few enough to stay in the cache."""
    if convolving is Convolving.STEPS:
        return 1  # XLA convolves for several members with kernels of their own far slower than for each
    parameters = max(1, sum(int(np.prod(v.shape)) for v in network.trainable))
    if jax.default_backend() == "cpu":
        # Weights, gradients, two moments and best weights of a block should fit a core's share of the
        # cache; measured for 3,457 parameters, 16 members cost 3 % less each than 8, and 32 no less. Maps are
        # far larger than weights: for pictures of 12, 28 and 48 pixels 4, 1 and 1 members cost least,
        # and full blocks a fifth to three fifths more.
        most = 4 if network.has_convolutions else 16
        return int(np.clip(2 ** np.floor(np.log2(2**20 / (12 * parameters))), 1, most))
    return int(np.clip(2 ** np.floor(np.log2(2**33 / (64 * parameters))), 1, 1024))


__all__ = ["Population", "Progress", "State", "TargetScaling"]
