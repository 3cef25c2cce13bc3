"""What a notebook shows of a study, a diagnosis, effects and curves: a piece of HTML for a cell's output.

Each piece stands by itself: its own scoped style, drawings inside it, no script, nothing from elsewhere.
Where a viewer strips styles, as pages that only show notebooks do, the text alternative is what remains.

Source:
    scikit-learn, ``sklearn.utils._repr_html``, 2021 (a hidden view that its own style uncovers).
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from wellfit.records import CurvePair, Diagnosis, Effect, Remedy, Report
from wellfit.report import _diagnosis_view, _diagnosis_words, _view
from wellfit.report._answer import headline
from wellfit.report._causes import meaning
from wellfit.report._curve_figures import CurvesFigure, loss_figures
from wellfit.report._diagnosis_text import diagnosis_text
from wellfit.report._figures import ForestFigure, forest_figures, remedy_forests
from wellfit.report._html import drawn_forests, drawn_losses, page_environment
from wellfit.report._sheet import sheet_rows
from wellfit.report._summary import (
    SIGN_CONVENTION,
    holdout_line,
    more_data_line,
    num_averaged,
)
from wellfit.report._text import to_text
from wellfit.report._thumbnails import picture_groups
from wellfit.report._words import count


def study_fragment(report: Report) -> str:
    """Return what a study found: verdict, what to change, holdout; effects, curves and pictures folded up."""
    return _fragment(
        "study",
        to_text(report),
        forest_figures(report, apart=True),
        loss_figures(report.curves),
        report=report,
        headline=headline(report),
        num_averaged=num_averaged(report),
        holdout_line=holdout_line(report),
        more_data_line=more_data_line(report),
        sheet=sheet_rows(report),
        pictures=picture_groups(report),
    )


def diagnosis_fragment(diagnosis: Diagnosis) -> str:
    """Return what a diagnosis found: verdict and causes; effects, curves and the rest to be opened."""
    figure = _diagnosis_view.effects_figure(diagnosis)
    light, label = _diagnosis_words.label_of(diagnosis)
    return _fragment(
        "diagnosis",
        diagnosis_text(diagnosis),
        () if figure is None else (figure,),
        loss_figures(diagnosis.curves),
        diagnosis=diagnosis,
        light=light,
        label=label,
        words=_diagnosis_words,
        table=_diagnosis_view,
        meaning=meaning,
    )


def remedies_fragment(remedies: tuple[Remedy, ...]) -> str:
    """Return the effects of remedies as forest plot and table."""
    figures = remedy_forests(remedies, apart=True)
    return _effects(figures, _view.effect_table(remedies), count(len(remedies), "remedy", "remedies"))


def interventions_fragment(effects: Mapping[str, Effect]) -> str:
    """Return the effects of a diagnosis' interventions as forest plot and table."""
    figure = _diagnosis_view.intervention_forest(effects)
    table = _diagnosis_view.intervention_table(effects)
    return _effects(() if figure is None else (figure,), table, count(len(effects), "intervention"))


def _effects(figures: tuple[ForestFigure, ...], table: _view.Table, title: str) -> str:
    text = "\n".join(figure.description for figure in figures) or "No effect was measured."
    return _fragment("effects", text, figures, (), title=title, table=table)


def losses_fragment(curves: Sequence[CurvePair]) -> str:
    """Return training and validation losses of networks as drawings and table."""
    figures = loss_figures(curves)
    text = "\n".join(figure.description for figure in figures) or "No curve was recorded."
    return _fragment("losses", text, (), figures, table=_view.loss_table(curves))


def _fragment(
    kind: str,
    text: str,
    forests: tuple[ForestFigure, ...],
    curves: tuple[CurvesFigure, ...],
    **values: object,
) -> str:
    """Return the template `kind` around a text alternative."""
    # Outputs of one notebook share a document: drawings that differ must not share names.
    name = f"wf{hashlib.sha256(repr((kind, forests, curves)).encode()).hexdigest()[:10]}"
    environment = page_environment()
    environment.globals |= {"view": _view, "sign_convention": SIGN_CONVENTION}
    return environment.get_template(f"fragment_{kind}.html.jinja").render(
        text=Markup(html.escape(text)),
        forests=drawn_forests(forests, name),
        curves=drawn_losses(curves, name),
        **values,
    )
