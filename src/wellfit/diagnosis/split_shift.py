"""Validation rows are drawn otherwise than training rows.

Look-alikes: `preprocessing_mismatch` (same rows, other units) and overfitting (a gap on any split). Told
apart by pooling all rows and splitting again at random: the same network does better there; and a
classifier tells training rows from validation rows.

Source: Rabanser, Guennemann and Lipton, Failing Loudly, 2019.
"""

from __future__ import annotations

import numpy as np

from wellfit.diagnosis._cause import MAX_P_AGREEING, MIN_GAIN, Cause, Ruling, found, not_applicable, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import confidence_of, evidence_of, number
from wellfit.diagnosis._probe import BASELINE
from wellfit.evaluation import student_quantile, student_two_sided
from wellfit.records import Effect, Verdict

# A classifier that tells the sides apart at least this well, at the lower end of its interval.
MIN_AUC = 0.6
MAX_LABEL_P = 1e-4
"""Class shares or target values that differ by chance less often than this."""


def examine(evidence: Evidence) -> Ruling:
    """Found where sides can be told apart and a random split is easier."""
    data = evidence.facts.data
    pooled = _pooled(evidence)
    if not data.get("has_own_validation") or not pooled:
        return not_applicable("the validation rows were drawn at random here")
    auc_low, label_p = number(data.get("shift_auc_low"), 0.5), number(data.get("label_shift_p"), 1.0)
    effect = gap_to_pooled(evidence)
    numbers = {
        **evidence_of(effect),
        "auc": data.get("shift_auc"),
        "auc_low": auc_low,
        "label_p_value": label_p,
        "validation_loss_given": float(evidence.final(BASELINE, evidence.given).mean()),
        "validation_loss_pooled": float(evidence.final(BASELINE, pooled).mean()),
    }
    told_apart = auc_low >= MIN_AUC or label_p <= MAX_LABEL_P
    if not told_apart:
        return silent("validation rows cannot be told from training rows", numbers)
    # That the sides differ is shown already; the losses have to agree with it.
    if effect.estimate >= MIN_GAIN and effect.p_value <= MAX_P_AGREEING:
        return found(confidence_of(effect), numbers, effect, tier=0)
    return silent("the sides differ, and the network does as well on a random split", numbers)


def _pooled(evidence: Evidence) -> list[int]:
    """Return the trials on random splits: the one that starts from given weights is on the given split."""
    return [t for t in evidence.runs[BASELINE].trials if t in evidence.fair and t not in evidence.given]


def gap_to_pooled(evidence: Evidence) -> Effect:
    """Return how much lower the validation loss is on random splits of all rows than on the given one."""
    pooled = _pooled(evidence)
    own, other = evidence.final(BASELINE, evidence.given), evidence.final(BASELINE, pooled)
    estimate = float(own.mean() - other.mean()) / evidence.scale
    # Validation rows of the given split are one sample of rows, however many seeds are tried on it.
    spread = float(np.var(other, ddof=1)) if len(other) > 1 else 0.0
    rows = number(evidence.facts.data.get("validation_error"), 0.0)
    error = float(np.sqrt(spread / len(other) + rows**2)) / evidence.scale
    freedom = max(len(other) - 1, 1) + 3
    half = student_quantile(0.975, freedom) * error
    p_value = student_two_sided(estimate / error, freedom) if error > 0 else 1.0
    return Effect(
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        p_value=p_value,
        unit="share of the possible improvement",
        num_pairs=len(other),
    )


CAUSE = Cause(
    code="split-shift",
    family=Verdict.MISLEADING_EVALUATION,
    experiment="all rows pooled and split again at random; a classifier of training against validation rows",
    remedies=(
        "split at random, or stratified",
        "if the shift is real, collect rows like the validation rows",
    ),
    examine=examine,
)
