"""Candidates with their scores, compared with the baseline on the same trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._laboratory import Laboratory
from wellfit.api._measured import Measured
from wellfit.api._plan import Plan
from wellfit.api._references import score_chance
from wellfit.search import Candidate, PairedEffect, paired_effect

Array = NDArray[Any]

NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, kw_only=True, eq=False)
class Tried:
    """A candidate with its scores on the trials of the screen or the search.

    Attributes:
        candidate: what was tried.
        scores: ``[trial]``.
        effect: against the baseline on the same trials.
        note: why there is no effect, if so.
    """

    candidate: Candidate
    scores: Array
    effect: PairedEffect
    note: str = ""

    @property
    def is_applicable(self) -> bool:
        """Whether a network could be made for it, as far as that was tried."""
        return not self.note.startswith(NOT_APPLICABLE)


def compared(
    laboratory: Laboratory, plan: Plan, candidates: Sequence[Candidate], found: Measured, baseline: Array
) -> list[Tried]:
    ratio = scored_ratio(laboratory, plan.look)
    tried = []
    for candidate, scores, finished in zip(candidates, found.scores, found.finished, strict=True):
        if not finished.all():
            why = laboratory.why_not(candidate.settings)
            note = f"{NOT_APPLICABLE}: {why}" if why else "not measured: dropped early or no time left"
            tried.append(untried([candidate], note)[0])
            continue
        effect = paired_effect(baseline, scores, metric=laboratory.subject.metric, test_ratio=ratio)
        tried.append(Tried(candidate=candidate, scores=scores, effect=effect, note=effect.note))
    return tried


def untried(candidates: Sequence[Candidate], note: str) -> list[Tried]:
    empty = PairedEffect(effect=None)
    return [Tried(candidate=c, scores=np.zeros(0), effect=empty, note=note) for c in candidates]


def with_chance(laboratory: Laboratory, trials: Sequence[int], found: Measured) -> tuple[Measured, str]:
    """Score the baseline as chance where it diverged.

    A network that diverges is worth no more than a guess; without a score for it, nothing could be
    compared with it, and the remedy that mends it would never be found.
    """
    diverged = found.diverged[0]
    if not diverged.any():
        return found, ""
    scores = found.scores.copy()
    chance = score_chance(laboratory.subject, [laboratory.trials[t] for t in trials])
    scores[0] = np.where(diverged, chance, scores[0])
    note = f"the baseline diverged in {int(diverged.sum())} of {len(trials)} runs, which count as chance"
    return replace(found, scores=scores), note


def mean_known(scores: Array) -> Array:
    """Return ``[setting]`` means over the trials on which the metric is defined; NaN where it never is."""
    known = np.isfinite(scores)
    total = np.where(known, scores, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)


def scored_ratio(laboratory: Laboratory, trials: Sequence[int]) -> float:
    """Return rows scored on over rows trained on, which the correction of the variance needs."""
    chosen = [laboratory.trials[t] for t in trials]
    return float(np.mean([len(t.scored) / max(1, len(t.split.train)) for t in chosen]))
