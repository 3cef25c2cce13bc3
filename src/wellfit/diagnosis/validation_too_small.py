"""There are too few validation rows to tell good from bad.

Told apart at fixed weights: the 95 % interval of the validation loss over the rows covers a large part of
the distance from chance to the best reference.

Source: Varoquaux, Cross-validation Failure: Small Sample Sizes Lead to Large Error Bars, 2018.
"""

from __future__ import annotations

import numpy as np

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
    error, rows = number(data.get("validation_error")), number(data.get("num_validation"))
    if np.isnan(error):
        return cannot_tell("the validation loss could not be measured row by row")
    half = 1.96 * error / evidence.scale
    numbers = {"num_validation": rows, "half_width": half, "validation_error": error}
    if rows <= MAX_ROWS and half >= MAX_HALF_WIDTH:
        # It spoils what is seen, not what is trained: whatever else is found comes first.
        return found(min(0.55 + half / 4, 0.95), numbers, score=_SCORE)
    return silent("the validation rows are enough to tell such differences", numbers)


CAUSE = Cause(
    code="validation-too-small",
    family=Verdict.MISLEADING_EVALUATION,
    experiment="the interval of the validation loss over its rows, at fixed weights",
    remedies=("validate on more rows", "use cross-validation"),
    examine=examine,
)
