"""How a run ends: its exit status, and what stands on stdout and on stderr."""

import errno
import json
import os
from pathlib import Path

import pytest
from cli_samples import TABLE, FakeImprove, FakePredict, run_command, small_report, use_fake

import wellfit

IMPROVE = ["improve", "rows.csv", "--target", "bought"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a fresh folder that holds rows.csv."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(TABLE)
    return tmp_path


def test_done_says_what_was_found_and_where(monkeypatch, capsys):
    """Status 0; the report and the files on stdout; nothing on stderr where it is no terminal."""
    use_fake(monkeypatch, FakeImprove())
    assert run_command(monkeypatch, *IMPROVE) == 0
    out, err = capsys.readouterr()
    assert out.startswith("OVERFITS, most likely because regularization is too weak for 500 rows.")
    assert "wellfit-rows/report.html" in out
    assert "model.keras" not in out, "a file that was not written must not be promised"
    assert err == ""


def test_partial_result_has_status_3(monkeypatch, capsys):
    """What was found before the budget ran out is shown and marked."""
    use_fake(monkeypatch, FakeImprove(partial="the budget ended during search"))
    assert run_command(monkeypatch, *IMPROVE) == 3
    assert "PARTIAL RESULT: the budget ended during search" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (wellfit.TargetError("the target is constant.", fix="choose another"), 2),
        (wellfit.ModelLoadError("the file holds no network."), 2),
        (wellfit.OutputError("the folder is not empty."), 2),
        (wellfit.WorkerError("the worker is gone."), 1),
        (ZeroDivisionError("division by zero"), 1),
        (MemoryError(), 1),
        (SystemExit(7), 1),
    ],
)
def test_errors_have_their_status(monkeypatch, capsys, error, status):
    """Bad input is 2, a failed run is 1; never a traceback."""
    use_fake(monkeypatch, FakeImprove(error=error))
    assert run_command(monkeypatch, *IMPROVE) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert err.startswith("Error: ")


def test_debug_shows_where(monkeypatch, capsys):
    """With --debug the traceback is there, down to the line in the study's thread."""
    use_fake(monkeypatch, FakeImprove(error=ZeroDivisionError("division by zero")))
    assert run_command(monkeypatch, *IMPROVE, "--debug") == 1
    err = capsys.readouterr().err
    assert "raise self.error" in err
    assert "ZeroDivisionError: division by zero" in err


def test_control_characters_do_not_reach_the_terminal(monkeypatch, capsys):
    """A column's name can hold an escape sequence; a message must not run it."""
    use_fake(monkeypatch, FakeImprove(error=wellfit.DataError("no column '\x1b[2J'.", fix="line\ntwo")))
    assert run_command(monkeypatch, *IMPROVE) == 2
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "line\ntwo" in err


def test_json_on_stdout_stands_alone(monkeypatch, capsys):
    """``--json -`` can be piped into a parser."""
    use_fake(monkeypatch, FakeImprove())
    assert run_command(monkeypatch, *IMPROVE, "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "overfitting"


def test_json_in_a_file(monkeypatch, capsys, folder):
    """``--json FILE`` writes the same and still shows the report."""
    use_fake(monkeypatch, FakeImprove())
    assert run_command(monkeypatch, *IMPROVE, "--json", "found.json") == 0
    assert json.loads((folder / "found.json").read_text())["verdict"] == "overfitting"
    assert "OVERFITS" in capsys.readouterr().out


def test_a_json_file_that_cannot_be_written_does_not_hide_the_report(monkeypatch, capsys, folder):
    """What was found is shown first."""
    (folder / "found").mkdir()
    wellfit.report.write_json(small_report(), folder / "found" / "report.json")

    def full(*_):
        raise wellfit.OutputError("no room.")

    monkeypatch.setattr(wellfit.report, "write_json", full)
    assert run_command(monkeypatch, "report", "found", "--json", "found.json") == 2
    assert "OVERFITS" in capsys.readouterr().out


def test_demo_runs_the_study(monkeypatch, capsys):
    """`demo` hands over its options and shows the report."""
    fake = use_fake(monkeypatch, FakeImprove(), "demo")
    assert run_command(monkeypatch, "demo", "--budget", "20s", "--out", "d") == 0
    assert (fake.arguments["budget"], fake.arguments["out"]) == ("20s", Path("d"))
    assert "d/report.html" in capsys.readouterr().out


def test_report_redraws_the_page(monkeypatch, capsys, folder):
    """The page is drawn again from report.json, and the text is shown."""
    found = folder / "found"
    found.mkdir()
    wellfit.report.write_json(small_report(), found / "report.json")
    assert run_command(monkeypatch, "report", "found") == 0
    assert "The network overfits." in (found / "report.html").read_text()
    assert "OVERFITS, most likely because" in capsys.readouterr().out


def test_who_reads_no_further_gets_no_message(monkeypatch, capsys, folder):
    """As in ``wellfit report DIR | head -1``: the pipe is broken, and nothing is at fault."""
    wellfit.report.write_json(small_report(), folder / "report.json")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        assert run_command(monkeypatch, "report", ".") == 0
        stream.flush()
    assert capsys.readouterr().err == ""
    assert (folder / "report.html").exists()


def test_a_full_disk_is_no_fault_of_the_command(monkeypatch, capsys):
    """Where the text goes to a file on it."""
    error = OSError(errno.ENOSPC, "No space left on device")
    use_fake(monkeypatch, FakeImprove(error=error))
    assert run_command(monkeypatch, *IMPROVE) == 1
    err = capsys.readouterr().err
    assert "No space left on device" in err
    assert "room" in err
    assert "fault" not in err


def test_damaged_report_is_refused(monkeypatch, capsys, folder):
    """A report.json that is none ends with status 2."""
    (folder / "report.json").write_text('{"schema": 1, "task": ')
    assert run_command(monkeypatch, "report", ".") == 2
    assert "report.json" in capsys.readouterr().err


def test_predict_writes_csv_on_stdout(monkeypatch, capsys):
    """Without -o the predictions are CSV on stdout, in the order of the rows."""
    fake = use_fake(monkeypatch, FakePredict(), "predict")
    assert run_command(monkeypatch, "predict", "found", "rows.csv") == 0
    assert capsys.readouterr().out == "prediction,probability_1\n1,0.75\n0,0.25\n"
    assert fake.arguments["out"] is None
    assert run_command(monkeypatch, "predict", "found", "rows.csv", "-o", "p.csv") == 0
    assert capsys.readouterr().out == ""
    assert fake.arguments["out"] == Path("p.csv")


def test_interrupt_outside_a_study_is_a_failed_run(monkeypatch, capsys):
    """Ctrl-C during a prediction ends with status 1 and a word, not with a traceback."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setitem(vars(wellfit), "predict", interrupted)
    assert run_command(monkeypatch, "predict", "found", "rows.csv") == 1
    assert "stopped" in capsys.readouterr().err


def test_the_process_uses_jax(monkeypatch):
    """The command's own process trains on JAX, whatever the user's Keras is set to."""
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    use_fake(monkeypatch, FakeImprove())
    assert run_command(monkeypatch, *IMPROVE) == 0
    assert os.environ["KERAS_BACKEND"] == "jax"
