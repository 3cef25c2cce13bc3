"""Finished English text in another language, from one catalogue of sentences a language.

A report is made in English, and its record stays English; what is shown in another language is translated
when it is drawn. So one catalogue reaches every sentence, those that stand in a record already among them.

A key of a catalogue is the English sentence. ``{0}`` and ``{1}`` stand for names and for clauses, which are
translated in turn, ``{0:n}`` for a number, ``{0:w}`` for a word. ``row<s>`` is row or rows, and
``remed<y|ies>`` remedy or remedies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wellfit.records import SettingsError

_FOLDER = Path(__file__).parent / "messages"
_TAGS = {"zh": "zh-Hans"}
_SLOT = re.compile(r"\{(\d)(?::([nw]))?\}")
_ENDINGS = re.compile(r"<([a-z]*)(?:\|([a-z]*))?>")
_KINDS = {"n": r"[-+]?[\d.,]+(?:e[-+]?\d+)?(?: %)?(?: of [\d,]+)?|n/a|[-+]?inf", "w": r"\S+"}
# No name or clause goes on into the next sentence.
_CLAUSE = r"(?:(?!\. [A-Z]).)+?"
_SENTENCES = re.compile(r"(?<=[.!?;]) (?=[A-Z])")
# A pattern with fewer letters than that, with a gap for a number or a word or without, says too little about
# where it is: it serves inside another alone.
_LEAST_LETTERS = 8
_LEAST_BY_NUMBER = 4
# A longer text is no sentence: it is taken apart before it is compared with patterns.
_LONGEST = 1500
_STOPS = {".": "\u3002", ":": "\uff1a"}

Say = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A sentence with gaps.

    Attributes:
        piece: its longest English part, which every text that fits it contains.
        shape: what fits it; one group a gap, in the order of `places`.
        places: number of each gap.
        text: the sentence in the other language.
        num_letters: how much English it has.
        is_telling: whether it is meant for a whole text, rather than for a clause alone.
    """

    piece: str
    shape: re.Pattern[str]
    places: tuple[int, ...]
    text: str
    num_letters: int
    is_telling: bool


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The sentences of a language: whole ones, and patterns with most English first."""

    sentences: dict[str, str]
    patterns: tuple[Pattern, ...]


def languages() -> tuple[str, ...]:
    """Return the languages that a report can be drawn in, English first.

    Example:
        >>> languages()
        ('en', 'zh')
    """
    return ("en", *sorted(path.stem for path in _FOLDER.glob("*.json")))


def language_tag(language: str) -> str:
    """Return the tag of a language for the `lang` attribute, such as ``zh-Hans``."""
    return _TAGS.get(language, language)


def entries(language: str) -> dict[str, str]:
    """Return the catalogue of a language as it is written.

    Raises:
        SettingsError: there is no such language.
    """
    if language not in languages()[1:]:
        raise SettingsError(
            "there is no catalogue for this language",
            received=f"lang={language!r}",
            expected=" or ".join(map(repr, languages())),
            fix="pass lang='zh', or lang=None for English",
        )
    return json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))


@cache
def catalogue(language: str) -> Catalogue:
    """Return the catalogue of a language, ready to be used."""
    sentences: dict[str, str] = {}
    patterns: list[Pattern] = []
    for key, text in entries(language).items():
        if _SLOT.search(key) or _ENDINGS.search(key):
            patterns.append(_pattern(key, text))
        else:
            sentences[key] = text
    patterns.sort(key=lambda one: -one.num_letters)
    return Catalogue(sentences=sentences, patterns=tuple(patterns))


def _pattern(key: str, text: str) -> Pattern:
    shape, places, pieces, end = "", [], [], 0
    for slot in _SLOT.finditer(key):
        pieces.append(key[end : slot.start()])
        places.append(int(slot[1]))
        shape += _literal(pieces[-1]) + f"({_KINDS.get(slot[2], _CLAUSE)})"
        end = slot.end()
    pieces.append(key[end:])
    parts = [part for piece in pieces for part in _ENDINGS.split(piece)[::3]]
    letters = sum(char.isalpha() for part in parts for char in part)
    kinds = [slot[2] for slot in _SLOT.finditer(key)]
    least = _LEAST_BY_NUMBER if {"n", "w"} & set(kinds) else _LEAST_LETTERS
    return Pattern(
        piece=max(parts, key=len),
        shape=re.compile(shape + _literal(pieces[-1])),
        places=tuple(places),
        text=text,
        num_letters=letters,
        is_telling=letters >= least or set(kinds) == {"n"},
    )


def _literal(text: str) -> str:
    first, *rest = _ENDINGS.split(text)
    shape = re.escape(first)
    for one, other, after in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        shape += f"(?:{one}|{other or ''})" + re.escape(after)
    return shape


def translator(language: str, names: Collection[str] = ()) -> Say:
    """Return the function from English text to the same in `language`; what is not known stays English.

    Args:
        language: one of `languages`.
        names: texts that are names and stay as they are, even where the catalogue has such a word.

    Raises:
        SettingsError: there is no such language.

    Example:
        >>> translator("zh")("Validation loss")
        '验证损失'
        >>> translator("zh")("A sentence that nobody wrote.")
        'A sentence that nobody wrote.'
    """
    if language == "en":
        return str
    known = catalogue(language)
    kept = frozenset(names)

    @cache
    def say(text: str) -> str:
        core = " ".join(text.split())
        if not any(char.isalpha() for char in core) or core in kept:
            return text
        found = _said(known, core, kept, whole=True)
        if found is None:
            return text
        before, after = len(text) - len(text.lstrip()), len(text) - len(text.rstrip())
        return text[:before] + found + text[len(text) - after :]

    return say


def _said(known: Catalogue, text: str, kept: frozenset[str], *, whole: bool) -> str | None:
    """Return `text` in the other language, None where nothing of it is known."""
    if text in kept:
        return None
    # A clause that opens a sentence has a capital letter there.
    ways = (text, text[:1].lower() + text[1:])
    for way in ways:
        found = _exact(known, way)
        if found is not None:
            return found
    found = _fitting(known, ways, kept, whole=whole)
    return _in_parts(known, text, kept) if found is None else found


def _exact(known: Catalogue, text: str) -> str | None:
    found, stop = known.sentences.get(text), text[-1:]
    if found is None and stop in _STOPS and text[:-1] in known.sentences:
        return known.sentences[text[:-1]] + _STOPS[stop]
    return found


def _fitting(known: Catalogue, ways: tuple[str, ...], kept: frozenset[str], *, whole: bool) -> str | None:
    if len(ways[0]) > _LONGEST:
        return None
    stop = ways[0][-1:]
    ends = ("", stop) if stop in _STOPS else ("",)
    for pattern in known.patterns:
        if whole and not pattern.is_telling:
            continue
        for way in (way for way in ways if pattern.piece in way):
            for end in ends:
                match = pattern.shape.fullmatch(way.removesuffix(end))
                if match is not None:
                    return _filled(known, pattern, match, kept) + _STOPS.get(end, "")
    return None


def _filled(known: Catalogue, pattern: Pattern, match: re.Match[str], kept: frozenset[str]) -> str:
    inner = dict(zip(pattern.places, match.groups(), strict=True))
    first, *rest = _SLOT.split(pattern.text)
    text = first
    for place, after in zip(rest[::3], rest[2::3], strict=True):
        clause = inner[int(place)]
        text = _beside(_beside(text, _said(known, clause, kept, whole=False) or clause), after)
    return text


def _beside(left: str, right: str) -> str:
    """Return two pieces in a row: a space parts Chinese from Latin letters and digits, and no Chinese."""
    if _is_wide(left.rstrip()[-1:]) and _is_wide(right.lstrip()[:1]):
        return left.rstrip() + right.lstrip()
    is_mixed = (_is_wide(left[-1:]) and _is_plain(right[:1])) or (
        _is_plain(left[-1:]) and _is_wide(right[:1])
    )
    return f"{left} {right}" if is_mixed else left + right


def _is_wide(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"


def _is_plain(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _in_parts(known: Catalogue, text: str, kept: frozenset[str]) -> str | None:
    """Return a text sentence by sentence, or a heading before a colon and what follows it."""
    sentences = _SENTENCES.split(text)
    if len(sentences) > 1:
        found = [_said(known, sentence, kept, whole=True) for sentence in sentences]
        if any(found):
            return _joined([new or old for new, old in zip(found, sentences, strict=True)])
    head, between, rest = text.partition(": ")
    new = (_exact(known, head) or _exact(known, head[:1].lower() + head[1:])) if between else None
    if new is not None:
        return f"{new}\uff1a{_said(known, rest, kept, whole=False) or rest}"
    clauses = text.split("; ")
    if len(clauses) > 1:
        found = [_said(known, clause, kept, whole=False) for clause in clauses]
        if any(found):
            return "\uff1b".join(new or old for new, old in zip(found, clauses, strict=True))
    return None


def _joined(sentences: list[str]) -> str:
    """Return sentences in a row: full-width stops bring their own space."""
    text = sentences[0]
    for sentence in sentences[1:]:
        text += sentence if text[-1:] > "\u2fff" else f" {sentence}"
    return text
