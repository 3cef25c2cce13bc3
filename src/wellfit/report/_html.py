"""A report as one self-contained HTML page."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from wellfit.files import write_text
from wellfit.records import Finding, Report
from wellfit.report import _diagnosis_view, _diagnosis_words, _view
from wellfit.report._answer import answer, headline
from wellfit.report._causes import meaning
from wellfit.report._curve_figures import CurvesFigure, curves_figures, losses_readout, reported_note
from wellfit.report._draw import draw_confusion, draw_forest
from wellfit.report._draw_losses import draw_losses, drawn_places
from wellfit.report._draw_small import draw_small
from wellfit.report._evaluation_page import drawn_figure
from wellfit.report._evaluation_parts import evaluation_page
from wellfit.report._evidence_figures import data_figure, effect_figure
from wellfit.report._extract import changed_lines
from wellfit.report._figures import MOST_CLASSES, ForestFigure, confusion_figure, forest_figures
from wellfit.report._method import protocol, said_notes, untried_table
from wellfit.report._pages import cause_html
from wellfit.report._script import page_script
from wellfit.report._sheet import drawn_rows, sheet_rows
from wellfit.report._summary import (
    SIGN_CONVENTION,
    changes,
    holdout_line,
    more_data_line,
    num_averaged,
)
from wellfit.report._tested import causes_figure, causes_tested
from wellfit.report._thumbnails import picture_groups
from wellfit.report._translate import language_tag
from wellfit.report._translate_names import report_translator
from wellfit.report._translate_page import translate_page, with_fonts
from wellfit.report._words import clean, count


def to_html(report: Report, *, lang: str | None = None) -> str:
    """Return `report` as a page that needs nothing from elsewhere: styles, drawings and a script inside.

    It opens with the answer: what is wrong, what to change and how sure that is. It says everything without
    the script, reads in light and dark mode, on a phone, in print and with a screen reader: each figure has a
    description and a table behind it. The same report gives the same text.

    Args:
        report: what a study found; whatever it lacks is left out or named as missing.
        lang: ``zh`` for Chinese, English where it is None; pages that explain causes are English alone.

    Returns:
        The whole document.

    Raises:
        SettingsError: there is no catalogue for `lang`.
    """
    language = lang or "en"
    say = report_translator(report, language)
    page = _english(report, language)
    return page if language == "en" else with_fonts(translate_page(page, say, language_tag(language)))


def _english(report: Report, language: str) -> str:
    """Return the page in English, with the script and the marks of one that comes to be in `language`."""
    environment = page_environment()
    if language != "en":
        environment.globals["script"] = Markup(page_script(language))
        environment.filters["explained"] = _marked_english
    environment.globals |= {"view": _view, "words": _diagnosis_words, "table": _diagnosis_view}
    environment.globals["drawn_figure"] = drawn_figure
    tested = causes_tested(report)
    causes = causes_figure(tested, report.metric.name)
    values = {
        "answer": answer(report),
        "lines": changed_lines(report),
        "cards": drawn_findings(report.findings),
        "tested": tested,
        "causes": drawn_forests(() if causes is None else (causes,), "cause"),
        "forests": drawn_forests(forest_figures(report, apart=True)),
        "curves": drawn_losses(curves_figures(report)),
        "reported_note": reported_note(report),
        "protocol": protocol(report),
        "notes": said_notes(report),
        "untried": untried_table(report),
        "pictures": picture_groups(report),
        "sheet": sheet_rows(report),
    }
    return environment.get_template("report.html.jinja").render(
        report=report,
        changed=bool(changes(report) or num_averaged(report)),
        num_averaged=num_averaged(report),
        headline=headline(report),
        holdout_line=holdout_line(report),
        more_data_line=more_data_line(report),
        sign_convention=SIGN_CONVENTION,
        confusion=confusion_figure(report),
        evaluation=evaluation_page(report),
        confusion_svg=_confusion(report),
        drawn=drawn_rows(report),
        code=Markup(escape(report.code)),
        parts=_parts(report),
        **values,
    )


def _marked_english(code: str) -> Markup:
    """Return the page of a cause, told apart as English; an empty text where there is none."""
    page = cause_html(code)
    return Markup('<div lang="en">{}</div>').format(page) if page else page


def _parts(report: Report) -> tuple[tuple[str, str], ...]:
    """Return name and title of the sections that the navigation leads to."""
    return (
        ("change", "What to change"),
        *((("why", "Why"),) if report.findings or report.remedies or report.verdict_line else ()),
        ("remedies", "Remedies"),
        ("curves", "Curves"),
        ("holdout", "Holdout"),
        ("data", "Data"),
        ("method", "Method and limits"),
    )


def write_html(report: Report, path: str | Path, *, lang: str | None = None) -> None:
    """Write `to_html` to `path`, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
        SettingsError: there is no catalogue for `lang`.
    """
    write_text(path, to_html(report, lang=lang))


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
    environment.filters |= {"count": count, "meaning": meaning, "explained": cause_html}
    environment.globals["script"] = Markup(page_script())
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


def drawn_losses(figures: tuple[CurvesFigure, ...], prefix: str = "") -> dict[str, object] | None:
    """Return the curves of all networks in one picture, for wide screens and narrow ones; `prefix` as above.

    ``data`` has what a page reads values off by, as JSON. None where there is no curve.
    """
    if not figures:
        return None
    return {
        "wide": Markup(draw_losses(figures, name=f"{prefix}curves")),
        "narrow": Markup(draw_losses(figures, name=f"{prefix}curvesn", narrow=True)),
        "data": json.dumps(
            {**dataclasses.asdict(losses_readout(figures)), **drawn_places(figures)},
            separators=(",", ":"),
            allow_nan=False,
        ),
    }


def drawn_findings(findings: tuple[Finding, ...]) -> list[dict[str, object]]:
    """Return the small figures of each finding: the losses that its experiment gave, and its effect."""
    return [_drawn_finding(finding, place) for place, finding in enumerate(findings)]


def _drawn_finding(finding: Finding, place: int) -> dict[str, object]:
    data, effect = data_figure(finding), effect_figure(finding)
    drawn = drawn_forests(() if effect is None else (effect,), f"finding{place}")
    return {
        "data": "" if data is None else Markup(draw_small(data, name=f"evidence{place}")),
        "effect": drawn[0] if drawn else None,
    }


def _confusion(report: Report) -> Markup | None:
    figure = confusion_figure(report)
    if figure is None or len(figure.labels) > MOST_CLASSES:
        return None
    return Markup(draw_confusion(figure, name="confusion"))
