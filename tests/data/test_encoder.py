"""From cells to inputs: what is learned, what is stored, what happens to unknown cells."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.data import Encoder, Preparation, encode, encode_table, fit_encoder, prepare, read_table
from wellfit.records import ColumnNotFoundError, DataError, SettingsError, TargetNotFoundError

N = 60


def _cycle(*values):
    return [values[i % len(values)] for i in range(N)]


def _mixed():
    """Return a table with every kind of column."""
    rng = np.random.default_rng(0)
    return read_table(
        {
            "age": [None if i % 10 == 0 else 20.0 + i % 37 for i in range(N)],
            "income": [f"{i * 37 % 50},{100 + i}" for i in range(N)],
            "city": ["Bonn", *_cycle("Rome", "Oslo", None)[1:]],
            "member": _cycle("yes", "no", "no"),
            "size": _cycle("small", "large", "medium"),
            "since": [datetime(2020, 1, 1) + timedelta(days=40 * i, hours=i) for i in range(N)],
            "code": [f"X-{i:04}" for i in range(N)],
            "noise": list(rng.normal(size=N)),
            "y": _cycle("a", "b"),
        }
    )


def _column(encoder, dataset, name):
    return dataset.inputs[0][:, encoder.feature_names.index(name)]


def test_matrix_of_mixed_columns():
    """Each kind of column becomes the features that the documentation says, unfilled and unscaled."""
    table = _mixed()
    encoder = fit_encoder(table, "y")
    dataset = encode(encoder, table)
    matrix = dataset.inputs[0]
    assert matrix.dtype == np.float32
    assert matrix.shape == (N, len(encoder.feature_names))
    assert dataset.feature_names == (encoder.feature_names,)
    assert np.isnan(_column(encoder, dataset, "age")[0])
    assert _column(encoder, dataset, "age is missing")[:2].tolist() == [1.0, 0.0]
    assert _column(encoder, dataset, "income")[1] == 37101.0
    assert _column(encoder, dataset, "city=Rome")[3] == 1.0
    assert _column(encoder, dataset, "city is missing")[2] == 1.0
    assert _column(encoder, dataset, "member")[:3].tolist() == [1.0, 0.0, 0.0]
    assert _column(encoder, dataset, "size")[:3].tolist() == [0.0, 2.0, 1.0]
    assert _column(encoder, dataset, "since.year")[0] == 2020.0
    assert not any(name.startswith("code") for name in encoder.feature_names)


def test_embedding_inputs():
    """With embeddings each category column is an input of codes; 0 is unseen, the last is missing."""
    table = _mixed()
    encoder = fit_encoder(table, "y", preparation=Preparation(encoding="embedding"))
    dataset = encode(encoder, table)
    assert dataset.input_names == ("features", "city")
    assert encoder.vocabulary_sizes == (4,)
    assert dataset.inputs[1].dtype == np.int32
    assert dataset.inputs[1][:4, 0].tolist() == [0, 1, 3, 2]


def test_ordinal_encoding():
    """With ordinal encoding a category column is one number."""
    table = _mixed()
    encoder = fit_encoder(table, "y", preparation=Preparation(encoding="ordinal"))
    assert _column(encoder, encode(encoder, table), "city")[:4].tolist() == [0.0, 1.0, 3.0, 2.0]


def test_raw_features():
    """Raw features are the numeric columns as they stand, in file order, a constant one included."""
    table = read_table(
        {"b": [5.0] * N, "w": _cycle("u", "v"), "a": [-999.0] * 9 + list(range(51)), "y": _cycle(0, 1)}
    )
    encoder = fit_encoder(table, "y", preparation=Preparation(features="raw"))
    dataset = encode(encoder, table)
    assert encoder.feature_names == ("b", "a")
    assert dataset.inputs[0][0].tolist() == [5.0, -999.0]
    assert encoder.preparation.scaling == "none"


def test_auto_features_follow_the_width():
    """The width of the network's input decides between raw and encoded, raw first."""
    table = read_table({"a": [i + 0.5 for i in range(N)], "w": _cycle("u", "v"), "y": _cycle(0, 1)})
    assert fit_encoder(table, "y", input_width=1).preparation.features == "raw"
    assert fit_encoder(table, "y", input_width=3).preparation.features == "encoded"
    assert fit_encoder(table, "y").preparation.features == "encoded"


def test_only_the_given_rows_are_learned_from():
    """Categories and missing cells of other rows leave no trace in the encoder."""
    table = _mixed()
    rows = np.arange(0, N, 2, dtype=np.int32)
    frame = table.frame.with_columns(
        city=pl.Series([city if i % 2 == 0 else "Mars" for i, city in enumerate(table.frame["city"])]),
        noise=pl.Series([value if i % 2 == 0 else 1e9 for i, value in enumerate(table.frame["noise"])]),
    )
    changed = dataclasses.replace(table, frame=frame)
    assert fit_encoder(table, "y", rows=rows) == fit_encoder(changed, "y", rows=rows)


def test_row_order_does_not_matter():
    """The same rows in another order give the same encoder and the same rows of inputs."""
    table = _mixed()
    order = np.random.default_rng(3).permutation(N)
    first, second = fit_encoder(table, "y"), fit_encoder(table.take(order), "y")
    assert first == second
    np.testing.assert_array_equal(
        encode(first, table).inputs[0][order], encode(second, table.take(order)).inputs[0]
    )


@pytest.mark.parametrize("encoding", ["one_hot", "ordinal", "embedding"])
@pytest.mark.parametrize("features", ["raw", "encoded"])
def test_encoder_survives_json(encoding, features):
    """An encoder read from its JSON is equal and encodes alike."""
    table = _mixed()
    encoder = fit_encoder(table, "y", preparation=Preparation(encoding=encoding, features=features))
    again = Encoder.from_json(encoder.to_json())
    assert again == encoder
    for left, right in zip(encode(encoder, table).inputs, encode(again, table).inputs, strict=True):
        np.testing.assert_array_equal(left, right)


_CELLS = st.one_of(
    st.lists(st.one_of(st.none(), st.floats(width=32)), min_size=30, max_size=30),
    st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=30, max_size=30),
    st.lists(st.sampled_from(["a", "b", " ", "?", "Ö", "1,5", "12 %"]), min_size=30, max_size=30),
    st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), min_size=30, max_size=30),
)


@settings(max_examples=60, deadline=None)
@given(_CELLS, _CELLS)
def test_any_table_survives_json(first, second):
    """Whatever the cells: the encoder survives JSON, and inputs are finite or NaN of the promised width."""
    table = read_table(
        {"base": [i + 0.5 for i in range(30)], "u": first, "v": second, "y": ["a", "b", "b"] * 10}
    )
    encoder = fit_encoder(table, "y")
    assert Encoder.from_json(encoder.to_json()) == encoder
    matrix = encode(encoder, table).inputs[0]
    assert matrix.shape == (30, len(encoder.feature_names))
    assert not np.isinf(matrix).any()


def test_broken_json_is_told():
    """Text that is no encoder is refused as such."""
    for text in ("", "{}", "[1]", '{"version": 99}'):
        with pytest.raises(DataError, match="not an encoder"):
            Encoder.from_json(text)


def test_unseen_categories():
    """An unseen category is zero in each one-hot column, and counted."""
    table = _mixed()
    encoder = fit_encoder(table, "y")
    row = table.take([1]).frame.with_columns(city=pl.lit("Lima"), size=pl.lit("gigantic"))
    encoded = encode_table(encoder, read_table(row), with_target=False)
    assert _column(encoder, encoded.dataset, "city=Rome")[0] == 0.0
    assert _column(encoder, encoded.dataset, "city is missing")[0] == 0.0
    assert np.isnan(_column(encoder, encoded.dataset, "size")[0])
    assert {(step.column, step.num_cells) for step in encoded.steps} == {("city", 1), ("size", 1)}


def test_rows_to_predict_need_no_target():
    """Without a target every row is kept, in order; with one asked for it must be there."""
    table = _mixed()
    encoder = fit_encoder(table, "y")
    encoded = encode_table(encoder, table.drop("y"))
    assert encoded.rows.tolist() == list(range(N))
    with pytest.raises(TargetNotFoundError):
        encode(encoder, table.drop("y"), with_target=True)


def test_missing_and_extra_columns():
    """A missing feature is an error with its name; a further column and another order are fine."""
    table = _mixed()
    encoder = fit_encoder(table, "y")
    with pytest.raises(ColumnNotFoundError, match="'income'"):
        encode(encoder, table.drop("income"))
    frame = table.frame.select(reversed(table.frame.columns)).with_columns(extra=pl.lit(1))
    encoded = encode_table(encoder, read_table(frame))
    np.testing.assert_array_equal(encoded.dataset.inputs[0], encode(encoder, table).inputs[0])
    assert [step.column for step in encoded.steps if "ignored" in step.action] == ["extra"]


@pytest.mark.parametrize(("column", "value"), [("income", "lots"), ("member", "perhaps"), ("since", "soon")])
def test_wrong_cells_are_named(column, value):
    """A cell of the wrong kind is named with column, row and value, or read as missing if not strict."""
    table = read_table(_mixed().frame.with_columns(since=pl.col("since").dt.to_string("%Y-%m-%d %H:%M:%S")))
    encoder = fit_encoder(table, "y")
    cells = [value if i == 2 else cell for i, cell in enumerate(table.frame[column])]
    wrong = read_table(table.frame.with_columns(pl.Series(column, cells)))
    with pytest.raises(DataError, match=f"(?s)'{column}'.*'{value}' in row 3"):
        encode(encoder, wrong)
    encoded = encode_table(encoder, wrong, strict=False)
    assert [step.num_cells for step in encoded.steps if step.column == column] == [1]
    assert encoded.incomplete[2]


def test_nested_cells_are_refused():
    """Lists where the training data had numbers or categories are named with their type."""
    table = _mixed()
    encoder = fit_encoder(table, "y")
    for column in ("noise", "city"):
        nested = read_table(table.frame.with_columns(pl.Series(column, [[1]] * N)))
        with pytest.raises(DataError, match=f"'{column}'"):
            encode(encoder, nested)


def test_typed_and_written_dates_agree(tmp_path):
    """Dates learned from a typed frame are read from a text file too, and the other way round."""
    table = _mixed()
    table.frame.write_csv(tmp_path / "a.csv")
    written = read_table(tmp_path / "a.csv")
    for first, second in ((table, written), (written, table)):
        encoder = fit_encoder(first, "y")
        np.testing.assert_allclose(
            encode(encoder, second).inputs[0], encode(encoder, first).inputs[0], rtol=1e-6
        )


def test_decimal_mark_of_each_file(tmp_path):
    """An encoder learned from decimal points reads a file with decimal commas alike."""
    table = read_table({"x": [f"{i}.5" for i in range(N)], "y": _cycle("a", "b")})
    path = tmp_path / "new.csv"
    path.write_text("x;w\n1,5;1\n2,25;2\n")
    dataset = encode(fit_encoder(table, "y"), read_table(path))
    assert dataset.inputs[0][:, 0].tolist() == [1.5, 2.25]


def test_values_far_from_zero_keep_their_differences():
    """Time stamps in seconds differ by one and still do so in float32."""
    stamps = [1_700_000_000.0 + 0.5 * i for i in range(N)]
    table = read_table({"t": stamps, "y": _cycle("a", "b")})
    values = encode(fit_encoder(table, "y"), table).inputs[0][:, 0]
    np.testing.assert_array_equal(np.diff(values), 0.5)


def test_drop_column_and_most_frequent():
    """Columns with gaps are left out, or a gap is the most frequent category, where asked for."""
    table = _mixed()
    dropped = fit_encoder(table, "y", preparation=Preparation(missing="drop_column"))
    assert {column.name for column in dropped.used_columns}.isdisjoint({"age", "city"})
    frequent = fit_encoder(table, "y", preparation=Preparation(missing="most_frequent"))
    row = encode(frequent, table).inputs[0][2]
    assert row[frequent.feature_names.index("city=Oslo")] == 1.0
    assert "city is missing" not in frequent.feature_names


def test_logarithm_of_skewed_columns():
    """A column with outliers is compressed, signs kept; one without is left alone."""
    table = read_table(
        {
            "flat": [float(i % 11) for i in range(N)],
            "skew": [float(np.exp(i / 6)) for i in range(N)],
            "signed": [-float(np.exp(i / 6)) for i in range(N)],
            "y": _cycle("a", "b"),
        }
    )
    options = {"outlier_rule": "iqr"}
    signed = fit_encoder(table, "y", preparation=Preparation(outliers="signed_log", **options))
    first = encode(signed, table).inputs[0][0]
    np.testing.assert_allclose(first, [0.0, np.log(2.0), -np.log(2.0)], rtol=1e-6)
    plain = fit_encoder(table, "y", preparation=Preparation(outliers="log", **options))
    np.testing.assert_allclose(encode(plain, table).inputs[0][0], [0.0, np.log(2.0), -1.0], rtol=1e-6)


def test_cleaning_log():
    """What was done is told: missing cells, sentinels, outliers, columns left out, leaks."""
    rng = np.random.default_rng(4)
    table = read_table(
        {
            "s": [-999.0] * 6 + list(rng.normal(size=N - 6)),
            "o": [1e6, *rng.normal(size=N - 1)],
            "id": [f"k{i}" for i in range(N)],
            "copy": _cycle("x", "z"),
            "y": _cycle("a", "b"),
        }
    )
    told = {
        (step.column, step.action.split(":")[0].split(" read")[0]) for step in fit_encoder(table, "y").steps
    }
    assert ("s", "sentinel -999") in told
    assert ("o", "outliers") in told
    assert ("id", "left out as identifier") in told
    assert ("copy", "tells the target alone in every row") in told
    assert ("s", "tells the target alone in every row") not in told


def test_leak_in_regression():
    """A column that is the target in another unit is told."""
    y = np.random.default_rng(5).normal(size=N)
    table = read_table({"fahrenheit": 1.8 * y + 32, "noise": y[::-1].copy(), "y": y})
    leaks = [step.column for step in fit_encoder(table, "y").steps if step.action.startswith("tells")]
    assert leaks == ["fahrenheit"]


def test_nothing_to_learn_from():
    """A table with no usable column is refused, with the reasons."""
    table = read_table({"id": [f"k{i}" for i in range(N)], "c": [1] * N, "y": _cycle("a", "b")})
    with pytest.raises(DataError, match="no column"):
        fit_encoder(table, "y")


def test_options_are_checked():
    """An unknown option is refused with the nearest one; numbers must be in range."""
    with pytest.raises(SettingsError, match="did you mean 'standard'"):
        Preparation(scaling="standart")  # pyright: ignore[reportArgumentType]
    with pytest.raises(SettingsError):
        Preparation(max_categories=1)


@pytest.mark.parametrize("holdout", [0.25, 0, "table"])
def test_prepare(holdout):
    """Working rows and holdout are apart and whole; the encoder has seen the working rows only."""
    table = _mixed()
    given = table.take(range(10)) if holdout == "table" else holdout
    prepared = prepare(table, "y", holdout=given)
    both = np.concatenate([prepared.working, prepared.holdout])
    assert sorted(both.tolist()) == list(range(prepared.dataset.num_rows))
    expected = fit_encoder(table, "y", rows=prepared.rows[prepared.working] if holdout == 0.25 else None)
    assert prepared.encoder == expected
    assert len(prepared.holdout) == {0.25: 15, 0: 0, "table": 10}[holdout]


def test_groups_of_both_tables_have_one_code():
    """A group on both sides is one group, whatever its cells are written as; unknown ones stand alone."""
    cells = {"x": [i * i / 7 for i in range(60)], "y": ["a", "b"] * 30}
    table = read_table({**cells, "who": [i // 3 for i in range(60)]})
    held = read_table({"x": [0.5, 1.5, 2.5, 3.5], "y": ["a", "b"] * 2, "who": ["0", "19.0", "new", None]})
    prepared = prepare(table, "y", group="who", holdout=held)
    for codes in (prepared.groups, prepared.dataset.groups):
        assert len(set(codes[:60])) == 20
        assert len(set(codes)) == 22
        assert codes[60] == codes[0]
        assert codes[61] == codes[59]
    assert prepare(table, "y", group="who", holdout=held.drop("who")).groups is None


def test_prepare_tells_repeated_holdout_rows():
    """Rows of a holdout table that are also in the training table are counted."""
    table = _mixed()
    prepared = prepare(table, "y", holdout=table.take(range(10)))
    assert [step.num_cells for step in prepared.steps if step.action.startswith("holdout rows")] == [10]


def test_prepare_drops_rows_from_training_only():
    """Incomplete rows and outliers leave the working rows; the holdout keeps its own."""
    table = _mixed()
    plain = prepare(table, "y")
    gaps = prepare(table, "y", preparation=Preparation(missing="drop_row"))
    assert gaps.holdout.tolist() == plain.holdout.tolist()
    kept = table.take(gaps.rows[gaps.working]).frame
    assert kept["age"].null_count() == kept["city"].null_count() == 0
    frame = table.frame.with_columns(
        noise=pl.Series([1e9 if i == plain.working[0] else v for i, v in enumerate(table.frame["noise"])])
    )
    far = prepare(read_table(frame), "y", preparation=Preparation(outliers="drop"))
    assert set(plain.working) - set(far.working) == {plain.working[0]}
