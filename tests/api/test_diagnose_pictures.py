"""A diagnosis of pictures: what is known of them without training, and whole diagnoses in small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from picture_samples import digits, small_network, write_digits

from wellfit.api import _trial_plan
from wellfit.api._diagnose import _patient, diagnose
from wellfit.api._picture_matrix import channel_name, levels, matched_input, small_pictures
from wellfit.api._row_facts import column_facts, row_facts
from wellfit.data import copy_codes, read_pictures
from wellfit.diagnosis import CAUSES, preprocessing_mismatch
from wellfit.models import products_per_row, scales_inputs
from wellfit.records import DataError, Diagnosis, Outcome, SettingsError

NAMES = ("eight", "three")
OPTIONS: dict[str, Any] = {
    "target": None,
    "validation": None,
    "validation_data": None,
    "validation_split": 0.0,
    "epochs": 2,
    "batch_size": None,
    "class_weight": None,
    "sample_weight": None,
    "seed": 0,
    "task": "auto",
    "features": "auto",
    "group": None,
    "columns": None,
    "preparation": None,
    "unsafe": False,
    "reading": None,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of two digits, 30 pictures of each."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write_digits(tmp_path / "digits", *digits((8, 3), 30), NAMES)


def outcomes(found: Diagnosis) -> dict[str, Outcome]:
    """Return what came of each cause."""
    return {one.code: one.outcome for one in found.examined}


def test_small_pictures_are_means_of_blocks() -> None:
    """Every column is the mean over a block, in the order of places, whatever the size."""
    values = np.random.default_rng(0).random((3, 48, 48, 3)).astype(np.float32)
    small = small_pictures(values)
    assert small.shape == (3, 8 * 8 * 3)
    assert np.allclose(small.reshape(3, 8, 8, 3), values.reshape(3, 8, 6, 8, 6, 3).mean(axis=(2, 4)))
    odd = values[:, :19, :31]
    assert np.isclose(small_pictures(odd).reshape(3, 8, 8, 3)[0, 0, 0, 0], odd[0, :2, :3, 0].mean())
    assert small_pictures(values[:, :8, :8, :1]).shape == (3, 64)


def test_channels_are_matched_by_their_levels() -> None:
    """Other units of one channel are undone; the other channels and rows stay bit-equal."""
    rng = np.random.default_rng(0)
    values = (rng.random((40, 6, 6, 3)) * rng.random((40, 1, 1, 1))).astype(np.float32)
    broken = values.copy()
    broken[20:, ..., 1] = values[20:, ..., 1] / 255 - 0.5
    train, rows = np.arange(20), np.arange(20, 40)
    mended = matched_input(broken, train, rows, np.array([1]))
    assert np.allclose(levels(mended).mean(axis=0)[1], levels(values[train]).mean(axis=0)[1], atol=1e-5)
    assert np.array_equal(mended[..., [0, 2]], values[rows][..., [0, 2]])
    assert channel_name(1, 3) == "channel green"


def test_copies_are_found_in_arrays() -> None:
    """In any unit, a little brighter, but not where pictures only resemble each other."""
    pictures, _ = digits((3, 5), 20)
    codes = copy_codes(np.concatenate([pictures, pictures[:5] + 2]) / 255)
    assert len(np.unique(codes)) == 40
    assert codes[40:].tolist() == codes[:5].tolist()


def test_facts_of_planted_faults() -> None:
    """Copies across the split, contradicting copies, other units: each is counted as planted."""
    x, y = digits((3, 8), 40)
    rows = np.random.default_rng(0).permutation(80)
    x, y = x[rows], y[rows]
    held, wanted = np.concatenate([x[60:], x[:10]]) / 255, np.concatenate([y[60:], 1 - y[:10]])
    data = {**OPTIONS, "validation_data": (held * 255, wanted)}
    patient = _patient((x[:60], y[:60]), small_network(), **data)
    facts = row_facts(patient, (), seed=0).data
    assert facts["copies_share"] == pytest.approx(10 / 30)
    assert facts["copies_within_train"] == 0
    assert facts["conflicting_share"] == pytest.approx(20 / 90)
    assert facts["mismatched_columns"] == []
    assert float(str(facts["shift_auc_low"])) < 0.8
    other = _patient((x[:60], y[:60]), small_network(), **{**data, "validation_data": (held, wanted)})
    assert column_facts(other).data["mismatched_columns"] == ["channel grey"]
    assert column_facts(patient).data["input_scale"] == pytest.approx(100, rel=0.3)


def test_a_folder_is_a_patient(folder: Path) -> None:
    """Copies stay on one side, and a doubtful picture is named by its file."""
    picture = next((folder / "three").iterdir())
    for number in range(4):
        (folder / "three" / f"again{number}.png").write_bytes(picture.read_bytes())
    patient = _patient((str(folder),), small_network(), **OPTIONS)
    assert patient.dataset.class_names == NAMES
    copies = np.flatnonzero(np.bincount(patient.copies)[patient.copies] > 1)
    assert len(copies) == 5
    assert len(np.intersect1d(copies, patient.train)) in (0, 5)
    assert not patient.has_own_validation
    assert Path(patient.places[0]).parent.name == "eight"
    assert patient.matrix().shape == (64, 64)


def test_validation_pictures_have_the_same_classes(folder: Path, tmp_path: Path) -> None:
    """By name, in any number; unknown classes are an error that names them."""
    x, y = digits((3,), 8, first=40)
    held = write_digits(tmp_path / "held", x, y, ("three",))
    with pytest.raises(DataError, match="two classes"):
        _patient((str(folder),), small_network(), **{**OPTIONS, "validation": str(held)})
    write_digits(held, *digits((8,), 8, first=40), ("eight",))
    patient = _patient((str(folder),), small_network(), **{**OPTIONS, "validation": str(held)})
    assert patient.has_own_validation
    assert patient.dataset.target[patient.validation].tolist() == [0] * 8 + [1] * 8
    (held / "three").rename(held / "thre")
    with pytest.raises(DataError, match="did you mean 'three'"):
        _patient((str(folder),), small_network(), **{**OPTIONS, "validation": str(held)})
    wide = read_pictures(held, size=(8, 12), channels=1)
    with pytest.raises(DataError, match="size"):
        _patient((read_pictures(folder),), small_network(), **{**OPTIONS, "validation": wide})


@pytest.mark.parametrize(
    "changes",
    [{"group": "a"}, {"validation_data": (np.zeros(1), np.zeros(1))}, {"task": "regression"}],
    ids=str,
)
def test_what_pictures_do_not_have_is_refused(folder: Path, changes: dict[str, Any]) -> None:
    """And a network is needed."""
    with pytest.raises(SettingsError):
        _patient((str(folder),), small_network(), **{**OPTIONS, **changes})
    with pytest.raises(SettingsError, match="no network"):
        diagnose(str(folder))


def test_the_plan_counts_products(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A convolution uses its weights at every place, which its number of weights does not tell."""
    counted: list[int] = []
    monkeypatch.setattr(_trial_plan, "member_cost", lambda count, *_, **__: counted.append(count) or 1.0)
    patient = _patient((str(folder),), small_network(), **OPTIONS)
    _trial_plan.plan_trials(patient, 0, 5.0)
    assert counted == [products_per_row(patient.model)]
    assert counted[0] > 10 * 40  # weights of the convolution, 64 places


def test_networks_that_scale_are_told() -> None:
    """By the layer that reads the pictures."""
    assert scales_inputs(small_network())
    plain = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3)])
    assert not scales_inputs(plain)


def test_a_whole_diagnosis_of_a_folder(folder: Path) -> None:
    """Every cause says something; a network that ends too early is told so."""
    found = diagnose(str(folder), model=small_network(normalized=True), epochs=4, seed=1)
    said = outcomes(found)
    assert set(said) == {cause.code for cause in CAUSES}
    assert {one.code for one in found.findings} & {"too-few-epochs", "learning-rate-too-low"}
    assert said["rare-features"] is said["unscaled-inputs"] is Outcome.NOT_APPLICABLE
    assert said["leakage"] is Outcome.SILENT
    assert said["batchnorm-mode"] is not Outcome.NOT_APPLICABLE


def test_a_whole_diagnosis_of_arrays_in_other_units() -> None:
    """Validation pictures from 0 to 1 for a network trained on 0 to 255: nothing else matters as much."""
    x, y = digits((3, 8), 60)
    rows = np.random.default_rng(0).permutation(120)
    x, y = x[rows], y[rows]
    held = (x[80:] / 255, y[80:])
    found = diagnose(small_network(), x[:80], y[:80], validation_data=held, epochs=12, seed=1)
    assert found.findings[0].code == preprocessing_mismatch.CAUSE.code
    assert found.findings[0].evidence["columns"] == ["channel grey"]
