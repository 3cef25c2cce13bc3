"""The English texts of a study's report, as they stand in templates and in code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import nodes

from wellfit.report._html import page_environment

SOURCE = Path(__file__).parents[2] / "src" / "wellfit"
# Templates of other pages: comparison, diagnosis, monitor and what a notebook shows are English.
OTHER_TEMPLATES = re.compile(r"comparison|diagnosis|fragment|monitor")
# Code of other pages, and code that makes no text for people.
OTHER_MODULES = re.compile(
    r"__init__|_card|_comparison|_monitor|_draw_shares|_diagnosis_(html|json|text|view)|_fragments|_plots|_json"
    r"|_parse|_translate|_png|_line_figures|_svg|_pages|_script|_markdown$"
)
# Where a study's record gets its sentences from.
RECORDED = (
    "api/_affordable.py",
    "api/_assemble.py",
    "api/_build.py",
    "api/_experimental.py",
    "api/_final.py",
    "api/_improve.py",
    "api/_picture_network.py",
    "api/_pictures.py",
    "api/_protocol.py",
    "api/_run_cost.py",
    "api/_screen.py",
    "api/_start.py",
    "api/_tried.py",
    "api/_words.py",
    "data/_column_schema.py",
    "data/_column_traits.py",
    "data/_creation.py",
    "data/_delimited.py",
    "data/_fit_encoder.py",
    "data/_leaks.py",
    "data/_number_schema.py",
    "data/_outlier_report.py",
    "data/_pictures/_find.py",
    "data/_pictures/_path_table.py",
    "data/_pictures/_read.py",
    "data/_prepare.py",
    "data/_schema.py",
    "data/_target.py",
    "data/_word_schema.py",
    "evaluation/_holdout_view.py",
    "search/_paired.py",
    "search/_verdict.py",
)


def report_texts() -> list[str]:
    """Return texts of the page, the Markdown and the terminal, each gap in them as ``{}``."""
    paths = [path for path in sorted((SOURCE / "report").glob("*.py")) if not OTHER_MODULES.search(path.stem)]
    return [*template_texts(), *(text for path in paths for text in code_texts(path))]


def all_texts() -> list[str]:
    """Return these and the sentences that a study writes into its record."""
    return report_texts() + [text for name in RECORDED for text in code_texts(SOURCE / name)]


def every_text() -> str:
    """Return whatever an entry may be made of: the words of every text of all reports, line by line."""
    modules = sorted((SOURCE / "report").glob("*.py"))
    texts = [*all_texts(), *(text for path in modules for text in code_texts(path))]
    script = (SOURCE / "report" / "templates" / "page.js").read_text(encoding="utf-8")
    texts += re.split(r"[\"`]", script)
    return "\n".join(f" {fragment.lower()} " for text in texts for fragment in fragments(text))


def template_texts() -> Iterator[str]:
    """Yield the texts and the constants of the page's templates; tags, styles and code parted them."""
    environment = page_environment()
    for name in environment.list_templates(extensions=["jinja"]):
        if OTHER_TEMPLATES.search(name):
            continue
        source = (SOURCE / "report" / "templates" / name).read_text(encoding="utf-8")
        for node in environment.parse(source).find_all((nodes.TemplateData, nodes.Const)):
            value = node.data if isinstance(node, nodes.TemplateData) else node.value
            if not isinstance(value, str):
                continue
            yield from re.findall(r'aria-label="([^"<>]+)', value)
            yield from re.split(r"<[^<>]*>?|[^<>]*>", value)


def code_texts(path: Path) -> Iterator[str]:
    """Yield the texts of a module that are neither documentation, annotation nor part of an error."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {inner for node in ast.walk(tree) for part in _no_texts(node) for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)


def _no_texts(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, (ast.Raise, ast.Assert)):
        yield node
    if isinstance(node, (ast.AnnAssign, ast.arg)) and node.annotation is not None:
        yield node.annotation
    if isinstance(node, ast.JoinedStr):
        yield from (part for part in node.values if isinstance(part, ast.Constant))
        forms = [part.format_spec for part in node.values if isinstance(part, ast.FormattedValue)]
        yield from (form for form in forms if form is not None)


def fragments(text: str) -> list[str]:
    """Return the runs of words between gaps and punctuation.

    Example:
        >>> fragments("{}: {} more row<s>, the best {}.")
        ['more', 'row', 'the best']
    """
    parts = re.split(r"\{[^{}]*\}|<[a-z|]*>|[^A-Za-z'\s-]+", text)
    return [words for part in parts if (words := " ".join(re.findall(r"[A-Za-z][A-Za-z'-]*", part)))]
