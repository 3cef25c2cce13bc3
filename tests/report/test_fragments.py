"""What a notebook shows: whole pieces of HTML, safe among others, with words for every drawing."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable

import diagnosis_samples
import pytest
import report_samples
from html_page import Page
from report_samples import HOSTILE, full, hostile, many

from wellfit.records import PictureSheet, Thumbnail
from wellfit.report import (
    diagnosis_fragment,
    interventions_fragment,
    losses_fragment,
    remedies_fragment,
    study_fragment,
)

PIECES: dict[str, Callable[[], str]] = {
    **{
        f"study {name}": lambda make=make: study_fragment(make())
        for name, make in report_samples.SAMPLES.items()
    },
    **{
        f"diagnosis {name}": lambda make=make: diagnosis_fragment(make())
        for name, make in diagnosis_samples.SAMPLES.items()
    },
    "remedies": lambda: remedies_fragment(many().remedies),
    "no remedies": lambda: remedies_fragment(()),
    "interventions": lambda: interventions_fragment(diagnosis_samples.overfitting().effects),
    "losses": lambda: losses_fragment(full().curves),
    "no losses": lambda: losses_fragment(()),
}


@functools.cache
def source_of(name: str) -> str:
    """Return a piece, which is drawn once for all tests."""
    return PIECES[name]()


@pytest.mark.parametrize("name", PIECES)
def test_pieces_are_whole_and_self_contained(name: str) -> None:
    """One balanced element without script and without anything from elsewhere."""
    source = source_of(name)
    piece = Page(source)
    assert piece.open == []
    assert source.lstrip().startswith('<div class="wellfit">')
    assert not set(piece.tags) & {"script", "link", "iframe", "object", "html", "body"}
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org)", source)
    assert not any(attribute.startswith("on") for attribute, _ in piece.attributes)


@pytest.mark.parametrize("name", ["study full", "diagnosis overfitting", "remedies", "losses"])
def test_pieces_are_repeatable(name: str) -> None:
    """The same record gives the same text, so that a notebook that is run again does not change."""
    assert PIECES[name]() == source_of(name)


@pytest.mark.parametrize("name", PIECES)
def test_styles_stay_inside(name: str) -> None:
    """Every rule is for elements inside the piece, so that the rest of the notebook looks as before."""
    style = re.sub(
        r"@(media|container) [^{]+\{((?:[^{}]*\{[^{}]*\})+)\s*\}", r"\2", Page(source_of(name)).style
    )
    selectors = [part for rule in re.findall(r"([^{}]+)\{", style) for part in rule.split(",")]
    assert len(selectors) > 20
    assert all(re.search(r"(^|\s)\.wellfit(\.wellfit)?(\s|$)", part.strip()) for part in selectors)


@pytest.mark.parametrize("name", PIECES)
def test_without_styles_the_text_remains(name: str) -> None:
    """The view is hidden until its own style shows it; the text stands before it."""
    words = re.search(
        r'<pre class="wf-text">(.+?)</pre>\s*<div class="wf-view" hidden>', source_of(name), re.DOTALL
    )
    assert words
    assert words.group(1).strip()


def test_text_keeps_its_lines() -> None:
    """The text alternative of a study is what the terminal shows."""
    text = source_of("study full").split('<pre class="wf-text">')[1].split("</pre>")[0]
    assert text.count("\n") > 10
    assert "OVERFITS: " in text


def test_a_study_is_complete() -> None:
    """Verdict, advice, settings, holdout, effects and curves are there."""
    words = " ".join(" ".join(Page(source_of("study full")).text).split())
    parts = (
        "wellfit study",
        "Overfitting",
        "Overfits: 0.388 nats of gap",
        "confirmed on 1,409 rows that nothing else had seen",
        "patience",
    )
    parts += ("95 % interval", "Effects of 15 remedies", "learning-rate-up", "Learning curves", "chosen")
    assert not [part for part in parts if part not in words.replace("\u00a0", " ")]


def test_a_study_on_pictures_shows_them() -> None:
    """Strips of augmentations and cards of mistakes, with words; no other study has their style."""
    mistake = Thumbnail(
        name="cat/1.png", png="AA==", label="cat", predicted="dog", probability=0.9, probability_of_label=0.1
    )
    sheet = PictureSheet(mistakes=(mistake,), num_mistakes=1, num_holdout=20)
    report = dataclasses.replace(report_samples.pictures(), pictures=sheet)
    source = study_fragment(report)
    pictures = re.findall(r"<img [^>]*>", source)
    assert len(pictures) == len(report.augmented) + 1
    assert all('src="data:image/png;base64,' in one and re.search(r'alt="[^"]+"', one) for one in pictures)
    assert Page(source).open == []
    assert "labeled cat, said to be dog" in pictures[-1]
    assert ".cards" in Page(source).style
    assert ".cards" not in Page(source_of("study full")).style


def test_partial_studies_say_so() -> None:
    """The banner stands in the view and in the text."""
    assert source_of("study partial").count("the budget of 20 s ended") == 2


@pytest.mark.parametrize("kind", ["study", "remedies", "losses", "diagnosis", "interventions"])
def test_hostile_names_stay_text(kind: str) -> None:
    """A column named like a tag is shown as text, and a template expression is not computed."""
    odd = hostile()
    curves = tuple(dataclasses.replace(pair, name=HOSTILE) for pair in odd.curves)
    source = {
        "study": lambda: source_of("study hostile"),
        "remedies": lambda: remedies_fragment(odd.remedies),
        "losses": lambda: losses_fragment(curves),
        "diagnosis": lambda: source_of("diagnosis hostile"),
        "interventions": lambda: interventions_fragment({HOSTILE: diagnosis_samples.share(0.1, 0.05)}),
    }[kind]()
    assert "<script" not in source
    assert HOSTILE in " ".join(Page(source).text)
    assert not set(source) & {"\x00", "\u202e"}
    assert Page(source).open == []


def _ids(source: str) -> set[str]:
    return {value for name, value in Page(source).attributes if name == "id"}


def test_drawings_that_differ_share_no_names() -> None:
    """Two outputs of one notebook can refer to their own parts only."""
    other = dataclasses.replace(full(), remedies=many().remedies[:9], curves=full().curves[:1])
    first, second = source_of("study full"), study_fragment(other)
    assert _ids(first)
    assert not _ids(first) & _ids(second)
    for source in (first, second):
        assert set(re.findall(r"(?:url\(|href=\")#([^\)\"]+)", source)) <= _ids(source)


def test_drawings_have_words() -> None:
    """Each drawing has an accessible name, and a table stands behind it."""
    piece = Page(source_of("study full"))
    labels = [value for name, value in piece.attributes if name == "aria-label"]
    assert piece.tags["svg"] == sum("Forest plot" in text or "Loss of the" in text for text in labels) == 4
    assert piece.tags["table"] == 3


def _contrast(one: str, other: str) -> float:
    def luminance(color: str) -> float:
        shares = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_light_and_dark_can_be_read() -> None:
    """Text has a contrast of at least 4.5 to its own background in both themes, whatever the notebook's."""
    style = Page(source_of("study full")).style
    themes = {tuple(sorted(set(re.findall(r"--wf-(\w+): (#\w{6})", rule)))) for rule in style.split("}")} - {
        ()
    }
    assert len(themes) == 2
    for theme in map(dict, themes):
        for ink in ("ink", "muted", "good", "bad", "warn"):
            assert _contrast(theme[ink], theme["page"]) >= 4.5, (ink, theme)


def test_a_report_without_anything_has_a_piece() -> None:
    """The least of reports says that nothing was measured."""
    words = " ".join(Page(source_of("study minimal")).text)
    assert "No effect was measured." in words
    assert "No curve was recorded." in words
