"""A report on one terminal screen: plain text, no escape sequences, no line wider than asked."""

from __future__ import annotations

import math
from collections.abc import Iterator

from wellfit.records import Remedy, Report, SettingsError
from wellfit.report._numbers import column_decimals, effect_line
from wellfit.report._summary import (
    changes,
    headline,
    holdout_line,
    more_data_line,
    num_averaged,
    ordered,
    reading,
    settings_line,
)
from wellfit.report._translate import Say
from wellfit.report._translate_names import report_translator
from wellfit.report._words import cell_width, clean, count, pad, shorten_to, wrap

NARROWEST = 30
MOST_REMEDIES = 8
MOST_CHANGES = 8


def check_width(width: int, what: str) -> None:
    """Refuse a terminal that is too narrow for what is to be shown in it.

    Raises:
        SettingsError: `width` is below 30.
    """
    if width < NARROWEST:
        raise SettingsError(
            f"the terminal is too narrow for a {what}",
            received=f"width={width}",
            expected=f"at least {NARROWEST} columns",
            fix="pass width=80",
        )


def to_text(report: Report, width: int = 80, *, lang: str | None = None) -> str:
    """Return `report` for a terminal: verdict, what to change, best remedies with intervals, holdout.

    Use it where the HTML page is too much; it fits one screen and names what it leaves out.

    Args:
        report: what a study found.
        width: columns of the terminal, at least 30; wide characters count as two.
        lang: ``zh`` for Chinese; English where it is None.

    Returns:
        Lines joined by line feeds, without ANSI codes and without a trailing line feed.

    Raises:
        SettingsError: `width` is below 30, or there is no catalogue for `lang`.
    """
    check_width(width, "report")
    say = report_translator(report, lang or "en")
    blocks = [part(report, width, say) for part in (_verdict, _changes, _remedies, _end)]
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))


def _verdict(report: Report, width: int, say: Say) -> Iterator[str]:
    head = headline(report)
    if report.partial:
        yield from wrap(say(f"PARTIAL RESULT: {report.partial}"), width)
    yield from wrap(f"{say(f'{head.label}.').upper()} {say(head.line)}", width)
    yield from wrap(say(head.outcome), width)


def _changes(report: Report, width: int, say: Say) -> Iterator[str]:
    changed = changes(report)
    if not changed:
        return
    yield say("In the networks that weigh most" if num_averaged(report) else "What to change")
    names = min(max(len(change.name) for change in changed), width // 3)
    for change in changed[:MOST_CHANGES]:
        name = pad(shorten_to(change.name, names), names)
        yield shorten_to(f"  {name}  {say(change.baseline)} -> {say(change.chosen)}", width)
    if len(changed) > MOST_CHANGES:
        yield say(f"  and {len(changed) - MOST_CHANGES} more")


def _remedies(report: Report, width: int, say: Say) -> Iterator[str]:
    remedies = ordered(report.remedies)
    if not remedies:
        return
    yield from wrap(
        say(f"Best remedies by improvement in {_units(remedies, report)} (positive = better)"), width
    )
    shown = _most_telling(remedies)
    reach = _reach(shown)
    places = column_decimals(remedy.effect for remedy in shown)
    for remedy in shown:
        yield from _remedy_lines(remedy, reach, places, width, say)
    left_out = len(remedies) - len(shown)
    if any(remedy.effect is not None for remedy in shown):
        yield from wrap(say("[==#==] confirmed, (--o--) screened only, | no difference"), width, indent="  ")
    if left_out:
        yield say(f"  and {left_out:,} more")


def _most_telling(remedies: tuple[Remedy, ...]) -> list[Remedy]:
    """Return kept and confirmed ones, then the best screened ones."""
    kept = [remedy for remedy in remedies if remedy.kept]
    others = [remedy for remedy in remedies if not remedy.kept]
    return list(ordered(tuple((kept + others)[:MOST_REMEDIES])))


def _units(remedies: tuple[Remedy, ...], report: Report) -> str:
    units = sorted({remedy.effect.unit for remedy in remedies if remedy.effect is not None})
    return " and ".join(clean(unit) for unit in units) or report.metric.name


def _reach(remedies: list[Remedy]) -> float:
    """Return the distance from zero that a bar spans: the widest interval, but no more than 4 estimates."""
    effects = [remedy.effect for remedy in remedies if reading(remedy.effect) != "not measured"]
    estimates = [abs(effect.estimate) for effect in effects if effect and math.isfinite(effect.estimate)]
    ends = [
        abs(end) for effect in effects if effect for end in (effect.low, effect.high) if math.isfinite(end)
    ]
    widest = max([*estimates, *ends], default=0.0)
    return min(widest, 4 * max(estimates, default=0.0)) or widest or 1.0


def _remedy_lines(remedy: Remedy, reach: float, places: int | None, width: int, say: Say) -> Iterator[str]:
    numbers = say(effect_line(remedy.effect, places) + (" kept" if remedy.kept else ""))
    bar = _bar(remedy, reach, 21) if width >= 76 else ""
    name = clean(remedy.name).strip() or settings_line(remedy)
    room = width - 2 - (len(bar) + 2 if bar else 0) - cell_width(numbers) - 2
    if room < 10:
        yield "  " + shorten_to(name, width - 2)
        yield "    " + shorten_to(numbers, width - 4)
        return
    cells = min(room, max(width - 2 - 23 - 36, 10)) if bar else room
    line = f"  {pad(shorten_to(name, cells), cells)}  {numbers}"
    yield (pad(line, width - len(bar)) + bar).rstrip()


def _bar(remedy: Remedy, reach: float, cells: int) -> str:
    """Draw an interval around a zero line, such as ``     |  [==#==]``."""
    effect = remedy.effect
    if effect is None or math.isnan(effect.estimate):
        return " " * cells
    middle = cells // 2
    confirmed = remedy.stage == "confirmed"
    opening, closing, inner, center = ("[", "]", "=", "#") if confirmed else ("(", ")", "-", "o")

    def place(value: float) -> int:
        return middle + round(max(min(value / reach, 1.0), -1.0) * middle)

    bar = [" "] * cells
    if not (math.isnan(effect.low) or math.isnan(effect.high)):
        low, high = place(effect.low), place(effect.high)
        bar[low : high + 1] = inner * (high + 1 - low)
        bar[low] = "<" if effect.low < -reach else opening
        bar[high] = ">" if effect.high > reach else closing
    if bar[middle] in (" ", inner):
        bar[middle] = "|"
    bar[place(effect.estimate)] = center
    return "".join(bar)


def _end(report: Report, width: int, say: Say) -> Iterator[str]:
    yield from wrap(say(holdout_line(report)), width)
    yield from wrap(say(more_data_line(report)), width)
    trained = count(report.members_trained, "network")
    num_measured = sum(remedy.effect is not None for remedy in report.remedies)
    yield from wrap(say(f"{trained} trained; {count(num_measured, 'remedy', 'remedies')} measured."), width)
