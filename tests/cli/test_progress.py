"""What a terminal shows while a study runs."""

import io
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli_samples import TABLE
from rich.console import Console

from wellfit.cli._progress import Progress, clock_text

SAMPLES = Path(__file__).with_name("cli_samples.py")


def event(stage: str = "search", done: int = 412, total: int = 960, **changes: object) -> SimpleNamespace:
    """Return a progress event."""
    values: dict[str, object] = {
        "stage": stage,
        "done": done,
        "total": total,
        "message": "",
        "baseline": 0.43119,
        "best": 0.41871,
        "metric": "log_loss",
        "elapsed_s": 20.0,
        "left_s": 62.9,
    }
    return SimpleNamespace(**(values | changes))


def drawn(width: int, *events: SimpleNamespace) -> str:
    """Return what a terminal of `width` columns shows after `events`."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    progress = Progress(console)
    for item in events:
        progress(item)
    stream.truncate(0)
    stream.seek(0)
    console.print(progress._draw())
    return stream.getvalue()


def test_shows_stage_runs_scores_and_time_left():
    """Two lines hold what somebody who waits wants to know."""
    lines = drawn(80, event()).splitlines()
    assert lines[0].startswith("search")
    assert lines[0].rstrip().endswith("412 of 960 runs")
    assert "log_loss: baseline 0.4312  best so far 0.4187" in lines[1]
    assert re.search(r"1:0[12] left$", lines[1].rstrip())


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_fits_the_terminal(width):
    """Two lines at any width, none longer than the terminal, time left always there."""
    lines = drawn(width, event(total=1_000_000, done=999_999, metric="balanced_accuracy")).splitlines()
    assert len(lines) == 2
    assert max(len(line) for line in lines) <= width
    assert "left" in lines[1]


def test_before_there_are_numbers():
    """A stage without runs says what it does; scores that are not known are not shown."""
    lines = drawn(80, event("prepare", 0, 0, baseline=None, best=None)).splitlines()
    assert lines[0].split() == ["prepare"]
    assert "reading the table" in lines[1]
    assert "baseline" not in lines[1]


def test_before_the_first_event():
    """From the first moment something says what is going on."""
    assert drawn(80).split()[:3] == ["prepare", "reading", "the"]


def test_a_long_beginning_has_a_clock():
    """Who waits for the first event sees that time passes."""
    stream = io.StringIO()
    progress = Progress(Console(file=stream, width=80, force_terminal=True, color_system=None))
    progress._stage_began_s -= 75.0
    progress.console.print(progress._draw())
    assert re.search(r"^prepare +reading the table.* 1:1[56] so far$", stream.getvalue().rstrip())


def test_finished_stages_and_messages_stay():
    """Each stage leaves a line with its runs and its score; messages are printed once."""
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=True, color_system=None)
    with Progress(console) as progress:
        progress(event("baseline", 30, 30, message="column [b]'id'[/b]\x1b[2J is left out"))
        progress(event("search", 10, 960))
        progress(event("final", 2, 2))
    text = stream.getvalue()
    assert text.count("column [b]'id'[/b] [2J is left out") == 1
    assert re.search(r"prepare +0\.\d s\s*\n", text)
    assert re.search(r"baseline +0\.\d s  30 runs  log_loss: baseline 0\.4312\s*\n", text)
    assert re.search(r"search +0\.\d s  10 runs  best so far 0\.4187\s*\n", text)
    assert re.search(r"final +0\.\d s  2 runs\s*\n", text)


def test_silent_where_there_is_no_terminal():
    """Nothing at all is written to a file or a pipe."""
    stream = io.StringIO()
    with Progress(Console(file=stream)) as progress:
        progress(event("baseline", message="a note"))
        progress(event("search"))
    assert stream.getvalue() == ""


def test_without_a_budget_the_time_spent_is_shown():
    """Where nothing is known of the time left, the display counts up."""
    for left_s in (0.0, float("inf")):
        lines = drawn(80, event("probe", left_s=left_s, elapsed_s=75.0)).splitlines()
        assert re.search(r"1:1[56] so far$", lines[1].rstrip())


def test_stages_of_another_job():
    """Each job says in its own words what its stages do."""
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=True, color_system=None)
    progress = Progress(console, stages={"look": "at the rows", "probe": "by experiment"})
    console.print(progress._draw())
    progress(event("probe", baseline=None))
    console.print(progress._draw())
    assert "look      at the rows" in stream.getvalue()
    assert "by experiment" in stream.getvalue()


def test_time_left_is_never_negative():
    """A study that is late shows zero."""
    assert clock_text(-5) == "0:00"
    assert clock_text(3599.9) == "59:59"
    assert clock_text(3600) == "1:00:00"


def run_in_terminal(folder: Path, **environment: str) -> tuple[int, str]:
    """Return status and output of a study in a terminal of 80 columns."""
    (folder / "rows.csv").write_text(TABLE)
    terminal, inside = pty.openpty()
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, SAMPLES, "1", "willing", "improve", "rows.csv", "--target", "bought"],
        cwd=folder,
        env={**os.environ, "TERM": "xterm-256color", **environment},
        stdin=inside,
        stdout=inside,
        stderr=inside,
    )
    os.close(inside)
    chunks = []
    while select.select([terminal], [], [], 60)[0]:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(terminal)
    return process.wait(), b"".join(chunks).decode()


def test_real_terminal(tmp_path):
    """Progress comes first, then the report; the cursor is given back."""
    status, text = run_in_terminal(tmp_path)
    assert status == 0
    assert text.index("left") < text.index("OVERFITS")
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert re.search(r"\x1b\[[0-9;]*3[0-9]", text), "a terminal gets color"


def test_no_color_is_respected(tmp_path):
    """With NO_COLOR set no color is sent (https://no-color.org)."""
    _, text = run_in_terminal(tmp_path, NO_COLOR="1")
    assert "best so far" in text
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", text)
