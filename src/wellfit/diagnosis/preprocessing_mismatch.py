"""Rows reach the network through another preprocessing than it was trained with.

Either validation rows do, where training rows had the right one; or all pictures do, where the network holds
a pretrained backbone that was trained on another range of values.

Look-alikes: `split_shift` (other rows, measured alike). Told apart at fixed weights: mapping each
validation column to the moments of its training column brings the loss back, training rows that are given the
moments of the validation columns fail too, and the columns differ in unit or offset.

Source: Sculley et al., Hidden Technical Debt in Machine Learning Systems, 2015 (training-serving skew).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from wellfit.diagnosis._cause import MAX_P_AGREEING, Cause, Ruling, found, not_applicable, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import effect_ruling, evidence_of
from wellfit.diagnosis._picture_range import range_fault
from wellfit.records import Outcome, Verdict

PATHS = ("train_loss", "train_loss_on_validation_path")
"""Loss of the training rows as they are, and with units and offsets of the validation columns; told only."""


_PLAIN = 0.95
"""Confidence where the range is plainly that of another preparation; no experiment is behind it."""


def examine(evidence: Evidence) -> Ruling:
    """Found by the range of pictures, or where matching the columns' moments lowers validation loss."""
    ruling = range_ruling(evidence.facts.data)
    if ruling is not None and ruling.outcome is Outcome.FOUND:
        return ruling
    columns = evidence.facts.data.get("mismatched_columns")
    if columns is None and ruling is not None:
        return ruling
    if columns is None:
        return not_applicable("there are no numeric columns, or no validation rows of their own")
    if not columns:
        return silent("training and validation columns have like units and offsets")
    gains = evidence.facts.data.get("matched_gains")
    effect = None if gains is None else evidence.effect_of(np.asarray(gains, np.float64) / evidence.scale)
    if effect is None:
        return silent("the columns differ, and matching them could not be tried")
    numbers = {**evidence_of(effect), "columns": columns}
    numbers |= {name: evidence.facts.data[name] for name in PATHS if name in evidence.facts.data}
    ruling = effect_ruling(
        effect, numbers, max_p=MAX_P_AGREEING, what="columns differ, and matching them changes nothing"
    )
    return ruling if ruling.score is None else _first(ruling)


def range_ruling(data: Mapping[str, object]) -> Ruling | None:
    """Judge the values that a known backbone gets, which needs no training; None where there is none."""
    if "expected_range" not in data:
        return None
    ranges = (data["expected_range"], data["received_range"])
    expected, received = cast("tuple[Sequence[float], Sequence[float]]", ranges)
    numbers = {"backbone": data.get("backbone"), "expected": list(expected), "received": list(received)}
    looks_like = range_fault(expected, received)
    if not looks_like:
        return silent("the pictures have the range that the backbone was trained on", numbers)
    if not data.get("is_pretrained"):
        return silent("the backbone is not pretrained: it can learn from any range", numbers)
    return found(_PLAIN, {**numbers, "looks_like": looks_like}, tier=0, score=1.0)


def _first(ruling: Ruling) -> Ruling:
    """What is measured on wrongly prepared rows says nothing about training: this finding leads."""
    return Ruling(
        outcome=ruling.outcome,
        confidence=ruling.confidence,
        evidence=ruling.evidence,
        effect=ruling.effect,
        tier=0,
        score=ruling.score,
    )


CAUSE = Cause(
    code="preprocessing-mismatch",
    family=Verdict.MISLEADING_EVALUATION,
    experiment="validation columns mapped to the moments of the training columns, and the other way round, "
    "at fixed weights; for a known pretrained backbone, the range of values at its first layer",
    remedies=(
        "fit scaling on training rows and apply the same to validation rows",
        "put it into the network",
        "give a pretrained backbone what wellfit.preprocessing says that it expects",
    ),
    examine=examine,
)
