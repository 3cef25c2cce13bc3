"""The one renderer of figure records: matplotlib to an SVG that takes its colors and fonts from the page.

Nothing global is touched (no pyplot), outside text never reaches matplotlib (it is put in afterwards, so
that no name is read as mathematics or as markup), and the same record gives the same bytes.
"""

from __future__ import annotations

import html
import io
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from wellfit.report._words import shorten_to

# Colors that stand for CSS variables with a fallback; matplotlib needs some color to write.
INK, MUTED, GRID = "#010101", "#020202", "#030303"
GOOD, BAD, TRAIN, VALIDATION, FILL, PAGE = "#040404", "#050505", "#060606", "#070707", "#080808", "#090909"
_VARIABLES = {
    INK: "var(--wf-ink, #1f2328)",
    MUTED: "var(--wf-muted, #59636e)",
    GRID: "var(--wf-grid, #d1d9e0)",
    GOOD: "var(--wf-good, #1a7f37)",
    BAD: "var(--wf-bad, #cf222e)",
    TRAIN: "var(--wf-train, #8250df)",
    VALIDATION: "var(--wf-validation, #0969da)",
    FILL: "var(--wf-fill, #0969da)",
    PAGE: "var(--wf-page, #ffffff)",
}
_FONTS = "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', 'DejaVu Sans', sans-serif"
_STYLE = {
    "svg.fonttype": "none",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.formatter.use_mathtext": False,
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": False,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "lines.solid_capstyle": "butt",
    "path.simplify": False,
}


def plain_decades(axis: Axis) -> None:
    """Label a logarithmic axis by plain numbers at 1, 2 and 5 of each decade; powers would be markup."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


@dataclass
class Canvas:
    """A figure of fixed size in CSS pixels, and the outside text that goes into it afterwards."""

    name: str
    width: float
    height: float
    figure: Figure = field(init=False)
    texts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.figure = Figure(figsize=(self.width / 72, self.height / 72), dpi=72)
        FigureCanvasSVG(self.figure)

    def axes(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Return axes with these margins in pixels."""
        w, h = self.width, self.height
        return self.figure.add_axes((left / w, bottom / h, (w - left - right) / w, (h - top - bottom) / h))

    def word(self, text: str, cells: int) -> str:
        """Return a stand-in for `text`, shortened to `cells`; `svg` replaces it."""
        token = f"\u00a7{len(self.texts)}\u00a7"
        self.texts[token] = shorten_to(text, cells)
        return token


def drawing_style(name: str) -> AbstractContextManager[None]:
    """Return the context to draw a figure in: matplotlib's defaults, whatever a settings file says."""
    return style.context(["default", {**_STYLE, "svg.hashsalt": f"wellfit-{name}"}])


def svg(canvas: Canvas, description: str, *, standalone: bool = False) -> str:
    """Return the figure on `canvas` as an SVG element.

    Args:
        canvas: what was drawn.
        description: the figure in words; becomes its accessible name.
        standalone: for a file of its own: name space, and colors that follow the reader's light or dark mode.
    """
    buffer = io.StringIO()
    metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    canvas.figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    body = _body(buffer.getvalue())
    body = _prefix_ids(body, canvas.name)
    for color, variable in _VARIABLES.items():
        body = body.replace(color, variable)
    body = re.sub(r"font: (?:[a-z0-9]+ )*?([\d.]+px) [^;\"]*", rf"font: \1 {_FONTS}", body)
    body = re.sub(r"\u00a7\d+\u00a7", lambda match: html.escape(canvas.texts[match.group()]), body)
    opening = (
        f'<svg class="figure" role="img" aria-label="{html.escape(description)}" {_STROKES} '
        f'viewBox="0 0 {canvas.width:g} {canvas.height:g}"'
    )
    if not standalone:
        return f'{opening} style="max-width: {canvas.width:g}px">{body}</svg>'
    return (
        f'{opening} width="{canvas.width:g}" height="{canvas.height:g}" xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink">{_STANDALONE_STYLE}{body}</svg>\n'
    )


# What matplotlib says by a rule for every element of the page that the drawing stands on.
_STROKES = 'stroke-linejoin="round" stroke-linecap="butt"'
_STANDALONE_STYLE = """<style>@media (prefers-color-scheme: dark) { svg { --wf-ink: #f0f6fc;
--wf-muted: #9198a1; --wf-grid: #3d444d; --wf-good: #3fb950; --wf-bad: #f85149; --wf-train: #bc8cff;
--wf-validation: #58a6ff; --wf-fill: #58a6ff; --wf-page: #0d1117; } }</style>"""


def _body(document: str) -> str:
    """Return what is inside the svg element, without metadata and without rules for the whole page."""
    inside = document[document.index(">", document.index("<svg")) + 1 : document.rindex("</svg>")]
    inside = re.sub(r"<metadata>.*?</metadata>", "", inside, flags=re.DOTALL)
    return re.sub(r"<defs>\s*<style[^>]*>\*\{[^}]*\}</style>\s*</defs>", "", inside).strip()


def _prefix_ids(body: str, name: str) -> str:
    """Make ids unique on the page, and drop those that nothing refers to."""
    used = set(re.findall(r"(?:url\(|href=\")#([^\)\"]+)", body))

    def rename(match: re.Match[str]) -> str:
        return f' id="{name}-{match.group(1)}"' if match.group(1) in used else ""

    body = re.sub(r' id="([^"]+)"', rename, body)
    return re.sub(r"(url\(|href=\")#", rf"\1#{name}-", body)
