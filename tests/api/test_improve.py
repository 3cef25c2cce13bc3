"""The main job on a small table, end to end."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import keras
import numpy as np
import polars as pl
import pytest
from study_samples import small_frame, small_model, use_small_plan

from wellfit.api import Event, Study, improve, monitor, predict, resume
from wellfit.api import _output as output
from wellfit.records import OutputError, SettingsError, Verdict
from wellfit.report import to_json

OPTIONS: dict[str, Any] = {"target": "y", "budget": "1h", "epochs": 12, "seed": 3}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path, list[Event]]:
    """Return one finished study, its folder and its events."""
    folder = tmp_path_factory.mktemp("study") / "out"
    events: list[Event] = []
    with pytest.MonkeyPatch.context() as patch:
        use_small_plan(patch)
        study = improve(small_frame(), model=small_model(), out=folder, listener=events.append, **OPTIONS)
    return study, folder, events


def comparable(study: Study) -> dict[str, Any]:
    """Return a report without its times."""
    return {key: value for key, value in to_json(study.report).items() if key != "timing"}


def test_a_study_comes_to_an_end(finished: tuple[Study, Path, list[Event]]) -> None:
    """The report is whole: verdict, effects of both stages, holdout, curves."""
    study, _, _ = finished
    report = study.report
    assert report.partial == ""
    assert report.verdict in set(Verdict)
    assert report.holdout is not None
    assert report.holdout.num_rows == 32
    assert {"log_loss", "accuracy"} <= set(report.holdout.improved)
    assert {"majority", "linear"} <= set(report.holdout.references)
    assert len(report.remedies) > 15
    assert len({remedy.name for remedy in report.remedies}) == len(report.remedies)
    assert report.curves[0].name == "baseline"
    assert len(report.curves[0].train_loss) == OPTIONS["epochs"]
    assert len(report.curves[0].running_loss) == OPTIONS["epochs"]
    assert np.isfinite(report.curves[0].running_loss).all()
    assert report.members_trained > 40


def test_the_report_evaluates_the_network_that_is_handed_back(
    finished: tuple[Study, Path, list[Event]],
) -> None:
    """Its scores are those of the holdout, its confusion matrix counts the same mistakes."""
    report = finished[0].report
    seen, data = report.evaluation, report.data
    assert seen is not None
    assert data is not None
    assert report.holdout is not None
    assert report.confusion is not None
    scores = {name: one.value for name, one in seen.scores.items()}
    assert scores == pytest.approx(dict(report.holdout.improved), nan_ok=True)
    assert seen.num_mistakes == report.confusion.sum() - np.trace(report.confusion)
    assert {one.network for one in seen.reliability} == (
        {"chosen"} if report.chosen == report.baseline else {"chosen", "baseline"}
    )
    assert {column.name for column in data.columns} == {"a", "b", "c", "town"}
    assert data.num_rows == 128
    assert 0 < data.num_judged <= 128


def test_what_is_kept_was_confirmed(finished: tuple[Study, Path, list[Event]]) -> None:
    """At most one remedy is kept, it is confirmed, and the chosen settings are its settings."""
    report = finished[0].report
    kept = [remedy for remedy in report.remedies if remedy.kept]
    assert len(kept) <= 1
    changes = report.chosen.changed_from(report.baseline)
    assert changes == (dict(kept[0].settings) if kept else {})
    for remedy in kept:
        assert remedy.stage == "confirmed"
        assert remedy.effect is not None
        assert remedy.effect.low > 0


def test_the_folder_holds_what_it_promises(finished: tuple[Study, Path, list[Event]]) -> None:
    """Report, network, bundle and trials, and no draft beside them."""
    _, folder, _ = finished
    assert {p.name for p in folder.iterdir()} == {
        "report.html",
        "report.json",
        "model.keras",
        "train.py",
        "train.npz",
        "sample.parquet",
        "sample-target.npy",
        "bundle",
        "trials.json",
        "study.json",
        "trials.db",
    }
    assert [p.name for p in folder.parent.iterdir()] == ["out"]
    assert json.loads((folder / "report.json").read_text())["schema"] == 1


def test_new_rows_are_held_against_the_study(finished: tuple[Study, Path, list[Event]]) -> None:
    """The bundle knows the training rows' columns, and what the network says of the holdout."""
    study, folder, _ = finished
    drift = monitor(folder, small_frame(seed=9))
    assert study.report.holdout is not None
    assert {one.name for one in drift.columns} == {"a", "b", "c", "town"}
    assert drift.num_holdout_rows == study.report.holdout.num_rows
    assert drift.expected.before.value == pytest.approx(study.report.holdout.improved["log_loss"])
    assert drift.measured is not None
    assert drift.measured.num_rows == 160


def test_the_code_reproduces_the_score(finished: tuple[Study, Path, list[Event]], tmp_path: Path) -> None:
    """The script in the folder is the study's code; run by itself it scores as the study's network does."""
    study, folder, _ = finished
    assert (folder / "train.py").read_text("utf-8") == study.code() == study.report.code
    assert "wellfit." not in study.code()
    assert study.report.holdout is not None
    for name in ("train.py", "train.npz"):
        shutil.copy(folder / name, tmp_path / name)
    done = subprocess.run(
        [sys.executable, "train.py"],
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    scored = re.search(r"holdout: log_loss ([\d.]+), accuracy", done.stdout)
    assert scored is not None
    # Seeds move the loss on 32 rows by a few hundredths; chance is 0.69.
    assert float(scored[1]) == pytest.approx(study.report.holdout.improved["log_loss"], abs=0.12)


def test_the_code_of_one_s_own_script(finished: tuple[Study, Path, list[Event]], tmp_path: Path) -> None:
    """With a source, the code is a diff of it; nothing is written."""
    path = tmp_path / "mine.py"
    path.write_text("model.compile('adam', 'binary_crossentropy')\nmodel.fit(x, y)\n")
    diff = finished[0].code(source=path)
    assert diff == "" or diff.startswith(f"--- {path}\n")
    assert path.read_text() == "model.compile('adam', 'binary_crossentropy')\nmodel.fit(x, y)\n"


def test_predictions_from_the_folder_are_those_of_the_study(
    finished: tuple[Study, Path, list[Event]], tmp_path: Path
) -> None:
    """A row has the same probabilities from the written bundle, in any order of columns, without target."""
    study, folder, _ = finished
    rows = small_frame(40, seed=9)
    frame = predict(folder, rows.select("town", "c", "b", "a"), out=tmp_path / "p.csv")
    assert frame.columns == ["prediction", "probability_no", "probability_yes"]
    np.testing.assert_allclose(frame["probability_yes"].to_numpy(), study.predict(rows)[:, 1], rtol=1e-5)
    assert pl.read_csv(tmp_path / "p.csv").shape == (40, 3)


def test_the_network_is_plain_keras(finished: tuple[Study, Path, list[Event]]) -> None:
    """The file loads in safe mode, compiled, and puts out probabilities."""
    loaded = keras.saving.load_model(finished[1] / "model.keras", safe_mode=True)
    assert loaded.optimizer is not None
    outputs = np.asarray(loaded(np.zeros((2, 6), np.float32), training=False))
    assert outputs.shape == (2, 1)
    assert ((outputs > 0) & (outputs < 1)).all()


def test_events_tell_the_stages_in_order(finished: tuple[Study, Path, list[Event]]) -> None:
    """Each stage is announced, in order, and the baseline is known from the screen on."""
    events = finished[2]
    stages = list(dict.fromkeys(event.stage for event in events))
    assert stages == ["baseline", "screen", "search", "confirm", "final"]
    assert all(event.baseline is not None for event in events if event.stage == "screen")
    assert all(event.done <= event.total for event in events if event.total)


def test_the_same_seed_gives_the_same_report(
    finished: tuple[Study, Path, list[Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Apart from times, a second run says the same to the last digit."""
    use_small_plan(monkeypatch)
    again = improve(small_frame(), model=small_model(), **OPTIONS)
    assert comparable(again) == comparable(finished[0])
    assert again.trials == finished[0].trials


def test_the_holdout_decides_nothing(
    finished: tuple[Study, Path, list[Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a holdout of other rows, everything before the end stays as it was."""
    use_small_plan(monkeypatch)
    working = small_frame()
    found = []
    for seed in (100, 200):
        held = small_frame(40, seed=seed)
        found.append(improve(working, model=small_model(), holdout=held, **OPTIONS))
    assert found[0].trials == found[1].trials
    assert found[0].report.remedies == found[1].report.remedies
    for mine, other in zip(found[0].model.get_weights(), found[1].model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert found[0].report.holdout.improved != found[1].report.holdout.improved


def test_a_stop_keeps_what_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A study that is stopped in its screen still writes a report, and says that it is partial."""
    use_small_plan(monkeypatch)
    stop = threading.Event()

    def listener(event: Event) -> None:
        if event.stage == "screen":
            stop.set()

    out = tmp_path / "out"
    study = improve(small_frame(), model=small_model(), out=out, listener=listener, stop=stop, **OPTIONS)
    assert "stopped" in study.partial
    assert study.report.remedies
    assert all(remedy.stage == "screened" and not remedy.kept for remedy in study.report.remedies)
    assert json.loads((out / "report.json").read_text())["partial"] == study.partial


def test_a_stop_at_the_start_is_an_honest_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without even a baseline there is a report that says so, and no network."""
    use_small_plan(monkeypatch)
    stop = threading.Event()
    stop.set()
    study = improve(small_frame(), model=small_model(), out=tmp_path / "out", stop=stop, **OPTIONS)
    assert study.partial
    assert study.model is None
    assert study.report.holdout is None
    assert study.report.verdict is Verdict.INCONCLUSIVE
    assert not (tmp_path / "out" / "model.keras").exists()


def test_a_diverging_baseline_counts_as_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """A learning rate that is far too high is no reason to stop: remedies are measured against chance."""
    use_small_plan(monkeypatch)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3)).astype(np.float32)
    y = 10 * x[:, 0] + rng.normal(size=120)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    # Gradient descent on this problem diverges above a learning rate of about 1.
    model.compile(keras.optimizers.SGD(5.0), "mse")
    study = improve(model, x, y, budget="1h", epochs=10)
    assert any("diverged" in note for note in study.report.notes)
    assert study.report.verdict is Verdict.NOT_LEARNING
    measured = [remedy for remedy in study.report.remedies if remedy.effect is not None]
    assert any(remedy.name.startswith("learning-rate-x0") for remedy in measured)


def test_arrays_and_a_model_as_for_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """``improve(model, x, y)`` trains on arrays as they are; regression is reported in the target's unit."""
    use_small_plan(monkeypatch)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3)).astype(np.float32)
    y = 100 + 10 * x[:, 0] + rng.normal(size=120)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    study = improve(model, x, y, budget="1h", epochs=10)
    assert study.report.metric.name == "rmse"
    assert study.report.holdout is not None
    assert study.report.evaluation is not None
    assert study.report.evaluation.residuals is not None
    assert study.report.evaluation.residuals.num_rows == study.report.holdout.num_rows
    predicted = study.predict(x)
    assert predicted.shape == (120, 1)


def test_a_built_regression_network_predicts_in_the_target_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Targets are scaled while it trains; the network that is handed back undoes it."""
    use_small_plan(monkeypatch)
    frame = small_frame().with_columns((1e4 + 500 * pl.col("a")).alias("y"))
    study = improve(frame, model="dense:8", **{**OPTIONS, "epochs": 30})
    assert study.report.holdout is not None
    assert study.report.holdout.improved["rmse"] < study.report.holdout.references["mean"]["rmse"]
    assert abs(float(np.mean(study.predict(frame))) - 1e4) < 500


def test_nothing_is_half_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """If writing fails in the middle, no draft and no part of the results stays behind; the runs do."""
    use_small_plan(monkeypatch)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, "write_html", fail)
    with pytest.raises(OutputError, match="No space left"):
        improve(small_frame(), model=small_model(), out=tmp_path / "out", **OPTIONS)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"study.json", "trials.db"}
    monkeypatch.undo()
    use_small_plan(monkeypatch)
    study = resume(tmp_path / "out", small_frame(), model=small_model())
    assert study is not None
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((small_frame(),), {}, "no target"),
        ((np.zeros((4, 2)), np.zeros(4)), {"target": "y"}, "cannot be told"),
        ((np.zeros((4, 2)), np.zeros(4)), {"group": "g"}, "needs a table"),
        ((small_frame(),), {"target": "y", "budget": "never"}, "not a time"),
    ],
)
def test_arguments_that_contradict_are_refused(
    arguments: tuple[Any, ...], options: dict[str, Any], said: str
) -> None:
    """The error comes before any work."""
    with pytest.raises(SettingsError, match=said):
        improve(*arguments, **options)


def test_a_folder_with_something_else_in_it_is_never_replaced(tmp_path: Path) -> None:
    """Not even with overwrite: only an earlier study is."""
    (tmp_path / "thesis.txt").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(OutputError, match=r"out|study"):
            improve(small_frame(), out=tmp_path, overwrite=overwrite, **OPTIONS)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
