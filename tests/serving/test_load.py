"""A bundle that was loaded predicts whatever way raw rows come."""

import hashlib
import json
import subprocess
import sys
from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pytest
from bundles import write_bundle

import wellfit as wf
from wellfit.records import Task
from wellfit.serving import ArrayInput, Signature


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Return what says "yes" with probability x, or with 0.25 where x is missing or c is not "u"."""
    return wf.load(write_bundle(tmp_path_factory.mktemp("bundle")))


ROWS = [{"x": 0.5, "c": "u"}, {"x": None, "c": "u"}, {"x": "75 %", "c": None}]


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        {"x": [0.5, None, 0.75], "c": ["u", "u", None]},
        pl.DataFrame({"c": ["u", "u", None], "x": [0.5, None, 0.75]}),
        pd.DataFrame({"c": ["u", "u", None], "x": [0.5, np.nan, 0.75]}),
        pd.DataFrame({"c": ["u", "u", pd.NA], "x": pd.array([0.5, None, 0.75], dtype="Float64")}),
    ],
    ids=["rows", "columns", "polars", "pandas", "pandas with NA"],
)
def test_rows_come_in_many_forms(model, rows):
    """Frames of two libraries, columns, rows."""
    assert model.predict_proba(rows)[:, 1].tolist() == [0.5, 0.25, 0.25]
    assert model.predict(rows).tolist() == ["no", "no", "no"]


def test_one_row_is_a_mapping_of_cells(model):
    """The answer is one row."""
    assert model.predict({"x": 0.875, "c": "u"}).tolist() == ["yes"]
    assert model.predict([]).shape == (0,)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"x": 1}], "column 'c' is missing"),
        ([{"x": "many", "c": "u"}], "column 'x' must hold a number.*\n.*'many' in row 1"),
        ({"x": [1, 2], "c": ["u"]}, "different lengths"),
        ([{"x": date(2026, 1, 31), "c": "u"}], "must hold a number"),
        (np.zeros((2, 2)), "have names for their cells"),
        ("rows.csv", "have names for their cells"),
    ],
)
def test_what_cannot_be_read_is_named(model, rows, words):
    """Column, row and reason."""
    with pytest.raises(wf.DataError, match=words):
        model.predict(rows)


def test_a_changed_file_is_refused(tmp_path):
    """One byte more."""
    bundle = write_bundle(tmp_path)
    with (bundle / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(wf.FileReadError, match=r"model\.onnx is missing or was changed"):
        wf.load(bundle)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"version": 1}', '{"version": 9, "columns": []}'])
def test_a_signature_that_is_none_is_refused(tmp_path, text):
    """Its checksum may be right: the maker of a bundle decides that."""
    bundle = write_bundle(tmp_path)
    (bundle / "signature.json").write_text(text)
    manifest = json.loads((bundle / "bundle.json").read_text())
    manifest["files"]["signature.json"] = hashlib.sha256(text.encode()).hexdigest()
    (bundle / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(wf.FileReadError, match="not the signature"):
        wf.load(bundle)


def test_a_graph_that_is_none_is_refused(tmp_path):
    """ONNX Runtime's own words are in the message."""
    with pytest.raises(wf.FileReadError, match="cannot be loaded"):
        wf.load(write_bundle(tmp_path, graph=b"not a graph"))


def test_arrays_are_checked(tmp_path):
    """Shape, type, and that there is a row."""
    signature = Signature(
        kind="arrays",
        task=Task.REGRESSION,
        arrays=(ArrayInput(tensor="x", shape=(2,), dtype="float32"),),
    )
    model = wf.load(write_bundle(tmp_path, signature=signature))
    assert model.predict(np.array([[1, 2], [3, 4]])).tolist() == [[3.0], [7.0]]
    for wrong in (np.zeros(3), np.zeros((1, 3)), np.array([["a", "b"]])):
        with pytest.raises(wf.DataError, match="another shape or type"):
            model.predict(wrong)
    with pytest.raises(wf.DataError, match="has no probabilities"):
        model.predict_proba(np.zeros((1, 2)))


def test_neither_keras_nor_jax_is_imported(tmp_path):
    """Nor what reads tables: a server starts without all of them."""
    bundle = write_bundle(tmp_path)
    code = (
        "import sys, wellfit as wf\n"
        f"assert wf.load({str(bundle)!r}).predict([{{'x': 0.875, 'c': 'u'}}]).tolist() == ['yes']\n"
        "print([name for name in ('keras', 'jax', 'polars', 'sklearn', 'scipy') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
