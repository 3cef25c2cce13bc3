"""Everything that turns a `Report` into something to read: terminal, HTML page, Markdown, JSON, a picture."""

from wellfit.report._draw import forest_svg
from wellfit.report._html import to_html, write_html
from wellfit.report._json import to_json, write_json
from wellfit.report._markdown import to_markdown
from wellfit.report._parse import from_json, read_json
from wellfit.report._text import to_text

__all__ = [
    "forest_svg",
    "from_json",
    "read_json",
    "to_html",
    "to_json",
    "to_markdown",
    "to_text",
    "write_html",
    "write_json",
]
