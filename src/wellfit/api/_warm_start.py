"""What an earlier study or a diagnosis knows, for a study to begin with."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from wellfit.records import DataError, Diagnosis, FileReadError, Remedy, Report, SettingsError
from wellfit.report import diagnosis_from_json, from_json
from wellfit.search import FAMILIES

_MOST = 8  # guesses: half a batch, so that the search has places left for its own


@dataclass(frozen=True, kw_only=True)
class WarmStart:
    """Where to begin.

    Attributes:
        guesses: settings to try first in the search, as fields that differ from the baseline; best first.
        causes: codes of causes that were found; remedies against them are screened first.
        source: what it was read from, for the report; empty where there is none.
    """

    guesses: tuple[Mapping[str, object], ...] = ()
    causes: tuple[str, ...] = ()
    source: str = ""

    def answers(self, family: str) -> bool:
        """Return whether a family of remedies is known to act on a cause that was found."""
        return any(one.name == family and set(one.causes) & set(self.causes) for one in FAMILIES)


def read_warm_start(source: Any, direction: Literal["minimize", "maximize"]) -> WarmStart:
    """Return what is known from an earlier study or a diagnosis.

    Args:
        source: None; the `Report` of a study, or a `Diagnosis`; or the folder of a study, its
            ``report.json`` or ``trials.json``, or the JSON of a diagnosis.
        direction: which way scores are better, for trials without a report beside them.

    Raises:
        FileReadError: the file cannot be read.
        DataError: it holds something else.
        SettingsError: the source is of another kind.
    """
    if source is None:
        return WarmStart()
    if isinstance(source, Report):
        return _of_report(source, "an earlier study")
    if isinstance(source, Diagnosis):
        return WarmStart(causes=_codes(source), source="a diagnosis")
    if not isinstance(source, str | Path):
        raise SettingsError(
            "a study cannot begin with that.",
            received=f"warm_start={type(source).__name__}",
            expected="the folder of an earlier study, a Study or a Diagnosis",
        )
    return _of_file(Path(source), direction)


def _of_file(path: Path, direction: str) -> WarmStart:
    path = path / "report.json" if path.is_dir() else path
    if path.name == "trials.json" and (path.parent / "report.json").exists():
        path = path.parent / "report.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FileReadError(
            "the earlier study cannot be read.",
            received=f"{path} ({type(error).__name__})",
            expected="the folder that 'wellfit improve --out' wrote, or the JSON of a diagnosis",
            fix="check the path",
        ) from error
    if isinstance(values, list):
        return WarmStart(guesses=_best_trials(values, direction, path), source=str(path))
    if isinstance(values, Mapping) and "examined" in values:
        return WarmStart(causes=_codes(diagnosis_from_json(values)), source=str(path))
    return _of_report(from_json(values), str(path))


def _of_report(report: Report, source: str) -> WarmStart:
    """Return what was kept, then what was confirmed, then what looked best."""

    def rank(remedy: Remedy) -> tuple[bool, bool, float]:
        gain = remedy.effect.estimate if remedy.effect is not None else -math.inf
        return not remedy.kept, remedy.stage != "confirmed", -gain

    good = [r for r in report.remedies if r.kept or (r.effect is not None and r.effect.estimate > 0)]
    return WarmStart(
        guesses=tuple(remedy.settings for remedy in sorted(good, key=rank)[:_MOST]),
        causes=_codes(report),
        source=source,
    )


def _codes(found: Report | Diagnosis) -> tuple[str, ...]:
    return tuple(finding.code for finding in found.findings)


def _best_trials(values: Sequence[Any], direction: str, path: Path) -> tuple[Mapping[str, object], ...]:
    try:
        scored = [(_mean(one["scores"]), dict(one["settings"])) for one in values]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            "these are not the trials of a study.",
            received=f"{path} ({type(error).__name__}: {error})",
            expected="a list of trials, each with settings and scores",
            fix="give the folder of the study",
        ) from error
    known = [(score, settings) for score, settings in scored if math.isfinite(score)]
    known.sort(key=lambda one: one[0], reverse=direction == "maximize")
    return tuple(settings for _, settings in known[:_MOST])


def _mean(scores: Iterable[Any]) -> float:
    numbers = [math.nan if score is None else float(score) for score in scores]
    return sum(numbers) / len(numbers) if numbers else math.nan
