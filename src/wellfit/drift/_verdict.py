"""Fine, watch or retrain, and why."""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.drift._drift import Advice, ColumnDrift, ScoreDrift
from wellfit.drift._effect import LARGE, SMALL, TINY
from wellfit.drift._words import column_sentence, counted, score_sentence

LIMIT = 0.05
"""In so many of all windows in which nothing changed, something is said to have drifted, at most."""

# How that error is shared out: columns, what the network says, the score that is to be expected of it.
COLUMNS_PART, PREDICTIONS_PART, SCORE_PART = 0.8, 0.1, 0.1
# One-sided, as the end of a 95 % interval: labels are asked for to be told.
_MEASURED_LIMIT = 0.025
# Of what the network is better than the best constant by.
_MUCH_LOST, _MOST_THAT_MAY_BE_LOST = 0.1, 0.5
_MOST_NAMED = 5


def advise(
    columns: Sequence[ColumnDrift],
    predictions: ColumnDrift | None,
    expected: ScoreDrift,
    measured: ScoreDrift | None,
    num_rows: int,
) -> tuple[Advice, tuple[str, ...]]:
    """Return what to do, and a sentence for each reason.

    *Retrain* where the score is worse for certain and at least a tenth of the network's lead over the best
    constant is gone: by labels, or as far as it is to be expected without them. And where no label says
    otherwise, a column moved far and the predictions with it. *Watch* what is certain but does not come to
    that.
    A tiny shift is named, and changes nothing: of a million rows, some differ for certain.

    Args:
        columns: that are judged.
        predictions: what the network says; None where there is nothing to hold it against.
        expected: the score without labels.
        measured: the score by labels, None without any.
        num_rows: new rows.
    """
    if not num_rows:
        return Advice.FINE, ("There are no rows to judge.",)
    moved = [one for one in columns if one.is_drift]
    scores = [one for one in (_worse(measured, _MEASURED_LIMIT), _worse(expected, LIMIT * SCORE_PART)) if one]
    is_reassured = measured is not None and measured.lost_high < _MOST_THAT_MAY_BE_LOST
    if is_reassured:
        scores = [one for one in scores if one is measured]
    is_lost = any(not one.lost < _MUCH_LOST for one in scores)
    is_far = any(one.moved >= LARGE for one in moved)
    is_said = predictions is None or (predictions.is_drift and predictions.moved >= SMALL)
    notable = [one for one in (*moved, predictions) if one and one.is_drift and one.moved >= TINY]
    if is_lost or (is_far and is_said and not is_reassured):
        advice = Advice.RETRAIN
    else:
        advice = Advice.WATCH if notable or scores else Advice.FINE
    return advice, tuple(_reasons(moved, predictions, measured, expected, scores))


def _worse(score: ScoreDrift | None, limit: float) -> ScoreDrift | None:
    """Return the score if it is worse than on the holdout for certain."""
    return score if score is not None and score.is_known and score.p_value < limit else None


def _reasons(
    moved: Sequence[ColumnDrift],
    predictions: ColumnDrift | None,
    measured: ScoreDrift | None,
    expected: ScoreDrift,
    worse: Sequence[ScoreDrift],
) -> list[str]:
    found = [score_sentence(one, is_measured=one is measured) for one in worse]
    if measured is not None and measured not in worse:
        found.append(score_sentence(measured, is_measured=True, is_worse=False))
    if predictions is not None and predictions.is_drift:
        found.append(column_sentence(predictions, prefix="Predictions: "))
    found += [column_sentence(one) for one in moved[:_MOST_NAMED]]
    if len(moved) > _MOST_NAMED:
        found.append(f"{counted(len(moved) - _MOST_NAMED, 'more column')} drifted.")
    if not found:
        score = f" The expected {expected.metric} is as on the holdout." if expected.is_known else ""
        found.append(f"Nothing moved more than chance would move it.{score}")
    return found


def few_rows_note(num_rows: int) -> str:
    """Return what few rows cannot show, or an empty string.

    Example:
        >>> few_rows_note(1000)
        ''
    """
    if num_rows >= 100 or not num_rows:
        return ""
    reach = 3.3 / num_rows**0.5
    return (
        f"{counted(num_rows, 'row')} can show large shifts alone, of a number about {reach:.1f} standard "
        "deviations or more."
    )
