"""Every choice of data keeps to the protocol of materials: fitted on training rows, shaped as promised."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from wellfit.api._build import array_subject, table_subject
from wellfit.api._material import Material, make_material
from wellfit.api._subject import Subject, situation
from wellfit.api._trials import Trial, last_trials, make_trials
from wellfit.data import apply_scaling, fit_scaling
from wellfit.records import DataChoice, Dataset, Scaling, Settings, SettingsError, Split, data_choice
from wellfit.search import remedies

FIELDS = {field.name for field in dataclasses.fields(DataChoice)}
CHOICES = (
    *(DataChoice(scaling=one) for one in ("none", "standard", "minmax01", "minmax11", "robust", "quantile")),
    *(DataChoice(outliers=one) for one in ("report", "clip", "drop")),
    *(DataChoice(missing=one) for one in ("mean", "most_frequent")),
    *(DataChoice(selection=one, selected_share=0.3) for one in ("chi2", "mutual-information", "l1")),
    *(DataChoice(extraction=one, extracted_share=0.4) for one in ("pca", "factor-analysis")),
    *(DataChoice(creation=one) for one in ("products", "ratios", "logs", "bins")),
    *(DataChoice(resampling=one) for one in ("oversample", "undersample", "smote", "borderline-smote")),
    *(DataChoice(resampling=one) for one in ("adasyn", "copula")),
    *(DataChoice(suspects=one) for one in ("remove", "down-weight")),
    DataChoice(
        scaling="quantile",
        outliers="drop",
        missing="mean",
        selection="l1",
        extraction="pca",
        creation="products",
        resampling="smote",
        suspects="down-weight",
    ),
)
NEEDS_CLASSES = {"oversample", "undersample", "smote", "borderline-smote", "adasyn"}


def name(choice: DataChoice) -> str:
    """Return what is chosen, for the name of a test."""
    values = dataclasses.asdict(choice)
    return "-".join(str(v) for k, v in values.items() if v != getattr(DataChoice(), k))


def frame(num_rows: int = 300, *, is_regression: bool = False) -> pl.DataFrame:
    """Return numbers with gaps and wild values, a category, and an unequal target with wrong labels."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(num_rows, 4)) * [1, 5, 100, 0.1] + [0, 20, 0, 0]
    town = rng.choice(["Oslo", "Rome", "Bonn"], num_rows)
    signal = 3 * x[:, 0] + 0.2 * x[:, 1] + (town == "Rome") + rng.normal(scale=0.5, size=num_rows)
    label = np.where(signal > 6.5, "yes", "no")
    wrong = rng.choice(num_rows, num_rows // 20, replace=False)
    label[wrong] = np.where(label[wrong] == "no", "yes", "no")
    signal[wrong] += 50
    x[rng.random(x.shape) < 0.04] = np.nan
    x[rng.choice(num_rows, 8, replace=False), 2] = 9000
    columns = dict(zip("abcd", x.T, strict=True))
    return pl.DataFrame({**columns, "town": town, "y": signal if is_regression else label})


def subject_of(data: pl.DataFrame, **options: object) -> Subject:
    """Return the subject of a study on a table."""
    settings = {"model": None, "holdout": 0.2, "seed": 0, "group": None, "time": None, "metric": None}
    settings |= {"task": "auto", "features": "auto", "epochs": 2, "batch_size": None, "columns": None}
    settings |= {"preparation": None, "unsafe": False, "reading": None}
    return table_subject(data, target="y", **{**settings, **options})


def trials_of(subject: Subject) -> list[Trial]:
    """Return two trials and the one on all working rows."""
    return [*make_trials(subject, 2, 0, stage=1), last_trials(subject, 0)[0]]


@pytest.fixture(scope="module")
def subject() -> Subject:
    """Return a binary subject."""
    return subject_of(frame())


@pytest.fixture(scope="module")
def regression() -> Subject:
    """Return a regression subject."""
    return subject_of(frame(is_regression=True))


def inputs_of(material: Material, trial: int) -> list[np.ndarray]:
    """Return the training rows of a trial as the network sees them."""
    rows = material.splits[trial].train
    return [
        values[rows] if one is None else apply_scaling(one, values[rows])
        for values, one in zip(material.dataset.inputs, material.scalings[trial], strict=True)
    ]


def assert_equal_scalings(first: Sequence[Scaling | None], second: Sequence[Scaling | None]) -> None:
    """Check that scalings agree in every array."""
    for one, other in zip(first, second, strict=True):
        assert (one is None) == (other is None)
        for field in dataclasses.fields(Scaling) if one is not None else ():
            values = getattr(one, field.name), getattr(other, field.name)
            if values[0] is None:
                assert values[1] is None
            else:
                np.testing.assert_array_equal(*values)


def test_every_field_and_value_is_tried_here() -> None:
    """A new choice asks for a line in `CHOICES`."""
    hints = {f.name: f for f in dataclasses.fields(DataChoice)}
    tried = {field: {getattr(one, field) for one in CHOICES} for field in hints}
    families = remedies(Settings(), situation(subject_of(frame()), 200))
    for one in families:
        for field, value in one.changes.items():
            assert field not in FIELDS or field.endswith("_share") or value in tried[field]


def test_off_is_the_baseline(subject: Subject) -> None:
    """Without a choice the rows are the subject's own and the scalings what they always were."""
    trials = trials_of(subject)
    found = make_material(subject, trials, DataChoice())
    assert found.dataset is subject.dataset
    assert not found.num_visits.any()
    assert (found.formulas, found.num_features) == ((), None)
    for trial, split, scalings in zip(trials, found.splits, found.scalings, strict=True):
        np.testing.assert_array_equal(split.train, trial.split.train)
        assert_equal_scalings(scalings, fit_scaling(subject.dataset, split.train, subject.preparation))


@pytest.mark.parametrize("choice", CHOICES, ids=name)
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_every_choice_keeps_to_the_protocol(
    choice: DataChoice, task: str, subject: Subject, regression: Subject
) -> None:
    """Own rows in their place, validation rows untouched, finite inputs, and the same again."""
    study = subject if task == "binary" else regression
    if task == "regression" and choice.resampling in NEEDS_CLASSES:
        with pytest.raises(SettingsError, match="no classes to resample"):
            make_material(study, trials_of(study), choice)
        return
    trials = trials_of(study)
    found = make_material(study, trials, choice)
    own = study.dataset.num_rows
    wide, plain = found.dataset.inputs[0], study.dataset.inputs[0]
    np.testing.assert_array_equal(wide[:own, : plain.shape[1]], plain)
    np.testing.assert_array_equal(found.dataset.target[:own], study.dataset.target)
    assert wide.shape[1] == plain.shape[1] + len(found.formulas) == (found.num_features or plain.shape[1])
    made: set[int] = set()
    for index, trial in enumerate(trials):
        split = found.splits[index]
        np.testing.assert_array_equal(split.validation, trial.split.validation)
        mine = set(split.train[split.train >= own].tolist())
        assert not made & mine
        made |= mine
        assert set(split.train[split.train < own].tolist()) <= set(trial.split.train.tolist())
        assert split.train.dtype == np.int32
        x = inputs_of(found, index)[0]
        assert np.isfinite(x).all()
        assert (x != 0).any()
        visits = int(found.num_visits[index])
        assert visits == 0 or visits <= len(trial.split.train)
    assert made == set(range(own, found.dataset.num_rows))
    again = make_material(study, trials, choice)
    for one, other in zip(found.scalings, again.scalings, strict=True):
        assert_equal_scalings(one, other)
    np.testing.assert_array_equal(wide, again.dataset.inputs[0])
    for one, other in zip(found.splits, again.splits, strict=True):
        np.testing.assert_array_equal(one.train, other.train)


@pytest.mark.parametrize("choice", CHOICES, ids=name)
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_nothing_leaks_from_other_rows(
    choice: DataChoice, task: str, subject: Subject, regression: Subject
) -> None:
    """Cells and labels of all rows that a trial does not train on change nothing of what it trains on."""
    subject = subject if task == "binary" else regression
    if task == "regression" and choice.resampling in NEEDS_CLASSES:
        return
    trial = trials_of(subject)[0]
    other = np.setdiff1d(np.arange(subject.dataset.num_rows), trial.split.train)
    x, target = subject.dataset.inputs[0].copy(), subject.dataset.target.copy()
    numeric = [i for i in range(x.shape[1]) if not np.isin(x[:, i][~np.isnan(x[:, i])], [0, 1]).all()]
    x[np.ix_(other, numeric)] = np.random.default_rng(1).normal(size=(len(other), len(numeric))) * 1e4
    target[other] = 1 - target[other] if task == "binary" else 1e3
    changed = replace(subject, dataset=replace(subject.dataset, inputs=(x,), target=target))
    first, second = (make_material(one, [trial], choice) for one in (subject, changed))
    assert_equal_scalings(first.scalings[0], second.scalings[0])
    np.testing.assert_array_equal(first.splits[0].train, second.splits[0].train)
    np.testing.assert_array_equal(inputs_of(first, 0)[0], inputs_of(second, 0)[0])
    rows = first.splits[0].train
    np.testing.assert_array_equal(first.dataset.target[rows], second.dataset.target[rows])
    np.testing.assert_array_equal(first.class_weight, second.class_weight)


def test_repeated_rows_cost_no_updates(subject: Subject) -> None:
    """An epoch visits as many rows as the trial has, whether rows are repeated, made or down-weighted."""
    trials = trials_of(subject)
    for choice in (DataChoice(resampling="smote"), DataChoice(suspects="down-weight")):
        found = make_material(subject, trials, choice)
        assert found.num_visits.tolist() == [len(trial.split.train) for trial in trials]
        assert all(len(s.train) > n for s, n in zip(found.splits, found.num_visits, strict=True))
    removed = make_material(subject, trials, DataChoice(suspects="remove"))
    weighted = make_material(subject, trials, DataChoice(suspects="down-weight"))
    for trial, fewer, more in zip(trials, removed.splits, weighted.splits, strict=True):
        times = np.bincount(more.train, minlength=subject.dataset.num_rows)[trial.split.train]
        np.testing.assert_array_equal(times == 1, ~np.isin(trial.split.train, fewer.train))
        assert set(times) == {1, 2}


def test_resampled_classes_are_equal(subject: Subject) -> None:
    """Oversampling and SMOTE fill up to the largest class, undersampling goes down to the smallest."""
    trials = trials_of(subject)
    for method in ("oversample", "undersample", "smote"):
        found = make_material(subject, trials, DataChoice(resampling=method))
        for split in found.splits:
            counts = np.bincount(found.dataset.target[split.train])
            assert len(set(counts)) == 1
        np.testing.assert_allclose(found.class_weight, 1.0)


def test_clipping_is_closer_than_the_own_fences(subject: Subject) -> None:
    """A wild value is cut by choice, and left whole by "report"."""
    trials = trials_of(subject)
    largest = {
        how: inputs_of(make_material(subject, trials, DataChoice(outliers=how)), 2)[0].max()
        for how in ("clip", "report")
    }
    assert largest["clip"] < largest["report"] - 1


def test_choices_without_sense_are_refused(subject: Subject) -> None:
    """What the data or the study lacks is named, with what would be needed."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(120, 3)).astype(np.float32), np.arange(120) % 2
    bare = array_subject(
        x,
        y,
        model=None,
        holdout=0.2,
        seed=0,
        metric=None,
        task="auto",
        epochs=2,
        batch_size=None,
        unsafe=False,
    )
    trials = trials_of(bare)
    for choice, words in (
        (DataChoice(missing="mean"), "no cell is missing"),
        (DataChoice(outliers="drop"), "no training row is changed"),
        (DataChoice(resampling="copula"), ""),
    ):
        if words:
            with pytest.raises(SettingsError, match=words):
                make_material(bare, trials, choice)
    own = replace(bare, preparation=None)
    for choice in (DataChoice(scaling="robust"), DataChoice(selection="l1"), DataChoice(outliers="clip")):
        with pytest.raises(SettingsError, match="not prepared by the study"):
            make_material(own, trials, choice)
    assert make_material(own, trials, DataChoice(resampling="copula")).scalings == ()


def test_pictures_take_what_needs_no_columns(subject: Subject) -> None:
    """Rows of pictures can be repeated; columns of them cannot be selected."""
    rng = np.random.default_rng(0)
    pictures = Dataset(
        inputs=(rng.normal(size=(60, 4, 4, 1)).astype(np.float32),),
        target=(np.arange(60) % 3 == 0).astype(np.int32),
        task=subject.dataset.task,
        class_names=("a", "b"),
    )
    study = replace(subject, dataset=pictures, preparation=None, encoder=None)
    study = replace(study, working=np.arange(60, dtype=np.int32))
    split = Split(train=np.arange(40, dtype=np.int32), validation=np.arange(40, 60, dtype=np.int32))
    trials = [Trial(split=split, scored=split.validation, seed=1)]
    found = make_material(study, trials, DataChoice(resampling="oversample"))
    assert np.ptp(np.bincount(pictures.target[found.splits[0].train])) == 0
    with pytest.raises(SettingsError, match="no table"):
        make_material(study, trials, DataChoice(resampling="smote"))
    assert not situation(study, 40).is_table


def test_situation_tells_what_the_inputs_are(subject: Subject) -> None:
    """What is offered follows from the working rows."""
    found = situation(subject, 200)
    assert (found.is_prepared, found.is_table, found.has_missing, found.has_outliers) == (True,) * 4
    assert (found.own_scaling, found.own_missing) == ("standard", "median")
    assert found.num_numeric == 4
    assert found.num_features == subject.dataset.inputs[0].shape[1]
    offered = {one.family for one in remedies(Settings(), found)}
    assert {"scaling", "outliers", "missing", "resampling", "suspects"} <= offered
    assert all(
        data_choice(one.settings) == DataChoice() or set(one.changes) <= FIELDS
        for one in remedies(Settings(), found)
    )
