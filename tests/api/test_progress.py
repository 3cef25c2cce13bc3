"""What a study tells of the curves of what trains: seldom enough, and under the right stage."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from wellfit.api import Event
from wellfit.api._progress import Progress
from wellfit.records import RunningCurves

CURVES = RunningCurves(num_members=2, epochs=(1,), train=(0.5,), validation=(0.6,), lowest=(0.4,))


@dataclass
class SlowClock:
    """A clock that tests move."""

    shown_s: float = 0.0
    budget_s: float = 9.0


@pytest.fixture
def told():
    """Return a progress of a study, its clock, and the events that it sends."""
    events: list[Event] = []
    clock = SlowClock()
    subject = SimpleNamespace(metric=SimpleNamespace(name="log_loss", direction="minimize"))
    progress = Progress(subject=subject, clock=clock, listener=events.append)  # pyright: ignore
    return progress, clock, events


def test_curves_come_with_how_far_the_stage_is(told):
    """The number of runs stays as it was told last, but not into another stage."""
    progress, _, events = told
    progress.stage = "screen"
    progress.say(3, 9)
    progress.watch(CURVES)
    progress.stage = "search"
    progress.watch(CURVES)
    assert [(event.stage, event.done, event.total) for event in events] == [
        ("screen", 3, 9),
        ("screen", 3, 9),
        ("search", 0, 0),
    ]
    assert [event.curves for event in events] == [None, CURVES, CURVES]


def test_the_longer_a_study_takes_the_less_often_curves_are_told(told):
    """Looked at every second for ten hours, they are told a thousand times or two, not 36,000."""
    progress, clock, events = told
    for second in range(36_000):
        clock.shown_s = float(second)
        progress.watch(CURVES)
    assert [event.elapsed_s for event in events[:4]] == [0.0, 1.0, 2.0, 3.0]
    assert len(events) < 2_000
