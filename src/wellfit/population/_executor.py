"""What trains members: one protocol, whoever does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from wellfit.population._running_curves import Watch
from wellfit.records import Curves, Members

Array = Any
Progress = Callable[[int, int], None]


class MemberRun(Protocol):
    """Members on their way, which can be paused, thinned out and read."""

    @property
    def running(self) -> Array:
        """Positions of the members that have not ended."""
        ...

    def advance(
        self,
        epochs: int | None = None,
        *,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
        watch: Watch | None = None,
    ) -> None:
        """Train the running members to the given epoch, counted from their start, or to their end.

        See `Run.advance` for the arguments.
        """
        ...

    def keep(self, members: Sequence[int] | Array) -> None:
        """Drop every running member that is not listed; it ends as `RESULTS.halved` with what it has."""
        ...

    def curves(self, *, keep_weights: bool = True) -> Curves:
        """Return what is known so far, in the order of the members."""
        ...


class Executor(Protocol):
    """Trains members of one network on one data set.

    `Population` is the inline one, `WorkerExecutor` runs a population in a process of its own, and
    `FitExecutor` trains one member after the other by `keras.Model.fit`.
    """

    name: str

    @property
    def compile_s(self) -> float:
        """Seconds spent on compiling so far."""
        ...

    def start(
        self,
        members: Members,
        *,
        weights: Sequence[Array] | None = None,
        shuffle: bool = True,
        block_size: int | None = None,
    ) -> MemberRun:
        """Return a run of members; see `Population.start` for the arguments."""
        ...

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
        """Train members to their end; see `Population.train` for the arguments."""
        ...

    def predict(
        self,
        curves_or_weights: Curves | Sequence[Array],
        members: Members,
        rows: Array,
        *,
        inputs: Sequence[Array] | None = None,
    ) -> Array:
        """Return ``[member, row, class]`` probabilities or ``[member, row, output]`` values.

        See `Population.predict` for the arguments.
        """
        ...

    def close(self) -> None:
        """Let go of processes and memory."""
        ...
