"""What gives a column away: identifiers, sentinels, ordered words."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
from numpy.typing import NDArray

_IDENTIFIER_WORD = {
    "id",
    "ids",
    "uuid",
    "guid",
    "key",
    "index",
    "idx",
    "rowid",
    "rownum",
    "ssn",
    "pk",
    "hash",
}
_IDENTIFIER_PAIR = re.compile(
    r"\b(row|record|account|phone|serial|case|customer|patient|order|invoice|ticket|sample|subject)[ _-]?"
    r"(no|nr|num|number|code|name)\b"
)
_SENTINELS = (-99.0, -999.0, -9999.0, -99999.0, -999999.0, 999.0, 9999.0, 99999.0, 999999.0)

SCALES = (
    ("very low", "low", "medium", "high", "very high"),
    ("lowest", "lower", "middle", "higher", "highest"),
    ("low", "moderate", "high", "severe"),
    ("low", "normal", "high"),
    ("below average", "average", "above average"),
    ("none", "slight", "mild", "moderate", "severe", "extreme", "critical"),
    ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"),
    ("tiny", "small", "medium", "large", "huge"),
    ("very small", "small", "medium", "large", "very large"),
    ("never", "rarely", "seldom", "sometimes", "often", "usually", "always"),
    ("strongly disagree", "disagree", "neutral", "agree", "strongly agree"),
    ("very dissatisfied", "dissatisfied", "neutral", "satisfied", "very satisfied"),
    ("very poor", "poor", "fair", "average", "good", "very good", "excellent"),
    ("very bad", "bad", "ok", "good", "very good"),
    ("first", "second", "third", "fourth", "fifth", "sixth"),
    ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "10th"),
    ("beginner", "intermediate", "advanced", "expert"),
    ("junior", "mid", "senior", "lead"),
    ("bronze", "silver", "gold", "platinum", "diamond"),
)
"""Words whose order is known; a column of at least three of one scale is ordinal."""


def names_identifier(name: str) -> bool:
    """Return whether a column's name smells of an identifier.

    Example:
        >>> names_identifier("customerID"), names_identifier("PassengerId"), names_identifier("humidity")
        (True, True, False)
    """
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).lower()
    parts = set(re.split(r"[^a-z0-9]+", words))
    return bool(parts & _IDENTIFIER_WORD) or _IDENTIFIER_PAIR.search(words) is not None


def number_identifier(name: str, values: NDArray[np.float64], num_missing: int) -> str:
    """Return why a column of numbers (`values`, no NaN) is an identifier, or an empty string.

    Row numbers begin near 0, are never missing and never repeat; that they may be shuffled, and that some
    rows may be absent (in a holdout), leaves up to twice as many numbers as rows.
    """
    if len(values) < 20 or not (values == np.floor(values)).all() or values.min() < 0:
        return ""
    num_unique = len(np.unique(values))
    is_dense = values.min() <= 1 + 0.1 * len(values) and values.max() < 2 * len(values)
    if num_unique == len(values) and is_dense and num_missing == 0:
        return "counts the rows"
    if num_unique >= 0.95 * len(values) and names_identifier(name):
        return "its name and its unique values mark an identifier"
    return ""


def find_sentinels(values: NDArray[np.float64]) -> list[float]:
    """Return the numbers in `values` that stand for "missing".

    Conservative: a number of nines at the end of the range, at least five times there, and either
    farther from the other values than these are from each other, or the only negative number.
    """
    found: list[float] = []
    rest = values[np.isfinite(values)]
    for _ in range(2):
        candidates = [
            value
            for value in _SENTINELS
            if len(rest) and value in (rest.min(), rest.max()) and value not in found
        ]
        for value in candidates:
            others = rest[rest != value]
            if len(rest) - len(others) >= 5 and _stands_apart(value, others):
                found.append(value)
                rest = others
    return sorted(found)


def _stands_apart(value: float, others: NDArray[np.float64]) -> bool:
    if len(np.unique(others)) < 2:
        return False
    gap = others.min() - value if value < others.min() else value - others.max()
    only_negative = value < 0 <= others.min()
    return gap > others.max() - others.min() or only_negative


def known_order(categories: list[str]) -> list[str]:
    """Return `categories` in the order of a known scale, or an empty list.

    Example:
        >>> known_order(["High", "Low", "Medium"])
        ['Low', 'Medium', 'High']
    """
    if len(categories) < 3:
        return []
    by_word = {category.lower(): category for category in categories}
    for scale in SCALES:
        if len(by_word) == len(categories) and set(by_word) <= set(scale):
            return [by_word[word] for word in scale if word in by_word]
    return []


def is_prose(text: pl.Series) -> bool:
    """Return whether cells (no nulls) are free text: many words, seldom the same."""
    num_words = text.str.count_matches(r"\S+").mean()
    return float(num_words or 0) > 4 and text.n_unique() > 0.2 * len(text)  # pyright: ignore[reportArgumentType]
