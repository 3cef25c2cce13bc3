"""A study that was killed or stopped goes on, and ends as if nothing had been."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from killed_study import COMMAND, OPTIONS
from study_samples import small_frame, use_small_plan

from wellfit.api import Event, improve, predict, resume
from wellfit.api._study_file import StudyFile, read_back, read_study_file, write_study_file, written_down
from wellfit.data import Preparation
from wellfit.records import DataError, FileReadError, OutputError, SettingsError
from wellfit.report import read_json
from wellfit.store import FolderLock, TrialStore, sqlite_url

KILLED = Path(__file__).with_name("killed_study.py")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a table, and the folder of a study of it that nothing happened to."""
    root = tmp_path_factory.mktemp("studies")
    small_frame(100).write_csv(root / "rows.csv")
    with pytest.MonkeyPatch.context() as patch:
        use_small_plan(patch)
        improve(root / "rows.csv", out=root / "calm", command=COMMAND, **OPTIONS)
    return root / "rows.csv", root / "calm"


def results(folder: Path) -> dict[str, Any]:
    """Return what a study found, without times."""
    report = json.loads((folder / "report.json").read_text("utf-8"))
    found = {name: value for name, value in report.items() if name != "timing"}
    return {**found, "trials": json.loads((folder / "trials.json").read_text("utf-8"))}


def num_stored(folder: Path) -> int:
    """Return how many runs are stored of a study."""
    file = read_study_file(folder)
    assert file is not None
    store = TrialStore(sqlite_url(folder / "trials.db"), file.study)
    count = len(store.entries())
    store.close()
    return count


def kill(table: Path, folder: Path, count: int) -> None:
    """Begin a study, or go on with it, in a process that is killed once so many runs are stored."""
    done = subprocess.run([sys.executable, KILLED, table, folder, str(count)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert num_stored(folder) == count


def test_a_killed_study_ends_at_the_same_report(
    undisturbed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that is killed twice; what is not as it was is refused in between, and takes nothing away."""
    use_small_plan(monkeypatch)
    table, calm = undisturbed
    folder, copy = tmp_path / "study", table.read_bytes()
    total = num_stored(calm)
    assert total >= 6
    kill(table, folder, 2)
    for refused in (lambda: read_json(folder / "report.json"), lambda: predict(folder, table)):
        with pytest.raises(FileReadError, match="wellfit resume"):
            refused()
    with pytest.raises(OutputError, match="wellfit resume"):
        improve(table, out=folder, **OPTIONS)
    kill(table, folder, total - 2)

    table.write_bytes(copy.replace(b"Rome", b"Roma", 1))
    with pytest.raises(DataError, match="data have changed"):
        resume(folder)
    table.rename(table.with_suffix(".gone"))
    with pytest.raises(DataError, match="are gone"):
        resume(folder)
    table.write_bytes(copy)
    with pytest.raises(SettingsError, match="the folder alone"):
        resume(folder, small_frame())
    lock = FolderLock(folder)
    with pytest.raises(OutputError, match="another study runs"):
        resume(folder)
    lock.release()
    monkeypatch.setattr("wellfit.api._fingerprint.platform.python_version", lambda: "2.7")
    with pytest.raises(SettingsError, match=r"python was .* and is 2\.7"):
        resume(folder)
    monkeypatch.undo()
    use_small_plan(monkeypatch)
    assert num_stored(folder) == total - 2

    study = resume(folder)
    assert study is not None
    assert results(folder) == results(calm)
    assert num_stored(folder) == total
    assert {path.name for path in folder.iterdir()} == {path.name for path in calm.iterdir()}
    assert resume(folder) is None


def test_a_stopped_study_goes_on(
    undisturbed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C leaves a partial result, and the rest can be had later."""
    use_small_plan(monkeypatch)
    table, calm = undisturbed
    stop, folder = threading.Event(), tmp_path / "study"

    def listener(event: Event) -> None:
        if event.stage == "search":
            stop.set()

    study = improve(table, out=folder, command=COMMAND, listener=listener, stop=stop, **OPTIONS)
    assert study.can_go_on
    assert "stopped" in json.loads((folder / "report.json").read_text())["partial"]
    told: list[Event] = []
    again = resume(folder, listener=told.append)
    assert again is not None
    assert again.partial == ""
    assert not again.can_go_on
    assert any("steps that are stored" in event.message for event in told)
    assert results(folder) == results(calm)


def test_a_study_that_failed_at_once_leaves_nothing(
    undisturbed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no run had ended there is nothing to go on with."""

    def fail(*_: object, **__: object) -> None:
        raise DataError("the first run cannot be trained")

    monkeypatch.setattr("wellfit.api._protocol.measure_baseline", fail)
    with pytest.raises(DataError, match="first run"):
        improve(undisturbed[0], out=tmp_path / "study", **OPTIONS)
    assert list(tmp_path.iterdir()) == []


def test_what_holds_no_study_cannot_go_on(tmp_path: Path) -> None:
    """A folder without one, one of an earlier version, and one whose trial store is gone."""
    with pytest.raises(FileReadError, match="holds no study"):
        resume(tmp_path / "missing")
    (tmp_path / "report.json").write_text("{}", "utf-8")
    with pytest.raises(FileReadError, match="earlier wellfit"):
        resume(tmp_path)
    write_study_file(tmp_path, StudyFile(state="running", study="a", arguments={}, facts={"data": "x"}))
    with pytest.raises(FileReadError, match="is gone"):
        resume(tmp_path)
    store = TrialStore(sqlite_url(tmp_path / "trials.db"), "a")
    store.begin({"data": "y"})
    store.close()
    with pytest.raises(FileReadError, match="another study's"):
        resume(tmp_path)
    (tmp_path / "study.json").write_text('{"version": 99}', "utf-8")
    with pytest.raises(FileReadError, match="later wellfit"):
        resume(tmp_path)
    assert not FolderLock.is_held(tmp_path)


def test_arguments_are_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths become absolute, what is known in memory alone is named, everything else comes back as it was."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text("", "utf-8")
    given = {
        "data": "rows.csv",
        "target": "rows.csv",
        "model": "net.py:build",
        "holdout": 0.2,
        "columns": {"size": ["S", "M"]},
        "preparation": Preparation(missing="mean"),
        "warm_start": None,
    }
    plain, in_memory = written_down({**given, "reading": {"x": object()}, "time": np.zeros(2)})
    assert in_memory == ("reading", "time")
    again = read_back(json.loads(json.dumps(plain)))
    paths = {"data": str(tmp_path / "rows.csv"), "model": f"{tmp_path / 'net.py'}:build"}
    assert again == {**given, **paths}
    assert written_down({"model": "tabular:64", "holdout": "held.csv"})[0] == {
        "model": "tabular:64",
        "holdout": str(tmp_path / "held.csv"),
    }
