"""Validation rows, or the target itself, have leaked into what the network learns from: scores are too good.

Look-alikes: an easy problem. Told apart by exact and near copies of training rows among validation rows and
how much better the network does on them, by a single column that gives the target away, and by a column that
names groups on both sides: reference models lose what they had gained once groups are kept whole.

Source: Kaufman et al., Leakage in Data Mining: Formulation, Detection, and Avoidance, 2012; Roberts et al.,
Cross-Validation Strategies for Data with Temporal, Spatial, Hierarchical, or Phylogenetic Structure, 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wellfit.diagnosis._cause import Cause, Ruling, found, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import number
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.records import Verdict

# Copies in this share of the validation rows, beyond what the training rows hold among themselves.
MIN_COPIES = 0.05
# A single column that explains this share of the target, and this share of what all others together leave
# unexplained. On tables as they are the best column leads by at most 0.15; columns made of the target, with
# noise, by 0.74 and more.
MIN_COLUMN = 0.75
MIN_LEAD = 0.5
_BY_SCORE = 0.8  # confidence at most: scores cannot tell a column that rules by nature from one made later
MIN_SHARED = 0.5
"""Share of the validation rows whose group has training rows, too; below it most rows are of new groups."""
MIN_GIVEN_SHARED = 0.05
"""The same where the groups were named: whoever names them says that they belong on one side."""
MIN_EASIER_Z = 2.0
"""Standard errors, over groups, by which rows of shared groups must be easier than rows of new ones.

One side, 2.5 %: that named groups are on both sides is known; the question is whether scores gain by it.
"""
MIN_COLLAPSE = 0.25
"""Share of what there is to gain that is lost where groups are kept whole.

New values of an ordinary number (an age, a count, a year) cost less, as models go between the values that
they know: at most 0.14 over the numbers of real tables that look like names, 0.02 on most.
"""
MIN_COLLAPSE_Z = 3.0
"""Standard errors, over groups, by which the loss must be worse: with few groups, folds differ by luck."""
_GROUP_NUMBERS = (
    "group_column",
    "num_groups",
    "shared_groups",
    "loss_on_shared_groups",
    "loss_on_new_groups",
    "loss_random_split",
    "loss_group_split",
)


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for training without the column that gives the target away, if there is one."""
    return [Probe(name="without the leaking column", scale="without-leak")] if situation.has_leak else []


def examine(evidence: Evidence) -> Ruling:
    """Found where validation rows are copies or kin of training rows, or a column is the target."""
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
    rest = number(data.get("leak_rest"), 1.0)
    lead = (score - rest) / max(1.0 - rest, 1e-9)
    if column and score >= MIN_COLUMN and lead >= MIN_LEAD:
        told = {"column": column, "explained_by_it": score, "explained_by_others": data.get("leak_rest")}
        return found(min(0.3 + lead, _BY_SCORE), told, tier=0, score=1.0)
    shared, lost = number(data.get("shared_groups"), 0.0), collapse(evidence)
    collapses = lost >= MIN_COLLAPSE and number(data.get("group_split_z"), 0.0) >= MIN_COLLAPSE_Z
    told = {name: data[name] for name in _GROUP_NUMBERS if name in data}
    # Of named groups, some of them new: the network's own losses must agree, and where clear are enough.
    easier = number(data.get("shared_groups_z"))
    if easier >= MIN_EASIER_Z and shared >= MIN_GIVEN_SHARED:
        return found(min(0.6 + shared, 0.95), told, tier=0, score=1.0)
    is_much = shared >= MIN_SHARED if np.isnan(easier) else shared >= MIN_GIVEN_SHARED and easier > 0
    if is_much and collapses:
        return found(min(0.5 + lost, 0.95), {**told, "gain_lost": lost}, tier=0, score=1.0)
    return silent(
        "no copies across the split beyond chance, no column that gives the target away, and no groups on "
        "both sides that scores rest on",
        numbers,
    )


def collapse(evidence: Evidence) -> float:
    """Return the share of what there is to gain that reference models lose where groups are kept whole.

    Each loss is read against chance on the same folds; worse than chance counts as chance. 0 where no column
    names groups.
    """
    data = evidence.facts.data
    gains = [
        number(data.get(f"chance_{split}_split")) - number(data.get(f"loss_{split}_split"))
        for split in ("random", "group")
    ]
    # Where groups were named, what there is to gain was measured without their help: that may be nothing.
    lost = (gains[0] - max(gains[1], 0.0)) / max(evidence.scale, gains[0])
    return lost if np.isfinite(lost) else 0.0


CAUSE = Cause(
    code="leakage",
    family=Verdict.MISLEADING_EVALUATION,
    experiment="copies of training rows among validation rows; the best single column against all others; "
    "splits that keep groups whole",
    remedies=("remove the copies or keep them on one side", "drop the column", "split by group"),
    examine=examine,
    probes=probes,
)
