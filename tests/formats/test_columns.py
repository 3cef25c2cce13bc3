"""Raw columns become the same features in a graph as in `wellfit.data`."""

import numpy as np
import onnxruntime
import polars as pl
import pytest
from onnx import TensorProto

from wellfit.data import Preparation, canonical_table, encode_table, fit_encoder, read_table
from wellfit.data._date_text import PARTS, date_features
from wellfit.formats._columns import encoded_inputs
from wellfit.formats._graph import Graph
from wellfit.formats._signature import _columns
from wellfit.formats._study_graph import column_tensors
from wellfit.formats._times import time_features
from wellfit.serving import RowReader, Signature

NUM_ROWS = 120


def run(graph: Graph, **tensors) -> list[np.ndarray]:
    """Return the outputs of a graph."""
    session = onnxruntime.InferenceSession(graph.model().SerializeToString())
    return session.run(None, tensors)


@pytest.fixture(scope="module")
def table():
    """Return columns of all kinds, untidy as they come: missing cells, sentinels, odd numbers, rare words."""
    rng = np.random.default_rng(5)
    kinds = np.array(["red", "green", "blue", "", "NA", "2.0"])
    columns = {
        "age": [str(v) if v > 20 else "" for v in rng.integers(1, 90, NUM_ROWS)],
        "income": [f"${v:,.2f}" for v in np.exp(rng.normal(10, 2, NUM_ROWS))],
        "code": [-999.0 if v < 0.2 else v * 1e6 + 1e9 for v in rng.random(NUM_ROWS)],
        "member": rng.choice(["yes", "no", "n/a"], NUM_ROWS).tolist(),
        "color": rng.choice(kinds, NUM_ROWS).tolist(),
        "size": rng.choice(["low", "medium", "high"], NUM_ROWS).tolist(),
        "since": [f"{d:02d}.{m:02d}.20{y:02d}" for d, m, y in rng.integers(1, 13, (NUM_ROWS, 3))],
        "prediction": rng.normal(size=NUM_ROWS).tolist(),
        "y": rng.choice(["a", "b"], NUM_ROWS).tolist(),
    }
    return read_table(columns)


@pytest.mark.parametrize(
    "preparation",
    [
        Preparation(),
        Preparation(encoding="embedding"),
        Preparation(encoding="ordinal", missing_indicator=False),
        Preparation(outliers="signed_log"),
    ],
    ids=lambda one: f"{one.encoding} {one.outliers}",
)
def test_the_graph_encodes_as_the_encoder_does(table, preparation):
    """All kinds of columns, new categories and missing cells included, from the cells of raw rows."""
    encoder = fit_encoder(table, "y", preparation=preparation)
    new = read_table(
        table.frame.vstack(
            table.frame.with_columns(color=pl.lit("violet"), size=pl.lit("huge")).head(1)
        ).to_dict(as_series=False)
    )
    graph = Graph()
    signature = Signature(kind="table", task=encoder.target.task, columns=_columns(encoder))
    inputs = encoded_inputs(graph, encoder, column_tensors(graph, signature))
    for place, value in enumerate(inputs):
        dtype = TensorProto.FLOAT if place == 0 and encoder.matrix_columns else TensorProto.INT32
        graph.output(value, f"out {place}", dtype, ("row", None))
    reader = RowReader(signature)
    tensors = reader.tensors(reader.read_rows(new.frame.to_dicts()))
    expected = encode_table(encoder, new, with_target=False).dataset.inputs
    for found, wanted in zip(run(graph, **tensors), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


def test_canonical_cells_are_encoded_like_those_they_come_from(table):
    """Numbers, labels and typed times are what the cells meant."""
    encoder = fit_encoder(table, "y")
    canonical = canonical_table(encoder, table)
    for found, wanted in zip(
        encode_table(encoder, canonical, with_target=False).dataset.inputs,
        encode_table(encoder, table, with_target=False).dataset.inputs,
        strict=True,
    ):
        np.testing.assert_array_equal(found, wanted)
    assert {str(dtype) for dtype in canonical.frame.dtypes} == {
        "Float64",
        "String",
        "Datetime(time_unit='us', time_zone=None)",
    }


def test_parts_of_times_are_those_of_polars():
    """Any second between 1906 and 2096."""
    seconds = np.random.default_rng(0).integers(-2_000_000_000, 4_000_000_000, 400)
    dates = pl.Series(seconds * 1_000_000).cast(pl.Datetime("us"))
    graph = Graph()
    parts = time_features(graph, graph.input("t", TensorProto.STRING, ("row", 1)), list(PARTS))
    graph.output(graph.op("Concat", *parts, axis=1), "features", TensorProto.FLOAT, ("row", 8))
    text = dates.dt.strftime("%Y-%m-%dT%H:%M:%S").to_numpy().astype(object)
    expected = np.stack(list(date_features(dates, list(PARTS)).values()), axis=1)
    (found,) = run(graph, t=text[:, np.newaxis])
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-1-1", "2026-01-01 10:00", "2026-01-01T"])
def test_text_that_is_no_time_is_missing(text):
    """One such cell beside a time."""
    graph = Graph()
    parts = time_features(graph, graph.input("t", TensorProto.STRING, ("row", 1)), ["year", "hour"])
    graph.output(graph.op("Concat", *parts, axis=1), "features", TensorProto.FLOAT, ("row", 3))
    (found,) = run(graph, t=np.array([[text], ["2026-01-31"]], object))
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1], [2026, 0, 1], atol=1e-6)


def test_a_table_of_one_kind_alone_is_encoded():
    """Only categories with inputs of their own: there is no matrix."""
    table = read_table({"c": ["u", "v", "w"] * 20, "y": ["a", "b"] * 30})
    encoder = fit_encoder(table, "y", preparation=Preparation(encoding="embedding"))
    graph = Graph()
    tensors = {"c": graph.input("c", TensorProto.STRING, ("row", 1))}
    (codes,) = encoded_inputs(graph, encoder, tensors)
    graph.output(codes, "codes", TensorProto.INT32, ("row", 1))
    (found,) = run(graph, c=np.array([["v"], ["x"], [""]], object))
    assert found.ravel().tolist() == [2, 0, 0]
