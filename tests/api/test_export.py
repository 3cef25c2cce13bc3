"""A study is exported only if it predicts the same in the other runtime."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_diabetes

import wellfit as wf
from wellfit.api._score_loss import ScoreLoss
from wellfit.formats import FORMATS
from wellfit.serving import load_servable


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return the folder of a small study of a table with words and missing cells."""
    frame = load_breast_cancer(as_frame=True).frame.iloc[:200, [0, 1, 2, 30]].copy()
    frame["size"] = np.where(frame["mean radius"] > 14, "large", "small")
    frame.loc[::7, "mean texture"] = np.nan
    folder = tmp_path_factory.mktemp("studies") / "tumors"
    wf.improve(frame, target="target", budget="12 members", out=folder, seed=0)
    return folder


def test_the_graph_is_in_the_bundle_and_predicts_raw_rows(study):
    """What `predict` says of raw rows, the graph says of the same cells; the manifest knows both files."""
    path = wf.export(study)
    servable = load_servable(study)
    assert path == study / "bundle" / "model.onnx"
    assert {"model.onnx", "signature.json"} <= set(servable.manifest["files"])
    rows = [
        {"mean radius": "17.5", "mean texture": None, "mean perimeter": 120, "size": "large"},
        {"mean radius": 11.0, "mean texture": "n/a", "mean perimeter": "75.5", "size": "huge"},
    ]
    found = servable.run(servable.reader.tensors(servable.reader.read_rows(rows)))
    frame = wf.predict(study, {name: [str(row[name] or "") for row in rows] for name in rows[0]})
    np.testing.assert_allclose(found, frame.drop("prediction").to_numpy(), atol=1e-5)


def test_a_copy_goes_where_it_is_asked_for(study, tmp_path):
    """With `out` the bundle stays as it is."""
    before = (study / "bundle" / "bundle.json").read_bytes()
    assert wf.export(study, "onnx", out=tmp_path / "deep" / "net.onnx").is_file()
    assert (study / "bundle" / "bundle.json").read_bytes() == before


def test_what_predicts_something_else_is_not_kept(study, tmp_path, monkeypatch):
    """The verifier is not told the truth: the export fails, and there is no file."""
    onnx = FORMATS["onnx"]

    def predict(path, batches):
        return [found + np.float32(0.01) for found in onnx.predict(path, batches)]

    monkeypatch.setitem(FORMATS, "onnx", replace(onnx, predict=predict))
    with pytest.raises(wf.OutputError, match=r"0\.01.* among 1 rows"):
        wf.export(study, out=tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_features_are_taken_by_other_formats(study, tmp_path):
    """The file lies in the study, with word of what it takes; elsewhere that is called like the file."""
    path = wf.export(study, "keras")
    told = json.loads((study / "export" / "features.json").read_text())
    assert path == study / "export" / "model.keras"
    assert "mean texture" in told["inputs"][0]["features"]
    assert told["output"]["kind"] == "probabilities"
    wf.export(study, "keras", out=tmp_path / "net.keras")
    assert {one.name for one in tmp_path.iterdir()} == {"net.keras", "net.features.json"}


def test_what_smaller_numbers_cost_is_told_and_kept(study):
    """By the study's metric on rows with labels; full precision takes its place again."""
    said = []
    path = wf.export(study, precision="int8", max_loss=1, tell=said.append)
    small, reduced = path.stat().st_size, load_servable(study).manifest["reduced"]
    assert reduced["precision"] == "int8"
    assert reduced["metric"] == load_servable(study).manifest["metric"]
    assert said[0].startswith(f"int8: {reduced['metric']}")
    wf.export(study)
    assert load_servable(study).manifest["reduced"] is None
    assert small < path.stat().st_size


def test_what_costs_too_much_is_not_kept(study, tmp_path, monkeypatch):
    """The score is said to fall by two parts in a hundred: one is allowed."""
    cost = ScoreLoss(metric="accuracy", full=0.5, reduced=0.49, loss=0.02, num_rows=40)
    monkeypatch.setattr("wellfit.api._export_check.score_loss", lambda *_: cost)
    with pytest.raises(wf.OutputError, match=r"a loss of 2\.00%"):
        wf.export(study, precision="float16", out=tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []
    wf.export(study, precision="float16", out=tmp_path / "net.onnx", max_loss=0.03)
    assert json.loads((tmp_path / "net.precision.json").read_text())["loss"] == 0.02


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"precision": "int4"}, "int8"),
        ({"format": "keras", "precision": "int8"}, "float32 alone"),
        ({"precision": "int8", "max_loss": -1}, "share of the score"),
    ],
)
def test_precisions_that_there_are_not_are_refused(study, options, said):
    """Before anything is read."""
    with pytest.raises(wf.SettingsError, match=said):
        wf.export(study, **options)


def test_errors_say_what_to_do(study, tmp_path, monkeypatch):
    """Unknown formats, missing packages, folders without a network."""
    with pytest.raises(wf.SettingsError, match="onnx"):
        wf.export(study, "onix")
    with pytest.raises(wf.FileReadError, match="holds no network"):
        wf.export(tmp_path)
    monkeypatch.setitem(FORMATS, "onnx", replace(FORMATS["onnx"], packages=("no_such_package",)))
    with pytest.raises(wf.SettingsError, match="pip install 'wellfit"):
        wf.export(study)


def test_a_study_of_arrays_is_exported(tmp_path):
    """Regression from one matrix; the tensors have the network's own names."""
    x, y = load_diabetes(return_X_y=True)
    wf.improve(x[:150], y[:150], model="dense:8", budget="8 members", out=tmp_path / "study", seed=0)
    wf.export(tmp_path / "study")
    servable = load_servable(tmp_path / "study")
    (array,) = servable.signature.arrays
    found = servable.run({array.tensor: x[:3].astype(array.dtype)})
    assert found.shape == (3, 1)
    assert json.loads((tmp_path / "study" / "bundle" / "signature.json").read_text())["kind"] == "arrays"


def test_a_study_of_pictures_is_exported(tmp_path):
    """Bytes in, probabilities out."""
    rng = np.random.default_rng(0)
    for name, level in (("dark", 60), ("light", 190)):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(24):
            pixels = rng.normal(level, 20, (16, 16, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{number}.png")
    wf.improve(tmp_path / "pictures", budget="10 members", out=tmp_path / "study", seed=0)
    wf.export(tmp_path / "study")
    servable = load_servable(tmp_path / "study")
    (array,) = servable.signature.arrays
    assert (array.tensor, array.dtype) == ("pictures", "uint8")
    assert servable.run({"pictures": np.zeros((2, *array.shape), np.uint8)}).shape == (2, 2)
