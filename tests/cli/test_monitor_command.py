"""``wellfit monitor``: exit statuses for cron, 80 columns, files, and when it trains."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from cli_samples import run_command, small_report

import wellfit
from wellfit.drift import Drift, compare, count, make_reference
from wellfit.records import Task


def drift(shift: float = 0.0, *, sure: float = 2.0) -> Drift:
    """Return what is found in rows that are shifted, with a network that is surer."""
    rng = np.random.default_rng(0)

    def said(num_rows: int, scale: float) -> np.ndarray:
        positive = 1 / (1 + np.exp(-scale * rng.normal(size=num_rows)))
        return np.stack([1 - positive, positive], axis=1)

    before = said(400, 2.0)
    reference = make_reference(
        {
            "a long name": ("number", rng.normal(size=500)),
            "plan": ("category", ["a", "b"] * 250),
        },
        task=Task.BINARY,
        class_names=("no", "yes"),
        metric="log_loss",
        prediction=before,
        target=(rng.random(400) < before[:, 1]).astype(int),
    )
    columns = {"a long name": rng.normal(shift, size=300), "plan": ["a", "b"] * 150}
    return compare(reference, count(reference, columns, said(300, sure)))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in a fresh folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("rows", "status", "word"),
    [((0.0, 2.0), 0, "FINE."), ((0.6, 2.0), 4, "WATCH."), ((4.0, 8.0), 5, "RETRAIN.")],
    ids=["fine", "watch", "retrain"],
)
def test_exit_statuses(monkeypatch, capsys, rows, status, word):
    """0, 4 and 5, which the help says, too; no line is wider than 80 columns."""
    shift, sure = rows
    monkeypatch.setitem(vars(wellfit), "monitor", lambda *_, **__: drift(shift, sure=sure))
    assert run_command(monkeypatch, "monitor", "study", "new.csv") == status
    out = capsys.readouterr().out
    assert out.startswith(word)
    assert max(map(len, out.splitlines())) <= 80


def test_the_help_says_the_statuses(monkeypatch, capsys):
    """Whoever writes a line for cron reads them there."""
    assert run_command(monkeypatch, "monitor", "--help") == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "0 fine, 4 watch, 5 retrain" in words


def test_files_are_written(monkeypatch, capsys, here):
    """The page and the data, beside what is shown; JSON on stdout stands alone."""
    monkeypatch.setitem(vars(wellfit), "monitor", lambda *_, **__: drift(0.6))
    assert run_command(monkeypatch, "monitor", "s", "n.csv", "--json", "d.json", "--html", "d.html") == 4
    assert json.loads((here / "d.json").read_text())["advice"] == "watch"
    assert "<h1>" in (here / "d.html").read_text()
    capsys.readouterr()
    assert run_command(monkeypatch, "monitor", "s", "n.csv", "--json", "-") == 4
    assert json.loads(capsys.readouterr().out)["schema"] == 1


def test_a_file_that_cannot_be_written_is_refused_first(monkeypatch, capsys):
    """Before any row is read."""
    monkeypatch.setitem(vars(wellfit), "monitor", lambda *_, **__: pytest.fail("it was read"))
    assert run_command(monkeypatch, "monitor", "s", "n.csv", "--html", "missing/d.html") == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_folder_without_a_network_is_an_error(monkeypatch, capsys):
    """Status 2, not one that cron takes for an answer."""
    assert run_command(monkeypatch, "monitor", "nowhere", "new.csv") == 2
    assert "holds no network" in capsys.readouterr().err


@pytest.mark.parametrize(("rows", "calls"), [((0.0, 2.0), 0), ((0.6, 2.0), 0), ((4.0, 8.0), 1)])
def test_it_trains_where_the_answer_is_retrain(monkeypatch, capsys, rows, calls):
    """And nowhere else; the new study goes beside the old one."""
    shift, sure = rows
    given = []

    def retrain(folder, data, **options):
        given.append((str(folder), data, str(options["out"])))
        return SimpleNamespace(report=small_report(), folder=None)

    monkeypatch.setitem(vars(wellfit), "monitor", lambda *_, **__: drift(shift, sure=sure))
    monkeypatch.setitem(vars(wellfit), "retrain", retrain)
    status = run_command(monkeypatch, "monitor", "study", "new.csv", "--retrain")
    assert given == [("study", "new.csv", "study-retrained")] * calls
    assert status == (5 if calls else 4 if shift else 0)
    capsys.readouterr()
