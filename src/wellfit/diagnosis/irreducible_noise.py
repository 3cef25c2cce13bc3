"""The network does about as well as anything can: what is left is noise in the target.

Look-alikes: `insufficient_capacity` and `too_few_rows` (there something else does better). Told apart by
different strong models that level off together, far from a perfect score; by rows with equal inputs and
unequal labels; and by mistakes that go on where all models are most certain.

Source: Cover and Hart, Nearest Neighbor Pattern Classification, 1967 (bounds on the Bayes error).
"""

from __future__ import annotations

import numpy as np

from wellfit.diagnosis._cause import Cause, Ruling, cannot_tell, found, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import number
from wellfit.records import Task, Verdict

MIN_FLOOR = 0.08
"""Share of mistakes among the rows of which the models are most certain, at the lower end of its interval."""
MAX_SKILL = 0.15
"""Share of the chance loss that the best reference takes away, above which a level is no floor of noise."""
MIN_CONFLICT = 0.1
"""Share of rows with an equal row of another label."""
_WEIGHT = 0.75  # of mistakes in the ranking: gains are shares of what noise leaves to gain, and look large


def examine(evidence: Evidence) -> Ruling:
    """Found where strong models agree on a high loss and nothing about the rows would lower it."""
    data = evidence.facts.data
    skill = number(data.get("signal_skill"))
    if np.isnan(skill):
        return cannot_tell("no reference model could be fitted")
    conflict, floor = number(data.get("conflicting_share"), 0.0), number(data.get("certain_error_low"), 0.0)
    numbers = {
        "best_reference_skill": skill,
        "mistakes_where_certain": data.get("certain_error"),
        "mistakes_where_certain_low": floor,
        "rows_with_conflicting_labels": conflict,
        "references": dict(evidence.references),
    }
    if number(data.get("suspect_z"), 0.0) >= 3 and number(data.get("suspect_excess"), 0.0) >= 0.05:
        return silent("training labels are more doubtful than validation labels: see label-noise", numbers)
    if conflict >= MIN_CONFLICT:
        return found(min(0.6 + conflict, 0.95), numbers, score=0.12)
    return _by_references(evidence, skill, floor, numbers)


def _by_references(evidence: Evidence, skill: float, floor: float, numbers: dict[str, object]) -> Ruling:
    """Judge by what strong models leave unexplained; they see pictures in small, where they err anyway."""
    if evidence.situation.has_pictures:
        return cannot_tell(
            "copies with unequal labels are few, and references see pictures in small", numbers
        )
    if skill > MAX_SKILL:
        return silent("the best references explain the target well", numbers)
    if evidence.situation.task is not Task.REGRESSION and floor < MIN_FLOOR:
        return silent("models are right where they are certain", numbers)
    return found(min(0.6 + floor, 0.95), numbers, score=0.07 + _WEIGHT * floor)


CAUSE = Cause(
    code="irreducible-noise",
    family=Verdict.NOT_LEARNING,
    experiment="other strong models on the same rows; equal rows with unequal labels; mistakes where certain",
    remedies=("accept the level", "measure the target better", "collect inputs that explain the rest"),
    examine=examine,
)
