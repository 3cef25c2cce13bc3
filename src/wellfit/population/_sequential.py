"""Train one member after the other by `keras.Model.fit`: for networks that the program refuses."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from wellfit.models import Model, TrainingSetup, network_function, predict_plain
from wellfit.population._check import check_members, check_start
from wellfit.population._executor import MemberRun, Progress
from wellfit.population._program import RUNNING
from wellfit.population._rows import RowData
from wellfit.population._running_curves import Watch, Watcher
from wellfit.population._shared import TargetScaling
from wellfit.population._trainee import Trainee
from wellfit.records import RESULTS, Curves, Dataset, Members, Scaling, Split

Array = Any


class FitExecutor:
    """Trains members by Keras' own `fit`, on whatever backend this process is on; see `Executor`.

    Each member becomes a network of its own (smaller, with other penalties, dropout and optimizer), starts
    from the weights and visits the rows in the order that a population gives it, and is measured in the
    same way, so that without dropout its curves are those of the population.

    Args:
        model: the network; a training step or loss of its own is used as it is.
        setup: loss and optimizer, from ``training_setup(model, task, any_training=True)``.
        dataset: the rows.
        splits: which rows are for training and validation.
        scalings: as for `Population`.
        target_scaling: as for `Population`.
        num_label_orders: as for `Population`.
        measured_rows: as for `Population`.
        kept: see `network_function`.
    """

    name = "fit"
    compile_s = 0.0  # Keras compiles while it fits; the time is part of the curves' duration

    def __init__(
        self,
        model: Model,
        setup: TrainingSetup,
        dataset: Dataset,
        splits: Sequence[Split],
        *,
        scalings: Sequence[Sequence[Scaling | None]] = (),
        target_scaling: TargetScaling | None = None,
        num_label_orders: int = 1,
        measured_rows: int = 2048,
        block_size: int | None = None,
        vary: Sequence[str] = (),
        memory_bytes: int | None = None,
        kept: Collection[int] | None = None,
    ) -> None:
        del block_size, vary, memory_bytes  # one member at a time needs none of them
        self.model, self.setup = model, setup
        self.network = network_function(model, any_training=True, kept=kept)
        self._limits = {
            "num_splits": len(splits),
            "num_scalings": len(scalings),
            "num_label_orders": num_label_orders,
            "num_classes": dataset.num_classes,
        }
        self.data = RowData(
            dataset, splits, scalings, target_scaling, setup=setup, measured_rows=measured_rows
        )

    def start(
        self,
        members: Members,
        *,
        weights: Sequence[Array] | None = None,
        shuffle: bool = True,
        block_size: int | None = None,
    ) -> MemberRun:
        """Return a run of members; each is built when it is its turn."""
        del block_size
        check_members(members, self.network.layout, **self._limits)
        check_start(members, weights is not None or self.network.starts_given)
        return _FitRun(self, members, weights, shuffle)

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
        """Train members to their end, one after the other."""
        run = self.start(members, weights=weights, shuffle=shuffle)
        run.advance(progress=progress, should_stop=should_stop)
        return run.curves(keep_weights=keep_weights)

    def predict(
        self,
        curves_or_weights: Curves | Sequence[Array],
        members: Members,
        rows: Array,
        *,
        inputs: Sequence[Array] | None = None,
    ) -> Array:
        """Return what `Population.predict` returns."""
        found = curves_or_weights
        weights = found.weights if isinstance(found, Curves) else found
        rows = np.broadcast_to(np.asarray(rows, np.int32), (len(members), np.shape(rows)[-1]))
        outputs = []
        for member in range(len(members)):
            one = members.take([member])
            trainee = Trainee(self, one, [value[member] for value in weights], shuffle=False)
            own = self.data.inputs(int(one.scaling[0]), rows[member], inputs)
            output = predict_plain(trainee.model, own)
            outputs.append(self.data.readable(output, int(one.scaling[0])))
        return np.stack(outputs)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


class _FitRun:
    """Members on their way, each a Keras network of its own while it trains."""

    def __init__(
        self, executor: FitExecutor, members: Members, weights: Sequence[Array] | None, shuffle: bool
    ) -> None:
        self._executor, self._members = executor, members
        self._weights, self._shuffle = weights, shuffle
        self._trainees: dict[int, Trainee] = {}
        self._ended: dict[int, dict[str, Any]] = {}
        self._duration_s = 0.0

    @property
    def running(self) -> Array:
        """Positions of the members that have not ended."""
        return np.array([m for m in range(len(self._members)) if m not in self._ended], np.int64)

    def advance(
        self,
        epochs: int | None = None,
        *,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
        watch: Watch | None = None,
    ) -> None:
        """Train the running members to the given epoch, one after the other."""
        began, watcher = time.perf_counter(), Watcher(watch, self._losses)
        for member in self.running:
            trainee = self._trainee(int(member))
            limit = trainee.epochs if epochs is None else min(epochs, trainee.epochs)
            while trainee.status == RUNNING and trainee.epoch < limit and not (should_stop and should_stop()):
                trainee.advance()
                watcher.look()
            if trainee.status != RUNNING:
                self._end(int(member), trainee.status)
            if progress:
                progress(len(self._ended), len(self._members))
            if should_stop and should_stop():
                break
        watcher.look(at_once=True)
        self._duration_s += time.perf_counter() - began

    def keep(self, members: Sequence[int] | Array) -> None:
        """Drop every running member that is not listed."""
        kept = {int(member) for member in members}
        for member in self.running:
            if int(member) not in kept:
                self._trainee(int(member))
                self._end(int(member), int(RESULTS.halved))

    def curves(self, *, keep_weights: bool = True) -> Curves:
        """Return what is known so far, in the order of the members."""
        rows = [self._state(member) for member in range(len(self._members))]
        width = max(1, *(row["num_epochs"] for row in rows))
        metrics = ("accuracy",) if self._executor.data.dataset.task.is_classification else ()
        results = [row["status"] if row["status"] != RUNNING else RESULTS.interrupted for row in rows]
        return Curves(
            train_loss=_table(rows, "train_loss", width),
            validation_loss=_table(rows, "validation_loss", width),
            penalty=_table(rows, "penalty", width),
            running_loss=_table(rows, "running_loss", width),
            train_metrics={name: _table(rows, f"train_{name}", width) for name in metrics},
            validation_metrics={name: _table(rows, f"validation_{name}", width) for name in metrics},
            num_epochs=np.array([row["num_epochs"] for row in rows], np.int32),
            best_epoch=np.array([row["best_epoch"] for row in rows], np.int32),
            results=np.array(results, np.int32),
            weights=tuple(np.stack(parts) for parts in zip(*(row["weights"] for row in rows), strict=True))
            if keep_weights
            else (),
            duration_s=self._duration_s,
        )

    def _losses(self) -> tuple[Array, Array]:
        """Return ``[member, epoch]`` training and validation losses of those that have begun."""
        states = [*self._ended.values(), *(trainee.state() for trainee in self._trainees.values())]
        width = max((row["num_epochs"] for row in states), default=0)
        return _table(states, "train_loss", width), _table(states, "validation_loss", width)

    def _trainee(self, member: int) -> Trainee:
        if member not in self._trainees:
            given = None if self._weights is None else self._given(member)
            one = self._members.take([member])
            self._trainees[member] = Trainee(self._executor, one, given, shuffle=self._shuffle)
        return self._trainees[member]

    def _given(self, member: int) -> list[Array]:
        network = self._executor.network
        infos = [network.variables[position] for position in network.order]
        return [
            value[member] if np.ndim(value) > len(info.shape) else np.asarray(value)
            for value, info in zip(self._weights or (), infos, strict=True)
        ]

    def _end(self, member: int, status: int) -> None:
        """Keep what a member has come to, and let go of its network."""
        state = self._state(member)
        del self._trainees[member]
        self._ended[member] = state | {"status": status}

    def _state(self, member: int) -> dict[str, Any]:
        return self._ended[member] if member in self._ended else self._trainee(member).state()


def _table(states: Sequence[dict[str, Any]], name: str, width: int) -> Array:
    """Return ``[member, epoch]`` values of a curve, NaN where a member has none."""
    values = [np.asarray(state["curves"].get(name, ()), np.float32)[:width] for state in states]
    return np.stack([np.pad(v, (0, width - len(v)), constant_values=np.nan) for v in values])
