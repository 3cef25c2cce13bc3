"""A report on one terminal screen: plain text, no escape sequences, no line wider than asked."""

from __future__ import annotations

from collections.abc import Iterator

from wellfit.records import Remedy, Report, SettingsError
from wellfit.report._answer import answer, support
from wellfit.report._bars import bar_reach, text_bar
from wellfit.report._numbers import column_decimals, effect_line
from wellfit.report._summary import (
    changes,
    holdout_line,
    more_data_line,
    num_averaged,
    ordered,
    reading,
    settings_line,
)
from wellfit.report._tested import causes_tested
from wellfit.report._translate import Say
from wellfit.report._translate_names import report_translator
from wellfit.report._words import cell_width, clean, count, pad, shorten_to, wrap

NARROWEST = 30
WIDE = 76
"""Columns from which on there is room for bars."""

MOST_REMEDIES = 5
MOST_UNMEASURED = 2
MOST_DRAWN = 2
MOST_CHANGES = 6
MOST_CAUSES = 3
LEAST_NAME = 10
_DRAWN = ("supported", "looks so", "cannot tell")


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
    """Return `report` for a terminal: the answer, what to change, causes, remedies, holdout.

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
    blocks = [part(report, width, say) for part in (_verdict, _changes, _causes, _remedies, _end)]
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))


def _verdict(report: Report, width: int, say: Say) -> Iterator[str]:
    found = answer(report)
    if report.partial:
        yield from wrap(say(f"PARTIAL RESULT: {report.partial}"), width)
    label, problem = say(found.what), say(found.problem)
    if problem.startswith(label):
        problem = label.upper() + problem[len(label) :]
    yield from wrap(problem, width)
    yield from wrap(say(found.advice), width)
    if support(report) != "none":
        yield from wrap(f"{say('How sure?')} {say(f'{found.support[1]}.')}", width)


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


def _causes(report: Report, width: int, say: Say) -> Iterator[str]:
    """Yield the causes that remedies speak for, each with the most telling one as a bar; then all others."""
    tested = causes_tested(report)
    drawn = [one for one in tested if one.ruling in _DRAWN][:MOST_CAUSES]
    reach = bar_reach([one.best for one in drawn if one.best is not None])
    codes = max((len(one.code) for one in drawn), default=0)
    if tested:
        has_bars = bool(drawn) and width >= WIDE
        yield from wrap(
            say("Causes; the bar is the gain of the remedy against it" if has_bars else "Causes"), width
        )
    for one in drawn:
        line = f"  {pad(one.code, codes)}  {say(one.ruling)}"
        bar = text_bar(one.best, reach) if width >= WIDE else ""
        name = "" if one.best is None else clean(one.best.name)
        room = width - 4 - cell_width(line) - len(bar)
        if bar and room >= 8:
            line += f", {shorten_to(name, room)}"
        yield (pad(shorten_to(line, width), width - len(bar)) + bar).rstrip()
    rest = [one for one in tested if one not in drawn]
    groups = [
        f"{say(ruling)}: {', '.join(one.code for one in rest if one.ruling == ruling)}"
        for ruling in dict.fromkeys(one.ruling for one in rest)
    ]
    yield from wrap("; ".join(groups), width, indent="  ")


def _remedies(report: Report, width: int, say: Say) -> Iterator[str]:
    remedies = ordered(report.remedies)
    if not remedies:
        return
    yield from wrap(
        say(f"Best remedies by improvement in {_units(remedies, report)} (positive = better)"), width
    )
    shown = _most_telling(remedies)
    reach = bar_reach(shown)
    places = column_decimals(remedy.effect for remedy in shown)
    numbers = [say(effect_line(one.effect, places) + (" kept" if one.kept else "")) for one in shown]
    widest = max(map(cell_width, numbers), default=0)
    for remedy, text in zip(shown, numbers, strict=True):
        bar = text_bar(remedy, reach) if width >= WIDE else ""
        yield from _remedy_lines(remedy, text, widest, bar, width)
    left_out = len(remedies) - len(shown)
    if any(remedy.effect is not None for remedy in shown):
        yield from wrap(say("[==#==] confirmed, (--o--) screened only, | no difference"), width, indent="  ")
    if left_out:
        yield say(f"  and {left_out:,} more")


def _most_telling(remedies: tuple[Remedy, ...]) -> list[Remedy]:
    """Return kept and confirmed ones, then the best screened ones that say something of their own."""
    kept = [remedy for remedy in remedies if remedy.kept]
    others = [remedy for remedy in remedies if not remedy.kept and reading(remedy.effect) != "not measured"]
    confirmed = [remedy for remedy in others if remedy.stage == "confirmed"]
    shown = (kept + confirmed)[:MOST_REMEDIES]
    num_drawn = 0
    for remedy in others[len(confirmed) :]:
        is_drawn = remedy.name.startswith("search-")
        num_drawn += is_drawn
        same = any(one.effect == remedy.effect for one in shown)
        # The best of a search are many, much alike, and flatter most.
        if len(shown) < MOST_REMEDIES and not same and not (is_drawn and num_drawn > MOST_DRAWN):
            shown.append(remedy)
    return list(ordered(tuple(shown or remedies[:MOST_UNMEASURED])))


def _units(remedies: tuple[Remedy, ...], report: Report) -> str:
    units = sorted({remedy.effect.unit for remedy in remedies if remedy.effect is not None})
    return " and ".join(clean(unit) for unit in units) or report.metric.name


def _remedy_lines(remedy: Remedy, numbers: str, widest: int, bar: str, width: int) -> Iterator[str]:
    room = width - 2 - (len(bar) + 2 if bar else 0) - widest - 2
    name = clean(remedy.name).strip()
    settings = settings_line(remedy)
    # What a search drew has a number for a name.
    if not name or (name.startswith("search-") and 0 < cell_width(settings) <= room):
        name = settings
    if room < LEAST_NAME:
        yield "  " + shorten_to(name, width - 2)
        yield "    " + shorten_to(numbers, width - 4)
        return
    line = f"  {pad(shorten_to(name, room), room)}  {numbers}"
    yield (pad(line, width - len(bar)) + bar).rstrip()


def _end(report: Report, width: int, say: Say) -> Iterator[str]:
    yield from wrap(say(holdout_line(report)), width)
    yield from wrap(say(more_data_line(report)), width)
    trained = count(report.members_trained, "network")
    num_measured = sum(remedy.effect is not None for remedy in report.remedies)
    yield from wrap(say(f"{trained} trained; {count(num_measured, 'remedy', 'remedies')} measured."), width)
