"""Validation rows, or the target itself, have leaked into what the network learns from: scores are too good.

Look-alikes: an easy problem. Told apart by exact and near copies of training rows among validation rows and
how much better the network does on them, and by a single column that gives the target away.

Source: Kaufman et al., Leakage in Data Mining: Formulation, Detection, and Avoidance, 2012.
"""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.diagnosis._cause import Cause, Ruling, found, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import number
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.records import Verdict

# Copies in this share of the validation rows, beyond what the training rows hold among themselves.
MIN_COPIES = 0.05
# A single column that explains this share of the target, and this much more than all others together.
MIN_COLUMN = 0.75
MIN_LEAD = 0.25


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for training without the column that gives the target away, if there is one."""
    return [Probe(name="without the leaking column", scale="without-leak")] if situation.has_leak else []


def examine(evidence: Evidence) -> Ruling:
    """Found where validation rows are copies of training rows, or a column is the target."""
    data = evidence.facts.data
    copies = number(data.get("copies_share"), 0.0) - number(data.get("copies_within_train"), 0.0)
    numbers: dict[str, object] = {
        "copies_share": data.get("copies_share", 0.0),
        "loss_on_copies": data.get("loss_on_copies"),
        "loss_on_others": data.get("loss_on_others"),
    }
    harm = number(data.get("loss_on_others")) - number(data.get("loss_on_copies"))
    if copies >= MIN_COPIES and not harm <= 0:
        return found(min(0.6 + copies, 0.99), numbers, tier=0, score=1.0)
    column, score = data.get("leak_column"), number(data.get("leak_score"), 0.0)
    lead = score - number(data.get("leak_rest"), 1.0)
    if column and score >= MIN_COLUMN and lead >= MIN_LEAD:
        told = {"column": column, "explained_by_it": score, "explained_by_others": data.get("leak_rest")}
        return found(min(0.5 + lead, 0.99), told, tier=0, score=1.0)
    return silent(
        "no copies across the split beyond chance, and no column that gives the target away", numbers
    )


CAUSE = Cause(
    code="leakage",
    family=Verdict.MISLEADING_EVALUATION,
    experiment="copies of training rows among validation rows; the best single column against all others",
    remedies=("remove the copies or keep them on one side", "drop the column", "split by group"),
    examine=examine,
    probes=probes,
)
