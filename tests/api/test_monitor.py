"""Rows in use against a written study: columns as they are read, labels, older bundles, retraining."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from cli_samples import small_report
from study_samples import small_frame, small_model

import wellfit as wf
from wellfit.api import _retrain
from wellfit.api._final import as_predictions
from wellfit.api._output import write_study
from wellfit.api._reference import watched_pictures
from wellfit.api._study import Study
from wellfit.data import encode_table, fit_encoder, read_table, watched_columns
from wellfit.drift import make_reference
from wellfit.models import predict_plain
from wellfit.records import DataError, FileReadError, Scored, Task


def study_in(folder: Path, *, with_reference: bool = True) -> Path:
    """Write a study whose network was never trained, and return its folder."""
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2025, 2, 3), eager=True)
    frame = small_frame(400).with_columns(day=days)
    table = read_table(frame)
    encoder = fit_encoder(table, "y")
    dataset = encode_table(encoder, table).dataset
    model = small_model(dataset.inputs[0].shape[1])
    said = as_predictions(predict_plain(model, list(dataset.inputs)), Task.BINARY, False)
    reference = make_reference(
        watched_columns(encoder, table),
        task=Task.BINARY,
        class_names=dataset.class_names,
        metric="roc_auc",
        direction="maximize",
        score=Scored(value=0.5, low=0.45, high=0.55),
        chance=0.5,
        prediction=said,
        target=dataset.target,
    )
    study = Study(
        report=replace(small_report(), class_names=dataset.class_names),
        model=model,
        scalings=(None,),
        encoder=encoder,
        from_logits=False,
        reference=reference if with_reference else None,
    )
    return write_study(study, folder / "study")


def rows(num_rows: int = 200, seed: int = 3) -> pl.DataFrame:
    """Return new rows with labels."""
    frame = small_frame(num_rows, seed)
    return frame.with_columns(day=pl.Series(["2025-03-01"] * num_rows).str.to_date())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study."""
    return study_in(tmp_path_factory.mktemp("monitor"))


def test_the_reference_is_a_file_of_the_bundle(folder: Path) -> None:
    """The manifest lists it, so that it cannot be changed unseen."""
    manifest = json.loads((folder / "bundle" / "bundle.json").read_text("utf-8"))
    assert "reference.json" in manifest["files"]


def test_rows_as_before_are_fine(folder: Path) -> None:
    """With labels the score is theirs, in a metric that counts alone do not have."""
    drift = wf.monitor(folder, rows())
    assert not [one.name for one in drift.columns if one.is_drift]
    assert drift.measured is not None
    assert (drift.measured.metric, drift.measured.num_rows) == ("roc_auc", 200)
    assert drift.measured.is_known


def test_changed_rows_are_told_by_column(folder: Path) -> None:
    """A shift and a new town; the date is no reason."""
    new = rows().drop("y").with_columns(pl.col("a") + 2, town=pl.Series(["Paris"] * 40 + ["Oslo"] * 160))
    drift = wf.monitor(folder, new)
    drifted = {one.name: one for one in drift.columns if one.is_drift}
    assert set(drifted) == {"a", "town"}
    assert drifted["town"].num_unseen == 40
    assert drift.measured is None


def test_text_files_are_read_as_typed_frames(folder: Path, tmp_path: Path) -> None:
    """Numbers, dates and labels of a CSV file are counted as those of a frame."""
    new = rows()
    new.write_csv(tmp_path / "new.csv")
    assert wf.monitor(folder, tmp_path / "new.csv").columns == wf.monitor(folder, new).columns


def test_a_class_that_is_new_costs_the_labels_alone(folder: Path) -> None:
    """All the rest is said, and why there is no score."""
    drift = wf.monitor(folder, rows().with_columns(y=pl.Series(["maybe", *["no"] * 199])))
    assert drift.measured is None
    assert any("labels are not used" in note and "maybe" in note for note in drift.notes)


def test_no_rows_are_refused(folder: Path) -> None:
    """An empty file is more likely a fault than a quiet week."""
    with pytest.raises(DataError, match="no rows"):
        wf.monitor(folder, rows().head(0))


def test_an_older_bundle_says_to_run_the_study_again(tmp_path: Path) -> None:
    """It has nothing to hold rows against."""
    older = study_in(tmp_path, with_reference=False)
    assert not (older / "bundle" / "reference.json").exists()
    with pytest.raises(FileReadError, match="run the study again"):
        wf.monitor(older, rows())


def test_a_changed_reference_is_refused(folder: Path, tmp_path: Path) -> None:
    """Its checksum is in the manifest."""
    changed = study_in(tmp_path)
    path = changed / "bundle" / "reference.json"
    path.write_text(path.read_text("utf-8").replace("Oslo", "Olso"), "utf-8")
    with pytest.raises(FileReadError, match="was changed"):
        wf.monitor(changed, rows())
    assert wf.monitor(folder, rows()).num_rows == 200


def test_retraining_takes_the_study_along(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Target, kinds, network and settings are the study's; what is given goes first."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(_retrain, "improve", lambda data, **options: calls.append({"data": data, **options}))
    wf.retrain(folder, rows(), budget="5s")
    (call,) = calls
    assert (call["target"], call["task"], call["start"]) == ("y", "classification", "given")
    assert (call["budget"], call["warm_start"]) == ("5s", folder)
    assert call["model"] == str(folder / "model.keras")
    assert (call["columns"]["town"], call["columns"]["day"]) == ("category", "datetime")


def test_a_network_that_does_not_fit_is_built_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings are taken along all the same."""
    calls: list[dict[str, Any]] = []

    def improve(_: Any, **options: Any) -> None:
        calls.append(options)
        if "model" in options:
            raise wf.ModelMismatchError("it expects 6 features")

    monkeypatch.setattr(_retrain, "improve", improve)
    wf.retrain(folder, rows())
    assert [("model" in call, call["warm_start"]) for call in calls] == [(True, folder), (False, folder)]


def test_retraining_needs_labels(folder: Path) -> None:
    """The message says what to give."""
    with pytest.raises(DataError, match="without labels"):
        wf.retrain(folder, rows().drop("y"))


def test_pictures_are_watched_by_brightness_and_contrast() -> None:
    """Of each picture its mean and the deviation of its pixels."""
    pictures = np.zeros((2, 4, 4, 3), np.uint8)
    pictures[1, :2] = 200
    found = watched_pictures(pictures)
    assert found["brightness"][1].tolist() == [0.0, 100.0]
    assert found["contrast"][1].tolist() == [0.0, 100.0]
