"""Pictures from a folder to a report: the whole way in small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image
from study_samples import use_small_plan

from wellfit.api import improve, predict
from wellfit.api._pictures import pictures_subject
from wellfit.api._sheet import shown_augmentations
from wellfit.api._subject import situation
from wellfit.data import read_pictures
from wellfit.models import products_per_row
from wellfit.records import FileReadError, ModelMismatchError, SettingsError, Task

OPTIONS: dict[str, Any] = {
    "target": None,
    "holdout": 0.2,
    "seed": 0,
    "metric": None,
    "task": "auto",
    "epochs": None,
    "batch_size": None,
    "unsafe": False,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of bright and dark pictures, one of them there twice, and one damaged."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for name, level in (("bright", 150), ("dark", 60)):
        (tmp_path / "pics" / name).mkdir(parents=True)
        for number in range(30):
            values = np.clip(rng.normal(level, 40, (5, 5, 3)), 0, 255).astype(np.uint8)
            picture = Image.fromarray(values).resize((20, 20), Image.Resampling.BICUBIC)
            picture.save(tmp_path / "pics" / name / f"{number}.png")
            if number == 0:
                picture.save(tmp_path / "pics" / name / "again.png")
    (tmp_path / "pics" / "dark" / "broken.png").write_text("nothing")
    return tmp_path / "pics"


def test_a_folder_becomes_a_study(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The built network learns it; copies, damage and left-out files are told."""
    use_small_plan(monkeypatch)
    study = improve(str(folder), model="cnn:4", budget="1h", epochs=6, seed=1, out=folder.parent / "out")
    assert study.report.task is Task.BINARY
    assert study.report.class_names == ("bright", "dark")
    assert study.report.holdout is not None
    assert study.report.holdout.baseline["log_loss"] < 0.7
    assert any("copies" in note for note in study.report.notes)
    assert any("broken.png" in note for note in study.report.notes)
    shown = shown_augmentations(study.report.baseline, study.report.remedies)
    assert len(study.report.augmented) == len(shown)  # the plan may have no room for their program
    page = (folder.parent / "out" / "report.html").read_text("utf-8")
    assert page.count("data:image/png;base64,") == len(shown)
    loaded = keras.models.load_model(folder.parent / "out" / "model.keras")
    assert loaded.input_shape == (None, 48, 48, 3)
    said = predict(folder.parent / "out", folder / "bright", out=folder.parent / "said.csv")
    assert said.columns == ["path", "prediction", "probability_bright", "probability_dark"]
    assert len(said) == 31
    assert (said["prediction"] == "bright").mean() > 0.6
    own = study.predict(folder / "bright")
    assert np.allclose(own[:, 0], said["probability_bright"].to_numpy(), atol=1e-5)
    with pytest.raises(FileReadError, match="broken"):
        predict(folder.parent / "out", folder / "dark")
    with pytest.raises(FileReadError, match="no file or folder"):
        study.predict(str(folder / "nowhere"))


def test_pictures_can_be_mixed_in_their_own_unit(folder: Path) -> None:
    """The built network scales pixels itself: noise in a scaled unit means nothing to it, mixing does."""
    found = situation(pictures_subject(str(folder), model=None, **OPTIONS), 40)
    assert (found.has_pictures, found.has_colors, found.can_mix, found.can_perturb) == (
        True,
        True,
        True,
        False,
    )


def test_copies_stay_together(folder: Path) -> None:
    """A picture and its copy are both held out, or neither."""
    subject = pictures_subject(str(folder), model=None, **OPTIONS)
    groups = subject.dataset.groups
    assert groups is not None
    assert not set(groups[subject.working]) & set(groups[subject.holdout])


def test_a_network_of_your_own_decides_the_size(folder: Path) -> None:
    """Rows, columns and channels are those of its input."""
    model = keras.Sequential(
        [
            keras.Input((12, 16, 1)),
            keras.layers.Conv2D(2, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    subject = pictures_subject(str(folder), model=model, **OPTIONS)
    assert subject.dataset.inputs[0].shape == (62, 12, 16, 1)
    assert subject.products_per_row == products_per_row(model) == 20 * 10 * 14 + 3
    flat = keras.Sequential([keras.Input((10,)), keras.layers.Dense(1)])
    with pytest.raises(ModelMismatchError, match="pictures"):
        pictures_subject(str(folder), model=flat, **OPTIONS)


def test_what_only_tables_have_is_refused(folder: Path) -> None:
    """And regression, a holdout file, a network without filters."""
    with pytest.raises(SettingsError, match="group= needs a table"):
        improve(str(folder), group="a")
    for changes in ({"task": "regression"}, {"holdout": "file.csv"}):
        with pytest.raises(SettingsError, match="Expected"):
            pictures_subject(str(folder), model=None, **{**OPTIONS, **changes})
    with pytest.raises(SettingsError, match="cnn"):
        pictures_subject(str(folder), model="cnn:many", **OPTIONS)


def test_pictures_that_were_read_before_can_be_given(folder: Path) -> None:
    """In the size that they were read in."""
    pictures = read_pictures(folder, size=(10, 10))
    subject = pictures_subject(pictures, model=None, **OPTIONS)
    assert subject.model.input_shape == (None, 10, 10, 3)
