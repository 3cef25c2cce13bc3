"""How a delimited text file is written: delimiter, quote, decimal mark and header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass

from wellfit.records.cell_text import MISSING, MISSING_AMONG_NUMBERS

DELIMITERS = ("\t", ";", ",", "|", " ")
_NUMBER = re.compile(r"[+-]?(\d[\d.,]*|\.\d+)([eE][+-]?\d+)?%?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,(\d{1,2}|\d{4,})([eE][+-]?\d+)?|[+-]?\d{1,3}(\.\d{3})+,\d+|[+-]?0,\d+")
_DECIMAL_POINT = re.compile(
    r"[+-]?\d*\.(\d{1,2}|\d{4,})([eE][+-]?\d+)?|[+-]?\d{1,3}(,\d{3})+\.\d+|[+-]?0\.\d+"
)
_THREE_DIGITS = re.compile(r"[+-]?\d{1,3},\d{3}")


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a delimited text file is written.

    Attributes:
        delimiter: one character between fields; a blank stands for a run of blanks.
        quote: the character around quoted fields, or an empty string for none.
        decimal: the decimal mark.
        header: whether the first line holds the column names.
    """

    delimiter: str
    quote: str
    decimal: str
    header: bool


def detect_dialect(
    lines: list[str],
    *,
    delimiter: str | None = None,
    quote: str | None = None,
    decimal: str | None = None,
    header: bool | None = None,
) -> Dialect:
    """Return the dialect of `lines`, the first few hundred of a file; what is given is taken as it is."""
    quote = detect_quote(lines) if quote is None else quote
    delimiter = delimiter or detect_delimiter(lines, quote)
    rows = split_lines(lines, delimiter, quote)
    return Dialect(
        delimiter=delimiter,
        quote=quote,
        decimal=decimal or detect_decimal(rows[1:] or rows, delimiter),
        header=detect_header(rows) if header is None else header,
    )


def split_lines(lines: list[str], delimiter: str, quote: str) -> list[list[str]]:
    """Return the fields of each line that is not blank."""
    blank = delimiter == " "
    reader = csv.reader(
        (line.strip() if blank else line for line in lines if line.strip()),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        skipinitialspace=blank,
    )
    try:
        return [row for row in reader if row]
    except csv.Error:
        return [line.split(delimiter) for line in lines if line.strip()]


def detect_quote(lines: list[str]) -> str:
    """Return the quote: a double one, or a single one where whole fields stand in single ones."""
    text = "\n".join(lines)
    if '"' in text:
        return '"'
    quoted = re.findall(r"(?:^|[\t;,|])'[^'\n]*'(?=$|[\t;,|])", text, flags=re.MULTILINE)
    return "'" if len(quoted) >= max(2, len(lines) // 2) else '"'


def detect_delimiter(lines: list[str], quote: str) -> str:
    """Return the delimiter that splits most lines alike; a comma if nothing splits them."""
    scores = {mark: _score(lines, mark, quote) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: scores[mark])
    return best if scores[best][0] > 0 else ","


def _score(lines: list[str], delimiter: str, quote: str) -> tuple[float, float, int]:
    """Return how well a delimiter fits: share of lines of one width, of fields left whole, the width."""
    rows = split_lines(lines, delimiter, quote)
    if not rows:
        return 0.0, 0.0, 0
    width, num_same = Counter(len(row) for row in rows).most_common(1)[0]
    if width < 2:
        return 0.0, 0.0, 0
    others = [mark for mark in DELIMITERS[:-1] if mark != delimiter]
    fields = [field for row in rows for field in row]
    # "1,5;2,5" splits evenly at commas too, but then the fields still hold semicolons.
    whole = sum(not any(mark in field for mark in others) or _is_number(field) for field in fields)
    # A blank is a delimiter of last resort: text and dates hold blanks.
    handicap = 0.5 if delimiter == " " else 1.0
    return round(handicap * num_same / len(rows), 2), round(whole / len(fields), 2), width


def detect_decimal(rows: list[list[str]], delimiter: str) -> str:
    """Return the decimal mark: a comma only where numbers are seen that no point-marked file would hold."""
    cells = [cell.strip() for row in rows for cell in row]
    num_comma = sum(_DECIMAL_COMMA.fullmatch(cell) is not None for cell in cells)
    num_point = sum(_DECIMAL_POINT.fullmatch(cell) is not None for cell in cells)
    if num_comma != num_point:
        return "," if num_comma > num_point else "."
    # "1,234" alone is ambiguous; files delimited by semicolons are those whose commas are decimal.
    ambiguous = any(_THREE_DIGITS.fullmatch(cell) for cell in cells)
    return "," if ambiguous and delimiter == ";" and num_point == 0 else "."


def detect_header(rows: list[list[str]]) -> bool:
    """Return whether the first row holds names: text above numbers, or text that never comes again."""
    if len(rows) < 2:
        return True
    first = [cell.strip() for cell in rows[0]]
    columns = [[row[i].strip() for row in rows[1:] if i < len(row)] for i in range(len(first))]
    numeric = [_is_numeric_column(cells) for cells in columns]
    above = [cell for cell, is_numeric in zip(first, numeric, strict=True) if is_numeric]
    if any(cell and not _is_number(cell) and not _is_missing(cell) for cell in above):
        return True
    if above and not _counts_up(above):
        return False
    repeated = sum(cell in cells for cell, cells in zip(first, columns, strict=True))
    return len(set(first)) == len(first) and 2 * repeated < max(len(first), 2)


def _counts_up(cells: list[str]) -> bool:
    """Return whether the cells are 0, 1, 2 ... or 1, 2, 3 ...: column numbers used as names."""
    if len(cells) < 2 or not all(cell.isdigit() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _is_numeric_column(cells: list[str]) -> bool:
    known = [cell for cell in cells if not _is_missing(cell)]
    return bool(known) and sum(map(_is_number, known)) > 0.9 * len(known)


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def _is_missing(cell: str) -> bool:
    return cell.lower() in MISSING or cell.lower() in MISSING_AMONG_NUMBERS
