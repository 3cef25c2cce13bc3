"""A study that chooses other inputs or rows: trained, judged on the holdout, written, and predicted alike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from report_samples import full
from study_samples import SMALL_PLAN, UNCONFIRMED, small_frame

from wellfit.api._build import table_subject
from wellfit.api._final import Final, finish, prepared_inputs
from wellfit.api._laboratory import Laboratory
from wellfit.api._output import formulas_from_json, scaling_from_json, scaling_to_json, write_study
from wellfit.api._predict import predict
from wellfit.api._study import Study
from wellfit.api._subject import Subject
from wellfit.api._trials import last_trials, make_trials
from wellfit.evaluation import evaluate
from wellfit.models import chosen_model, predict_plain
from wellfit.records import Formula, Report, Scaling, Settings

CHOICES = (
    {"creation": "products"},
    {"creation": "bins", "scaling": "quantile"},
    {"extraction": "pca", "extracted_share": 0.5},
    {"selection": "mutual-information", "selected_share": 0.4},
    {"resampling": "smote"},
    {"suspects": "down-weight", "resampling": "copula"},
    {
        "creation": "ratios",
        "selection": "l1",
        "extraction": "factor-analysis",
        "outliers": "clip",
        "width": 2.0,
    },
)


def frame() -> pl.DataFrame:
    """Return the small table with gaps and an unequal target."""
    found = small_frame(240)
    rng = np.random.default_rng(5)
    gaps = rng.random(240) < 0.06
    a = np.where(gaps, np.nan, found["a"].to_numpy())
    b = found["b"].to_numpy().copy()
    b[:3] = 90.0
    y = np.where((found["y"] == "yes").to_numpy() & (rng.random(240) < 0.6), "yes", "no")
    return found.with_columns(a=pl.Series(a), b=pl.Series(b), y=pl.Series(y))


def subject_of(data: pl.DataFrame) -> Subject:
    """Return the subject of a short study."""
    options = {"holdout": 0.25, "seed": 0, "group": None, "time": None, "metric": None, "task": "auto"}
    options |= {"features": "auto", "epochs": 3, "batch_size": None, "columns": None, "preparation": None}
    return table_subject(data, target="y", model=None, unsafe=False, reading=None, **options)


@pytest.fixture(scope="module")
def laboratory() -> Laboratory:
    """Return a laboratory with the trials of the small plan."""
    subject = subject_of(frame())
    look = make_trials(subject, SMALL_PLAN.num_look, 0, stage=1)
    fresh = make_trials(subject, SMALL_PLAN.num_confirm, 0, stage=2)
    return Laboratory(subject, [*look, *fresh, *last_trials(subject, 0)])


def study_of(laboratory: Laboratory, final: Final, report: Report) -> Study:
    """Return a study that hands the final network back."""
    subject = laboratory.subject
    return Study(
        report=replace(report, task=subject.dataset.task, class_names=subject.dataset.class_names),
        model=final.model,
        scalings=final.scalings,
        formulas=final.formulas,
        encoder=subject.encoder,
        from_logits=subject.setup.from_logits,
    )


@pytest.fixture(scope="module")
def report() -> Report:
    """Return any report, to stand in a written study."""
    return full()


@pytest.mark.parametrize("choice", CHOICES, ids=lambda one: "-".join(map(str, one.values())))
def test_predictions_are_those_of_the_holdout(
    choice: dict[str, object], laboratory: Laboratory, report: Report, tmp_path: Path
) -> None:
    """The network that was judged on the holdout predicts the same from its folder and as a study."""
    subject = laboratory.subject
    chosen: Settings = replace(subject.baseline, **choice)
    measured = laboratory.measure([chosen], [0, 1])
    assert np.isfinite(measured.scores).all(), laboratory.notes
    final = finish(laboratory, SMALL_PLAN, chosen, UNCONFIRMED, seed=0)
    assert final is not None
    assert final.settings == chosen
    assert final.holdout is not None
    study = study_of(laboratory, final, report)
    held = frame()[subject.holdout.tolist()]
    folder = write_study(study, tmp_path / "study")
    written = predict(folder, held)
    probabilities = np.stack([written["probability_no"], written["probability_yes"]], axis=1)
    np.testing.assert_allclose(probabilities, study.predict(held), atol=1e-6)
    again = evaluate(subject.dataset.task, subject.dataset.target[subject.holdout], probabilities)
    assert again == pytest.approx(final.holdout.improved, abs=1e-6)
    manifest = json.loads((folder / "bundle" / "bundle.json").read_text())
    is_more = "creation" in choice or "extraction" in choice
    assert manifest["version"] == (2 if is_more else 1)


def test_the_network_measures_and_predicts_alike(laboratory: Laboratory) -> None:
    """What scores rows in a population and what predicts them in plain Keras see the same inputs."""
    settings = replace(laboratory.subject.baseline, creation="logs", extraction="pca", extracted_share=1.0)
    material = laboratory.material(settings)
    found = laboratory.executor(laboratory.build(settings))
    members = laboratory.members(laboratory.build(settings), [settings], [0])
    curves = found.train(members)
    rows = laboratory.trials[0].scored
    scored = found.predict(curves, members, rows)[0]
    raw = [values[rows] for values in laboratory.subject.dataset.inputs]
    inputs = prepared_inputs(raw, material.formulas, material.scalings[0])
    subject = laboratory.subject
    built = chosen_model(
        subject.model,
        laboratory.build(settings).structure,
        [weights[0] for weights in curves.weights],
        settings,
        subject.setup,
        num_features=material.num_features,
    )
    output = predict_plain(built, inputs)
    positive = 1 / (1 + np.exp(-output[:, 0])) if subject.setup.from_logits else output[:, 0]
    np.testing.assert_allclose(scored[:, 1], positive, atol=1e-5)


def test_choices_that_make_no_sense_are_noted(laboratory: Laboratory) -> None:
    """A refused material costs a note and no study."""
    subject = laboratory.subject
    whole = replace(subject, preparation=None)
    other = Laboratory(whole, laboratory.trials)
    measured = other.measure([replace(subject.baseline, creation="logs")], [0])
    assert np.isnan(measured.scores).all()
    assert "creation logs" in other.notes[0]


def test_a_rotation_and_formulas_survive_json() -> None:
    """Text and back gives the same arrays; what an earlier version wrote can still be read."""
    ones = np.ones(2, np.float32)
    rotation = np.array([[0.5, 0], [0.25, 0]], np.float32)
    scaling = Scaling(
        fill=ones,
        low=-ones * np.inf,
        high=ones,
        center=ones,
        inverse_scale=ones,
        mask=ones,
        rotation=rotation,
    )
    text = json.dumps(scaling_to_json(scaling))
    back = scaling_from_json(json.loads(text))
    assert back is not None
    np.testing.assert_array_equal(back.rotation, rotation)
    old = {name: value for name, value in json.loads(text).items() if name != "rotation"}
    earlier = scaling_from_json(old)
    assert earlier is not None
    assert earlier.rotation is None
    formulas = (Formula(kind="bin", columns=(3,), part=1, num_parts=4), Formula(kind="ratio", columns=(0, 1)))
    assert formulas_from_json(json.loads(json.dumps([vars(one) for one in formulas]))) == formulas
