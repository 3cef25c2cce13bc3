"""The answer that a page opens with: what is wrong, what to change, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from wellfit.records import Effect, Report, Verdict
from wellfit.report._causes import FAMILIES, clause
from wellfit.report._change_words import changes_in_words
from wellfit.report._numbers import common_decimals, effect_line, interval, number
from wellfit.report._summary import LIGHTS, Light, changes, holdout_reading, num_averaged, ordered, reading
from wellfit.report._tested import causes_tested
from wellfit.report._words import clean, count

Support = Literal["holdout", "splits", "screen", "against", "none"]

_SUPPORT = {
    "holdout": ("green", "Confirmed on the holdout"),
    "splits": ("amber", "Confirmed on fresh splits only"),
    "screen": ("amber", "Not confirmed"),
    "against": ("red", "Contradicted by the holdout"),
    "none": ("gray", "No change is confirmed to help"),
}
_WHAT = {
    Verdict.HEALTHY: "Healthy",
    Verdict.OVERFITTING: "Overfits",
    Verdict.UNDERFITTING: "Underfits",
    Verdict.NOT_LEARNING: "Does not learn",
    Verdict.MISLEADING_EVALUATION: "Misleading evaluation",
    Verdict.INCONCLUSIVE: "Cannot tell",
}
_LEAST_RELATIVE = 1e-9
_CHANCE = ("majority", "majority class", "mean")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a reader should know after the first screen.

    Attributes:
        light: color of the traffic light.
        label: the verdict in one or two words.
        what: the verdict as a sentence begins with it.
        problem: what is wrong and, where it is known, why; one sentence.
        advice: what to change and what that gains; one or two sentences.
        support: color and words of how sure the advice is.
    """

    light: Light
    label: str
    what: str
    problem: str
    advice: str
    support: tuple[Light, str]


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The answer under a head of one or two words, where there is no room for more.

    Attributes:
        light: color of the traffic light.
        label: the verdict in one or two words.
        line: what is wrong.
        outcome: what to change, and how well that is supported.
    """

    light: Light
    label: str
    line: str
    outcome: str


def headline(report: Report) -> Headline:
    """Return light, label and the two sentences of the answer; what a page opens with, every place says."""
    found = answer(report)
    return Headline(light=found.light, label=found.label, line=found.problem, outcome=found.advice)


def answer(report: Report) -> Answer:
    """Return the answer of a study."""
    light, label = LIGHTS[report.verdict]
    color, words = _SUPPORT[support(report)]
    return Answer(
        light=light,
        label=label,
        what=_WHAT[report.verdict],
        problem=problem(report),
        advice=advice(report),
        support=(color, words),  # pyright: ignore[reportArgumentType]
    )


def support(report: Report) -> Support:
    """Return what the advice rests on."""
    if not changes(report) and not num_averaged(report):
        return "none"
    if report.holdout is not None:
        read = holdout_reading(report.holdout)
        if read != "cannot tell":
            return "holdout" if read == "better" else "against"
    return "splits" if kept_effect(report) is not None or num_averaged(report) else "screen"


def kept_effect(report: Report) -> Effect | None:
    """Return the confirmed effect of what the chosen network keeps, or None where there is none."""
    kept = [one for one in report.remedies if one.kept and one.stage == "confirmed"]
    return next((one.effect for one in kept if reading(one.effect) != "not measured"), None)


def problem(report: Report) -> str:
    """Return what is wrong with the baseline, and why, as one sentence."""
    what = _WHAT[report.verdict]
    train, validation = baseline_losses(report)
    numbers = f"training loss {number(train)}, validation loss {number(validation)}"
    known = math.isfinite(train) and math.isfinite(validation)
    because = _because(report)
    if report.verdict is Verdict.OVERFITTING and known and validation > train:
        unit = " nats" if report.metric.name == "log_loss" else ""
        gap = f"{number(validation - train)}{unit} of gap between training and validation loss"
        return f"{what}: {gap}{because}."
    if report.verdict is Verdict.UNDERFITTING and known:
        return f"{what}: {numbers}, and both can be lower{because}."
    if report.verdict is Verdict.NOT_LEARNING and math.isfinite(validation):
        return f"{what}: validation loss {number(validation)}{_against_chance(report)}{because}."
    if report.verdict is Verdict.HEALTHY and known:
        return f"{what}: {numbers}; nothing is wrong that this study could find."
    if report.verdict is Verdict.INCONCLUSIVE:
        return f"{what} what is wrong, if anything{_not_excluded(report)}."
    line = clean(report.verdict_line).strip().rstrip(".")
    return f"{what}{because}." if because or not line else f"{line}."


def baseline_losses(report: Report) -> tuple[float, float]:
    """Return training and validation loss of the baseline as it ends: where it stops early, at its best."""
    pair = next((pair for pair in report.curves if pair.name == "baseline"), None)
    length = 0 if pair is None else min(len(pair.train_loss), len(pair.validation_loss))
    if pair is None or not length:
        return math.nan, math.nan
    stops = report.baseline.patience and 0 <= pair.best_epoch < length
    place = pair.best_epoch if stops else length - 1
    return float(pair.train_loss[place]), float(pair.validation_loss[place])


def _because(report: Report) -> str:
    """Return the cause that stands behind the verdict as a clause, or an empty string where none is known."""
    rows = count(_rows(report), "row")
    if report.findings:
        text = clause(report.findings[0].code, rows)
        return f", mostly because {text}" if text else ""
    codes = FAMILIES.get(report.verdict, ())
    told = {"supported": "most likely because", "looks so": "apparently because"}
    found = [one for one in causes_tested(report) if one.ruling in told and one.code in codes]
    return f", {told[found[0].ruling]} {clause(found[0].code, rows)}" if found else ""


def _rows(report: Report) -> int:
    trained_on = report.options.get("rows_trained_on")
    return trained_on if isinstance(trained_on, int) and trained_on else report.num_rows


def _against_chance(report: Report) -> str:
    """Return the comparison with one prediction for every row, where it is in the unit of the curves."""
    chance = next((report.references[name] for name in _CHANCE if name in report.references), math.nan)
    if report.metric.name != "log_loss" or not math.isfinite(chance):
        return ""
    return f" against {number(chance)} for the same prediction on every row"


def _not_excluded(report: Report) -> str:
    """Return how large a gain may still be, by the most reliable effects there are."""
    confirmed = [one.effect for one in report.remedies if one.stage == "confirmed"]
    effects = confirmed or [one.effect for one in report.remedies]
    highs = [one.high for one in effects if one is not None and math.isfinite(one.high)]
    if not highs:
        return ": no remedy could be measured with an interval"
    return f": gains of up to {number(max(highs))} in {_metric(report)} cannot be excluded"


def advice(report: Report) -> str:
    """Return what to change, what that gains and on what evidence."""
    averaged, changed = num_averaged(report), changes(report)
    if not averaged and not changed:
        return _change_nothing(report)
    subject = f"the average of {averaged} networks" if averaged else changes_in_words(changed)
    found = support(report)
    if found == "against":
        before, after = _scores(report)
        return (
            f"Do not change the network on this evidence: {subject} looked better in validation, but on "
            f"{_holdout_rows(report)} {_metric(report)} went from {before} to {after}."
        )
    if found == "holdout":
        before, after = _scores(report)
        gain = f"{_verb(report)} {_metric(report)} from {before} to {after} ({_gain(report)})"
        sure = "" if averaged or kept_effect(report) is not None else ", though not on fresh splits"
        return _sentence(f"{subject} {gain}, confirmed on {_holdout_rows(report)}{sure}.")
    return _sentence(f"{subject} {_unverified(report)}")


def _unverified(report: Report) -> str:
    """Return the gain of what the holdout does not confirm, with that said."""
    effect, metric, holdout = kept_effect(report), _metric(report), report.holdout
    if effect is not None:
        estimate, low, high = interval(effect.estimate, effect.low, effect.high)
        gain = f"improves {metric} by {estimate.lstrip('+')} (95 % interval {low} to {high})"
        gain += f" in {count(effect.num_pairs, 'pair')} of runs on fresh splits"
    elif num_averaged(report):
        gain = "is what the study chose"
    else:
        gain = "looked best in the screen, which flatters, and was not confirmed on fresh splits"
    if holdout is None:
        return f"{gain}. The holdout was not reached, so this was not verified on rows that nothing had seen."
    before, after = _scores(report)
    _, low, high = interval(holdout.difference, holdout.low, holdout.high)
    return (
        f"{gain}. On the holdout of {count(holdout.num_rows, 'row')} it went from {before} to {after}, which "
        f"alone does not tell the two apart (95 % interval {low} to {high})."
    )


def _change_nothing(report: Report) -> str:
    num = sum(reading(one.effect) != "not measured" for one in report.remedies)
    reached = _reached(report)
    if report.partial:
        first = "Change nothing yet: the study ended before anything was confirmed to be better."
        return f"{first}{_promising(report)}{reached}"
    if report.verdict is Verdict.INCONCLUSIVE:
        first = "Change nothing yet: more rows or a larger budget would narrow the intervals."
        return f"{first}{_promising(report)}{reached}"
    if not num:
        return f"Keep the network as it is: no remedy could be measured.{reached}"
    if num == 1:
        return f"Keep the network as it is: the one remedy measured is not confirmed to help.{reached}"
    return (
        f"Keep the network as it is and leave the remedies out: none of the {num:,} that were measured is "
        f"confirmed to be better.{reached}"
    )


def _promising(report: Report) -> str:
    """Return which remedy looked best in the screen, where one looked better and none was confirmed."""
    looked = [one for one in ordered(report.remedies) if one.stage == "screened"]
    best = next((one for one in looked if reading(one.effect) == "better"), None)
    if best is None or best.effect is None or len(looked) < len(report.remedies):
        return ""
    return (
        f" Most promising is {clean(best.name)} ({effect_line(best.effect)} in the screen, which flatters)."
    )


def _reached(report: Report) -> str:
    """Return what the network scores on the holdout, beside one prediction for every row if that is known."""
    holdout, name = report.holdout, report.metric.name
    if holdout is None:
        return ""
    score, chance = holdout.baseline.get(name, math.nan), _chance_on_holdout(report)
    said = f"On the {count(holdout.num_rows, 'row')} of the holdout its {_metric(report)} is {number(score)}"
    if not (math.isfinite(chance) and math.isfinite(score)):
        return f" {said}."
    ahead = chance - score if report.metric.direction == "minimize" else score - chance
    if ahead > 0:
        return f" {said}, against {number(chance)} for the same prediction on every row."
    return f" {said}, which is no better than the same prediction on every row ({number(chance)})."


def _chance_on_holdout(report: Report) -> float:
    """Return the score of one prediction for every row of the holdout; NaN where it is not known."""
    scores = {} if report.holdout is None else report.holdout.references
    found = next((scores[name] for name in _CHANCE if name in scores), {})
    return found.get(report.metric.name, math.nan)


def _verb(report: Report) -> str:
    return "lowers" if report.metric.direction == "minimize" else "raises"


def _metric(report: Report) -> str:
    return clean(report.metric.name).replace("_", " ")


def _holdout_rows(report: Report) -> str:
    assert report.holdout is not None
    return f"{count(report.holdout.num_rows, 'row')} that nothing else had seen"


def _scores(report: Report) -> tuple[str, str]:
    """Return baseline and chosen network on the holdout with decimals that keep them apart."""
    assert report.holdout is not None
    name = report.metric.name
    before = report.holdout.baseline.get(name, math.nan)
    after = report.holdout.improved.get(name, math.nan)
    places = min(common_decimals((before, after), report.holdout.difference), 6)
    return number(before, places), number(after, places)


def _gain(report: Report) -> str:
    """Return the gain on the holdout: as a share of the baseline's loss, else in the metric."""
    holdout = report.holdout
    assert holdout is not None
    before = holdout.baseline.get(report.metric.name, math.nan)
    # A share needs a scale with a zero that cannot be passed: losses and errors have one, scores have not.
    if report.metric.direction == "minimize" and before > _LEAST_RELATIVE and holdout.high <= before:
        shares = [100 * value / before for value in (holdout.difference, holdout.low, holdout.high)]
        places = 1 if shares[2] - shares[1] < 2 or shares[1] < 1 else 0
        middle, low, high = (number(share, places) for share in shares)
        return f"{middle} %, 95 % interval {low} to {high} %"
    middle, low, high = interval(holdout.difference, holdout.low, holdout.high)
    return f"{middle}, 95 % interval {low} to {high}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
