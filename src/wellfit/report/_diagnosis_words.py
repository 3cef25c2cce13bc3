"""What a diagnosis says in words and numbers, shared by all its renderings so that they cannot disagree."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from wellfit.records import Diagnosis, Effect, Finding, Outcome, Report, Verdict
from wellfit.report._numbers import NOT_AVAILABLE, duration, number, signed
from wellfit.report._pages import cause_codes
from wellfit.report._summary import LIGHTS, Light
from wellfit.report._words import clean, count, plain

SCALE = (
    "0 % is the network as it stands, 100 % the whole distance from chance to the best reference; "
    "data losses on validation rows only."
)
MOST_ITEMS = 6

_LABELS = {
    "chance": ("Chance", "one prediction for every row, whatever its inputs"),
    "best_reference": ("Best reference", "the lowest loss that any model or variant reached"),
    "train_loss": ("Training loss", ""),
    "validation_loss": ("Validation loss", ""),
    "penalty": ("Weight penalty", "not in the losses above"),
    "given_train_loss": ("Training loss as it came", "at the trained weights it was given with"),
    "given_validation_loss": ("Validation loss as it came", "likewise"),
    "best_epoch": ("Best epoch", ""),
    "epochs": ("Epochs", ""),
    "epochs_trained": ("Epochs trained", "to see what more of them would do"),
    "gap": ("Gap", "validation loss less training loss, at the end"),
    "best_validation_loss": ("Lowest validation loss", ""),
    "num_train": ("Training rows", ""),
    "num_validation": ("Validation rows", ""),
}
_WHOLE = ("best_epoch", "smooth_best_epoch", "epochs", "epochs_trained", "epoch")
_REFERENCE = "reference_"
# What the verdict on curves is computed from: for a page, too much for a terminal.
_DETAILS = ("late_fall_", "noise_", "smooth_", "first_", "best_train_loss", "rise", "probability_")
_EFFECT_NUMBERS = ("gain", "gain_low", "gain_high")
_ACRONYMS = {"auc": "AUC", "l1": "L1", "l2": "L2", "mse": "MSE", "rmse": "RMSE", "r2": "R2", "nan": "NaN"}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One number of a diagnosis.

    Attributes:
        label: what it is.
        value: the number as text.
        note: what it means, or where it lies between chance and the best reference; may be empty.
        is_detail: whether a page alone shows it.
    """

    label: str
    value: str
    note: str
    is_detail: bool = False


def label_of(diagnosis: Diagnosis) -> tuple[Light, str]:
    """Return the color of the traffic light and the verdict in one or two words."""
    return LIGHTS[diagnosis.verdict]


def partial_reason(diagnosis: Diagnosis) -> str:
    """Return why the diagnosis is not complete, or an empty string."""
    return diagnosis.environment.get("partial", "")


def percent(share: float) -> str:
    """Return a confidence for a reader; certainty is not claimed by rounding.

    Example:
        >>> percent(0.873), percent(0.999), percent(float("nan"))
        ('87 %', 'over 99 %', 'n/a')
    """
    if math.isnan(share):
        return NOT_AVAILABLE
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def verdict_confidence(diagnosis: Diagnosis) -> str:
    """Return the confidence of the verdict, or an empty string where none was reached."""
    return "" if diagnosis.verdict is Verdict.INCONCLUSIVE else percent(diagnosis.confidence)


def share_interval(effect: Effect) -> tuple[str, str, str]:
    """Return estimate, low and high of an effect as signed percents of the possible improvement.

    Example:
        >>> effect = Effect(estimate=0.234, low=0.11, high=0.36, p_value=0.01, unit="share", num_pairs=8)
        >>> share_interval(effect)
        ('+23 %', '+11 %', '+36 %')
    """
    width = 100 * (effect.high - effect.low)
    places = 1 if math.isfinite(width) and width < 3 else 0
    low, middle, high = (
        f"{signed(100 * value, places)} %" if math.isfinite(value) else number(value)
        for value in (effect.low, effect.estimate, effect.high)
    )
    return middle, low, high


def effect_sentence(effect: Effect | None) -> str:
    """Return ``+23 % of the possible improvement (95 % interval +11 % to +36 %, 8 pairs of runs)``."""
    if effect is None:
        return "not tried; the numbers alone show this cause"
    if math.isnan(effect.estimate):
        return "could not be measured"
    estimate, low, high = share_interval(effect)
    pairs = f"{count(effect.num_pairs, 'pair')} of runs"
    known = math.isfinite(effect.low) or math.isfinite(effect.high)
    ends = f"95 % interval {low} to {high}, {pairs}" if known else f"no interval, {pairs}"
    return f"{estimate} of the possible improvement ({ends})"


def readable(name: str) -> str:
    """Return a name in code as words.

    Example:
        >>> readable("num_rows_masked"), readable("domain_auc")
        ('rows masked', 'domain AUC')
    """
    words = clean(name).replace("_", " ").removeprefix("num ").split()
    return " ".join(_ACRONYMS.get(word, word) for word in words) or clean(name)


def evidence(finding: Finding) -> tuple[tuple[str, str], ...]:
    """Return the numbers of a finding as pairs of text; long lists are cut and counted.

    What repeats the effect is left out where there is one.
    """
    said = () if finding.effect is None else _EFFECT_NUMBERS
    items = ((name, value) for name, value in finding.evidence.items() if name not in said)
    return tuple((readable(name), _evidence_text(value, whole=_is_whole(name))) for name, value in items)


def experiment(finding: Finding) -> str:
    """Return the experiment as a line that begins with a capital letter."""
    return finding.experiment[:1].upper() + finding.experiment[1:]


def _is_whole(name: str) -> bool:
    """Return whether a number of this name is a count or an epoch, also where it comes as a float."""
    return name.startswith("num_") or name in _WHOLE


def _evidence_text(value: object, *, whole: bool = False) -> str:
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, Mapping):
        return _cut([f"{readable(str(name))} {_evidence_text(inner)}" for name, inner in value.items()])
    if isinstance(value, (list, tuple)):
        return _cut([_evidence_text(inner) for inner in value])
    if isinstance(value, float):
        return f"{value:,.0f}" if whole and math.isfinite(value) else number(value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else plain(value)


def _cut(items: list[str]) -> str:
    rest = len(items) - MOST_ITEMS
    return ", ".join(items[:MOST_ITEMS]) + (f" and {rest:,} more" if rest > 0 else "")


def finding_title(diagnosis: Diagnosis | Report, place: int) -> str:
    """Return such as ``Cause 1 of 2`` for the finding at `place`, counted from 0."""
    total = sum(finding.code != Verdict.HEALTHY for finding in diagnosis.findings)
    word = "Possible cause" if diagnosis.verdict is Verdict.INCONCLUSIVE else "Cause"
    if diagnosis.findings[place].code == Verdict.HEALTHY:
        return "No cause"
    return f"{word} {place + 1} of {total}" if total > 1 else word


def docs_page(finding: Finding) -> str:
    """Return where the cause is explained: the page's place, and the command that shows it."""
    page = finding.page or f"docs/causes/{finding.code}.md"
    return f"wellfit explain {finding.code} ({page})" if finding.code in cause_codes() else page


def codes_with(diagnosis: Diagnosis, outcome: Outcome) -> tuple[str, ...]:
    """Return the causes whose examination came out as `outcome`, in the order they were examined."""
    return tuple(item.code for item in diagnosis.examined if item.outcome is outcome)


def by_reason(diagnosis: Diagnosis, outcome: Outcome) -> dict[str, tuple[str, ...]]:
    """Return reason to causes, for those whose examination came out as `outcome`."""
    groups: dict[str, tuple[str, ...]] = {}
    for item in diagnosis.examined:
        if item.outcome is outcome:
            groups[item.reason] = (*groups.get(item.reason, ()), item.code)
    return groups


def open_questions(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return what is unknown, without what the undecided causes say already."""
    said = {
        f"{item.code}: {item.reason}" for item in diagnosis.examined if item.outcome is Outcome.CANNOT_TELL
    }
    return tuple(line for line in diagnosis.unknown if line not in said)


def verdict_sentence(diagnosis: Diagnosis) -> str:
    """Return the verdict line without the verdict's own name, as a sentence that stands by itself."""
    text = verdict_text(diagnosis)
    return text[:1].upper() + text[1:]


def verdict_text(diagnosis: Diagnosis) -> str:
    """Return the verdict line without the verdict's own name in front of it, which stands in the heading."""
    name, line = f"{label_of(diagnosis)[1]}: ", diagnosis.verdict_line
    return line[len(name) :] if line.lower().startswith(name.lower()) else line


def measured(diagnosis: Diagnosis) -> tuple[Measured, ...]:
    """Return the numbers of a diagnosis, the known ones first and in their order."""
    order = list(_LABELS)
    names = sorted(diagnosis.numbers, key=lambda name: order.index(name) if name in _LABELS else len(order))
    return tuple(_measured(name, diagnosis.numbers) for name in names)


def _measured(name: str, numbers: Mapping[str, float]) -> Measured:
    label, note = _LABELS.get(name, (_label(name), ""))
    value = numbers[name]
    text = f"{value:,.0f}" if _is_whole(name) and math.isfinite(value) else number(value)
    if name in ("train_loss", "validation_loss"):
        note = _way(value, numbers)
    if name == "best_epoch" and "epochs_trained" in numbers:
        label = f"Best epoch (of {numbers['epochs_trained']:,.0f} trained)"
    return Measured(label=label, value=text, note=note, is_detail=name.startswith(_DETAILS))


def _label(name: str) -> str:
    if name.startswith(_REFERENCE):
        return f"Reference: {readable(name.removeprefix(_REFERENCE))}"
    text = readable(name)
    return text[:1].upper() + text[1:]


def _way(loss: float, numbers: Mapping[str, float]) -> str:
    """Return how far a loss is on the way from chance to the best reference."""
    chance, best = numbers.get("chance", math.nan), numbers.get("best_reference", math.nan)
    if not (math.isfinite(loss) and chance > best):
        return ""
    if loss > chance:
        return "worse than chance"
    if loss < best:
        return "better than the best reference"
    return f"{100 * (chance - loss) / (chance - best):.0f} % of the way from chance to the best reference"


def measured_title(diagnosis: Diagnosis) -> str:
    """Return the heading of the table of numbers, with the unit."""
    metric = diagnosis.metric
    if metric is None:
        return "What was measured"
    better = "lower" if metric.direction == "minimize" else "higher"
    return f"What was measured ({clean(metric.name)}, {better} is better, without penalties)"


def effort(diagnosis: Diagnosis) -> str:
    """Return how many networks were trained, and in what time."""
    num = diagnosis.members_trained
    trained = f"{count(num, 'network')} trained" if num else "No network was trained"
    total_s = total_time_s(diagnosis)
    return f"{trained}; {duration(total_s)} in all." if math.isfinite(total_s) else f"{trained}."


def total_time_s(diagnosis: Diagnosis) -> float:
    """Return the seconds that the diagnosis took, NaN where they are not known."""
    timing = diagnosis.timing
    totals = [timing[name] for name in ("total", "total_s") if name in timing]
    return totals[0] if totals else sum(timing.values()) if timing else math.nan
