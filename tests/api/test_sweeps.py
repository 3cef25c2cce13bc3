"""Cross-validation, regularization paths, bias and variance: each one population."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from study_samples import small_frame, small_model

import wellfit as wf
from wellfit.api._bias_variance import _samples
from wellfit.api._regularization_path import _by_strength, _choices
from wellfit.api._sweep import fold_trials, sweep_subject
from wellfit.records import DataError, Settings, SettingsError, Split

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 6)).astype(np.float32)
Y = (X[:, 0] - X[:, 1] + RNG.normal(size=90) > 0).astype(np.int32)
OPTIONS: dict[str, Any] = {"epochs": 8, "batch_size": 16}


def test_cross_validation_scores_every_fold() -> None:
    """Two passes of three folds, the same for the same seed; the network stays as it was."""
    model = small_model()
    before = [np.array(values) for values in model.get_weights()]
    found = wf.cross_validate(model, X, Y, folds=3, repeats=2, seeds=2, **OPTIONS)
    assert found.scores.shape == found.train_scores.shape == (6,)
    assert found.num_members == 12
    assert found.low < found.mean < found.high
    assert found.mean == pytest.approx(found.scores.mean())
    again = wf.cross_validate(model, X, Y, folds=3, repeats=2, seeds=2, **OPTIONS)
    np.testing.assert_array_equal(found.scores, again.scores)
    assert all(map(np.array_equal, before, model.get_weights()))


def test_settings_change_what_is_validated() -> None:
    """A crushing penalty leaves the network at chance."""
    plain = wf.cross_validate(small_model(), X, Y, folds=3, **OPTIONS)
    crushed = wf.cross_validate(
        small_model(), X, Y, wf.Settings(l2=10.0, learning_rate=0.01), folds=3, **OPTIONS
    )
    assert plain.train_scores.mean() < crushed.train_scores.mean()
    assert crushed.mean == pytest.approx(np.log(2), abs=0.05)


def test_nested_cross_validation_chooses_inside() -> None:
    """Each fold chooses its strength; the absurd one is never chosen."""
    found = wf.cross_validate(
        small_model(), X, Y, folds=3, parameter="l2", strengths=[1e-4, 1e-2, 100.0], **OPTIONS
    )
    assert len(found.chosen) == 3
    assert set(found.chosen) <= {1e-4, 1e-2}
    assert found.num_members == 3 * (3 + 3 * 4)
    assert np.isfinite(found.mean)


def test_groups_and_times_make_the_folds() -> None:
    """Arrays of them go along; of another length they are refused."""
    by_group = wf.cross_validate(small_model(), X, Y, folds=3, groups=np.arange(90) // 6, **OPTIONS)
    by_time = wf.cross_validate(small_model(), X, Y, folds=3, kind="time", time=np.arange(90), **OPTIONS)
    assert not np.array_equal(by_group.scores, by_time.scores)
    with pytest.raises(DataError, match="groups"):
        wf.cross_validate(small_model(), X, Y, groups=[1, 2], **OPTIONS)


def test_a_path_shows_over_and_underfitting() -> None:
    """Training loss rises with the strength; the crushing one is neither best nor chosen."""
    strengths = [1e-5, 1e-3, 1e-2, 1e-1, 10.0]
    path = wf.regularization_path(
        small_model(), X, Y, "l2", strengths=strengths, folds=3, seeds=2, patience=0, **OPTIONS
    )
    assert path.num_members == 5 * 3 * 2
    assert path.fold_scores.shape == (5, 3)
    np.testing.assert_allclose(path.strengths, strengths)
    np.testing.assert_allclose(path.fold_scores.mean(axis=1), path.validation_mean)
    assert path.train_mean[-1] > path.train_mean[0]
    assert path.best <= path.one_standard_error < 10.0
    assert (path.low < path.validation_mean).all()
    assert (path.validation_mean < path.high).all()


@pytest.mark.parametrize("parameter", ["l1", "weight_decay", "dropout"])
def test_other_parameters_have_paths(parameter: str) -> None:
    """Their usual values are made up, and they stop early by rows of their own."""
    path = wf.regularization_path(small_model(), X, Y, parameter, folds=2, seeds=1, patience=2, **OPTIONS)
    assert len(path.strengths) == 20
    assert (np.diff(path.strengths) > 0).all()
    assert np.isfinite(path.validation_mean).all()


def test_a_table_has_a_path() -> None:
    """A frame in place of x, with the name of the target."""
    path = wf.regularization_path(
        "dense:8",
        small_frame(),
        target="y",
        parameter="l2",
        strengths=[1e-4, 1e-2],
        folds=2,
        seeds=1,
        epochs=4,
    )
    assert path.metric.name == "log_loss"
    assert np.isfinite(path.validation_mean).all()


def test_the_strongest_within_one_standard_error() -> None:
    """Breiman's rule, for losses and for scores; a diverged strength is never chosen."""
    means, error = np.array([0.5, 0.4, 0.41, 0.45, np.nan]), np.array([0.1, 0.02, 0.02, 0.02, np.nan])
    assert _choices(means, error, maximize=False) == (1, 2)
    assert _choices(-means, error, maximize=True) == (1, 2)


def test_more_penalty_is_less_variance() -> None:
    """With L2 the variance falls and the bias rises; they add up to the error."""
    found = wf.bias_variance(small_model(), X, Y, "l2", values=[0.0, 1.0], num_samples=8, **OPTIONS)
    np.testing.assert_allclose(found.error, found.bias + found.variance, rtol=1e-6)
    assert found.variance[1] < 0.2 * found.variance[0]
    assert (found.num_members, found.num_rows) == (16, 27)
    assert found.loss == "brier"


def test_bias_and_variance_over_the_width() -> None:
    """Networks of other sizes are built; log loss divides too, and regression by squares."""
    found = wf.bias_variance(
        small_model(), X, Y, "width", values=[0.5, 1.0, 2.0], num_samples=3, loss="log_loss", **OPTIONS
    )
    np.testing.assert_allclose(found.error, found.bias + found.variance, rtol=1e-6)
    assert (found.variance > 0).all()
    found = wf.bias_variance(
        "dense:8", X, X[:, 0] * 2.5, "dropout", values=[0.0, 0.5], num_samples=3, **OPTIONS
    )
    assert found.loss == "squared_error"
    assert np.isfinite(found.error).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: wf.regularization_path(small_model(), X, Y, "dropot"), "did you mean 'dropout'"),
        (lambda: wf.regularization_path(small_model(), X, Y, "l2", strengths=[-1.0]), "below 0"),
        (lambda: wf.regularization_path(small_model(), X, Y, "epochs"), "give the values"),
        (lambda: wf.regularization_path(small_model(), X, Y, "schedule"), "no number"),
        (lambda: wf.regularization_path(small_model(), X, Y, seeds=0), "seeds=0"),
        (lambda: wf.regularization_path(small_model(), X), "target="),
        (lambda: wf.cross_validate(small_model(), X, Y, strengths=[1.0]), "parameter"),
        (lambda: wf.cross_validate(small_model(), X, Y, seeds=0), "seeds=0"),
        (lambda: wf.bias_variance(small_model(), X, Y, num_samples=1), "num_samples=1"),
        (lambda: wf.bias_variance(small_model(), X, Y, loss="squared_error"), "brier"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Any, words: str) -> None:
    """Before anything is trained, with a way out."""
    with pytest.raises(SettingsError, match=words):
        call()


def test_networks_watch_rows_that_are_not_judged() -> None:
    """Early stopping within a sample looks at training rows alone; without it there is nothing to look at."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int32)
    subject = sweep_subject(
        "dense:4",
        x,
        y,
        target=None,
        metric=None,
        epochs=4,
        batch_size=None,
        task="auto",
        groups=None,
        time=None,
        seed=0,
        unsafe=False,
    )
    rows = np.arange(120, dtype=np.int32)
    split = Split(train=rows[:90], validation=rows[90:])
    for stops in (True, False):
        for trial in _samples(subject, split, 3, 0, stops=stops):
            assert set(trial.split.train) <= set(split.train)
            assert set(trial.split.validation) <= set(split.train) - set(trial.split.train)
            assert (len(trial.split.validation) > 0) is stops
    for trial in fold_trials(subject, [split], 2, 0, stops=False):
        assert not len(trial.split.validation)


def test_strength_runs_the_way_the_field_runs() -> None:
    """More L2 is stronger; fewer units, a lower bound on the norm and less patience are; 0 means no bound."""

    def order(field: str, *values: float) -> list[float]:
        arms = [Settings(**{field: value}) for value in values]  # type: ignore[arg-type]
        return [values[place] for place in _by_strength(arms)]

    assert order("l2", 0.0, 1e-3, 1e-2) == [0.0, 1e-3, 1e-2]
    assert order("width", 0.25, 0.5, 1.0) == [1.0, 0.5, 0.25]
    assert order("max_norm", 0.0, 1.0, 3.0) == [0.0, 3.0, 1.0]
    assert order("patience", 0, 5, 20) == [0, 20, 5]


@pytest.mark.parametrize("parameter", ["width", "dropout", "penalty_scale"])
def test_what_changes_nothing_is_refused(parameter: str) -> None:
    """A network without hidden layers or penalties has nothing that these act on."""
    model = keras.Sequential([keras.Input((X.shape[1],)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    with pytest.raises(SettingsError, match=f"{parameter} changes nothing"):
        wf.regularization_path(model, X, Y, parameter, folds=3, seeds=1, **OPTIONS)
    with pytest.raises(SettingsError, match="changes nothing"):
        wf.bias_variance(model, X, Y, parameter, **OPTIONS)
    with pytest.raises(SettingsError, match="changes nothing"):
        wf.cross_validate(model, X, Y, folds=3, parameter=parameter, **OPTIONS)


def test_cells_that_are_not_finite_are_refused() -> None:
    """Before anything is trained, as `diagnose` does."""
    x = X.copy()
    x[3, 0] = np.nan
    with pytest.raises(DataError, match="1 NaN"):
        wf.cross_validate(small_model(), x, Y, folds=3, **OPTIONS)
    with pytest.raises(DataError, match="1 NaN"):
        wf.improve(small_model(), x, Y, budget="20 members")


def test_folds_are_whole_numbers() -> None:
    """A text is not one."""
    with pytest.raises(SettingsError, match="whole numbers"):
        wf.cross_validate(small_model(), X, Y, folds="5", **OPTIONS)  # type: ignore[arg-type]
