"""Pictures that a study shows: mistakes of its network, and labels that its networks doubt."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from picture_samples import digits, small_network, write_digits
from study_samples import use_small_plan

from wellfit.api import improve
from wellfit.api._final import Final
from wellfit.api._out_of_fold import OutOfFold
from wellfit.api._picture_sheet import MOST, can_be_shown, picture_sheet
from wellfit.api._pictures import pictures_subject
from wellfit.api._subject import Subject
from wellfit.records import Settings
from wellfit.report import from_png, read_json, to_html

NAMES = ("eight", "three")
NUMBER = 30


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of two digits."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write_digits(tmp_path / "digits", *digits((8, 3), NUMBER), NAMES)


def subject_of(folder: Path, model: keras.Model) -> Subject:
    """Return the subject of a study of a folder."""
    return pictures_subject(
        str(folder),
        model=model,
        target=None,
        holdout=0.5,
        seed=0,
        metric=None,
        task="auto",
        epochs=2,
        batch_size=8,
        unsafe=False,
    )


def final_of(model: keras.Model) -> Final:
    """Return the end of a study that hands a network back."""
    return Final(
        settings=Settings(), model=model, scalings=(None,), formulas=(), holdout=None, confusion=None
    )


def one_sided(share: float = 0.9) -> keras.Model:
    """Return a network that says `three` of everything."""
    model = small_network()
    kernel, bias = model.get_layer("head").get_weights()
    odds = np.log(share / (1 - share))
    model.get_layer("head").set_weights([0.001 * kernel, bias + np.array([0, odds])])
    return model


def test_mistakes_are_shown_the_worst_first(folder: Path) -> None:
    """Those that the network is surest of, with label, said class, file, and where it looked."""
    model = one_sided()
    subject = subject_of(folder, model)
    sheet = picture_sheet(subject, final_of(model), None)
    assert sheet is not None
    assert sheet.num_mistakes == int((subject.dataset.target[subject.holdout] == 0).sum())
    assert len(sheet.mistakes) == min(MOST, sheet.num_mistakes)
    assert sheet.num_holdout == len(subject.holdout)
    shares = [one.probability_of_label for one in sheet.mistakes]
    assert shares == sorted(shares)
    worst = sheet.mistakes[0]
    assert (worst.label, worst.predicted) == NAMES
    assert worst.name.startswith("eight/")
    row = subject.picture_names.index(worst.name)
    assert np.array_equal(from_png(worst.png)[..., 0], subject.dataset.inputs[0][row, :, :, 0])
    assert sheet.attention_layer == "relu"
    assert np.asarray(worst.attention).shape == (8, 8)
    assert np.asarray(worst.attention).max() == 1.0


def test_a_network_without_maps_shows_mistakes_all_the_same(folder: Path) -> None:
    """Where it looked is left out."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax", bias_initializer="zeros"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.layers[-1].set_weights([np.zeros((64, 2)), np.array([0.0, 3.0])])
    sheet = picture_sheet(subject_of(folder, model), final_of(model), None)
    assert sheet is not None
    assert sheet.num_mistakes
    assert not sheet.attention_layer
    assert sheet.mistakes[0].attention == ()


def test_doubted_labels_are_shown(folder: Path) -> None:
    """Rows of the holdout and rows that no network judged are not among them."""
    subject = subject_of(folder, small_network())
    target = subject.dataset.target
    judged = OutOfFold(len(target), 2)
    wrong, rows = subject.working[3], np.arange(len(target))
    said = np.where((target == 1)[:, None] == np.array([False, True]), 0.8, 0.2)
    for row in (wrong, subject.holdout[0]):
        said[row] = np.where(said[row] > 0.5, 0.1, 0.9)
    seen = np.delete(rows, subject.working[0])
    judged.add(seen, said[seen][None])
    sheet = picture_sheet(subject, None, judged)
    assert sheet is not None
    assert (sheet.num_suspects, sheet.num_judged) == (1, len(subject.working) - 1)
    assert sheet.suspects[0].name == subject.picture_names[wrong]
    assert sheet.suspects[0].probability == pytest.approx(0.9)
    assert not sheet.mistakes


def test_runs_that_diverged_say_nothing() -> None:
    """A member without numbers leaves the mean as it is."""
    judged = OutOfFold(2, 2)
    judged.add(np.array([0]), np.array([[[0.3, 0.7]], [[np.nan, np.nan]]]))
    assert judged.rows.tolist() == [0]
    assert np.allclose(judged.mean(judged.rows), [[0.3, 0.7]])


def test_other_rows_are_no_pictures(folder: Path) -> None:
    """Of tables nothing is shown."""
    subject = subject_of(folder, small_network())
    assert can_be_shown(subject)
    flat = subject.dataset.inputs[0].reshape(len(subject.dataset.target), -1)
    object.__setattr__(subject.dataset, "inputs", (flat,))
    assert picture_sheet(subject, None, None) is None


def test_a_study_of_a_folder_finds_planted_labels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures in the wrong folder are among those in doubt, and the page is drawn from report.json."""
    use_small_plan(monkeypatch)
    moved = sorted((folder / "eight").iterdir())[:2]
    for one in moved:
        one.rename(folder / "three" / f"moved-{one.name}")
    out = folder.parent / "out"
    study = improve(str(folder), model=small_network(), budget="1h", epochs=8, seed=1, out=out)
    sheet = study.report.pictures
    assert sheet is not None
    assert sheet.num_holdout == study.report.holdout.num_rows
    shown = [one.name for one in (*sheet.mistakes, *sheet.suspects)]
    assert any(name.startswith("three/moved") for name in shown)
    page = (out / "report.html").read_text()
    assert 'id="pictures"' in page
    assert to_html(read_json(out / "report.json")) == page
