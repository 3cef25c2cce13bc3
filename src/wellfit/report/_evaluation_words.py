"""What evaluation, learning curve and data come to, in sentences."""

from __future__ import annotations

import math

from wellfit.records import DataView, Evaluation, Report
from wellfit.report._evaluation_figures import MOST_MISSING, missing_columns
from wellfit.report._numbers import number
from wellfit.report._words import clean, count

_FEW_ROWS = 100
_KINDS = "categories, quarters of numbers, missing cells"

CLASSES = "Each class: precision = share of its predictions that are right, recall = share of its rows found"
THRESHOLDS = (
    "What comes of flagging rows from a probability on. Predictions are made at 0.5; a threshold that is"
    " chosen by this table looks better here than it is."
)
RELIABILITY = (
    "Whether predictions are as often right as they say; below the line they are too sure. Bars show where"
    " the rows are, upright lines 95 % intervals."
)
RESIDUALS = (
    "A cloud along the diagonal, and around zero in every part of the axis, is what is wanted. The outer"
    " bins of the histogram hold what lies beyond, too."
)
SIZES = (
    "Each point is the mean over splits of the chosen network, trained on part of the rows with as many"
    " updates. The dashed curve is a power law through them; beyond the last point it is a guess that holds"
    " as long as new rows are like the old ones."
)
COLUMNS = "Columns in numbers; outliers lie more than 1.5 interquartile ranges beyond the quartiles"


def evaluation_line(seen: Evaluation) -> str:
    """Return how good the chosen network is on the holdout, in a sentence or two."""
    usable = seen.num_rows - seen.num_unusable
    if not usable:
        return (
            f"The chosen network gives no finite prediction on the holdout ({count(seen.num_rows, 'row')})."
        )
    if seen.residuals is None:
        one = seen.scores["accuracy"]
        share, low, high = (number(100 * value, 1) for value in (one.value, one.low, one.high))
        text = f"The chosen network is right about {share} % of {count(usable, 'holdout row')}"
        text += f" (95 % interval {low} to {high} %)" if math.isfinite(one.low) else ""
        largest = max(seen.classes, key=lambda own: own.support)
        guess = number(100 * largest.support / usable, 1)
        text += f"; who always says {clean(largest.label)} is right about {guess} %."
    else:
        error, share = seen.scores["mae"], seen.scores["r2"]
        text = (
            f"On {count(usable, 'holdout row')} the chosen network is off by {number(error.value)} on average"
        )
        known = math.isfinite(share.value)
        text += f" and explains {number(100 * share.value, 1)} % of the variance (R2)." if known else "."
        if seen.residuals.num_outputs > 1:
            text += f" Of {seen.residuals.num_outputs} outputs the first is drawn."
    if seen.num_unusable:
        text += f" Left out: {count(seen.num_unusable, 'row')} without a finite prediction."
    if usable < _FEW_ROWS:
        text += " So few rows leave all of this uncertain: read the intervals, not the points."
    return text


def no_curve_line(seen: Evaluation) -> str:
    """Return why there is no ROC curve, or an empty string."""
    if seen.curves or seen.residuals is not None or seen.num_rows == seen.num_unusable:
        return ""
    return "All holdout rows are of one class: there is no ROC or precision-recall curve."


def curves_line(seen: Evaluation) -> str:
    """Return which classes have a curve."""
    if not seen.curves:
        return ""
    if seen.num_curve_classes > 2:
        shown = len(seen.curves)
        which = "each class" if shown == seen.num_curve_classes else f"the {shown} classes it separates worst"
        return f"One class against all others, of {which}; the chosen network."
    return (
        f"Rows are flagged as {clean(seen.curves[0].positive)} from some probability on. The true positive"
        " rate (recall) is the share of its rows that are flagged, the false positive rate that of others;"
        " precision is the share of the flagged rows that are right."
    )


def mistakes_line(seen: Evaluation) -> str:
    """Return how many mistakes there are, and which are shown."""
    shown = len(seen.mistakes)
    where = "in the holdout's own file" if seen.has_own_table else "in the table"
    counted = f"Rows are counted {where} from 1, the head left out."
    if seen.residuals is not None:
        return (
            f"The {count(shown, 'row')} with the largest residuals. {counted}" if shown else "No row is off."
        )
    if not seen.num_mistakes:
        return "The chosen network is right about every holdout row."
    if shown == seen.num_mistakes:
        return f"All {count(shown, 'mistake')}. {counted}" if shown > 1 else f"The only mistake. {counted}"
    return (
        f"The {shown} of {seen.num_mistakes:,} mistakes in which the true class was least probable. {counted}"
    )


def groups_line(seen: Evaluation) -> str:
    """Return whether some groups of rows do worse than the rest."""
    looked = count(seen.num_groups, "group")
    if not seen.num_groups:
        return "No group of rows is large enough to be compared: it takes 20 holdout rows on both sides."
    if not seen.groups:
        return f"Of {looked} of rows ({_KINDS}), none does worse than the rest beyond chance."
    return (
        f"Of {looked} of rows ({_KINDS}), these lose more than the rest beyond chance, the surest first"
        f" ({seen.group_loss}; 95 % intervals corrected for {looked}). A group may be hard by nature: where"
        " the best constant for it loses hardly more, the network knows little about it."
    )


def data_line(data: DataView) -> str:
    """Return which rows and columns are described."""
    return f"What follows describes the {count(data.num_rows, 'row')} to learn from, without the holdout."


def columns_line(data: DataView) -> str:
    """Return which columns are drawn, and in which order."""
    shown = len(data.columns)
    which = f"{shown} of {data.num_columns:,} columns" if shown < data.num_columns else count(shown, "column")
    return (
        f"{which}, those first that tell most about the target by themselves: the share of it that a column's"
        " bins or categories explain, corrected for chance. Columns can tell more together."
        " The outer bins of a histogram hold what lies beyond, too."
    )


def missing_line(report: Report) -> str:
    """Return how many columns have missing cells."""
    found = missing_columns(report)
    if not found:
        return "No cell is missing."
    if len(found) == 1:
        return f"{clean(found[0][0])} is the only column with missing cells: {found[0][1]:,}."
    few = f" The first {MOST_MISSING} are drawn." if len(found) > MOST_MISSING else ""
    return f"{count(len(found), 'column')} with missing cells, most first.{few}"


def suspects_line(data: DataView) -> str:
    """Return how many labels are in doubt."""
    if not data.num_judged:
        return ""
    text = (
        f"Of {count(data.num_judged, 'row')} to learn from, networks that had not learned from them doubt"
        f" {count(data.num_suspects, 'label')} (confident learning on their mean probability)."
    )
    if not data.suspects:
        return text
    few = (
        f" The {len(data.suspects)} most doubtful are shown."
        if len(data.suspects) < data.num_suspects
        else ""
    )
    return f"{text}{few} A doubt is no proof: rare and hard rows are doubted as well."
