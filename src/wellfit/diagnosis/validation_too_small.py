"""There are too few validation rows to tell good from bad.

Told apart at fixed weights: the 95 % interval of the validation loss, its rows drawn again (bootstrap),
covers a large part of the distance from chance to the best reference, and with it the differences between
networks that are to be told apart.

Source: Varoquaux, Cross-validation Failure: Small Sample Sizes Lead to Large Error Bars, 2018.
"""

from __future__ import annotations

from typing import cast

from wellfit.diagnosis._cause import Cause, Ruling, cannot_tell, found, silent
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import number
from wellfit.records import Verdict

# Half the interval, as a share of the scale, and the rows below which nobody should decide anything.
MAX_HALF_WIDTH = 0.2
_SCORE = 0.1
MAX_ROWS = 45


def examine(evidence: Evidence) -> Ruling:
    """Found where the validation loss is known only roughly because there are few rows."""
    data = evidence.facts.data
    interval, rows = data.get("validation_interval"), number(data.get("num_validation"))
    if not isinstance(interval, list):
        return cannot_tell("the validation loss could not be measured row by row")
    low, high = (float(value) for value in cast("list[float]", interval))
    half = (high - low) / 2 / evidence.scale
    numbers = {"num_validation": rows, "half_width": half, "loss_low": low, "loss_high": high}
    if rows <= MAX_ROWS and half >= MAX_HALF_WIDTH:
        # It spoils what is seen, not what is trained: whatever else is found comes first.
        return found(min(0.55 + half / 4, 0.95), numbers, score=_SCORE)
    return silent("the validation rows are enough to tell such differences", numbers)


CAUSE = Cause(
    code="validation-too-small",
    family=Verdict.MISLEADING_EVALUATION,
    experiment="the validation rows drawn again, at fixed weights: the interval of their loss",
    remedies=("validate on more rows", "use cross-validation"),
    examine=examine,
)
