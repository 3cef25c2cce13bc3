"""Columns that few rows tell from a constant, or that name each row, are good for memorizing only.

Look-alikes: `weak_regularization` (there no particular columns are at fault). Told apart by masking exactly
these columns: validation loss falls.

Source: Domingos, A Few Useful Things to Know About Machine Learning, 2012 (overfitting has many faces).
"""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.diagnosis._cause import Cause, Ruling, not_applicable
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import gain_ruling
from wellfit.diagnosis._probe import Probe, Situation
from wellfit.records import Verdict

_BONUS = -0.1  # masking costs nothing and names the columns, so that it leads ties with regularization
_NAME = "without rare columns"


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for training without the columns."""
    return [Probe(name=_NAME, scale="without-rare")] if situation.has_rare else []


def examine(evidence: Evidence) -> Ruling:
    """Found where leaving the columns out lowers validation loss."""
    if evidence.situation.has_pictures:
        return not_applicable("the places of a picture are no columns by themselves")
    if not evidence.situation.has_rare:
        return not_applicable("no column is rare or names each row")
    columns = evidence.facts.data.get("rare_columns", ())
    return gain_ruling(
        evidence,
        [_NAME],
        numbers={"columns": columns},
        discount=_BONUS,
        what="leaving the rare columns out gains no more than noise does",
    )


CAUSE = Cause(
    code="rare-features",
    family=Verdict.OVERFITTING,
    experiment="the same training without the columns that are rare or name each row",
    remedies=("drop these columns", "merge rare categories", "regularize the first layer"),
    examine=examine,
    probes=probes,
)
