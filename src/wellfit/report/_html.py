"""A report as one self-contained HTML page."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from wellfit.records import Diagnosis, Report
from wellfit.report import _view as view
from wellfit.report._draw import draw_confusion, draw_curves, draw_forest
from wellfit.report._figures import (
    MOST_CLASSES,
    CurvesFigure,
    ForestFigure,
    confusion_figure,
    curves_figures,
    forest_figures,
)
from wellfit.report._files import write_text
from wellfit.report._sheet import drawn_rows, sheet_rows
from wellfit.report._summary import SIGN_CONVENTION, headline, holdout_line, more_data_line, num_averaged
from wellfit.report._thumbnails import picture_groups
from wellfit.report._words import clean, count


def to_html(report: Report) -> str:
    """Return `report` as a page that needs nothing from elsewhere: inline styles, inline SVG, no scripts.

    It reads in light and dark mode, on a phone, in print and with a screen reader: each figure has a
    description and a table behind it. The same report gives the same text.

    Args:
        report: what a study found; whatever it lacks is left out or named as missing.

    Returns:
        The whole document.
    """
    environment = page_environment()
    environment.globals["view"] = view
    return environment.get_template("report.html.jinja").render(
        report=report,
        num_averaged=num_averaged(report),
        headline=headline(report),
        holdout_line=holdout_line(report),
        more_data_line=more_data_line(report),
        sign_convention=SIGN_CONVENTION,
        forests=drawn_forests(forest_figures(report)),
        curves=drawn_curves(report),
        pictures=picture_groups(report),
        confusion=confusion_figure(report),
        confusion_svg=_confusion(report),
        sheet=sheet_rows(report),
        drawn=drawn_rows(report),
        code=Markup(escape(report.code)),
    )


def write_html(report: Report, path: str | Path) -> None:
    """Write `to_html` to `path`, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    write_text(path, to_html(report))


def page_environment() -> Environment:
    """Return where pages are made: names from outside are escaped, and what is missing is an error."""
    environment = Environment(
        loader=PackageLoader("wellfit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = count
    return environment


def _printable(value: object) -> object:
    """Names from a file may hold control and direction characters; none of them reaches the page.

    No line begins with the percent sign of a number before it.
    """
    return value if isinstance(value, Markup) else clean(str(value)).replace(" %", "\u00a0%")


def drawn_forests(figures: tuple[ForestFigure, ...], prefix: str = "") -> list[dict[str, object]]:
    """Return each figure with its picture, once for wide screens and once for narrow ones.

    `prefix` makes the names inside the pictures unique where several pages share a document.
    """
    return [
        {
            "figure": figure,
            "wide": Markup(draw_forest(figure, name=f"{prefix}forest{place}")),
            "narrow": Markup(draw_forest(figure, name=f"{prefix}forest{place}n", narrow=True)),
        }
        for place, figure in enumerate(figures)
    ]


def drawn_curves(report: Report | Diagnosis) -> list[dict[str, object]]:
    """Return the figure and the picture of each network's curves."""
    return drawn_losses(curves_figures(report))


def drawn_losses(figures: tuple[CurvesFigure, ...], prefix: str = "") -> list[dict[str, object]]:
    """Return each figure of curves with its picture; `prefix` as in `drawn_forests`."""
    return [
        {"figure": figure, "svg": Markup(draw_curves(figure, name=f"{prefix}curve{place}"))}
        for place, figure in enumerate(figures)
    ]


def _confusion(report: Report) -> Markup | None:
    figure = confusion_figure(report)
    if figure is None or len(figure.labels) > MOST_CLASSES:
        return None
    return Markup(draw_confusion(figure, name="confusion"))
