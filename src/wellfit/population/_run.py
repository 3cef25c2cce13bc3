"""A run: blocks of members, advanced in rounds, thinned out and packed again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from wellfit.models import NetworkFunction
from wellfit.population._device import is_out_of_memory, num_workers
from wellfit.population._mechanisms import member_groups
from wellfit.population._numbers import initial_state, join, member_numbers, needed_traits, take
from wellfit.population._program import RUNNING, SEGMENT, Numbers, Program, State
from wellfit.population._running_curves import Watch, Watcher
from wellfit.records import RESULTS, Curves, Members

if TYPE_CHECKING:
    from wellfit.population._population import Population, Progress

Array = Any  # NumPy on the host, JAX on the device

_COMPILE_FLOP = 1e11  # what one core does, at the rate of small networks, while a program is compiled
_CALL_S = 0.5  # a call of the program should last about this long, so that a run can be stopped soon


@dataclass(eq=False)
class _Block:
    """Members that run in one call: their positions in the run, their state, and epochs a call."""

    program: Program
    members: Array
    state: State
    numbers: Numbers
    span: int = 4


class Run:
    """Members on their way; made by `Population.start`.

    A member leaves its block when it has ended, and blocks are packed again once half their places are
    empty, so that dropping members saves time.
    """

    def __init__(
        self,
        population: Population,
        members: Members,
        *,
        weights: Sequence[Array] | None,
        shuffle: bool,
        block_size: int,
    ) -> None:
        self._population, self._members = population, members
        self._block_size = block_size
        count = len(members)
        self._status = np.full(count, RUNNING, np.int32)
        self._epochs = np.zeros(count, np.int32)
        self._best_epoch = np.full(count, -1, np.int32)
        self._curves: dict[str, Array] = {}
        self._ended: dict[int, Any] = {}
        self._compiled_before = population.compile_s
        self._duration_s = 0.0
        self._blocks: list[_Block] = []
        for chosen in _by_program(members):
            part = members.take(chosen)
            traits = needed_traits(
                population.network, part, shuffle=shuffle, measured_rows=population.measured_rows
            )
            own = None if weights is None else _rows_of(population.network, weights, chosen)
            program = population.program(traits)
            held = program.traits.mechanisms
            kept = {"averaged": "averaging" in held, "anchored": "l2_sp" in held}
            state = initial_state(population.network, population.optimizer, part, own, **kept)
            for name in program.curve_names:
                shape = (count, int(members.epochs.max()))
                self._curves.setdefault(name, np.full(shape, np.nan, np.float32))
            self._add_blocks(program, chosen, state)

    @property
    def running(self) -> Array:
        """Positions of the members that have not ended."""
        return np.flatnonzero(self._status == RUNNING)

    def advance(
        self,
        epochs: int | None = None,
        *,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
        watch: Watch | None = None,
    ) -> None:
        """Train the running members at least to the given epoch (counted from their start), or to their end.

        Args:
            epochs: where to pause; None goes to the end.
            progress: called as ``progress(members_done, members_in_all)`` whenever a block comes to rest.
            should_stop: asked between calls of the program, from several threads; True pauses the run.
            watch: called with the curves so far about once a second, and at the end.
        """
        began = time.perf_counter()
        compiled = self._population.compile_s
        limit = int(self._members.epochs.max()) if epochs is None else epochs
        stop = should_stop or (lambda: False)
        watcher = Watcher(watch, self._losses)
        with ThreadPoolExecutor(num_workers()) as pool:
            while (behind := self._due(limit)) and not stop():
                self._round(pool, behind, limit, progress, stop, watcher=watcher)
                self._pack()
        watcher.look(at_once=True)
        self._duration_s += time.perf_counter() - began - (self._population.compile_s - compiled)

    def keep(self, members: Sequence[int] | Array) -> None:
        """Drop every running member that is not listed; it ends as `RESULTS.halved` with what it has."""
        kept = np.zeros(len(self._members), bool)
        kept[np.asarray(members, np.int64)] = True
        self._drop(self.running[~kept[self.running]], RESULTS.halved)

    def curves(self, *, keep_weights: bool = True) -> Curves:
        """Return what is known so far, in the order of the members."""
        saved = self._drop_copy()
        width = max(1, int(self._epochs.max(initial=1)))
        table = {name: values[:, :width] for name, values in self._curves.items()}
        blank = np.full((len(self._members), width), np.nan, np.float32)
        results = np.where(self._status == RUNNING, np.int32(RESULTS.interrupted), self._status)
        return Curves(
            train_loss=table.get("train_loss", blank),
            validation_loss=table.get("validation_loss", blank),
            penalty=table.get("penalty", blank),
            running_loss=table.get("running_loss", blank),
            train_metrics=_renamed(table, "train_"),
            validation_metrics=_renamed(table, "validation_"),
            num_epochs=self._epochs.copy(),
            best_epoch=self._best_epoch.copy(),
            results=results.astype(np.int32),
            weights=self._weights(saved) if keep_weights else (),
            compile_s=self._population.compile_s - self._compiled_before,
            duration_s=self._duration_s,
        )

    def _losses(self) -> tuple[Array, Array]:
        """Return ``[member, epoch]`` training and validation losses; blocks may write to them meanwhile."""
        blank = np.full((len(self._members), 1), np.nan, np.float32)
        return self._curves.get("train_loss", blank), self._curves.get("validation_loss", blank)

    def _due(self, limit: int) -> list[_Block]:
        return [
            block
            for block in self._blocks
            if ((self._status[block.members] == RUNNING) & (self._epochs[block.members] < limit)).any()
        ]

    def _round(
        self,
        pool: ThreadPoolExecutor,
        blocks: list[_Block],
        limit: int,
        progress: Progress | None,
        should_stop: Callable[[], bool],
        *,
        watcher: Watcher,
    ) -> None:
        """Advance blocks towards an epoch, side by side; halve those for which memory runs out."""
        for block in blocks:
            self._executable(block)  # compile here, once, and not in every thread
        futures = {pool.submit(self._advance_block, block, limit, should_stop): block for block in blocks}
        failed: list[_Block] = []
        try:
            waiting = set(futures)
            while waiting:
                ended, waiting = wait(waiting, watcher.every_s, FIRST_COMPLETED)
                for future in ended:
                    error = future.exception()
                    if error is None:
                        if progress:
                            progress(int((self._status != RUNNING).sum()), len(self._members))
                    elif is_out_of_memory(error) and len(futures[future].numbers.seed) > 1:
                        failed.append(futures[future])
                    else:
                        raise error
                watcher.look()
        finally:
            for future in futures:
                future.cancel()
        if failed:
            self._shrink(failed)

    def _advance_block(self, block: _Block, limit: int, should_stop: Callable[[], bool]) -> None:
        """Run one block until it is due no more, or so empty that packing it pays."""
        executable = self._executable(block)
        while not should_stop():
            running = block.members[self._status[block.members] == RUNNING]
            running = running[self._epochs[running] < limit]
            if len(running) == 0:
                return
            span = int(min(SEGMENT, block.span, limit - self._epochs[running].min()))
            began = time.perf_counter()
            state, curves = jax.block_until_ready(executable(*self._arguments(block, span)))
            block.span = max(1, int(span * _CALL_S / max(time.perf_counter() - began, 1e-6)))
            self._absorb(block, state, {name: np.asarray(values) for name, values in curves.items()})
            if (self._status[block.members] == RUNNING).sum() < len(block.members) // 2:
                return

    def _arguments(self, block: _Block, span: int) -> tuple[Any, ...]:
        steps = self._steps(block.members[:1])[0]
        return block.state, block.numbers, self._population.shared, np.int32(span), np.int32(steps)

    def _executable(self, block: _Block) -> Any:
        return self._population.segment(block.program, *self._arguments(block, 1))

    def _steps(self, members: Array) -> Array:
        """Return ``[member]`` updates in an epoch."""
        visits = self._members.num_visits[members]
        visits = np.where(visits > 0, visits, self._population.num_train[self._members.split[members]])
        size = self._members.batch_size[members]
        return -(-visits // size)

    def _absorb(self, block: _Block, state: State, curves: dict[str, Array]) -> None:
        block.state = state
        count = len(block.members)
        status, epochs = np.asarray(state.status)[:count], np.asarray(state.epoch)[:count]
        for name, values in curves.items():
            self._store(name, block.members, values[:count])
        self._epochs[block.members] = epochs
        self._best_epoch[block.members] = np.asarray(state.best_epoch)[:count]
        self._status[block.members] = status

    def _store(self, name: str, members: Array, values: Array) -> None:
        table = self._curves[name]
        longest = table.shape[1]
        for member, row in zip(members, values, strict=True):
            start = int(self._epochs[member])
            length = min(values.shape[1], longest - start)
            if length > 0:
                trained = ~np.isnan(row[:length]) | (np.arange(length) == 0)
                table[member, start : start + length] = np.where(
                    trained, row[:length], table[member, start : start + length]
                )

    def _pack(self) -> None:
        """Put the running members of half-empty blocks together."""
        for program in {id(b.program): b.program for b in self._blocks}.values():
            blocks = [b for b in self._blocks if b.program is program]
            places = sum(len(b.numbers.seed) for b in blocks)
            members = np.concatenate([b.members for b in blocks])
            running = members[self._status[members] == RUNNING]
            groups = [running[group] for group in self._by_steps(running)]
            needed = sum(-(-len(g) // size) * size for g in groups for size in [self._size_for(g)])
            if needed == 0 or (len(running) <= places // 2 and needed < places):
                self._repack(program, blocks)

    def _repack(self, program: Program, blocks: list[_Block]) -> None:
        alive, states = [], []
        for block in blocks:
            self._save(block)
            local = np.flatnonzero(self._status[block.members] == RUNNING)
            if len(local):
                alive.append(block.members[local])
                states.append(take(block.state, local))
        self._blocks = [b for b in self._blocks if b.program is not program]
        if alive:
            self._add_blocks(program, np.concatenate(alive), join(states))

    def _add_blocks(self, program: Program, members: Array, state: Any) -> None:
        """Put members into blocks; those of one block take the same number of updates an epoch."""
        numbers = member_numbers(self._population.network, self._members.take(members))
        for group in self._by_steps(members):
            size = self._size_for(members[group])
            for start in range(0, len(group), size):
                chosen = group[np.minimum(np.arange(start, start + size), len(group) - 1)]
                part: State = take(state, chosen)  # type: ignore[assignment]
                real = min(size, len(group) - start)
                status = part.status.copy()
                status[real:] = RESULTS.finished  # places that only fill the block do nothing
                self._blocks.append(
                    _Block(
                        program,
                        members[chosen[:real]],
                        part._replace(status=status),
                        take(numbers, chosen),  # type: ignore[arg-type]
                    )
                )

    def _size_for(self, members: Array) -> int:
        """Return places of a block: fewer where idle places would cost more than compiling for fewer."""
        size = self._block_size
        if not len(members) or len(members) > size // 2 or jax.default_backend() != "cpu":
            return size
        share = -(-len(members) // num_workers())
        fewer = min(size, 1 << (share - 1).bit_length())
        epochs = int((self._members.epochs[members] - self._epochs[members]).max())
        updates = epochs * int(self._steps(members[:1])[0])
        parameters = sum(int(np.prod(info.shape)) for info in self._population.network.trainable)
        idle = (size - fewer) * updates * 6.0 * parameters * int(self._members.batch_size[members[0]])
        return fewer if idle > _COMPILE_FLOP else size

    def _by_steps(self, members: Array) -> list[Array]:
        """Return the positions of members that take equally many updates an epoch, group by group."""
        steps = self._steps(members)
        return [np.flatnonzero(steps == count) for count in np.unique(steps)]

    def _shrink(self, failed: list[_Block]) -> None:
        """After running out of memory: blocks of half the size from here on; cut up those that failed."""
        self._block_size = max(1, max(len(block.numbers.seed) for block in failed) // 2)
        self._population.block_size = min(self._population.block_size, self._block_size)
        for block in failed:
            self._blocks = [b for b in self._blocks if b is not block]
            local = np.arange(len(block.members))
            self._add_blocks(block.program, block.members, take(block.state, local))

    def _drop(self, members: Array, result: RESULTS) -> None:
        self._status[members] = result
        for block in self._blocks:
            hit = np.isin(block.members, members)
            if hit.any():
                status = np.asarray(block.state.status).copy()
                status[: len(hit)][hit] = result
                block.state = block.state._replace(status=status)
        self._pack()

    def _save(self, block: _Block, into: dict[int, Any] | None = None) -> None:
        """Keep the best weights of a block's ended members on the host."""
        store = self._ended if into is None else into
        best = jax.tree.map(np.asarray, block.state.best)
        for local, member in enumerate(block.members):
            if into is not None or self._status[member] != RUNNING:
                store[int(member)] = jax.tree.map(lambda leaf, local=local: leaf[local], best)

    def _drop_copy(self) -> dict[int, Any]:
        saved = dict(self._ended)
        for block in self._blocks:
            self._save(block, saved)
        return saved

    def _weights(self, saved: dict[int, Any]) -> tuple[Array, ...]:
        rows = [[*saved[member][0], *saved[member][1]] for member in range(len(self._members))]
        order = self._population.network.order
        return tuple(np.stack([row[position] for row in rows]) for position in order)


def _by_program(members: Members) -> list[Array]:
    """Return positions of members that share a program: none pays for what only another one uses."""
    groups: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    for member, names in enumerate(member_groups(members)):
        groups.setdefault((int(members.batch_size[member]), tuple(sorted(names))), []).append(member)
    ordered = sorted(groups, key=lambda key: (key[0], len(key[1]), key[1]))
    return [np.asarray(groups[key]) for key in ordered]


def _rows_of(network: NetworkFunction, weights: Sequence[Array], chosen: Array) -> list[Array]:
    """Return the chosen members' weights; an array without a member axis serves all."""
    variables = [*network.trainable, *network.non_trainable]
    return [
        values[chosen] if np.ndim(values) > len(info.shape) else np.asarray(values)
        for values, info in zip(weights, variables, strict=True)
    ]


def _renamed(table: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {
        name.removeprefix(prefix): values
        for name, values in table.items()
        if name.startswith(prefix) and not name.endswith("_loss")
    }
