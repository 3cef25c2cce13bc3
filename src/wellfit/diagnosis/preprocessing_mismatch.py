"""Validation rows reach the network through another preprocessing than training rows did.

Look-alikes: `split_shift` (other rows, measured alike). Told apart at fixed weights: mapping each
validation column to the moments of its training column brings the loss back, training rows that are given the
moments of the validation columns fail too, and the columns differ in unit or offset.

Source: Sculley et al., Hidden Technical Debt in Machine Learning Systems, 2015 (training-serving skew).
"""

from __future__ import annotations

import numpy as np

from wellfit.diagnosis._cause import MAX_P_AGREEING, Cause, Ruling, not_applicable, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import effect_ruling, evidence_of
from wellfit.records import Verdict

PATHS = ("train_loss", "train_loss_on_validation_path")
"""Loss of the training rows as they are, and with units and offsets of the validation columns; told only."""


def examine(evidence: Evidence) -> Ruling:
    """Found where matching the columns' moments lowers validation loss at fixed weights."""
    columns = evidence.facts.data.get("mismatched_columns")
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
    "at fixed weights",
    remedies=(
        "fit scaling on training rows and apply the same to validation rows",
        "put it into the network",
    ),
    examine=examine,
)
