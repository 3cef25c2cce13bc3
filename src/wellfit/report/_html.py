"""A report as one self-contained HTML page."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from wellfit.records import Report
from wellfit.report import _view as view
from wellfit.report._draw import draw_confusion, draw_curves, draw_forest
from wellfit.report._figures import (
    MOST_CLASSES,
    CurvesFigure,
    confusion_figure,
    curves_figures,
    forest_figures,
)
from wellfit.report._files import write_text
from wellfit.report._summary import SIGN_CONVENTION, headline, holdout_line
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
    environment = Environment(
        loader=PackageLoader("wellfit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["view"] = view
    environment.filters["count"] = count
    return environment.get_template("report.html.jinja").render(
        report=report,
        headline=headline(report),
        holdout_line=holdout_line(report),
        sign_convention=SIGN_CONVENTION,
        forests=_forests(report),
        curves=[_curve(figure, place) for place, figure in enumerate(curves_figures(report))],
        confusion=confusion_figure(report),
        confusion_svg=_confusion(report),
    )


def write_html(report: Report, path: str | Path) -> None:
    """Write `to_html` to `path`, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    write_text(path, to_html(report))


def _printable(value: object) -> object:
    """Names from a file may hold control and direction characters; none of them reaches the page."""
    return value if isinstance(value, Markup) else clean(str(value))


def _forests(report: Report) -> list[dict[str, object]]:
    return [
        {
            "figure": figure,
            "wide": Markup(draw_forest(figure, name=f"forest{place}")),
            "narrow": Markup(draw_forest(figure, name=f"forest{place}n", narrow=True)),
        }
        for place, figure in enumerate(forest_figures(report))
    ]


def _curve(figure: CurvesFigure, place: int) -> dict[str, object]:
    return {"figure": figure, "svg": Markup(draw_curves(figure, name=f"curve{place}"))}


def _confusion(report: Report) -> Markup | None:
    figure = confusion_figure(report)
    if figure is None or len(figure.labels) > MOST_CLASSES:
        return None
    return Markup(draw_confusion(figure, name="confusion"))
