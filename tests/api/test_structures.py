"""Remedies that change the structure of a network, from the laboratory to the network that is handed back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import polars as pl
import pytest
from study_samples import SMALL_PLAN, UNCONFIRMED, small_frame

from wellfit.api._build import table_subject
from wellfit.api._final import _built, finish, predictions, prepared_inputs
from wellfit.api._laboratory import Laboratory
from wellfit.api._subject import Subject, one_hot_groups, situation
from wellfit.api._trials import last_trials, make_trials
from wellfit.api._tried import compared
from wellfit.models import predict_plain, save_plain
from wellfit.records import Settings
from wellfit.search import remedies

PLAN = replace(SMALL_PLAN, num_look=2, num_confirm=1)
CHANGES: dict[str, dict[str, Any]] = {
    "normalized": {"normalization": "batch", "activation": "selu", "dropout": 0.1},
    "entered": {"embedding": "periodic", "category_embedding": True, "input_scale": True, "l2": 1e-3},
    "bridged": {"skip": "on", "width": 0.5, "depth": -1},
}


def subject(model: Any) -> Subject:
    """Return a subject with three numbers and a category of six towns."""
    towns = np.array(["Bonn", "Lima", "Nice", "Oslo", "Rome", "York"])
    table = small_frame(160).with_columns(town=pl.Series(towns[np.arange(160) % 6]))
    options = dict.fromkeys(("group", "time", "metric", "batch_size", "columns", "preparation", "reading"))
    return table_subject(
        table,
        target="y",
        model=model,
        holdout=0.2,
        seed=0,
        task="auto",
        features="auto",
        epochs=4,
        unsafe=False,
        **options,
    )


def opened(model: Any = "dense:6-6-6:0.1") -> Laboratory:
    """Return a laboratory with the trials of the plan."""
    given = subject(model)
    look, fresh = (make_trials(given, number, 0, stage=stage) for stage, number in ((1, 2), (2, 1)))
    return Laboratory(given, [*look, *fresh, *last_trials(given, 0)])


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    """Return a laboratory on a plain stack of three hidden layers."""
    made = opened()
    yield made
    made.close()


def settings_of(laboratory: Laboratory, name: str) -> Settings:
    """Return the baseline with a change."""
    return replace(laboratory.subject.baseline, **CHANGES[name])


def test_the_situation_names_what_the_network_has(laboratory: Laboratory) -> None:
    """Structures are offered where network and columns allow them."""
    found = situation(laboratory.subject, 100)
    assert one_hot_groups(laboratory.subject.dataset) == ((3, 4, 5, 6, 7, 8),)
    assert (found.activations, found.normalizations, found.can_skip, found.has_skip) == (
        ("relu",),
        (),
        True,
        False,
    )
    assert found.can_embed
    assert found.has_categories
    families = {one.family for one in remedies(laboratory.subject.baseline, found)}
    assert {"normalization", "activation", "skip", "input-scale"} <= families
    assert {"numeric-embedding", "category-embedding"} <= families


def test_structures_are_measured_beside_the_baseline(laboratory: Laboratory) -> None:
    """Each on the same trials; one that cannot be built is not applicable, and says why."""
    baseline = laboratory.subject.baseline
    arms = [settings_of(laboratory, name) for name in CHANGES]
    refused = replace(baseline, skip="off")
    found = laboratory.measure([baseline, *arms, refused], [0, 1])
    assert found.complete.tolist() == [True] * 4 + [False]
    assert np.isfinite(found.scores[:-1]).all()
    assert "no skip" in laboratory.why_not(refused)
    assert laboratory.why_not(baseline) == ""
    candidate = next(c for c in remedies(baseline, situation(laboratory.subject, 100)) if c.family == "skip")
    tried = compared(
        laboratory,
        PLAN,
        [replace(candidate, settings=refused)],
        found.part(slice(4, None)),
        found.scores[0],
    )
    assert tried[0].note == "not applicable: there is no skip to take out"
    assert not tried[0].is_applicable
    before = len(laboratory.notes)
    laboratory.measure([refused], [0])
    assert len(laboratory.notes) == before == 1


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_handed_back_predicts_as_the_member_does(laboratory: Laboratory, name: str) -> None:
    """Plain Keras, with the weights that the population trained."""
    settings = settings_of(laboratory, name)
    weights, good = laboratory.fit(settings, 0, alone=False)
    model = _built(laboratory, 0, settings, weights)
    build, rows = laboratory.build(settings), laboratory.trials[0].scored
    members = laboratory.members(build, [settings], [0])
    wanted = laboratory.executor(build).predict([w[None] for w in weights], members, rows)[0]
    inputs = [values[rows] for values in laboratory.subject.dataset.inputs]
    prepared = prepared_inputs(inputs, (), laboratory.scalings(settings, 0))
    assert good
    np.testing.assert_allclose(predictions(laboratory.subject, model, prepared), wanted, rtol=1e-4, atol=1e-5)


def test_a_study_ends_in_another_structure(laboratory: Laboratory, tmp_path: Path) -> None:
    """Trained on all working rows, compared on the holdout, saved and loaded without custom objects."""
    chosen = settings_of(laboratory, "entered")
    final = finish(laboratory, PLAN, chosen, UNCONFIRMED, seed=0)
    assert final is not None
    assert final.settings == chosen
    assert final.holdout is not None
    assert any(isinstance(layer, keras.layers.EinsumDense) for layer in final.model.layers)
    save_plain(final.model, tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    rows = [np.asarray(v[:8]) for v in laboratory.subject.dataset.inputs]
    np.testing.assert_allclose(predict_plain(loaded, rows), predict_plain(final.model, rows), rtol=1e-5)
