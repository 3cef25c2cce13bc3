"""The critical-difference diagram: mean ranks on a line, bars over methods that cannot be told apart."""

from __future__ import annotations

from pathlib import Path

from _quality_ranks import cliques
from _quality_score import Board

_LINE = 0.5  # height of a line of text, in units of the plot
_OWN_COLOR, _PEER_COLOR = "#0b5fa5", "#333333"


def write_diagram(board: Board, path: Path) -> None:
    """Draw the diagram of one budget; the ending of the file chooses the format (SVG, PNG, PDF)."""
    from matplotlib.figure import Figure as Page  # noqa: PLC0415 - slow to import, and only needed here

    ranked = board.mean_ranks
    bars = cliques(ranked, board.critical_difference)
    half = (len(ranked) + 1) // 2
    bottom = -(0.8 + 0.25 * len(bars) + _LINE * half)
    page = Page(figsize=(9, 1.6 - 0.55 * bottom), layout="tight")
    axes = page.add_subplot()
    axes.set_axis_off()
    # Ranks stand for themselves; names are written beside the axis.
    margin = 0.6 * len(ranked)
    axes.set_xlim(1 - margin, len(ranked) + margin)
    axes.set_ylim(bottom, 1.6)
    _draw_axis(axes, len(ranked), board)
    for number, (low, high) in enumerate(bars):
        height = -0.35 - 0.25 * number
        axes.plot([low - 0.03, high + 0.03], [height, height], color="black", linewidth=3.5)
    first = -(0.8 + 0.25 * len(bars))
    for number, (name, rank) in enumerate(ranked.items()):
        is_left = number < half
        line = number if is_left else len(ranked) - 1 - number
        edge = 1 - 0.1 if is_left else len(ranked) + 0.1
        _draw_method(axes, name, rank, edge=edge, height=first - _LINE * line, is_left=is_left)
    page.savefig(path)


def _draw_axis(axes, num_methods: int, board: Board) -> None:
    axes.plot([1, num_methods], [0, 0], color="black", linewidth=1)
    for rank in range(1, num_methods + 1):
        axes.plot([rank, rank], [0, 0.12], color="black", linewidth=1)
        axes.text(rank, 0.2, str(rank), ha="center", va="bottom", fontsize=9)
    difference = min(board.critical_difference, num_methods - 1.0)
    axes.plot([1, 1 + difference], [0.95, 0.95], color="black", linewidth=1.5)
    label = f"critical difference {board.critical_difference:.2f}, {len(board.tables)} tables"
    axes.text(1, 1.05, f"{label}, {board.budget_s:g} s", ha="left", va="bottom", fontsize=9)


def _draw_method(axes, name: str, rank: float, *, edge: float, height: float, is_left: bool) -> None:
    color = _OWN_COLOR if name.startswith("wellfit") else _PEER_COLOR
    axes.plot([rank, rank, edge], [0, height, height], color=color, linewidth=1)
    text = f"{name}  {rank:.2f}" if is_left else f"{rank:.2f}  {name}"
    offset = -0.1 if is_left else 0.1
    axes.text(
        edge + offset, height, text, ha="right" if is_left else "left", va="center", fontsize=9, color=color
    )
