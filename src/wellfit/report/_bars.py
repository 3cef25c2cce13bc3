"""Effects as bars of characters around a zero line, for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wellfit.records import Remedy
from wellfit.report._summary import reading

CELLS = 21


def bar_reach(remedies: Sequence[Remedy]) -> float:
    """Return the distance from zero that a bar spans.

    It is that of the confirmed intervals where there are any: those are to be read, and a screen of two pairs
    would press them together. Else it is the widest interval, but no more than four estimates.
    """
    known = [one for one in remedies if reading(one.effect) != "not measured"]
    sure = [one for one in known if one.stage == "confirmed"]
    effects = [one.effect for one in sure or known if one.effect is not None]
    estimates = [abs(effect.estimate) for effect in effects if math.isfinite(effect.estimate)]
    ends = [abs(end) for effect in effects for end in (effect.low, effect.high) if math.isfinite(end)]
    widest = max([*estimates, *ends], default=0.0)
    if sure:
        return widest or 1.0
    return min(widest, 4 * max(estimates, default=0.0)) or widest or 1.0


def text_bar(remedy: Remedy | None, reach: float) -> str:
    """Draw an interval around a zero line, such as ``     |  [==#==]``; an arrow where it goes on beyond."""
    effect = None if remedy is None else remedy.effect
    if remedy is None or effect is None or math.isnan(effect.estimate):
        return " " * CELLS
    middle = CELLS // 2
    confirmed = remedy.stage == "confirmed"
    opening, closing, inner, center = ("[", "]", "=", "#") if confirmed else ("(", ")", "-", "o")

    def place(value: float) -> int:
        return middle + round(max(min(value / reach, 1.0), -1.0) * middle)

    bar = [" "] * CELLS
    if not (math.isnan(effect.low) or math.isnan(effect.high)):
        low, high = place(effect.low), place(effect.high)
        bar[low : high + 1] = inner * (high + 1 - low)
        bar[low] = "<" if effect.low < -reach else opening
        bar[high] = ">" if effect.high > reach else closing
    if bar[middle] in (" ", inner):
        bar[middle] = "|"
    if abs(effect.estimate) <= reach or bar[place(effect.estimate)] not in "<>":
        bar[place(effect.estimate)] = center
    return "".join(bar)
