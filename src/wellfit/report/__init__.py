"""Everything that turns a `Report` or a `Diagnosis` into something to read.

Terminal text, an HTML page, JSON; of a report also Markdown and a picture. For a notebook pieces of HTML, and
plots on matplotlib axes.
"""

from wellfit.report._answer import headline
from wellfit.report._card import model_card
from wellfit.report._comparison import Comparison, compare_reports, comparison_json, write_comparison_json
from wellfit.report._comparison_html import comparison_html, write_comparison_html
from wellfit.report._comparison_text import comparison_text
from wellfit.report._diagnosis_html import diagnosis_html, write_diagnosis_html
from wellfit.report._diagnosis_json import diagnosis_from_json, diagnosis_json, write_diagnosis_json
from wellfit.report._diagnosis_text import diagnosis_text
from wellfit.report._draw import forest_svg
from wellfit.report._fragments import (
    diagnosis_fragment,
    interventions_fragment,
    losses_fragment,
    remedies_fragment,
    study_fragment,
)
from wellfit.report._html import to_html, write_html
from wellfit.report._json import to_json, write_json
from wellfit.report._markdown import to_markdown
from wellfit.report._monitor_html import monitor_html, monitor_json, write_monitor_html, write_monitor_json
from wellfit.report._monitor_text import monitor_text
from wellfit.report._pages import cause_codes, cause_page
from wellfit.report._parse import from_json, read_json
from wellfit.report._plots import (
    plot_folds,
    plot_interventions,
    plot_losses,
    plot_parts,
    plot_path,
    plot_remedies,
    plot_sizes,
)
from wellfit.report._png import from_png, to_png
from wellfit.report._script import script_hash
from wellfit.report._summary import changes, holdout_line
from wellfit.report._text import to_text
from wellfit.report._translate import languages

__all__ = [
    "Comparison",
    "cause_codes",
    "cause_page",
    "changes",
    "compare_reports",
    "comparison_html",
    "comparison_json",
    "comparison_text",
    "diagnosis_fragment",
    "diagnosis_from_json",
    "diagnosis_html",
    "diagnosis_json",
    "diagnosis_text",
    "forest_svg",
    "from_json",
    "from_png",
    "headline",
    "holdout_line",
    "interventions_fragment",
    "languages",
    "losses_fragment",
    "model_card",
    "monitor_html",
    "monitor_json",
    "monitor_text",
    "plot_folds",
    "plot_interventions",
    "plot_losses",
    "plot_parts",
    "plot_path",
    "plot_remedies",
    "plot_sizes",
    "read_json",
    "remedies_fragment",
    "script_hash",
    "study_fragment",
    "to_html",
    "to_json",
    "to_markdown",
    "to_png",
    "to_text",
    "write_comparison_html",
    "write_comparison_json",
    "write_diagnosis_html",
    "write_diagnosis_json",
    "write_html",
    "write_json",
    "write_monitor_html",
    "write_monitor_json",
]
