"""`wellfit diagnose`: what is typed reaches the library, and what comes back is shown and written."""

from __future__ import annotations

import inspect
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli_samples import TABLE, run_command

import wellfit
from wellfit.cli import main
from wellfit.records import Diagnosis, Finding, Metric, Task, Verdict

DIAGNOSE = ["diagnose", "rows.csv", "--target", "bought", "--model", "net.keras"]
EVERY_OPTION = """
diagnose rows.csv --target bought --model net.py:build --validation later.csv --epochs 7 --batch-size 16
--seed 3 --task classification --features encoded --group city --budget 20s --allow-unsafe
--column age=category --column city=Rome<Oslo --set missing=mean --delimiter tab
"""
PATIENCE_S = 60


def small_diagnosis(partial: str = "") -> Diagnosis:
    """Return a diagnosis with one cause."""
    finding = Finding(
        code="wiring",
        confidence=0.97,
        evidence={"rows": 2},
        remedies=("sigmoid",),
        family=Verdict.NOT_LEARNING,
    )
    return Diagnosis(
        verdict=Verdict.NOT_LEARNING,
        verdict_line="The network does not learn.",
        confidence=0.97,
        findings=(finding,),
        task=Task.BINARY,
        metric=Metric(name="log_loss", direction="minimize"),
        members_trained=8,
        environment={"partial": partial} if partial else {},
    )


class FakeDiagnose:
    """Stands for `wellfit.diagnose`: keeps its arguments, tells some events, returns a small diagnosis.

    Args:
        partial: why the diagnosis is not complete.
        error: raised instead.
        seconds: how long it works, ending early when it is asked to stop.
    """

    def __init__(self, partial: str = "", error: BaseException | None = None, seconds: float = 0.0) -> None:
        self.partial, self.error, self.seconds = partial, error, seconds
        self.data: object = None
        self.arguments: dict[str, object] = {}

    def __call__(self, data: object = None, **arguments: object) -> Diagnosis:
        """Pretend to diagnose."""
        self.data, self.arguments = data, arguments
        if self.error is not None:
            raise self.error
        partial = self.partial
        if "listener" in arguments:
            Path("working").touch()
            event = {"message": "", "baseline": None, "best": None, "metric": "", "elapsed_s": 1.0}
            for done in range(20):
                stage = SimpleNamespace(stage="probe", done=done, total=20, left_s=0.0, **event)
                arguments["listener"](stage)  # pyright: ignore[reportCallIssue]
                if arguments["stop"].wait(self.seconds / 20):  # pyright: ignore[reportAttributeAccessIssue]
                    partial = "stopped by a signal"
                    break
        return small_diagnosis(partial)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a fresh folder that holds rows.csv."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(TABLE)
    return tmp_path


def use(monkeypatch: pytest.MonkeyPatch, fake: FakeDiagnose) -> FakeDiagnose:
    """Put `fake` in the place of `wellfit.diagnose` and return it."""
    monkeypatch.setitem(vars(wellfit), "diagnose", fake)
    return fake


def test_every_option_reaches_diagnose(monkeypatch):
    """No option is dropped on the way, and each arrives with its type."""
    fake = use(monkeypatch, FakeDiagnose())
    assert run_command(monkeypatch, *shlex.split(EVERY_OPTION)) == 0
    given = fake.arguments
    for name in ("listener", "stop", "began"):
        assert given.pop(name) is not None
    assert str(given.pop("command")).startswith("wellfit diagnose rows.csv --target bought")
    assert given.pop("preparation") == wellfit.Preparation(missing="mean")
    assert fake.data == "rows.csv"
    assert given == {
        "target": "bought",
        "model": "net.py:build",
        "validation": "later.csv",
        "epochs": 7,
        "batch_size": 16,
        "seed": 3,
        "task": "classification",
        "features": "encoded",
        "group": "city",
        "budget": "20s",
        "unsafe": True,
        "reading": {"delimiter": "\t"},
        "columns": {"age": "category", "city": ["Rome", "Oslo"]},
    }


def test_a_folder_of_pictures_needs_no_target(monkeypatch, capsys):
    """Its sub-folders are the classes; a network is needed all the same."""
    Path("flowers").mkdir()
    fake = use(monkeypatch, FakeDiagnose())
    assert run_command(monkeypatch, "diagnose", "flowers", "--model", "net.keras") == 0
    assert fake.data == "flowers"
    assert fake.arguments["target"] is None
    assert run_command(monkeypatch, "diagnose", "flowers") != 0
    said = capsys.readouterr().err
    assert "--model missing" in said
    assert "wellfit diagnose flowers --model net.keras" in said


def test_defaults(monkeypatch):
    """Data, target and network are enough."""
    fake = use(monkeypatch, FakeDiagnose())
    assert run_command(monkeypatch, *DIAGNOSE) == 0
    given = fake.arguments
    for name in ("validation", "epochs", "batch_size", "group", "budget", "columns", "preparation"):
        assert given[name] is None
    assert (given["seed"], given["task"], given["features"], given["unsafe"]) == (0, "auto", "auto", False)


def test_diagnose_takes_what_the_command_gives(monkeypatch):
    """Every keyword of the command is one of the library's."""
    known = set(inspect.signature(wellfit.diagnose).parameters)
    fake = use(monkeypatch, FakeDiagnose())
    run_command(monkeypatch, *DIAGNOSE)
    assert set(fake.arguments) <= known
    run_command(monkeypatch, "diagnose", "--history", "log.csv")
    assert set(fake.arguments) <= known


def test_a_history_goes_alone(monkeypatch, capsys):
    """Curves need no table and no network."""
    fake = use(monkeypatch, FakeDiagnose())
    assert run_command(monkeypatch, "diagnose", "--history", "log.csv") == 0
    assert fake.arguments == {"history": Path("log.csv"), "command": "wellfit diagnose --history log.csv"}
    assert "NOT LEARNING" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("diagnose", "there is nothing to diagnose"),
        ("diagnose rows.csv", "--target and --model missing"),
        ("diagnose rows.csv --target bought", "wellfit diagnose rows.csv --target bought --model net.keras"),
        ("diagnose --target bought --model net.keras", "DATA missing"),
        ("diagnose rows.csv --history log.csv", "--history log.csv together with DATA"),
        ("diagnose --history log.csv --target y --epochs 5", "together with --target, --epochs"),
        ("diagnose rows.csv --target bought --model m.keras --html gone/page.html", "make the folder gone"),
        ("diagnose rows.csv --target bought --model m.keras --json gone/it.json", "make the folder gone"),
        ("diagnose rows.csv --target bought --model m.keras --column x", "--column takes NAME=VALUE"),
    ],
)
def test_what_cannot_be_meant_is_refused(monkeypatch, capsys, typed, told):
    """Status 2 before any work, and a message that says what is missing or too much."""
    fake = use(monkeypatch, FakeDiagnose())
    assert run_command(monkeypatch, *shlex.split(typed)) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert out == ""
    assert fake.arguments == {}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_status_is_0_whatever_the_verdict(monkeypatch, capsys, verdict):
    """A sick network is no failure of the command; nothing on stderr where it is no terminal."""

    def fake(*_: object, **__: object) -> Diagnosis:
        return Diagnosis(verdict=verdict, verdict_line="So it is.", confidence=0.5)

    monkeypatch.setitem(vars(wellfit), "diagnose", fake)
    assert run_command(monkeypatch, *DIAGNOSE) == 0
    out, err = capsys.readouterr()
    assert "So it is." in out
    assert err == ""


def test_partial_has_status_3(monkeypatch, capsys):
    """A diagnosis that was stopped early is shown and marked."""
    use(monkeypatch, FakeDiagnose(partial="stopped by a signal"))
    assert run_command(monkeypatch, *DIAGNOSE) == 3
    assert capsys.readouterr().out.startswith("PARTIAL RESULT: stopped by a signal")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (wellfit.ModelLoadError("the file holds no network."), 2),
        (wellfit.FileReadError("cannot read the curves"), 2),
        (wellfit.WorkerError("the worker is gone."), 1),
        (ZeroDivisionError("division by zero"), 1),
    ],
)
@pytest.mark.parametrize("typed", [DIAGNOSE, ["diagnose", "--history", "log.csv"]])
def test_errors_have_their_status(monkeypatch, capsys, error, status, typed):
    """Bad input is 2, a failed run is 1; never a traceback."""
    use(monkeypatch, FakeDiagnose(error=error))
    assert run_command(monkeypatch, *typed) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert "Traceback" not in err


def test_files_are_written_and_named(monkeypatch, capsys, folder):
    """``--json FILE`` and ``--html FILE`` write and are told; the text is still shown."""
    use(monkeypatch, FakeDiagnose())
    assert run_command(monkeypatch, *DIAGNOSE, "--json", "found.json", "--html", "found.html") == 0
    out = capsys.readouterr().out
    assert "Cause: wiring" in out
    assert out.endswith("Page  found.html\nData  found.json\n")
    assert json.loads((folder / "found.json").read_text())["verdict"] == "not-learning"
    assert "The network does not learn." in (folder / "found.html").read_text()


def test_json_on_stdout_stands_alone(monkeypatch, capsys, folder):
    """``--json -`` can be piped into a parser, with or without a page."""
    use(monkeypatch, FakeDiagnose())
    assert run_command(monkeypatch, *DIAGNOSE, "--json", "-", "--html", "found.html") == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["code"] == "wiring"
    assert (folder / "found.html").exists()


def test_a_file_that_cannot_be_written_costs_the_file_alone(monkeypatch, capsys, folder):
    """What took minutes is shown before anything is written."""
    use(monkeypatch, FakeDiagnose())

    def fail(*_: object) -> None:
        raise wellfit.WellfitError("no room left")

    monkeypatch.setattr(wellfit.report, "write_diagnosis_json", fail)
    assert run_command(monkeypatch, *DIAGNOSE, "--json", "found.json") == 2
    out, err = capsys.readouterr()
    assert "Cause: wiring" in out
    assert "no room left" in err


def test_help_names_both_ways_in(monkeypatch, capsys):
    """The help shows a table with a network, and curves alone."""
    assert run_command(monkeypatch, "diagnose", "--help") == 0
    out = capsys.readouterr().out
    assert "wellfit diagnose --history log.csv" in out
    assert "--target churn --model net.keras" in out
    assert all(kind in out for kind in ("JSON", "CSVLogger", "TensorBoard"))


def test_a_signal_keeps_what_there_is(folder):
    """SIGINT ends the diagnosis with status 3 and a partial result on stdout."""
    command = [sys.executable, __file__, *DIAGNOSE]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env=environment)
    end_s = time.monotonic() + PATIENCE_S
    while not (folder / "working").exists() and time.monotonic() < end_s:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 3
    assert "PARTIAL RESULT: stopped by a signal" in out


if __name__ == "__main__":
    vars(wellfit)["diagnose"] = FakeDiagnose(seconds=2 * PATIENCE_S)
    sys.argv[0] = "wellfit"
    main()
