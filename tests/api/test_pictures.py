"""Pictures from a folder to a report: the whole way in small."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image
from study_samples import use_small_plan

from wellfit.api import diagnose, improve, monitor, predict
from wellfit.api._build import array_subject
from wellfit.api._flat_rows import flat_rows
from wellfit.api._picture_network import affordable_form
from wellfit.api._pictures import pictures_subject, read_for
from wellfit.api._predict import _of_pictures
from wellfit.api._sheet import shown_augmentations
from wellfit.api._subject import situation
from wellfit.data import read_pictures
from wellfit.models import products_per_row
from wellfit.records import (
    DataError,
    Dataset,
    FileReadError,
    ModelMismatchError,
    SettingsError,
    TargetNotFoundError,
    Task,
)

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


def test_a_new_head_is_trained_with_a_falling_rate(folder: Path) -> None:
    """Nobody has said how to train it; one that comes with its head is trained as it was compiled."""
    layers = [keras.Input((20, 20, 3)), keras.layers.Conv2D(2, 3), keras.layers.GlobalAveragePooling2D()]
    for outputs, schedule in ((7, "cosine"), (2, "constant")):
        model = keras.Sequential([*layers, keras.layers.Dense(outputs, activation="softmax")])
        model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
        for layer in model.layers:
            if layer.weights:
                layer.bias.assign(np.linspace(0.1, 0.2, layer.bias.shape[0]))
        subject = pictures_subject(folder, model=model, **OPTIONS)
        assert (subject.start, subject.baseline.schedule) == ("given", schedule)
        assert any("falls to zero" in note for note in subject.notes) == (schedule == "cosine")


def test_the_built_network_is_what_the_time_can_compare() -> None:
    """More time or fewer pictures never make it smaller; a number of filters that is asked for stays."""
    assert affordable_form(None, 1_000, 1e6) == (48, 16)
    assert affordable_form(None, 10**6, 60) == (24, 8)
    forms = [affordable_form("cnn", 1_500, budget_s) for budget_s in (60, 300, 900, 3_600, 20_000)]
    assert forms == sorted(forms)
    assert len(set(forms)) > 2
    assert affordable_form("cnn:5", 100, 1e6) == (48, 5)
    assert affordable_form("cnn:5", 10**6, 60) == (24, 5)


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
    assert page.count("data:image/png;base64,") >= len(shown)
    loaded = keras.models.load_model(folder.parent / "out" / "model.keras")
    assert loaded.input_shape == (None, 20, 20, 3)  # that of the files: small pictures are not blown up
    said = predict(folder.parent / "out", folder / "bright", out=folder.parent / "said.csv")
    assert said.columns == ["path", "prediction", "probability_bright", "probability_dark"]
    assert len(said) == 31
    assert (said["prediction"] == "bright").mean() > 0.6
    drift = monitor(folder.parent / "out", folder / "bright")
    assert {one.name for one in drift.columns} == {"brightness", "contrast"}
    assert "brightness" in {one.name for one in drift.columns if one.is_drift}
    assert drift.predictions is not None
    own = study.predict(folder / "bright")
    assert np.allclose(own[:, 0], said["probability_bright"].to_numpy(), atol=1e-5)
    with pytest.raises(FileReadError, match="broken"):
        predict(folder.parent / "out", folder / "dark")
    assert drift.measured is None  # the class is above what was given
    (folder / "dark" / "broken.png").unlink()
    measured = monitor(folder.parent / "out", folder).measured
    assert measured is not None
    assert measured.num_rows >= 60
    assert measured.score.value < 0.7
    with pytest.raises(FileReadError, match="no file or folder"):
        study.predict(str(folder / "nowhere"))


def test_a_table_of_paths_becomes_a_study(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `wellfit improve` gets it; a table of new paths is predicted."""
    use_small_plan(monkeypatch)
    table = folder.parent / "labels.csv"
    names = [(f"pics/{name}/{i}.png", name) for name in ("bright", "dark") for i in range(20)]
    table.write_text("file,kind\n" + "".join(f"{path},{name}\n" for path, name in names))
    options: dict[str, Any] = {"target": "kind", "model": "cnn:2", "budget": "1h", "epochs": 2}
    study = improve(str(table), **options, out=folder.parent / "out")
    assert study.report.class_names == ("bright", "dark")
    new = folder.parent / "new.csv"
    new.write_text("file\npics/dark/25.png\npics/bright/25.png\n")
    said = predict(folder.parent / "out", str(new))
    assert [Path(path).parent.name for path in said["path"]] == ["dark", "bright"]
    assert study.predict(new).shape == (2, 2)
    with pytest.raises(TargetNotFoundError, match="knid"):
        improve(str(table), **{**options, "target": "knid"})
    table.write_text("file,kind,size\n" + "".join(f"{path},{name},1\n" for path, name in names))
    with pytest.raises(DataError, match="--column file=drop"):
        improve(str(table), **options)


def tiny_backbone(*before: Any, means: float = 0.0) -> keras.Model:
    """Return a network of two classes with layers of the names by which a MobileNet is known."""
    conv = keras.layers.Conv2D
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            *before,
            conv(3, 3, activation="relu", name="conv1"),
            keras.layers.BatchNormalization(name="conv1_bn"),
            conv(2, 1, name="conv_dw_1"),
            conv(2, 1, name="conv_pw_13"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.get_layer("conv1_bn").moving_mean.assign(np.full(3, means, np.float32))
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return model


def test_a_known_backbone_gets_what_it_expects(folder: Path) -> None:
    """Layers in front of it, which the notes name; not where they are there already."""
    given = tiny_backbone()
    subject = pictures_subject(str(folder), model=given, **OPTIONS)
    assert [layer.name for layer in subject.model.layers][1] == "preprocessing"
    assert given.layers[0].name == "conv1"
    assert any("MobileNet expects RGB from -1 to 1" in note for note in subject.notes)
    ready = tiny_backbone(keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="own"))
    subject = pictures_subject(str(folder), model=ready, **OPTIONS)
    assert "preprocessing" not in [layer.name for layer in subject.model.layers]
    assert not any("MobileNet" in note for note in subject.notes)
    wrong = tiny_backbone(keras.layers.Rescaling(1 / 255, name="own"))
    subject = pictures_subject(str(folder), model=wrong, **OPTIONS)
    assert any("do not make of pixels" in note for note in subject.notes)


def test_pixels_that_nothing_scales_are_told(folder: Path) -> None:
    """Of a network that is no known backbone; one that scales them is quiet."""
    conv, mean = keras.layers.Conv2D(2, 3), keras.layers.GlobalAveragePooling2D()
    head = keras.layers.Dense(1, activation="sigmoid")
    plain = keras.Sequential([keras.Input((8, 8, 3)), conv, mean, head])
    assert any(
        "no layer scales the pixels" in note
        for note in pictures_subject(str(folder), model=plain, **OPTIONS).notes
    )
    scaled = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Rescaling(1 / 255), conv, mean, head])
    notes = pictures_subject(str(folder), model=scaled, **OPTIONS).notes
    assert not any("no layer scales" in note for note in notes)


def test_pictures_of_a_study_stay_mapped(folder: Path) -> None:
    """A byte a pixel, on disk; and yet they can be augmented."""
    subject = pictures_subject(str(folder), model="cnn:2", **OPTIONS)
    assert isinstance(subject.dataset.inputs[0], np.memmap)
    assert subject.dataset.inputs[0].dtype == np.uint8
    assert situation(subject, 40).has_pictures


def test_bits_of_deep_pictures_are_kept_for_new_ones(folder: Path) -> None:
    """A study, and validation pictures of a diagnosis, read deep pictures as the training pictures were."""
    for number in range(5):
        values = np.full((20, 20), 150 * (number + 1), np.uint16)
        Image.fromarray(values).save(folder / "dark" / f"deep{number}.png")
    subject = pictures_subject(str(folder), model="cnn:2", **OPTIONS)
    assert subject.picture_depth == 10
    Image.fromarray(np.full((20, 20), 4000, np.uint16)).save(folder / "dark" / "deeper.png")
    network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(1)])
    held, *_ = read_for(str(folder), model=network, target=None, unsafe=False, depth=subject.picture_depth)
    assert held.depth == 10


def test_new_deep_pictures_are_read_by_the_bits_of_the_study(tmp_path: Path) -> None:
    """A bundle without them, from an earlier version, takes all 16."""
    network = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Rescaling(1 / 255)])
    network.add(keras.layers.GlobalAveragePooling2D())
    network.save(tmp_path / "network.keras")
    Image.fromarray(np.full((4, 4), 600, np.uint16)).save(tmp_path / "new.png")
    manifest = {"picture_fit": "crop", "task": "binary", "class_names": ["a", "b"], "from_logits": False}
    for known, highest in (({"picture_depth": 10}, 1023), ({}, 65535)):
        said = _of_pictures(tmp_path, {**manifest, **known}, tmp_path / "new.png", None)
        assert said["probability_b"][0] == pytest.approx(600 / highest, abs=0.002)


def arrays(rows: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 pictures of two levels and their classes."""
    rng = np.random.default_rng(3)
    y = np.arange(rows) % 2
    x = rng.normal(0, 40, (rows, 8, 8, 3)) + np.where(y, 170, 80)[:, None, None, None]
    x[:, 0, 0], x[:, 0, 1] = 0, 255
    return np.clip(x, 0, 255).astype(np.uint8), y


def test_arrays_of_bytes_are_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """They stay bytes, reach the network as they are, and what it expects is told."""
    use_small_plan(monkeypatch)
    x, y = arrays()
    before = x.copy()
    study = improve(tiny_backbone(), x, y, budget="1h", epochs=2, holdout=0.25)
    assert any("MobileNet expects -1 to 1, it gets 0 to 255" in note for note in study.report.notes)
    assert np.array_equal(x, before)
    assert np.array_equal(study.predict(x), study.predict(x.astype(np.float32)))
    options = {name: value for name, value in OPTIONS.items() if name != "target"}
    subject = array_subject(x, y, model=tiny_backbone(), **options)
    assert subject.dataset.inputs[0].dtype == np.uint8
    built = array_subject(x, y, model=None, **options)
    assert built.model.name == "small_cnn"
    assert built.preparation is None
    scaled = array_subject(x / np.float32(127.5) - 1, y, model=tiny_backbone(), **options)
    assert not any("MobileNet" in note for note in scaled.notes)


def test_a_backbone_that_gets_another_range_is_diagnosed() -> None:
    """Pixels from 0 to 1 for a pretrained one of -1 to 1: found, with both ranges, and it leads."""
    x, y = arrays(60)
    found = diagnose(tiny_backbone(means=0.4), x / 255, y, epochs=2)
    assert found.findings[0].code == "preprocessing-mismatch"
    assert found.findings[0].evidence["expected"] == [-1.0, 1.0]
    assert found.findings[0].evidence["received"] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("means", "scale", "offset", "is_found"),
    [(0.4, 255, 0, True), (0.4, 127.5, -1, False), (0, 255, 0, False)],
)
def test_a_range_is_told_without_training(means: float, scale: float, offset: float, is_found: bool) -> None:
    """It is known before the first member trains; the right range, and a new backbone, are silent."""
    x, y = arrays()
    stop = threading.Event()
    stop.set()
    told = diagnose(tiny_backbone(means=means), x / scale + offset, y, stop=stop)
    assert ("preprocessing-mismatch" in [one.code for one in told.findings]) == is_found


def test_large_pictures_are_small_for_a_linear_model() -> None:
    """Means of blocks; small pictures and tables keep every number."""
    rng = np.random.default_rng(0)
    large = rng.integers(0, 256, (3, 64, 64, 3)).astype(np.uint8)
    target = np.array([0, 1, 0], np.int32)
    dataset = Dataset(inputs=(large,), target=target, task=Task.BINARY, class_names=("a", "b"))
    flat = flat_rows(dataset, np.array([2, 0]))
    assert flat.shape == (2, 8 * 8 * 3)
    np.testing.assert_allclose(flat[0, :3], large[2, :8, :8].mean(axis=(0, 1)), rtol=1e-6)
    small = Dataset(inputs=(large[:, :8, :8],), target=target, task=Task.BINARY)
    assert np.array_equal(flat_rows(small, np.arange(3)), large[:, :8, :8].reshape(3, -1))


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


def test_a_network_for_tables_is_refused_for_pictures(tmp_path: Path) -> None:
    """With what is built for them."""
    with pytest.raises(SettingsError, match="cnn:FILTERS"):
        read_for(tmp_path, model="dense:8", target=None, unsafe=False)
