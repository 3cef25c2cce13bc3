"""Signals: the first keeps what there is, the second ends at once."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from cli_samples import TABLE

from wellfit.cli._work import Interrupts, run_interruptible

SAMPLES = Path(__file__).with_name("cli_samples.py")
LONG_S = 120
PATIENCE_S = 60


def start(folder: Path, kind: str) -> subprocess.Popen[str]:
    """Start a long study in `folder` and return when its thread runs."""
    (folder / "rows.csv").write_text(TABLE)
    process = subprocess.Popen(
        [sys.executable, SAMPLES, str(LONG_S), kind, "improve", "rows.csv", "--target", "bought"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + PATIENCE_S
    while not (folder / "working").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_keeps_what_there_is(tmp_path, number):
    """The study is asked to stop, its report is shown as partial and written, the status is 3."""
    process = start(tmp_path, "willing")
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 3
    assert "PARTIAL RESULT: stopped by a signal" in out
    assert (tmp_path / "wellfit-rows" / "report.json").exists()
    assert "Traceback" not in err


def test_second_signal_ends_at_once(tmp_path):
    """A study that does not react is ended by a second Ctrl-C with status 1, and nothing is written."""
    process = start(tmp_path, "stubborn")
    process.send_signal(signal.SIGINT)
    time.sleep(1.0)
    assert process.poll() is None, "one signal does not end a study"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert out == ""
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv", "working"]


def test_a_signal_sent_twice_counts_once():
    """Supervisors signal the process and its group; that is one request."""
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.stop.is_set()
        assert not interrupts.urgent


def test_handlers_are_given_back():
    """After a study, signals mean what they meant before."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    result = run_interruptible(lambda stop: stop.is_set(), on_stop=print, on_urgent=print)
    assert result is False
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_the_request_reaches_the_work(capsys):
    """`stop` is set in the thread that works, and the caller is told once."""
    told = []

    def work(stop: threading.Event) -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        return "stopped" if stop.wait(PATIENCE_S) and not time.sleep(0.3) else "ran on"

    result = run_interruptible(work, on_stop=lambda: told.append(1), on_urgent=lambda: told.append(2))
    assert (result, told) == ("stopped", [1])


def test_a_signal_while_the_command_loads_ends_it_with_one_line(tmp_path):
    """Before anything of a study is there, Ctrl-C shows no traceback; the status is that of shells."""
    (tmp_path / "slow.py").write_text(
        "import os, signal, sys\n"
        "from importlib.abc import MetaPathFinder\n"
        "class Interrupted(MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'wellfit.cli':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from wellfit.__main__ import main\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, tmp_path / "slow.py", "--help"],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 130
    assert ended.stderr == "stopped before there was a result.\n"
    assert ended.stdout == ""
