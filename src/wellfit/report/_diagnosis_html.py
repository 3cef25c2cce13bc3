"""A diagnosis as one self-contained HTML page."""

from __future__ import annotations

import math
from pathlib import Path

from wellfit.files import write_text
from wellfit.records import Diagnosis
from wellfit.report import _diagnosis_view, _diagnosis_words, _view
from wellfit.report._curve_figures import curves_figures
from wellfit.report._html import drawn_findings, drawn_forests, drawn_losses, page_environment
from wellfit.report._numbers import duration


def diagnosis_html(diagnosis: Diagnosis) -> str:
    """Return `diagnosis` as a page that needs nothing from elsewhere: styles, drawings and a small script.

    It has the verdict, each cause with its numbers, the effects of all interventions, loss curves, all that
    was examined and what is not known; it reads on a phone, in print and with a screen reader.

    Args:
        diagnosis: what `wellfit.diagnose` returned; whatever it lacks is left out.

    Returns:
        The whole document; the same diagnosis gives the same text.
    """
    environment = page_environment()
    environment.globals |= {"view": _view, "table": _diagnosis_view, "words": _diagnosis_words}
    light, label = _diagnosis_words.label_of(diagnosis)
    figure = _diagnosis_view.effects_figure(diagnosis)
    total_s = _diagnosis_words.total_time_s(diagnosis)
    return environment.get_template("diagnosis.html.jinja").render(
        diagnosis=diagnosis,
        light=light,
        label=label,
        duration=duration(total_s) if math.isfinite(total_s) else "",
        forests=drawn_forests(() if figure is None else (figure,)),
        curves=drawn_losses(curves_figures(diagnosis)),
        cards=drawn_findings(diagnosis.findings),
    )


def write_diagnosis_html(diagnosis: Diagnosis, path: str | Path) -> None:
    """Write `diagnosis_html` to `path`, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    write_text(path, diagnosis_html(diagnosis))
