"""Progress for programs: ``--progress FILE``."""

import json
from pathlib import Path

from cli_samples import TABLE, FakeImprove, run_command, use_fake

from wellfit import Event
from wellfit.cli._progress_file import ProgressFile, event_line
from wellfit.records import RunningCurves


def lines(path: Path) -> list[dict[str, object]]:
    """Return the events of a file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_event_is_a_line(tmp_path, monkeypatch):
    """All events come in order, each whole; an earlier file is continued."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(TABLE)
    Path("told.jsonl").write_text('{"stage": "earlier"}\n')
    use_fake(monkeypatch, FakeImprove())
    command = ("improve", "rows.csv", "--target", "bought", "--progress", "told.jsonl")
    assert run_command(monkeypatch, *command) == 0
    earlier, *told = lines(Path("told.jsonl"))
    assert earlier == {"stage": "earlier"}
    assert [event["done"] for event in told] == list(range(21))
    assert told[3]["message"] == "column 'id' is left out"
    assert told[-1] == {
        "stage": "search",
        "message": "",
        "metric": "log_loss",
        "done": 20,
        "total": 20,
        "baseline": 0.4312,
        "best": 0.4187,
        "elapsed_s": 1.0,
        "left_s": 75.0,
    }


def test_curves_go_along_where_there_are_any():
    """As lists under a name of their own, which other events do not have."""
    values = {"train": (0.5, 0.4), "validation": (0.6, 0.5), "lowest": (0.6, None)}
    curves = RunningCurves(num_members=2, epochs=(1, 3), **values)
    told = json.loads(event_line(Event(stage="screen", curves=curves)))
    assert told["curves"] == {
        "num_members": 2,
        "epochs": [1, 3],
        "train": [0.5, 0.4],
        "validation": [0.6, 0.5],
        "lowest": [0.6, None],
    }
    assert "curves" not in json.loads(event_line(Event(stage="screen")))


def test_what_is_left_to_be_written_on_a_full_disk_is_left():
    """A real full device, whose file does not even close."""
    with ProgressFile("/dev/full") as record:
        record(Event(stage="screen"))
        assert record._stream is None
        record(Event(stage="screen"))


def test_without_it_nothing_is_written(tmp_path, monkeypatch):
    """No file appears beside those of the study."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(TABLE)
    use_fake(monkeypatch, FakeImprove())
    assert run_command(monkeypatch, "improve", "rows.csv", "--target", "bought") == 0
    assert {path.name for path in tmp_path.iterdir()} == {"rows.csv", "working", "wellfit-rows"}


def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path, monkeypatch, capsys):
    """No study is begun whose progress nobody could follow."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(TABLE)
    fake = use_fake(monkeypatch, FakeImprove())
    command = ("improve", "rows.csv", "--target", "bought", "--progress", "nowhere/told.jsonl")
    assert run_command(monkeypatch, *command) == 2
    assert "--progress nowhere/told.jsonl" in capsys.readouterr().err
    assert fake.arguments == {}


def test_a_full_disk_costs_the_file_alone(tmp_path, monkeypatch):
    """Where a line cannot be written the study goes on, without further tries."""

    class Full:
        """A file that takes nothing."""

        closed = 0

        def write(self, text: str) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            self.closed += 1

    record, full = ProgressFile(None), Full()
    monkeypatch.setattr(record, "_stream", full)
    monkeypatch.setattr("wellfit.cli._progress_file.event_line", lambda event: "line")
    record(None)  # pyright: ignore[reportArgumentType]
    record(None)  # pyright: ignore[reportArgumentType]
    assert full.closed == 1
