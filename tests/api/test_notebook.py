"""Progress in a notebook: one line that changes in place there, and nothing anywhere else."""

from __future__ import annotations

import doctest
import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from study_samples import small_frame, use_small_plan

import wellfit as wf
from wellfit.api import _notebook
from wellfit.api._notebook import in_notebook, progress_for
from wellfit.records import SettingsError


class FakeOutput:
    """Stands for what a kernel shows below a cell: one place, with what was in it, one after the other."""

    def __init__(self) -> None:
        self.pages: list[str] = []
        self.texts: list[str] = []
        self.asked: dict[str, object] = {}

    def display(self, shown: Any, **options: object) -> FakeOutput:
        """Open the place."""
        assert not self.pages, "a second line"
        self.asked = options
        self.update(shown)
        return self

    def update(self, shown: Any) -> None:
        """Put something else into it."""
        self.pages.append(shown._repr_html_())
        self.texts.append(repr(shown))


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> FakeOutput:
    """Pretend that this process is the kernel of a notebook."""
    found = FakeOutput()
    package, display = ModuleType("IPython"), ModuleType("IPython.display")
    vars(package)["get_ipython"] = lambda: SimpleNamespace(kernel=object())
    vars(display)["display"] = found.display
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return found


def event(stage: str = "search", **changes: Any) -> wf.Event:
    """Return an event in the middle of a study."""
    values: dict[str, Any] = {
        "stage": stage,
        "done": 412,
        "total": 960,
        "baseline": 0.43119,
        "best": 0.41871,
        "metric": "log_loss",
        "elapsed_s": 20.0,
        "left_s": 62.9,
    }
    return wf.Event(**(values | changes))


def test_one_line_changes_in_place(output: FakeOutput) -> None:
    """Stage, runs, scores and time; a bar for the eyes; at the end what it came to."""
    with progress_for(None) as told:
        told(event())
    assert output.asked == {"display_id": True}
    assert output.texts == [
        "wellfit: prepare, 0:00 so far",
        "wellfit: search, 412 of 960 runs, log_loss of the baseline 0.4312, best so far 0.4187, 1:02 left",
        "wellfit: ended, log_loss of the baseline 0.4312, best so far 0.4187, 0:20 in all",
    ]
    assert '<progress value="412" max="960" aria-label="search"></progress>' in output.pages[1]
    assert "<progress" not in output.pages[2]


def test_a_flood_of_events_is_thinned(output: FakeOutput) -> None:
    """A thousand events in a second change the line a few times; a new stage at once."""
    with progress_for(None) as told:
        for place in range(1000):
            told(event(done=place, elapsed_s=place / 1000))
        told(event("confirm", elapsed_s=1.0001))
    assert 5 <= len(output.pages) <= 10
    assert "confirm" in output.texts[-2]


def test_scores_on_other_splits_are_not_compared(output: FakeOutput) -> None:
    """The confirmation is on fresh splits, which the baseline's score of the search is not."""
    with progress_for(None) as told:
        told(event("confirm"))
    assert "0.4312" not in output.texts[1]


def test_messages_are_text(output: FakeOutput) -> None:
    """A column named like a tag is shown, not run."""
    with progress_for(None) as told:
        told(event(message="column <script>alert(1)</script> is left out"))
    assert "<script" not in output.pages[-1]
    assert "&lt;script&gt;" in output.pages[-1]


def test_an_error_ends_the_line(output: FakeOutput) -> None:
    """What fails, or is interrupted, leaves no bar that seems to run."""

    def interrupted() -> None:
        with progress_for(None) as told:
            told(event())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "<progress" not in output.pages[-1]


def test_whoever_listens_hears_it_alone(output: FakeOutput) -> None:
    """A listener of one's own replaces the line."""
    heard: list[wf.Event] = []
    with progress_for(heard.append) as told:
        told(event())
    assert len(heard) == 1
    assert output.pages == []


def test_nothing_is_shown_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in a script nor in IPython's terminal; and IPython is not imported to find out."""
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    assert "IPython" not in sys.modules
    terminal = ModuleType("IPython")
    vars(terminal)["get_ipython"] = SimpleNamespace
    monkeypatch.setitem(sys.modules, "IPython", terminal)
    with progress_for(None) as told:
        told(event())
    assert capsys.readouterr() == ("", "")


def test_improve_shows_the_line(output: FakeOutput, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study in a notebook tells its stages in order."""
    use_small_plan(monkeypatch)
    wf.improve(small_frame(), target="y", model="dense:4", epochs=2, budget="1h")
    stages = re.findall(r"wellfit: (\w+)", "\n".join(output.texts))
    assert list(dict.fromkeys(stages))[:2] == ["prepare", "baseline"]
    assert stages[-1] == "ended"


def test_wrong_arguments_show_no_line(output: FakeOutput) -> None:
    """An error about arguments stands alone."""
    with pytest.raises(SettingsError):
        wf.improve(small_frame())
    assert output.pages == []


def test_examples() -> None:
    """Examples in the docstrings are true."""
    assert doctest.testmod(_notebook).failed == 0
