"""A diagnosis in a terminal: plain text, no escape sequences, no line wider than asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wellfit.records import Diagnosis, Finding, Outcome
from wellfit.report._causes import meaning
from wellfit.report._diagnosis_words import (
    SCALE,
    by_reason,
    codes_with,
    docs_page,
    effect_sentence,
    effort,
    evidence,
    experiment,
    finding_title,
    label_of,
    measured,
    measured_title,
    open_questions,
    partial_reason,
    percent,
    verdict_confidence,
    verdict_text,
)
from wellfit.report._text import check_width
from wellfit.report._words import cell_width, clean, pad, shorten_to, wrap

MOST_EVIDENCE = 8
MOST_REASONS = 4
_NARROW = 60


def diagnosis_text(diagnosis: Diagnosis, width: int = 80) -> str:
    """Return `diagnosis` for a terminal: the verdict, each cause with its evidence, and what is not known.

    Args:
        diagnosis: what `wellfit.diagnose` returned.
        width: columns of the terminal, at least 30; wide characters count as two.

    Returns:
        Lines joined by line feeds, without ANSI codes and without a trailing line feed.

    Raises:
        SettingsError: `width` is below 30.

    Example:
        >>> from wellfit.records import Verdict
        >>> found = Diagnosis(verdict=Verdict.HEALTHY, verdict_line="It is fine.", confidence=0.9)
        >>> print(diagnosis_text(found))
        HEALTHY (confidence 90 %). It is fine.
        <BLANKLINE>
        No network was trained.
    """
    check_width(width, "diagnosis")
    blocks = [
        _verdict(diagnosis, width),
        *_findings(diagnosis, width),
        _examined(diagnosis, width),
        _bullets(
            "What cannot be known from this, and what would decide it", open_questions(diagnosis), width
        ),
        _measured(diagnosis, width),
        _bullets("Notes", diagnosis.notes, width),
        _end(diagnosis, width),
    ]
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))


def _verdict(diagnosis: Diagnosis, width: int) -> Iterator[str]:
    reason = partial_reason(diagnosis)
    if reason:
        yield from wrap(f"PARTIAL RESULT: {reason}", width)
    line = verdict_text(diagnosis)
    sign = "." if line == diagnosis.verdict_line else ":"
    sure = verdict_confidence(diagnosis)
    head = f"{label_of(diagnosis)[1].upper()}{f' (confidence {sure})' if sure else ''}{sign}"
    yield from wrap(f"{head} {line}", width)


def _findings(diagnosis: Diagnosis, width: int) -> Iterator[Iterable[str]]:
    """Yield a block for each cause, and how to read their effects."""
    for place, finding in enumerate(diagnosis.findings):
        yield _finding(finding, finding_title(diagnosis, place), width)
    if any(finding.effect is not None for finding in diagnosis.findings):
        yield wrap(f"How to read an effect: {SCALE}", width)


def _finding(finding: Finding, title: str, width: int) -> Iterator[str]:
    means = f" ({meaning(finding.code)})" if meaning(finding.code) else ""
    yield from wrap(f"{title}: {finding.code}{means}, confidence {percent(finding.confidence)}", width)
    if finding.experiment:
        yield from _labeled("Experiment", experiment(finding), width)
    numbers = [f"{name} {value}" for name, value in evidence(finding)]
    left_out = len(numbers) - MOST_EVIDENCE
    shown = numbers[:MOST_EVIDENCE] + ([f"{left_out} more in the JSON"] if left_out > 0 else [])
    if shown:
        yield from _labeled("Numbers", "; ".join(shown), width)
    yield from _labeled("Effect", effect_sentence(finding.effect), width)
    for place, remedy in enumerate(finding.remedies, start=1):
        label = "What to do" if place == 1 else ""
        number = f"{place}. " if len(finding.remedies) > 1 else ""
        yield from _labeled(label, f"{number}{remedy}", width)
    yield from _labeled("More", docs_page(finding), width)


def _labeled(label: str, text: str, width: int, cells: int = 12) -> Iterator[str]:
    """Yield `text` beside its label, or behind it where there is little room."""
    if width < _NARROW:
        yield from wrap(f"{label}: {text}" if label else text, width, indent="  ")
        return
    for place, line in enumerate(wrap(text, width - 2 - cells)):
        yield f"  {pad('' if place else label, cells)}{line}"


def _examined(diagnosis: Diagnosis, width: int) -> Iterator[str]:
    silent = codes_with(diagnosis, Outcome.SILENT)
    not_applicable = by_reason(diagnosis, Outcome.NOT_APPLICABLE)
    if len(not_applicable) > MOST_REASONS:
        not_applicable = {"": codes_with(diagnosis, Outcome.NOT_APPLICABLE)}
    groups = {
        "Not found": {"": silent} if silent else {},
        "Not applicable": not_applicable,
        "Cannot tell": by_reason(diagnosis, Outcome.CANNOT_TELL),
    }
    if any(groups.values()):
        yield "Examined as well"
    for label, reasons in groups.items():
        for place, (reason, codes) in enumerate(reasons.items()):
            text = f"{', '.join(codes)}{': ' if reason else ''}{reason}"
            yield from _labeled("" if place else label, text, width, cells=16)


def _bullets(title: str, texts: tuple[str, ...], width: int) -> Iterator[str]:
    if not texts:
        return
    yield from wrap(title, width)
    for text in texts:
        for place, line in enumerate(wrap(text, width - 4)):
            yield f"  {' ' if place else '-'} {line}"


def _measured(diagnosis: Diagnosis, width: int) -> Iterator[str]:
    everything = measured(diagnosis)
    rows = [row for row in everything if not row.is_detail]
    if not rows:
        return
    yield from wrap(measured_title(diagnosis), width)
    names = min(max(cell_width(row.label) for row in rows), width // 2)
    values = max(len(row.value) for row in rows)
    for row in rows:
        line = f"  {pad(shorten_to(row.label, names), names)}  {row.value:>{values}}"
        room = width - cell_width(line) - 2
        yield f"{line}  {row.note}" if row.note and cell_width(row.note) <= room else line
    if len(everything) > len(rows):
        yield from wrap(
            f"{len(everything) - len(rows)} more are in the page and in the JSON.", width, indent="  "
        )


def _end(diagnosis: Diagnosis, width: int) -> Iterator[str]:
    yield from wrap(effort(diagnosis), width)
    if diagnosis.command:
        yield from wrap(f"To repeat: {clean(diagnosis.command)}", width)
