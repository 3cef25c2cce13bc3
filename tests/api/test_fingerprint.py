"""What must be the same for a study to go on: told apart where it matters, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from study_samples import small_model

from wellfit.api._build import array_subject
from wellfit.api._fingerprint import data_facts, differences, surroundings
from wellfit.api._subject import Subject
from wellfit.records import DataError

X = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
Y = np.arange(40) % 2
HOW = {"seed": 0, "sampler": "tpe"}


def subject(x: Any = X, model: keras.Model | None = None, start: str = "fresh") -> Subject:
    """Return a subject on a few rows."""
    options: dict[str, Any] = {"holdout": 0.2, "seed": 0, "metric": None, "task": "auto", "unsafe": False}
    given = small_model() if model is None else model
    return array_subject(x, Y, model=given, epochs=3, batch_size=8, start=start, **options)


def compared(one: Subject, other: Subject, **how: Any) -> list[str]:
    """Return what differs between two studies."""
    return differences(surroundings(one, HOW), surroundings(other, {**HOW, **how}))


def test_the_same_is_the_same() -> None:
    """Keras counts names up, and draws weights that no run starts from: neither is a difference."""
    other = small_model()
    other.set_weights([value + 1 for value in other.get_weights()])
    assert compared(subject(), subject(model=other)) == []


def test_every_difference_is_named() -> None:
    """One cell, one layer, the optimizer, weights to start from, a setting."""
    changed = X.copy()
    changed[7, 3] += 1e-6
    assert compared(subject(), subject(changed)) == ["the data are other ones"]
    for other in (small_model(loss="mse"), small_model(optimizer=keras.optimizers.Adam(0.01, beta_1=0.8))):
        assert "the network is another one" in compared(subject(), subject(model=other))
    deeper = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, activation="sigmoid")])
    deeper.compile("adam", "binary_crossentropy")
    assert "the network is another one" in compared(subject(), subject(model=deeper))
    moved = small_model()
    moved.set_weights([value + 1 for value in moved.get_weights()])
    assert compared(subject(start="given"), subject(model=moved, start="given")) == [
        "the network is another one"
    ]
    assert compared(subject(), subject(), seed=1) == ["the settings are other ones"]
    longer = replace(subject(), baseline=replace(subject().baseline, epochs=4))
    assert compared(subject(), longer) == ["the settings are other ones"]


def test_precision_is_a_difference() -> None:
    """A layer that computes in half precision is another one, though only a name tells."""
    mixed = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(1, activation="sigmoid", dtype="mixed_bfloat16")]
    )
    full = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, activation="sigmoid")])
    for model in (mixed, full):
        model.compile("adam", "binary_crossentropy")
    facts = [surroundings(replace(subject(), model=model), HOW)["network"] for model in (mixed, full)]
    assert facts[0] != facts[1]


def test_files_and_folders(tmp_path: Path) -> None:
    """A file by its content; a folder by the names and sizes in it; what is in memory not at all."""
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n")
    before = data_facts(path)
    assert before["size_bytes"] == 8
    assert data_facts(str(path)) == before
    path.write_text("a,b\n1,3\n")
    assert data_facts(path)["sha256"] != before["sha256"]
    folder = data_facts(tmp_path)
    (tmp_path / "more.csv").write_text("")
    assert data_facts(tmp_path)["sha256"] != folder["sha256"]
    assert data_facts(X) == {}
    with pytest.raises(DataError, match="are gone"):
        data_facts(tmp_path / "missing")
