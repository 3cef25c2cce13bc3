"""Delimited text to a table of text cells."""

from __future__ import annotations

import csv
import re

import numpy as np
import polars as pl

from wellfit.data._dialect import Dialect, detect_dialect
from wellfit.data._structure import Structure, scan
from wellfit.data._table import Table
from wellfit.data._text_encoding import decode
from wellfit.records import CleaningStep, DataError, FileReadError, SettingsError, shorten

_SAMPLE_LINES = 300
_SAMPLE_CHARACTERS = 1 << 18


def read_delimited(
    data: bytes,
    name: str,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    quote: str | None = None,
    header: bool | None = None,
) -> Table:
    """Return the table that `data`, the bytes of a CSV or TSV file, holds; see `read_table`."""
    text, found_encoding = decode(data, name, encoding)
    text, hint = _take_separator_line(text)
    if not text.strip():
        raise FileReadError(
            f"{name} is empty.",
            received=f"{len(data)} bytes without a cell",
            expected="a header and rows",
            fix="check that the export wrote the file",
        )
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    dialect = detect_dialect(
        text[:_SAMPLE_CHARACTERS].split("\n")[:_SAMPLE_LINES],
        delimiter=_one_character("delimiter", delimiter) or hint,
        quote=_one_character("quote", quote),
        decimal=_checked_decimal(decimal),
        header=header,
    )
    body = _squeeze_blanks(text) if dialect.delimiter == " " else text
    return _parse(body.encode(), name, dialect, found_encoding)


def _take_separator_line(text: str) -> tuple[str, str | None]:
    """Return `text` without the line ``sep=;`` that Excel writes, and the delimiter it names."""
    found = re.match(r'"?sep=(.)"?\r?\n', text)
    return (text[found.end() :], found.group(1)) if found else (text, None)


def _one_character(option: str, value: str | None) -> str | None:
    if value is None or value == "" or (len(value) == 1 and value.isascii()):
        return value
    if option == "delimiter" and value in {"\\t", "tab"}:
        return "\t"
    raise SettingsError(
        f"the {option} must be one character.",
        received=f"{option}={value!r}",
        expected="one ASCII character, such as ',' or ';' or a tab",
        fix=f"leave the {option} out to have it found",
    )


def _checked_decimal(value: str | None) -> str | None:
    if value in (None, ".", ","):
        return value
    raise SettingsError(
        "the decimal mark must be a point or a comma.",
        received=f"decimal={value!r}",
        expected="'.' or ','",
        fix="leave it out to have it found",
    )


def _squeeze_blanks(text: str) -> str:
    return "\n".join(re.sub(r"[ \t]+", " ", line.strip()) for line in text.split("\n"))


def _parse(data: bytes, name: str, dialect: Dialect, encoding: str) -> Table:
    structure = scan(data, dialect.delimiter, dialect.quote)
    quote = dialect.quote
    if not structure.closed:
        quote = ""
        structure = scan(data, dialect.delimiter, "")
    blank = structure.num_fields == 0
    names, width, num_header = _names(data, structure, dialect, quote, name)
    check_names(names, name)
    _refuse_ragged(structure, width, num_header, name)
    _refuse_no_rows(int((~blank).sum()) - num_header, name)
    body = _body(data, structure, num_header)
    frame = _read_csv(body, width, dialect.delimiter, quote, name)
    frame, steps = _without_empty_tail(frame.rename(dict(zip(frame.columns, names, strict=True))))
    num_blank = int(blank[: np.flatnonzero(~blank)[-1]].sum())
    if num_blank:
        steps += (CleaningStep(column="", action="blank lines left out", num_cells=num_blank),)
    detected = {
        "format": "delimited text",
        "delimiter": dialect.delimiter,
        "encoding": encoding,
        "quote": quote,
        "decimal": dialect.decimal,
        "header": dialect.header,
    }
    return Table(frame=frame, name=name, decimal=dialect.decimal, detected=detected, steps=steps)


def _names(
    data: bytes, structure: Structure, dialect: Dialect, quote: str, name: str
) -> tuple[list[str], int, int]:
    """Return the column names, the number of columns, and 1 if there is a header line, else 0."""
    counts = structure.num_fields[structure.num_fields > 0]
    width = int(counts[0])
    if not dialect.header:
        return [f"column_{i + 1}" for i in range(width)], width, 0
    filled = np.flatnonzero(structure.num_fields)
    stop = structure.starts[filled[1]] if len(filled) > 1 else len(data)
    line = data[structure.starts[filled[0]] : stop].decode().strip("\r\n")
    reader = csv.reader(
        [line] if "\n" not in line else line.splitlines(keepends=True),
        delimiter=dialect.delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    try:
        fields = next(reader)
    except csv.Error as error:
        raise FileReadError(
            f"the header of {name} cannot be read.",
            received=str(error),
            expected=f"column names of at most {csv.field_size_limit():,} characters",
            fix="shorten the names, or name the delimiter and the quote if they were not found rightly",
        ) from error
    names = [field.strip() for field in fields]
    # R writes row names without a name above them.
    if len(counts) > 1 and (counts[1:] == len(names) + 1).all():
        names, width = ["", *names], width + 1
    if len(names) != width:  # a quote inside of a name is read in two ways
        raise FileReadError(
            f"the header of {name} cannot be read.",
            received=f"{len(names)} names over {width} columns",
            expected="quotes around whole names, doubled inside of them",
            fix="mend the first line, or name the delimiter and the quote if they were not found rightly",
        )
    return [text or f"column_{i + 1}" for i, text in enumerate(names)], width, 1


def _refuse_ragged(structure: Structure, width: int, num_header: int, name: str) -> None:
    filled = np.flatnonzero(structure.num_fields)
    body = filled[num_header:]
    wrong = body[structure.num_fields[body] != width]
    if not len(wrong):
        return
    first = "the header" if num_header else "the first line"
    raise FileReadError(
        f"{name} is ragged: {len(wrong)} of {len(body)} lines do not have {width} fields.",
        received=f"record {wrong[0] + 1} has {structure.num_fields[wrong[0]]} fields, {first} has {width}",
        expected="as many fields in every line",
        fix="mend those lines, or name the delimiter and the quote if they were not found rightly",
    )


def _refuse_no_rows(num_rows: int, name: str) -> None:
    if num_rows > 0:
        return
    raise FileReadError(
        f"{name} has a header and no rows.",
        received="one line",
        expected="a header and at least one row",
        fix="check that the export wrote the rows",
    )


def _body(data: bytes, structure: Structure, num_header: int) -> bytes:
    """Return the bytes of the rows: no header, no blank lines."""
    filled = np.flatnonzero(structure.num_fields)
    first = filled[num_header]
    inner = structure.num_fields[first:] == 0
    if not inner.any():
        return data[structure.starts[first] :]
    ends = np.append(structure.starts[1:], len(data))
    return b"".join(data[structure.starts[i] : ends[i]] for i in filled[num_header:])


def _read_csv(data: bytes, width: int, delimiter: str, quote: str, name: str) -> pl.DataFrame:
    names = [f"column_{i}" for i in range(width)]
    try:
        return pl.read_csv(
            data,
            has_header=False,
            separator=delimiter,
            quote_char=quote or None,
            schema={column: pl.String() for column in names},
        )
    except pl.exceptions.PolarsError as error:
        raise FileReadError(
            f"{name} could not be parsed.",
            received=str(error).splitlines()[0],
            expected=f"lines of {width} fields with {delimiter!r} between them",
            fix="name the delimiter and the quote if they were not found rightly",
        ) from error


def _without_empty_tail(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[CleaningStep, ...]]:
    """Return `frame` without a nameless empty last column, which a delimiter at line ends makes."""
    last = frame.columns[-1]
    if frame.width < 2 or last != f"column_{frame.width}":
        return frame, ()
    if frame[last].is_not_null().any() and (frame[last].str.strip_chars() != "").any():
        return frame, ()
    step = CleaningStep(
        column=last, action="empty last column without a name left out", num_cells=frame.height
    )
    return frame.drop(last), (step,)


def check_names(names: list[str], source: str) -> None:
    """Raise DataError if a column name comes twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"{source} has columns of the same name.",
            received=f"twice or more: {shorten(twice)}",
            expected="a different name for every column",
            fix="rename or remove the columns that repeat",
        )
