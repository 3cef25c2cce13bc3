"""Reading tables: encodings, delimiters, headers, formats, and files that cannot be read."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.data import read_table
from wellfit.records import DataError, FileReadError, SettingsError

ROWS = "name;age;city\nAnna;31;Köln\nBéa;45;Münster\nÇelik;28;Würzburg\n"


def _write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_encoding_is_found(tmp_path, encoding):
    """Accented names come out right whatever the file's encoding."""
    table = read_table(_write(tmp_path / "a.csv", ROWS, encoding))
    assert table.column_names == ("name", "age", "city")
    assert table.frame["city"].to_list() == ["Köln", "Münster", "Würzburg"]


def test_chinese_encoding_is_found(tmp_path):
    """A file in GB18030 is not taken for Western European."""
    text = "姓名,年龄,城市\n张伟,31,北京\n王芳,45,上海\n李娜,28,广州\n"
    table = read_table(_write(tmp_path / "a.csv", text, "gb18030"))
    assert table.frame["城市"].to_list() == ["北京", "上海", "广州"]
    assert table.detected["encoding"] == "gb18030"


def test_encoding_can_be_given(tmp_path):
    """A given encoding is used as it is, also one that would not be guessed."""
    table = read_table(_write(tmp_path / "a.csv", "a,b\nж,1\nя,2\n", "cp1251"), encoding="cp1251")
    assert table.frame["a"].to_list() == ["ж", "я"]


def test_wrong_encoding_is_an_error(tmp_path):
    """Bytes that are not in the given encoding, and encodings that do not exist, are told."""
    path = _write(tmp_path / "a.csv", ROWS, "cp1252")
    with pytest.raises(FileReadError, match="is not utf-8 text"):
        read_table(path, encoding="utf-8")
    with pytest.raises(SettingsError, match="no text encoding"):
        read_table(path, encoding="utf-99")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
def test_delimiter_is_found(tmp_path, delimiter):
    """Each usual delimiter is found."""
    lines = [delimiter.join(row) for row in (["x", "y", "z"], ["1", "2.5", "a"], ["3", "4.5", "b"])]
    table = read_table(_write(tmp_path / "a.csv", "\n".join(lines)))
    assert table.frame["y"].to_list() == ["2.5", "4.5"]
    assert table.detected["delimiter"] == delimiter


def test_aligned_blanks_are_one_delimiter(tmp_path):
    """Columns aligned with several blanks are columns all the same."""
    table = read_table(_write(tmp_path / "a.txt", "   1.0   2.0  3.5\n  10.0  20.0 30.5\n"))
    assert table.frame.shape == (2, 3)
    assert table.column_names == ("column_1", "column_2", "column_3")


def test_decimal_comma_is_found(tmp_path):
    """Commas within numbers between semicolons are decimal marks and no delimiters."""
    table = read_table(_write(tmp_path / "a.csv", "x;y\n1,5;2,25\n3,5;1.234,5\n"))
    assert (table.detected["delimiter"], table.decimal) == (";", ",")


def test_thousands_are_no_decimal_comma(tmp_path):
    """Quoted "1,234" between commas keeps the point as decimal mark."""
    table = read_table(_write(tmp_path / "a.csv", 'x,y\n"1,234",2.5\n"5,678",3.5\n'))
    assert table.decimal == "."
    assert table.frame["x"].to_list() == ["1,234", "5,678"]


def test_quoted_fields_keep_delimiters_and_lines(tmp_path):
    """Delimiters, doubled quotes and line ends within quotes belong to the cell."""
    table = read_table(_write(tmp_path / "a.csv", 'a,b\n"x, ""y""\nz",1\nplain,2\n'))
    assert table.frame["a"].to_list() == ['x, "y"\nz', "plain"]


def test_lone_quotes_do_not_swallow_lines(tmp_path):
    """An inch mark is a character like others when quotes are not closed."""
    table = read_table(_write(tmp_path / "a.csv", 'size,n\n5" pipe,1\n6 pipe,2\n7 pipe,3\n'))
    assert table.frame["size"].to_list() == ['5" pipe', "6 pipe", "7 pipe"]


def test_single_quotes_are_found(tmp_path):
    """Fields in single quotes are read without them."""
    table = read_table(_write(tmp_path / "a.csv", "a,b\n'x, y',1\n'z',2\n"))
    assert table.frame["a"].to_list() == ["x, y", "z"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_blank_lines(tmp_path, end):
    """Unix, Windows and old Mac line ends work; blank lines are left out and told."""
    table = read_table(_write(tmp_path / "a.csv", end.join(["a,b", "1,2", "", "3,4", "", ""])))
    assert table.frame.rows() == [("1", "2"), ("3", "4")]
    assert [step.num_cells for step in table.steps] == [1]


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n6.2,2.9,virginica\n", False),
        ("0,1,target\n0.5,0.1,1\n0.2,0.3,0\n", True),
        ("0,1,2\n0.5,0.1,1\n0.2,0.3,0\n", True),
        ("color,shape\nred,round\nblue,square\n", True),
        ("red,round\nred,square\nblue,round\nred,round\n", False),
        ("x,y\n?,1\n3,2\n", True),
    ],
)
def test_header_is_found(tmp_path, text, header):
    """Names above numbers are a header; numbers above numbers and repeated words are not."""
    table = read_table(_write(tmp_path / "a.csv", text))
    assert table.detected["header"] is header


def test_header_can_be_given(tmp_path):
    """A given answer overrides what would be found."""
    table = read_table(_write(tmp_path / "a.csv", "a,b\nc,d\n"), header=False)
    assert table.frame.shape == (2, 2)


def test_excel_separator_line_and_trailing_delimiter(tmp_path):
    """The line "sep=;" and a delimiter at the end of every line are no data."""
    table = read_table(_write(tmp_path / "a.csv", "sep=;\r\na;b;\r\n1;2;\r\n3;4;\r\n"))
    assert table.column_names == ("a", "b")
    assert table.num_rows == 2


def test_row_names_without_a_header(tmp_path):
    """A header that is one name short leaves the row names nameless, as R writes them."""
    table = read_table(_write(tmp_path / "a.csv", "x\ty\nr1\t1\t2\nr2\t3\t4\n"))
    assert table.column_names == ("column_1", "x", "y")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n \n", "is empty"),
        (b"a,b\n", "header and no rows"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "not a text table"),
        (b"PK\x03\x04" + bytes(50), "not a text table"),
        (bytes(range(256)) * 4, "not a text table"),
        (b"<!DOCTYPE html>\n<html></html>\n", "not a text table"),
        (b"a,b\n1,2\n3\n4,5\n", "ragged: 1 of 3"),
        (b"a,b\n1,2\n3,4,5\n4,5\n", "ragged: 1 of 3"),
    ],
)
def test_unreadable_files_are_told(tmp_path, content, message):
    """What is wrong with a file is said in one sentence."""
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(FileReadError, match=message):
        read_table(path)


def test_ragged_line_is_named(tmp_path):
    """The first wrong record is named by its number."""
    path = _write(tmp_path / "a.csv", "a,b\n" + "1,2\n" * 20 + "1,2,3\n")
    with pytest.raises(FileReadError, match="record 22 has 3 fields"):
        read_table(path)


def test_missing_file_and_folder(tmp_path):
    """A path that leads nowhere, or to a folder, is told."""
    _write(tmp_path / "customers.csv", ROWS)
    with pytest.raises(FileReadError, match="in the same folder: customers"):
        read_table(tmp_path / "custmers.csv")
    with pytest.raises(FileReadError, match="is a folder"):
        read_table(tmp_path)


def test_repeated_names_are_an_error(tmp_path):
    """Two columns of one name are refused, not renamed in silence."""
    with pytest.raises(DataError, match="same name"):
        read_table(_write(tmp_path / "a.csv", "a,b,a\n1,2,3\n"))


def test_bad_options_are_told(tmp_path):
    """A delimiter of two characters and an unknown decimal mark are refused."""
    path = _write(tmp_path / "a.csv", "a,b\n1,2\n")
    with pytest.raises(SettingsError, match="one character"):
        read_table(path, delimiter="||")
    with pytest.raises(SettingsError, match="decimal mark"):
        read_table(path, decimal="x")


def test_typed_files(tmp_path):
    """Parquet, Arrow and JSON lines keep their types."""
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_ipc(tmp_path / "a.feather")
    frame.write_ipc_stream(tmp_path / "a.arrow")
    frame.write_ndjson(tmp_path / "a.jsonl")
    for name in ("a.parquet", "a.feather", "a.arrow", "a.jsonl"):
        assert read_table(tmp_path / name).frame.equals(frame), name


@pytest.mark.parametrize("name", ["a.parquet", "a.feather", "a.jsonl"])
def test_damaged_typed_files(tmp_path, name):
    """A damaged file is told, whatever its format."""
    (tmp_path / name).write_bytes(b"PAR1 not really")
    with pytest.raises(FileReadError):
        read_table(tmp_path / name)


def test_frames_and_arrays():
    """Frames of three libraries, an array and a mapping give the same columns."""
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    columns = {"x0": [1.5, 2.5], "x1": [3.0, 4.0]}
    frame = pl.DataFrame(columns)
    array = np.array([[1.5, 3.0], [2.5, 4.0]])
    for source in (frame, pd.DataFrame(columns), pa.table(columns), array, columns):
        assert read_table(source).frame.equals(frame), type(source)


def test_pandas_mixed_ordered_and_numbered_columns():
    """Mixed cells become text, ordered categories keep their order, column numbers become names."""
    pd = pytest.importorskip("pandas")
    ordered = pd.Categorical(["lo", "hi"], categories=["lo", "hi"], ordered=True)
    table = read_table(pd.DataFrame({0: [1, "x"], "o": ordered}))
    assert table.frame["0"].to_list() == ["1", "x"]
    assert table.frame["o"].dtype == pl.Enum(["lo", "hi"])


def test_objects_that_are_no_table():
    """A number, a 3-D array, uneven columns and an empty frame are refused."""
    for source in (5, np.zeros((2, 2, 2)), {"a": [1, 2], "b": [1]}, pl.DataFrame({"a": []})):
        with pytest.raises(DataError):
            read_table(source)


def test_table_helpers():
    """Rows can be taken and columns dropped; an unknown column is answered with the nearest name."""
    table = read_table({"tenure": [1, 2, 3], "churn": [0, 1, 0]})
    assert table.take([2, 0]).frame["tenure"].to_list() == [3, 1]
    assert table.drop("churn").column_names == ("tenure",)
    with pytest.raises(DataError, match="did you mean 'churn'"):
        table.column("Churn")


_CELL = st.text(alphabet=st.sampled_from("ab \"',;\t|x1.\n"), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_CELL, _CELL, _CELL), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_written_cells_are_read_again(tmp_path_factory, rows, delimiter):
    """Whatever stands in quoted cells is read as it was written, if the delimiter is known."""
    lines = [delimiter.join("pqr")]
    lines += [delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    path = _write(tmp_path_factory.mktemp("t") / "a.csv", "\n".join(lines))
    table = read_table(path, delimiter=delimiter, quote='"', header=True, encoding="utf-8")
    assert [tuple(cell or "" for cell in row) for row in table.frame.rows()] == rows


def test_a_header_that_is_read_in_two_ways_is_refused(tmp_path):
    """A quote inside of a name hides a delimiter from one reader and not from the other."""
    lines = ['?"23 Jul" "12 Apr"', *(f'"{day} May" "{day} June"' for day in range(10, 30))]
    with pytest.raises(FileReadError, match="header"):
        read_table(_write(tmp_path / "a.csv", "\n".join(lines)), delimiter=" ", quote='"', header=True)
