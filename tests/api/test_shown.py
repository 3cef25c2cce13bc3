"""What users get shows itself: HTML, plots and frames of the records, and nothing else changed."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import pickle
import pkgutil

import narwhals as nw
import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure
from study_samples import small_model

import wellfit as wf
from wellfit import records
from wellfit.api import _shown
from wellfit.api._shown import Effects, InterventionEffects, LearningCurve, LossCurves
from wellfit.records import Effect, Metric, Remedy, Report, Settings, Task, Verdict

NAN = float("nan")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int32)
HISTORY = {"loss": [0.69, 0.5, 0.3, 0.1], "val_loss": [0.69, 0.6, 0.7, 0.9]}


def remedy(name: str, estimate: float | None) -> Remedy:
    """Return a screened remedy; None stands for one that could not be measured."""
    found = (
        None
        if estimate is None
        else Effect(
            estimate=estimate, low=estimate - 0.1, high=estimate + 0.1, p_value=NAN, unit="rmse", num_pairs=3
        )
    )
    return Remedy(name=name, settings={"l2": 0.1}, stage="screened", kept=False, effect=found)


def study() -> wf.Study:
    """Return a study without a network."""
    pair = records.CurvePair(
        name="baseline",
        train_loss=np.array([3.0, 2.0, 1.0], np.float32),
        validation_loss=np.array([3.0, 2.5, 2.75], np.float32),
        best_epoch=1,
        running_loss=np.array([4.0, 3.0, 2.0], np.float32),
    )
    more = records.MoreData(
        extra_rows=9, estimate=0.1, low=0.0, high=0.2, unit="rmse", sizes=(5, 9), losses=(0.4, 0.3)
    )
    report = Report(
        task=Task.REGRESSION,
        metric=Metric(name="rmse", direction="minimize"),
        verdict=Verdict.HEALTHY,
        verdict_line="It is fine.",
        baseline=Settings(),
        chosen=Settings(),
        holdout=None,
        remedies=(remedy("small", 0.01), remedy("none", None), remedy("large", 0.5)),
        curves=(pair,),
        more_data=more,
    )
    return wf.Study(report=report, model=None, scalings=(), encoder=None, from_logits=False)


def test_a_study_shows_itself() -> None:
    """A notebook gets HTML; its text is one line and not every number of the report."""
    shown = study()
    assert "leave the remedies out" in shown._repr_html_()
    assert repr(shown) == "<Study: healthy, 3 remedies tried>"
    assert "large" in shown.effects._repr_html_()
    assert "Loss of the baseline network" in shown.curves._repr_html_()


def test_effects_are_the_remedies() -> None:
    """They are a tuple as before, with a forest plot and a frame."""
    shown = study()
    assert shown.effects == shown.report.remedies
    axes = Figure().subplots()
    assert shown.effects.plot(axes) is axes
    frame = shown.effects.frame()
    assert frame.columns == [
        *("remedy", "settings", "stage", "kept", "estimate", "low", "high", "p_value", "unit"),
        *("num_pairs", "reading", "note"),
    ]
    assert frame["remedy"].to_list() == ["large", "small", "none"]
    assert frame["reading"].to_list() == ["better", "cannot tell", "not measured"]
    assert frame["estimate"].is_null().to_list() == [False, False, True]


def test_curves_are_told_epoch_by_epoch() -> None:
    """Epochs count from 1, and the best one is marked."""
    shown = study().curves
    columns = ["network", "epoch", "train_loss", "validation_loss", "is_best", "running_loss"]
    assert shown.frame().columns == columns
    assert shown.frame()["running_loss"].to_list() == [4.0, 3.0, 2.0]
    older = dataclasses.replace(shown[0], running_loss=np.zeros(0, np.float32))
    assert LossCurves([older]).frame()["running_loss"].is_null().all()
    assert shown.frame().filter(pl.col("is_best"))["epoch"].to_list() == [2]
    axes = Figure().subplots()
    assert shown.plot(axes) is axes


def test_the_learning_curve_is_there_where_it_was_measured() -> None:
    """It is a record with a plot and a frame, or None."""
    shown = study()
    found = shown.learning_curve
    assert isinstance(found, LearningCurve)
    assert found.frame().rows() == [(5, 0.4), (9, 0.3)]
    assert found.plot(Figure().subplots()).get_xlabel() == "training rows"
    without = dataclasses.replace(shown, report=dataclasses.replace(shown.report, more_data=None))
    assert without.learning_curve is None


def test_diagnoses_show_themselves() -> None:
    """`diagnose` returns the record with effects and curves that plot themselves, and copies keep that."""
    found = wf.diagnose(history=HISTORY)
    assert isinstance(found, records.Diagnosis)
    assert "Overfitting" in found._repr_html_()
    assert repr(found).startswith("<Diagnosis: overfitting (")
    copy = dataclasses.replace(found, effects={"more rows": remedy("a", 0.2).effect})  # type: ignore[arg-type]
    assert isinstance(copy, wf.Diagnosis)
    assert copy.effects.frame()["intervention"].to_list() == ["more rows"]
    assert copy.effects.plot(Figure().subplots()).get_xlabel() == "% of the possible improvement"
    assert "more rows" in copy.effects._repr_html_()
    assert copy.curves.frame().height == 4
    assert repr(pickle.loads(pickle.dumps(found))) == repr(found)


def test_cross_validation_shows_itself() -> None:
    """One row a fold, with what was chosen where something was."""
    found = wf.cross_validate(
        small_model(4), X, Y, folds=3, parameter="l2", strengths=[1e-4, 1e-2], epochs=2, batch_size=16
    )
    assert found.frame().columns == ["fold", "score", "train_score", "chosen"]
    assert found.frame()["score"].to_list() == found.scores.tolist()
    assert found.plot(Figure().subplots()).get_ylabel() == found.metric.name
    assert isinstance(found, records.CrossValidation)


def test_paths_show_themselves() -> None:
    """One row a strength, named after the parameter, with the strengths to choose."""
    found = wf.regularization_path(
        small_model(4), X, Y, "l2", strengths=[1e-4, 1e-1], folds=3, seeds=1, epochs=2, batch_size=16
    )
    frame = found.frame()
    assert frame.columns == [
        *("l2", "train_mean", "validation_mean", "low", "high", "standard_error"),
        *("is_best", "is_one_standard_error"),
    ]
    assert frame.filter(pl.col("is_best"))["l2"].to_list() == [found.best]
    assert found.plot(Figure().subplots()).get_xlabel() == "l2"


def test_bias_and_variance_show_themselves() -> None:
    """One row a value, named after the parameter."""
    found = wf.bias_variance(
        small_model(4), X, Y, "l2", values=[0.0, 0.1], num_samples=2, epochs=2, batch_size=16
    )
    assert found.frame().columns == ["l2", "error", "bias", "variance"]
    assert found.plot(Figure().subplots()).get_ylabel() == "brier"


@pytest.mark.parametrize(
    "shown", [Effects(), LossCurves(), InterventionEffects()], ids=["effects", "curves", "interventions"]
)
def test_nothing_is_shown_as_nothing(shown: Effects | LossCurves | InterventionEffects) -> None:
    """Without rows the columns are there, of the right types, and plot and page say that there is nothing."""
    assert shown.frame().is_empty()
    assert pl.Null not in shown.frame().dtypes
    (words,) = (text.get_text() for text in shown.plot(Figure().subplots()).texts)
    assert words.startswith("No ")
    assert words in shown._repr_html_()


def test_narwhals_takes_the_frames() -> None:
    """Whatever is written for narwhals goes on from here, and no effect is larger than one not measured."""
    frame = nw.from_native(study().effects.frame(), eager_only=True)
    assert frame.filter(nw.col("estimate") > 0.1)["remedy"].to_list() == ["large"]


def test_examples() -> None:
    """Examples in the docstrings are true."""
    names = [module.name for module in pkgutil.iter_modules(_shown.__path__)]
    results = [doctest.testmod(importlib.import_module(f"{_shown.__name__}.{name}")) for name in names]
    assert sum(found.attempted for found in results) >= 5
    assert not any(found.failed for found in results)
