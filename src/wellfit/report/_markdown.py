"""A report as Markdown, for a pull request or a note."""

from __future__ import annotations

import html
import re

from wellfit.records import Report
from wellfit.report._answer import headline
from wellfit.report._evaluation_parts import Part, evaluation_page
from wellfit.report._summary import SIGN_CONVENTION, holdout_line, more_data_line
from wellfit.report._translate import Say
from wellfit.report._translate_names import report_translator
from wellfit.report._view import Table, change_table, finding_table, holdout_table, remedy_table
from wellfit.report._words import clean

MOST_REMEDIES = 30


def to_markdown(report: Report, *, lang: str | None = None) -> str:
    """Return the main points of `report` as GitHub-flavored Markdown: verdict, changes, holdout, effects.

    Names from outside are escaped: they appear as they are and format nothing.

    Args:
        report: what a study found.
        lang: ``zh`` for Chinese; English where it is None.

    Returns:
        Blocks separated by blank lines, with a line feed at the end.

    Raises:
        SettingsError: there is no catalogue for `lang`.
    """
    say = report_translator(report, lang or "en")
    text = _english(report)
    return text if lang in (None, "en") else _said(text, say)


def _english(report: Report) -> str:
    head = headline(report)
    blocks = [f"# {head.label}"]
    if report.partial:
        blocks.append(f"> **Partial result:** {escape(report.partial)}")
    blocks += [
        escape(head.line),
        f"**{escape(head.outcome)}**",
        *_section("What to change", change_table(report)),
    ]
    blocks += _code(report.code)
    blocks += _section("Causes", finding_table(report))
    blocks += ["## Holdout", escape(holdout_line(report))]
    if report.holdout is not None:
        blocks.append(_table(holdout_table(report, report.holdout)))
    if report.more_data is not None:
        blocks += ["## More data", escape(more_data_line(report))]
    blocks += _evaluation(report)
    blocks += _section("Effects", remedy_table(report), before=SIGN_CONVENTION)
    blocks += _data(report)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _evaluation(report: Report) -> list[str]:
    """Return what the chosen network does on the holdout, the tables behind the page's figures left out."""
    page = evaluation_page(report)
    if page.seen is None:
        return []
    blocks = ["## Evaluation on the holdout", escape(page.line), _shown(page.scores)]
    return blocks + _parts(page.parts)


def _data(report: Report) -> list[str]:
    """Return what is missing, what the columns are like, and which labels are in doubt."""
    page = evaluation_page(report)
    return ["## Data", escape(page.data_line), *_parts(page.data_parts)] if page.data_parts else []


def _parts(parts: tuple[Part, ...]) -> list[str]:
    blocks: list[str] = []
    for part in parts:
        found = [_shown(table) for _, table in (*part.tables, *part.behind[:1])]
        blocks += [f"### {part.title}", escape(part.line), *found]
    return blocks


def _shown(table: Table) -> str:
    return _table(table) if table.rows else ""


def _code(code: str) -> list[str]:
    """Return a script in a fence that is longer than any inside it."""
    if not code:
        return []
    fence = "`" * max(3, 1 + max((len(ticks) for ticks in re.findall("`+", code)), default=0))
    text = f"<details><summary>Keras code (train.py)</summary>\n\n{fence}python\n{code}{fence}\n\n</details>"
    return [text]


def _section(title: str, table: Table, before: str = "") -> list[str]:
    return [f"## {title}", before, _table(table)] if table.rows else []


def _table(table: Table) -> str:
    shown = table.rows[:MOST_REMEDIES]
    ruler = ("---:" if place in table.right else "---" for place in range(len(table.head)))
    lines = [_row(table.head), f"| {' | '.join(ruler)} |", *(_row(row) for row in shown)]
    left_out = len(table.rows) - len(shown) + table.num_left_out
    return "\n".join(lines) + (f"\n\n{left_out:,} more are in `report.json`." if left_out else "")


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(escape(cell) for cell in cells)} |"


def escape(text: str) -> str:
    """Return text in which no character formats, links, breaks a table or opens a tag."""
    return re.sub(r"([\\`*_\[\]|~#$@])", r"\\\1", html.escape(clean(text), quote=False))


_MARKS = re.compile(r"(#+ |> |\*\*|<details><summary>)?(.*?)(\*\*|</summary>)?", re.DOTALL)


def _said(text: str, say: Say) -> str:
    """Return finished Markdown in another language: line by line, cell by cell, code as it is."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        if not fence and line.startswith("```"):
            fence = line.removesuffix("python")
        elif fence:
            fence = "" if line == fence else fence
        elif line.startswith("| "):
            cells = re.split(r"(?<!\\) \| ", line[2:-2])
            lines.append(f"| {' | '.join(_said_piece(cell, say) for cell in cells)} |")
            continue
        else:
            lines.append(_said_piece(line, say))
            continue
        lines.append(line)
    return "\n".join(lines)


def _said_piece(piece: str, say: Say) -> str:
    before, core, after = (part or "" for part in _MARKS.fullmatch(piece).groups())  # pyright: ignore[reportOptionalMemberAccess]
    if core.startswith("**"):
        return piece
    partial, bold, rest = core.partition(":** ") if before == "> " else ("", "", core)
    plain = html.unescape(re.sub(r"\\(.)", r"\1", rest))
    said = say(plain)
    return before + partial + bold + (rest if said == plain else escape(said)) + after
