"""A study that is done again: what it has trained, and what it read off the clock, comes from a store.

A study is a function of its data, its settings, its seed, of what its runs gave, and of the few things that
it reads off the machine to decide by: the clock, a stop request, free memory. Runs and readings pass here.
Each run that has ended is in the store, with the readings before it, before the study goes on. So a study
that was killed is simply done again: all runs that it knows cost nothing, it decides as it did, and the
first run that it does not know is trained.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from wellfit.api._clock import Clock
from wellfit.records import StoreError
from wellfit.store import Entry, TrialStore

Array = NDArray[Any]
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What came out of a run.

    Attributes:
        values: plain JSON values.
        arrays: name to numbers.
    """

    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    arrays: Mapping[str, Array] = field(default_factory=dict[str, Array])


class Replay:
    """Answers from a store what a study did before, and stores what it does from there on.

    Args:
        clock: of the study; it is set to what it was at the end of each run that is answered.
        store: None keeps nothing.
    """

    def __init__(self, clock: Clock | None = None, store: TrialStore | None = None) -> None:
        self._clock, self._store = clock, store
        self._known: list[Entry] = [] if store is None else _uninterrupted(store)
        self._next = 0
        self._readings: list[Any] = []
        self._is_inside = False
        if clock is not None and store is not None:
            clock.read_through(self.reading)
        self._recall()

    @property
    def num_known(self) -> int:
        """Steps that the store answers from here on."""
        return max(0, len(self._known) - self._next)

    def reading(self, read: Callable[[], Value]) -> Value:
        """Return what is read off the machine, or what it was when the study did this the first time.

        Args:
            read: returns a plain JSON value. What runs read while they train is part of their outcome.
        """
        if self._store is None or self._is_inside:
            return read()
        if self._next < len(self._known):
            if not self._readings:
                raise self._differs("it reads more off the machine than it did")
            return self._readings.pop(0)
        with self._inside():
            value = read()
        self._readings.append(value)
        return value

    def run(self, request: object, work: Callable[[], Outcome]) -> Outcome:
        """Return what a run gives: from the store, or by doing it and storing it before this returns.

        Args:
            request: all that the outcome depends on beside data and seed; its `repr` is compared.
            work: does it; what it raises is not stored.

        Raises:
            StoreError: the store knows another run in this place, or cannot be written.
        """
        if self._store is None or self._is_inside:
            return work()
        name = hashlib.sha256(repr(request).encode()).hexdigest()
        if self._next < len(self._known):
            return self._answer(name)
        with self._inside():
            outcome = work()
        self._add(name, outcome)
        return outcome

    def _answer(self, request: str) -> Outcome:
        entry = self._known[self._next]
        if entry.request != request or self._readings:
            raise self._differs("it asks for another run than it did")
        assert self._store is not None
        outcome = Outcome(values=entry.body["values"], arrays=self._store.arrays(self._next))
        if self._clock is not None:
            self._clock.set(float(entry.body["elapsed_s"]))
        self._next += 1
        self._recall()
        return outcome

    def _add(self, request: str, outcome: Outcome) -> None:
        assert self._store is not None
        clock = self._clock
        body = {
            "values": dict(outcome.values),
            "readings": self._readings,
            "elapsed_s": 0.0 if clock is None else clock.shown_s,
            "was_stopped": clock is not None and clock.was_stopped,
        }
        self._store.append(self._next, Entry(request=request, body=body), outcome.arrays)
        self._next += 1
        self._known = []
        self._readings = []

    def _recall(self) -> None:
        """Take up the readings before the next entry."""
        is_known = self._next < len(self._known)
        self._readings = list(self._known[self._next].body["readings"]) if is_known else []

    def _differs(self, how: str) -> StoreError:
        return StoreError(
            "the study does not go the way that the trial store says.",
            received=f"step {self._next + 1} of {len(self._known)}: {how}",
            expected="the same data, settings, packages and machine",
            fix="start it anew with --overwrite, or into another folder",
        )

    @contextlib.contextmanager
    def _inside(self) -> Iterator[None]:
        self._is_inside = True
        try:
            yield
        finally:
            self._is_inside = False


def _uninterrupted(store: TrialStore) -> list[Entry]:
    """Return the entries up to the first that a stop request cut short; the store forgets it and the rest."""
    entries = store.entries()
    cut = next((n for n, entry in enumerate(entries) if entry.body["was_stopped"]), None)
    if cut is not None:
        store.forget_from(cut)
    return entries[:cut]


def named(prefix: str, arrays: Mapping[str, Array] | list[Array] | tuple[Array, ...]) -> dict[str, Array]:
    """Return arrays under names that begin with a prefix.

    Example:
        >>> sorted(named("weights", [np.zeros(1), np.ones(1)]))
        ['weights/0', 'weights/1']
    """
    pairs = arrays.items() if isinstance(arrays, Mapping) else enumerate(arrays)
    return {f"{prefix}/{name}": np.asarray(values) for name, values in pairs}


def listed(prefix: str, arrays: Mapping[str, Array]) -> tuple[Array, ...]:
    """Return the arrays that `named` put under a prefix, in their order."""
    found = []
    while (name := f"{prefix}/{len(found)}") in arrays:
        found.append(arrays[name])
    return tuple(found)
