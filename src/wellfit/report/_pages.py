"""The pages that explain the causes: part of the package, as text and inside a page."""

from __future__ import annotations

import re
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup

_HERE = Path(__file__).parent
# In a wheel the pages lie beside this file; in a checkout where the documentation is.
_FOLDERS = (_HERE / "causes", _HERE.parents[2] / "docs" / "causes")


def cause_codes() -> tuple[str, ...]:
    """Return the codes that have a page, in alphabetical order.

    Example:
        >>> "too-few-rows" in cause_codes()
        True
    """
    stems = {path.stem for folder in _FOLDERS for path in folder.glob("*.md")}
    return tuple(sorted(stems - {"README"}))


def cause_page(code: str) -> str:
    """Return the page of a cause as Markdown, an empty text for a code without one.

    Example:
        >>> cause_page("too-few-rows").splitlines()[0]
        '# too-few-rows'
    """
    if code not in cause_codes():
        return ""
    path = next(path for folder in _FOLDERS if (path := folder / f"{code}.md").exists())
    return path.read_text(encoding="utf-8")


def cause_html(code: str) -> Markup:
    """Return the page of a cause as HTML for a place below a heading of level 4, without its title."""
    page = re.sub(r"\A# .*\n", "", cause_page(code))
    page = re.sub(r"^## ", "##### ", page, flags=re.MULTILINE)
    return Markup(MarkdownIt("commonmark", {"html": False}).render(page))
