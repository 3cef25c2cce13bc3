"""What the text of a cell means: missing, a number, yes or no; for whoever reads cells, with any library."""

from __future__ import annotations

MISSING = ("", "?", "na", "n/a", "#n/a", "nan", "null", "<na>", "nat")
"""Text that is a missing cell in any column, in lower case."""

MISSING_AMONG_NUMBERS = ("none", "-", "--", "---", ".", "nil", "missing", "unknown", "*")
"""Text that is a missing cell among numbers and dates, but may be a category among text."""

TRUE_FALSE = {"true": "false", "yes": "no", "y": "n", "t": "f", "on": "off"}
"""Words that make a column boolean."""

SIGNS = r"^[\s$€£¥₹]+|[\s$€£¥₹%]+$"
"""What stands around a number and is not part of it."""

GROUPED = {
    ".": r"^[+-]?\d{1,3}([,\s\u00a0\u202f'_]\d{3})+(\.\d*)?([eE][+-]?\d+)?$",
    ",": r"^[+-]?\d{1,3}([.\s\u00a0\u202f'_]\d{3})+(,\d*)?([eE][+-]?\d+)?$",
}
"""Numbers with groups of thousands, by decimal mark."""

MARKS = {".": r"[,\s\u00a0\u202f'_]", ",": r"[.\s\u00a0\u202f'_]"}
"""What stands between groups of thousands, by decimal mark."""

WHOLE = r"^([+-]?\d+)\.0*$"
"""A whole number with a decimal point that says nothing: the label "2.0" is "2"."""
