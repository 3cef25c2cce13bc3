"""A study that is done again decides as it did, and trains only what it had not."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wellfit.api._clock import Clock
from wellfit.api._replay import Outcome, Replay, listed, named
from wellfit.records import StoreError
from wellfit.store import TrialStore, sqlite_url

NUM_RUNS = 6


class Dying(TrialStore):
    """Ends the process, as far as a test can, when so many entries are there."""

    left = NUM_RUNS + 1

    def append(self, *arguments: Any) -> None:
        """Append an entry, or die before it is there."""
        if not self.left:
            raise SystemExit("killed")
        self.left -= 1
        super().append(*arguments)


def store_in(folder: Path, left: int = NUM_RUNS + 1, *, begin: bool = False) -> Dying:
    """Return the store of a study that dies after so many entries."""
    store = Dying(sqlite_url(folder / "trials.db"), "one")
    store.left = left
    if begin:
        store.begin({})
    return store


class Machine:
    """A study of small runs that reads a clock of its own; counts what it did."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.worked: list[int] = []
        self.seconds = seconds

    def study(self, replay: Replay) -> list[Any]:
        """Do all runs; what each is asked for depends on those before, and on the clock."""
        told: list[Any] = []
        for number in range(NUM_RUNS):
            seconds = replay.reading(self.read)
            request = ("run", number, seconds, [float(sum(one[2])) for one in told])

            def work(number: int = number) -> Outcome:
                self.worked.append(number)
                replay.reading(self.read)  # inside of a run the clock is as it is
                return Outcome(
                    values={"number": number}, arrays=named("weights", [np.full(2, 1 / (number + 3))])
                )

            outcome = replay.run(request, work)
            told.append((outcome.values["number"], seconds, listed("weights", outcome.arrays)[0].tolist()))
        return told

    def read(self) -> float:
        """Return another time at each look."""
        self.seconds += 0.37
        return self.seconds


@pytest.mark.parametrize("length", range(NUM_RUNS))
def test_killed_after_any_entry_it_ends_as_if_nothing_had_been(tmp_path: Path, length: int) -> None:
    """The runs that were stored are not done again, and readings before them are those of the first time."""
    first = Machine()
    with pytest.raises(SystemExit):
        first.study(Replay(store=store_in(tmp_path, length, begin=True)))
    second = Machine(seconds=100.0)
    replay = Replay(store=store_in(tmp_path))
    assert replay.num_known == length
    told = second.study(replay)
    assert second.worked == list(range(length, NUM_RUNS))
    assert [number for number, *_ in told] == list(range(NUM_RUNS))
    assert all(seconds < 100.0 for _, seconds, _ in told[:length])
    assert all(seconds > 100.0 for _, seconds, _ in told[length:])
    third = Machine(seconds=1000.0)
    assert third.study(Replay(store=store_in(tmp_path))) == told
    assert third.worked == []


def test_without_a_store_nothing_is_kept() -> None:
    """And each run is done each time."""
    machine, replay = Machine(), Replay()
    assert machine.study(replay)[0] != machine.study(replay)[0]
    assert machine.worked == 2 * list(range(NUM_RUNS))


def test_another_study_is_refused(tmp_path: Path) -> None:
    """A run that is not the stored one, and readings that were not made, are no ground to go on from."""
    Machine().study(Replay(store=store_in(tmp_path, begin=True)))
    replay = Replay(store=store_in(tmp_path))
    replay.reading(float)
    with pytest.raises(StoreError, match=r"step 1 of 6[\s\S]*another run"):
        replay.run("something else", Outcome)
    replay = Replay(store=store_in(tmp_path))
    with pytest.raises(StoreError, match="another run"):
        replay.run(("run", 0), Outcome)
    replay.reading(float)
    with pytest.raises(StoreError, match="reads more"):
        replay.reading(float)


def test_the_clock_goes_on_where_it_was(tmp_path: Path) -> None:
    """What is decided by it is as it was, and after the last run that is known it runs on from its end."""
    clock = Clock(1e6)
    clock.set(5000.0)
    first = Replay(clock, store_in(tmp_path, begin=True))
    decided = clock.elapsed_s, clock.is_past(4000.0), clock.left_s
    first.run("a", Outcome)
    again = Clock(1e6)
    second = Replay(again, store_in(tmp_path))
    assert (again.elapsed_s, again.is_past(4000.0), again.left_s) == decided
    second.run("a", Outcome)
    assert 5000.0 <= again.elapsed_s < 6000.0


def test_a_clock_that_is_set_anew_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is monotonic: the day that the system's clock shows is never asked."""
    clock = Clock(100.0)
    monkeypatch.setattr("time.time", lambda: -1e9)
    monkeypatch.setattr("time.time_ns", lambda: -(10**18))
    assert 0 <= clock.elapsed_s < 100
    assert not clock.is_past(100.0)


def test_what_a_stop_cut_short_is_done_again(tmp_path: Path) -> None:
    """A study that was asked to stop goes on from the last run before that."""
    stop = threading.Event()
    first = Replay(Clock(100.0, stop=stop), store_in(tmp_path, begin=True))
    first.run("a", lambda: Outcome(values={"whole": True}))
    stop.set()
    first.run("b", lambda: Outcome(values={"whole": False}))
    first.run("the end", Outcome)
    second = Replay(Clock(100.0), store_in(tmp_path))
    assert second.num_known == 1
    second.run("a", Outcome)
    assert second.run("b", lambda: Outcome(values={"whole": True})).values == {"whole": True}
    assert len(store_in(tmp_path).entries()) == 2


def test_a_run_that_fails_is_not_stored(tmp_path: Path) -> None:
    """It is asked for anew."""

    def fail() -> Outcome:
        raise ValueError("a worker died")

    replay = Replay(store=store_in(tmp_path, begin=True))
    with pytest.raises(ValueError, match="died"):
        replay.run("a", fail)
    assert replay.run("a", lambda: Outcome(values={"good": 1})).values == {"good": 1}
    assert [one.body["values"] for one in store_in(tmp_path).entries()] == [{"good": 1}]
