"""The sheet of augmented and of drawn pictures: strips of a report as rows that the page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wellfit.records import DrawnStrip, PictureStrip, Report
from wellfit.report._summary import setting
from wellfit.report._words import clean, count

_SHOWN_HEIGHT = 72  # pixels on the page, for pictures of any size


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    """One strip of pictures on the page.

    Attributes:
        label: the remedy's name, or the class of drawn pictures.
        settings: what it sets, as text.
        kept: whether the chosen network was trained with it.
        source: the strip as a ``data:`` address.
        width: on the page, in pixels.
        height: likewise.
        description: the strip in words, for those who do not see it.
    """

    label: str
    settings: str
    kept: bool
    source: str
    width: int
    height: int
    description: str


def sheet_rows(report: Report) -> tuple[SheetRow, ...]:
    """Return a row for each strip of a report; none where no augmentation was tried."""
    return tuple(_row(strip) for strip in report.augmented)


def drawn_rows(report: Report) -> tuple[SheetRow, ...]:
    """Return a row for each class of which pictures were drawn; none where that was not tried."""
    return tuple(_drawn_row(strip) for strip in report.drawn)


def _row(strip: PictureStrip) -> SheetRow:
    settings = ", ".join(f"{name}={setting(name, value)}" for name, value in strip.settings.items())
    label = clean(strip.name)
    return SheetRow(
        label=label,
        settings=clean(settings),
        **_shown(strip),
        description=f"{count(strip.num_pictures, 'training picture')}, each followed by "
        f"{count(strip.num_versions, 'random version')} with {label}"
        + (f" ({settings})." if settings else "."),
    )


def _drawn_row(strip: DrawnStrip) -> SheetRow:
    label = clean(strip.label)
    return SheetRow(
        label=label,
        settings="",
        **_shown(strip),
        description=f"A training picture of class {label}, then {count(strip.num_drawn, 'drawn picture')}.",
    )


def _shown(strip: PictureStrip | DrawnStrip) -> dict[str, Any]:
    """Return what the rows of all strips have alike: the picture itself, and its size on the page."""
    factor = _SHOWN_HEIGHT / max(strip.height, 1)
    return {
        "kept": strip.kept,
        "source": f"data:image/png;base64,{strip.png}",
        "width": round(strip.width * factor),
        "height": _SHOWN_HEIGHT,
    }
