"""The sheet of augmented pictures: strips of a report as rows that the page shows."""

from __future__ import annotations

from dataclasses import dataclass

from wellfit.records import PictureStrip, Report
from wellfit.report._summary import setting
from wellfit.report._words import clean, count

_SHOWN_HEIGHT = 72  # pixels on the page, for pictures of any size


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    """One strip of pictures on the page.

    Attributes:
        label: the remedy's name.
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


def _row(strip: PictureStrip) -> SheetRow:
    settings = ", ".join(f"{name}={setting(name, value)}" for name, value in strip.settings.items())
    label = clean(strip.name)
    factor = _SHOWN_HEIGHT / max(strip.height, 1)
    return SheetRow(
        label=label,
        settings=clean(settings),
        kept=strip.kept,
        source=f"data:image/png;base64,{strip.png}",
        width=round(strip.width * factor),
        height=_SHOWN_HEIGHT,
        description=f"{count(strip.num_pictures, 'training picture')}, each followed by "
        f"{count(strip.num_versions, 'random version')} with {label}"
        + (f" ({settings})." if settings else "."),
    )
