"""The worst mistakes and labels in doubt on the page, and in JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from report_samples import HOSTILE, full

from wellfit.records import PictureSheet, Report, Thumbnail
from wellfit.report import from_json, from_png, to_html, to_json, to_png, to_text
from wellfit.report._thumbnails import draw_attention, picture_groups, place_in_words

MOST_BYTES = 1_500_000
HEAT = ((0.0, 0.0, 1.0), (0.0, 0.2, 0.0), (0.0, 0.0, 0.0))


def thumbnail(place: int = 0, side: int = 24, **changes: object) -> Thumbnail:
    """Return a picture of noise."""
    noise = np.random.default_rng(place).integers(0, 256, (side, side, 3))
    one = Thumbnail(
        name=f"cat/{place}.png",
        png=to_png(noise),
        label="cat",
        predicted="dog",
        probability=0.93,
        probability_of_label=0.001,
        attention=HEAT,
    )
    return replace(one, **changes)


def report(**changes: object) -> Report:
    """Return a report with two mistakes and a suspect."""
    sheet = PictureSheet(
        mistakes=(thumbnail(0), thumbnail(1)),
        num_mistakes=7,
        num_holdout=100,
        suspects=(thumbnail(2, attention=()),),
        num_suspects=1,
        num_judged=300,
        attention_layer="relu4",
    )
    return replace(full(), pictures=replace(sheet, **changes))


def test_cards_say_everything() -> None:
    """Class, said class, probabilities, file name, and in words what there is to see."""
    mistakes, doubts = picture_groups(report())
    card = mistakes.cards[0]
    assert (card.label, card.said, card.name) == ("cat (under 1 %)", "dog (93 %)", "cat/0.png")
    assert card.text == "cat/0.png: labeled cat, said to be dog"
    assert card.attention_text == "where the network finds dog: top right"
    assert "7 of 100 holdout pictures; the 2 it is surest of" in mistakes.note
    assert "Grad-CAM of layer relu4" in mistakes.note
    assert not doubts.cards[0].attention
    assert "doubt 1 label " in doubts.note


def test_the_page_shows_them() -> None:
    """Every picture lies in the page and has a text in its place; nothing comes from elsewhere."""
    page = to_html(report())
    pictures = re.findall(r"<img [^>]*>", page)
    assert len(pictures) == 5
    assert all('src="data:image/png;base64,' in one and re.search(r'alt="[^"]+"', one) for one in pictures)
    assert "http" not in page[page.index('id="pictures"') : page.index('id="data"')]


def test_names_are_escaped() -> None:
    """A file may be called anything."""
    page = to_html(report(mistakes=(thumbnail(name=HOSTILE, label=HOSTILE, predicted=HOSTILE),)))
    assert HOSTILE not in page


@pytest.mark.parametrize("sheet", [None, PictureSheet()], ids=["no pictures", "nothing known"])
def test_without_pictures_there_is_no_section(sheet: PictureSheet | None) -> None:
    """Nor a style for it."""
    page = to_html(replace(full(), pictures=sheet))
    assert 'id="pictures"' not in page
    assert ".cards" not in page


def test_a_network_without_mistakes_is_said_so() -> None:
    """Instead of an empty list."""
    mistakes, _ = picture_groups(report(mistakes=(), num_mistakes=0, num_holdout=50))
    assert mistakes.note == "The chosen network is right about 50 pictures of the holdout."
    assert not mistakes.cards


def test_the_page_stays_small() -> None:
    """With as many pictures as there are at most, all of noise, which no format makes smaller."""
    many = tuple(thumbnail(place, side=200) for place in range(12))
    page = to_html(report(mistakes=many, suspects=many))
    assert len(page.encode()) < MOST_BYTES
    assert from_png(many[0].png).shape == (64, 64, 3)


def test_json_has_them_and_reads_them_back() -> None:
    """In schema 1; a report that was written before has none."""
    values = json.loads(json.dumps(to_json(report())))
    assert from_json(values).pictures == report().pictures
    assert to_html(from_json(values)) == to_html(report())
    del values["pictures"]
    assert from_json(values).pictures is None
    assert to_text(report()) == to_text(full())


def test_attention_is_drawn_where_it_is() -> None:
    """Yellow at the strongest place, grey where there is none."""
    drawn = from_png(draw_attention(thumbnail(png=to_png(np.full((24, 24, 3), 100.0)))))
    assert drawn.shape == (48, 48, 3)
    red, green, blue = (int(value) for value in drawn[2, -3])
    assert red > 180
    assert green > 180
    assert blue < 60
    assert np.ptp(drawn[-3, 2]) == 0


def test_places_in_words() -> None:
    """In thirds; without any attention, nowhere."""
    assert place_in_words(thumbnail(attention=((0.0, 0.0), (0.5, 0.1)))) == "bottom left"
    assert place_in_words(thumbnail(attention=((0.0,) * 3, (0.0, 1.0, 0.0), (0.0,) * 3))) == "center"
    assert place_in_words(thumbnail(attention=((0.0,),))) == "nowhere in particular"
