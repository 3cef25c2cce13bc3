"""Diagnose cases, and count how often the answer is right."""

from __future__ import annotations

import collections
import dataclasses
import json
import statistics
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import wellfit
from _fault_cases import FAMILIES, Case
from _fault_rivals import RULES, fit, verdicts
from _figures import Figure
from wellfit.records import Diagnosis

_LINE = 120
_SHORT = {"misleading-evaluation": "misleading", "not-learning": "notlearn"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was said of a case.

    Attributes:
        name: of the case.
        planted: codes.
        accepted: right codes.
        families: right verdicts.
        verdict: of the diagnosis; ``error`` where it raised.
        codes: of the findings, ranked.
        confidences: likewise.
        duration_s: of the diagnosis.
        error: the last line of what it raised.
        rivals: name of a rule to its verdict.
    """

    name: str
    planted: tuple[str, ...]
    accepted: frozenset[str]
    families: frozenset[str]
    verdict: str
    codes: tuple[str, ...]
    confidences: tuple[float, ...]
    duration_s: float
    error: str = ""
    rivals: Mapping[str, str] = field(default_factory=dict)

    @property
    def first(self) -> str:
        """The cause that was named first; the verdict where none was."""
        if self.verdict in ("healthy", "inconclusive", "error") or not self.codes:
            return self.verdict
        return self.codes[0]

    @property
    def is_right(self) -> bool:
        """Whether it is a right answer."""
        return self.first in self.accepted

    @property
    def truth(self) -> str:
        """The class that the case counts for: a right answer counts for itself."""
        if self.is_right:
            return self.first
        return next((code for code in self.planted if code in self.accepted), self.planted[0])

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(dataclasses.asdict(self), default=sorted)

    @classmethod
    def from_json(cls, line: str) -> Answer:
        """Return what `to_json` wrote."""
        values = json.loads(line)
        for name in ("planted", "codes", "confidences"):
            values[name] = tuple(values[name])
        for name in ("accepted", "families"):
            values[name] = frozenset(values[name])
        return cls(**values)

    def line(self) -> str:
        """Return one line, 120 columns at most."""
        said = " ".join(f"{c} {p:.2f}" for c, p in zip(self.codes[:3], self.confidences, strict=False))
        mark = "ok  " if self.is_right else "MISS"
        verdict = _SHORT.get(self.verdict, self.verdict)
        wanted = ",".join(
            [*(c for c in self.planted if c in self.accepted), *sorted(self.accepted - {*self.planted})]
        )
        start = f"{mark} {self.duration_s:4.1f}s {self.name[:34]:<34} {verdict[:12]:<12} "
        return (start + f"{wanted[:30]:<30} > {self.error or said}")[:_LINE]


def run_case(case: Case) -> Diagnosis:
    """Diagnose a case as its user would."""
    return wellfit.diagnose(
        case.model(),
        case.x,
        case.y,
        validation_data=(case.xv, case.yv),
        epochs=case.epochs,
        batch_size=case.batch_size,
        seed=0,
    )


def kept_answers(path: Path | None) -> dict[str, Answer]:
    """Return the answers in a file of JSON lines, by case; a line cut off by a kill is left out."""
    if path is None or not path.exists():
        return {}
    whole = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return {one.name: one for one in map(Answer.from_json, whole)}


def answer(case: Case, *, rivals: bool) -> Answer:
    """Return what `wellfit.diagnose` and the rules say of a case."""
    began = time.perf_counter()
    verdict, codes, confidences, error = "error", (), (), ""
    try:
        found = run_case(case)
    except Exception as raised:
        error = f"{type(raised).__name__}: {str(raised).partition(chr(10))[0]}"
        traceback.print_exc(limit=-4)
    else:
        verdict = str(found.verdict)
        codes = tuple(str(finding.code) for finding in found.findings)
        confidences = tuple(float(finding.confidence) for finding in found.findings)
    duration_s = time.perf_counter() - began
    return Answer(
        name=case.name,
        planted=case.planted,
        accepted=case.accepted,
        families=case.families,
        verdict=verdict,
        codes=codes,
        confidences=confidences,
        duration_s=duration_s,
        error=error,
        rivals=verdicts(case, fit(case)) if rivals else {},
    )


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """Return the mean F1 over the true classes of ``(true, said)`` pairs."""
    return statistics.mean(f1(pairs, name) for name in {true for true, _ in pairs}) if pairs else float("nan")


def f1(pairs: Sequence[tuple[str, str]], name: str) -> float:
    """Return 2 TP / (2 TP + FP + FN) of one class."""
    hits = sum(true == said == name for true, said in pairs)
    wrong = sum((true == name) != (said == name) for true, said in pairs)
    return 2 * hits / (2 * hits + wrong) if hits else 0.0


def verdict_pairs(answers: Sequence[Answer], rule: str = "") -> list[tuple[str, str]]:
    """Return ``(true, said)`` verdicts of `wellfit` or of a rule.

    A verdict among the right ones counts for itself. Rules have no word for not learning: where they say
    underfitting and it is not learning, that counts as right.
    """
    pairs = []
    for one in answers:
        said = one.rivals[rule] if rule else one.verdict
        if rule and said == "underfitting" and "not-learning" in one.families:
            said = "not-learning"
        usual = FAMILIES[next((c for c in one.planted if c in one.accepted), one.planted[0])][0]
        pairs.append((said if said in one.families else usual, said))
    return pairs


def score_figures(answers: Sequence[Answer]) -> list[Figure]:
    """Return the figures of the diagnosis, and the verdict figures of the rules."""
    pairs = [(one.truth, one.first) for one in answers]
    faults = [one for one in answers if one.planted != ("healthy",)]
    controls = [one for one in answers if one.planted == ("healthy",)]
    times = [one.duration_s for one in answers]
    found = [
        Figure(name="macro_f1", value=macro_f1(pairs), goal=">= 0.9"),
        Figure(
            name="recall_at_3",
            value=_share({*one.codes[:3]} & one.accepted for one in faults),
            goal=">= 0.97",
        ),
        Figure(
            name="false_alarm_rate", value=_share(_alarms(one.verdict) for one in controls), goal="<= 0.05"
        ),
        Figure(name="abstention_rate", value=_share(one.verdict == "inconclusive" for one in answers)),
        Figure(name="accuracy_first", value=_share(one.is_right for one in answers)),
        Figure(name="verdict_macro_f1", value=macro_f1(verdict_pairs(answers))),
        Figure(name="num_cases", value=len(answers)),
        Figure(name="num_controls", value=len(controls)),
        Figure(name="num_errors", value=sum(one.verdict == "error" for one in answers), goal="<= 0"),
        Figure(name="diagnose_median_s", value=statistics.median(times), unit="s"),
        Figure(name="diagnose_longest_s", value=max(times), unit="s"),
    ]
    for rule in answers[0].rivals:
        alarms = _share(_alarms(one.rivals[rule]) for one in controls)
        found.append(Figure(name=f"rival_f1_{rule}", value=macro_f1(verdict_pairs(answers, rule))))
        found.append(Figure(name=f"rival_alarm_{rule}", value=alarms))
    return found


def _alarms(verdict: str) -> bool:
    return verdict not in ("healthy", "inconclusive")


def _share(values: object) -> float:
    known = [bool(value) for value in values]  # type: ignore[attr-defined]
    return sum(known) / len(known) if known else float("nan")


def print_rules(answers: Sequence[Answer]) -> None:
    """Print the verdict-level comparison."""
    controls = [one for one in answers if one.planted == ("healthy",)]
    print(f"\n{'verdict level':<36}{'macro-F1':>9}{'accuracy':>9}{'false alarms':>14}")
    for rule in ["", *answers[0].rivals]:
        pairs = verdict_pairs(answers, rule)
        said = [one.rivals[rule] if rule else one.verdict for one in controls]
        right = _share(true == name for true, name in pairs)
        alarms = _share(_alarms(verdict) for verdict in said)
        print(f"{RULES.get(rule, 'wellfit'):<36}{macro_f1(pairs):>9.3f}{right:>9.3f}{alarms:>14.3f}")


def print_codes(answers: Sequence[Answer]) -> None:
    """Print one line a code, and where its cases went when they were missed."""
    pairs = [(one.truth, one.first) for one in answers]
    print(f"\n{'planted':<24}{'cases':>6}{'first':>7}{'in 3':>6}{'F1':>6}  said instead")
    for code in FAMILIES:
        own = [one for one in answers if code in one.planted]
        if not own:
            print(f"{code:<24}{0:>6}")
            continue
        first = sum(one.is_right for one in own)
        three = sum(bool({*one.codes[:3]} & one.accepted) or one.is_right for one in own)
        missed = collections.Counter(one.first for one in own if not one.is_right)
        said = ", ".join(f"{name} {count}" for name, count in missed.most_common())
        print(f"{code:<24}{len(own):>6}{first:>7}{three:>6}{f1(pairs, code):>6.2f}  {said}"[:_LINE])


def print_confusion(answers: Sequence[Answer]) -> None:
    """Print the confusion matrix of first answers; columns are numbered as the rows."""
    pairs = collections.Counter((one.truth, one.first) for one in answers)
    names = [*FAMILIES, "inconclusive", "error"]
    names = [name for name in names if any(name in pair for pair in pairs)]
    print("\nconfusion: rows true, columns said\n" + " " * 27 + "".join(f"{i:>4}" for i in range(len(names))))
    for i, true in enumerate(names):
        cells = "".join(f"{pairs[true, said] or '.':>4}" for said in names)
        print(f"{i:>2} {true:<24}{cells}"[:150])
