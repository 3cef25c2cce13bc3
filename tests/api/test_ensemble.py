"""A study that hands back the average of several networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import polars as pl
import pytest
from study_samples import SMALL_PLAN, small_frame, small_model

from wellfit.api import Study, _protocol, improve, predict
from wellfit.api._laboratory import Laboratory
from wellfit.api._plan import Plan
from wellfit.records import Settings
from wellfit.report._summary import holdout_line

FOLDS = 3
OPTIONS: dict[str, Any] = {"target": "y", "budget": "1h", "epochs": 12, "seed": 3, "ensemble": True}


def use_plan_with_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every study train networks to average, whatever its budget."""
    plan = replace(SMALL_PLAN, num_folds=FOLDS, num_batches=0)
    monkeypatch.setattr(_protocol, "make_plan", lambda *_, **__: plan)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """Return one finished study and its folder."""
    folder = tmp_path_factory.mktemp("study") / "out"
    with pytest.MonkeyPatch.context() as patch:
        use_plan_with_folds(patch)
        return improve(small_frame(), model=small_model(), out=folder, **OPTIONS), folder


def test_the_network_is_an_average(finished: tuple[Study, Path]) -> None:
    """As many networks as settings times folds; the report says how many, and which."""
    study, _ = finished
    members = [layer for layer in study.model.layers if layer.name.startswith("member")]
    assert len(members) == study.report.options["averaged_networks"]
    assert len(members) % FOLDS == 0
    assert len({layer.get_weights()[0].tobytes() for layer in members}) == len(members)
    assert any("average of" in note for note in study.report.notes)


def test_the_average_is_that_of_its_members(finished: tuple[Study, Path]) -> None:
    """Probabilities lie between the least and the largest of the members'."""
    study, _ = finished
    rows = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    members = [layer for layer in study.model.layers if layer.name.startswith("member")]
    said = np.stack([np.asarray(member(rows)) for member in members])
    mean = np.asarray(study.model(rows))
    assert (mean >= said.min(axis=0) - 1e-6).all()
    assert (mean <= said.max(axis=0) + 1e-6).all()


def test_the_folder_predicts_as_the_study(finished: tuple[Study, Path]) -> None:
    """The file is plain Keras, and the bundle gives the same probabilities."""
    study, folder = finished
    rows = small_frame(40, seed=9)
    keras.models.load_model(folder / "model.keras")
    frame = predict(folder, rows.drop("y"))
    np.testing.assert_allclose(frame["probability_yes"].to_numpy(), study.predict(rows)[:, 1], atol=1e-5)


def test_regression_in_the_unit_of_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """A built network learns a scaled target; its average predicts the target itself."""
    use_plan_with_folds(monkeypatch)
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    frame = pl.DataFrame({"x": x, "y": 1000 + 50 * x + rng.normal(size=200)})
    study = improve(frame, task="regression", model="dense:8", **OPTIONS)
    assert study.report.holdout is not None
    assert study.report.holdout.improved["rmse"] < 45  # the target's own spread is 50
    assert abs(study.predict(frame).mean() - 1000) < 20


def test_rows_in_order_of_time_are_not_cut_into_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network of the average trains on all rows, from its own seed."""
    use_plan_with_folds(monkeypatch)
    frame = small_frame().with_columns(when=pl.Series(range(160)))
    study = improve(frame, model="dense:8", time="when", **OPTIONS)
    members = [layer for layer in study.model.layers if layer.name.startswith("member")]
    assert len(members) == FOLDS


def test_the_report_says_that_it_is_an_average(finished: tuple[Study, Path]) -> None:
    """In the first lines, and where the settings are: they are those of the networks that weigh most."""
    study, folder = finished
    number = study.report.options["averaged_networks"]
    page = (folder / "report.html").read_text("utf-8")
    assert f"he average of {number} networks" in page[: page.index('<h2 id="change">')]
    assert f"The network is the average of {number} networks" in page
    assert "The chosen network is the baseline" not in page


def test_without_a_confirmation_the_baseline_stops_where_the_screen_found_it_best(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise it would train to its last epoch, overfit, and make any average look better."""
    plan = replace(SMALL_PLAN, num_folds=FOLDS, num_batches=0)
    monkeypatch.setattr(_protocol, "make_plan", lambda *_, **__: plan)
    monkeypatch.setattr(Plan, "confirm_until_s", 0.0)
    lengths: list[int] = []
    fit = Laboratory.fit

    def watched(self: Laboratory, settings: Settings, *arguments: Any, **options: Any) -> Any:
        lengths.append(settings.epochs)
        return fit(self, settings, *arguments, **options)

    monkeypatch.setattr(Laboratory, "fit", watched)
    study = improve(small_frame(), model="tabular:8", **{**OPTIONS, "epochs": 40})
    assert not any(remedy.stage == "confirmed" for remedy in study.report.remedies)
    assert study.report.baseline.patience > 0
    baseline = next(pair for pair in study.report.curves if pair.name == "baseline")
    assert lengths[0] == min(40, round(1.5 * (baseline.best_epoch + 1)))
    assert "improvement" in holdout_line(study.report)


class _NoGraph(keras.Model):
    """A network that can be trained but not taken apart."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.hidden = keras.layers.Dense(8, activation="relu")
        self.out = keras.layers.Dense(1, activation="sigmoid")

    def call(self, inputs: Any) -> Any:
        """Return probabilities."""
        return self.out(self.hidden(inputs))


def test_a_network_without_a_graph_is_not_averaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The note says so, and no time is kept back for it."""
    asked: list[bool] = []

    def planned(*_: Any, ensemble: bool, **__: Any) -> Plan:
        asked.append(ensemble)
        return SMALL_PLAN

    monkeypatch.setattr(_protocol, "make_plan", planned)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 4)).astype(np.float32)
    model = _NoGraph()
    model(x[:1])
    model.compile("adam", "binary_crossentropy")
    options = {name: value for name, value in OPTIONS.items() if name != "target"}
    study = improve(model, x, (x[:, 0] > 0).astype(int), **{**options, "epochs": 3})
    assert asked == [False]
    assert any("no networks are averaged" in note for note in study.report.notes)


def test_the_average_can_be_evaluated(finished: tuple[Study, Path]) -> None:
    """The written file is compiled with the loss of the network that it averages."""
    _, folder = finished
    loaded = keras.models.load_model(folder / "model.keras")
    rows = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    assert np.isfinite(loaded.evaluate(rows, np.ones((20, 1)), verbose=0))
