"""Pictures on the page: the worst mistakes and labels in doubt, with where the network looked.

What is shown is a record first (`PictureSheet`), then cards of finished text; only `draw_attention` draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.records import PictureSheet, Report, Thumbnail
from wellfit.report._diagnosis_words import percent
from wellfit.report._png import from_png, resized_map, to_png
from wellfit.report._words import count

_URI = "data:image/png;base64,"
_MIXED = 0.65  # of the color at the strongest place; the picture stays visible below
_SMALLEST, _MOST = 48, 64  # pixels along the longer side of what is drawn


@dataclass(frozen=True, kw_only=True)
class PictureCard:
    """One picture, as text and as addresses of pictures that lie in the page itself.

    Attributes:
        name: its file, or its row.
        label: the class that it was given, with what the network thinks of it.
        said: the class that is said of it, with its probability.
        text: what there is to be seen, for those who do not see it.
        picture: the picture.
        attention: where the network looked; empty where that is not known.
        attention_text: the same in words.
    """

    name: str
    label: str
    said: str
    text: str
    picture: str
    attention: str = ""
    attention_text: str = ""


@dataclass(frozen=True, kw_only=True)
class PictureGroup:
    """Pictures that belong together.

    Attributes:
        title: what they are.
        note: how many there are, and how to read them.
        cards: the pictures.
    """

    title: str
    note: str
    cards: tuple[PictureCard, ...]


def picture_groups(report: Report) -> tuple[PictureGroup, ...]:
    """Return the pictures of a report, ready for the page; nothing for a study without pictures."""
    sheet = report.pictures
    if sheet is None:
        return ()
    groups = []
    if sheet.num_holdout:
        cards = tuple(_card(one) for one in sheet.mistakes)
        groups.append(PictureGroup(title="Worst mistakes", note=_about_mistakes(sheet), cards=cards))
    if sheet.num_judged:
        cards = tuple(_card(one) for one in sheet.suspects)
        groups.append(PictureGroup(title="Labels in doubt", note=_about_suspects(sheet), cards=cards))
    return tuple(groups)


def _about_mistakes(sheet: PictureSheet) -> str:
    if not sheet.num_mistakes:
        return f"The chosen network is right about {count(sheet.num_holdout, 'picture')} of the holdout."
    text = (
        f"The chosen network is wrong about {sheet.num_mistakes:,} of {sheet.num_holdout:,} holdout pictures"
    )
    shown = len(sheet.mistakes)
    few = "all of them" if shown == sheet.num_mistakes else f"the {shown} it is surest of"
    text += f"; {few} are shown." if shown > 1 else "."
    if sheet.attention_layer:
        text += (
            " Beside each, red to yellow, the places that speak most for the class that is said"
            f" (Grad-CAM of layer {sheet.attention_layer})."
        )
    return text


def _about_suspects(sheet: PictureSheet) -> str:
    text = (
        f"Of {count(sheet.num_judged, 'picture')} to learn from, networks that had not learned from them"
        f" doubt {count(sheet.num_suspects, 'label')} (confident learning on their mean probability)."
    )
    if not sheet.suspects:
        return text
    return f"{text} A doubt is no proof: rare and hard pictures are doubted as well."


def _card(one: Thumbnail) -> PictureCard:
    has_heat = bool(one.attention)
    return PictureCard(
        name=one.name,
        label=f"{one.label} ({_share(one.probability_of_label)})",
        said=f"{one.predicted} ({_share(one.probability)})",
        text=f"{one.name}: labeled {one.label}, said to be {one.predicted}",
        picture=_URI + one.png,
        attention=_URI + draw_attention(one) if has_heat else "",
        attention_text=f"where the network finds {one.predicted}: {place_in_words(one)}" if has_heat else "",
    )


def _share(probability: float) -> str:
    return "under 1 %" if 0 < probability < 0.005 else percent(probability)


def draw_attention(one: Thumbnail) -> str:
    """Return a PNG file in base64: the picture in grey, and over it, red to yellow, the attention."""
    picture: NDArray[Any] = from_png(one.png)
    rows, columns = picture.shape[:2]
    factor = -(-_SMALLEST // max(rows, columns))  # small ones grow, for the attention has a finer edge
    shape = (rows * factor, columns * factor)
    heat = np.clip(resized_map(np.asarray(one.attention), shape), 0.0, 1.0)
    grey = resized_map(picture.mean(axis=2), shape)[..., None]
    color = (
        np.stack([np.minimum(2 * heat, 1), np.maximum(2 * heat - 1, 0), np.zeros_like(heat)], axis=2) * 255
    )
    mixed = _MIXED * heat[..., None]
    return to_png((1 - mixed) * grey + mixed * color, _MOST)


def place_in_words(one: Thumbnail) -> str:
    """Return where the attention is strongest, in thirds of the picture.

    Example:
        >>> dark = Thumbnail(name="a", png="", label="x", predicted="y", probability=1.0,
        ...                  probability_of_label=0.0, attention=((0.0, 0.0, 1.0), (0.0,) * 3, (0.0,) * 3))
        >>> place_in_words(dark)
        'top right'
    """
    heat = np.asarray(one.attention)
    if not heat.any():
        return "nowhere in particular"
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    tall = ("top", "middle", "bottom")[int(3 * (row + 0.5) / heat.shape[0])]
    wide = ("left", "center", "right")[int(3 * (column + 0.5) / heat.shape[1])]
    return "center" if (tall, wide) == ("middle", "center") else f"{tall} {wide}"
