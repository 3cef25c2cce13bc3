"""What the chosen network does on the holdout, in few numbers: more rows make no larger report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A score with its 95 % interval; NaN where it is not defined or not known."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ScoreCurve:
    """ROC and precision-recall curve of one network for one class against all others.

    Attributes:
        network: chosen or baseline.
        positive: the class.
        num_positive: holdout rows of it.
        num_rows: holdout rows.
        roc_auc: area under the ROC curve.
        average_precision: mean precision over recall.
        false_positive_rate: of the points of the ROC curve, rising; at most 200.
        true_positive_rate: likewise.
        recall: of the points of the precision-recall curve, rising; at most 200.
        precision: likewise.
    """

    network: str
    positive: str
    num_positive: int
    num_rows: int
    roc_auc: float
    average_precision: float
    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]
    recall: tuple[float, ...]
    precision: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ReliabilityCurve:
    """How often the predicted class is right, by how probable it is said to be.

    Attributes:
        network: chosen or baseline.
        error: calibration error: mean distance of both, over rows.
        said: mean probability of the predicted class in each bin that has rows.
        right: share of rows in it that are predicted right.
        low: lower end of the 95 % interval of that share, by Wilson.
        high: upper end of it.
        num_rows: rows in it.
    """

    network: str
    error: float
    said: tuple[float, ...]
    right: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    num_rows: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ThresholdScores:
    """What happens if rows count as positive from one probability on.

    Attributes:
        threshold: the probability.
        precision: share of the flagged rows that are positive; NaN where none is flagged.
        recall: share of the positive rows that are flagged.
        f1: harmonic mean of both.
        flagged: share of all rows that are flagged.
    """

    threshold: float
    precision: float
    recall: float
    f1: float
    flagged: float


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """How well one class is found.

    Attributes:
        label: the class.
        support: holdout rows of it.
        num_predicted: holdout rows that are predicted to be of it.
        precision: share of those that are.
        recall: share of its rows that are found.
        f1: harmonic mean of both.
    """

    label: str
    support: int
    num_predicted: int
    precision: Scored
    recall: Scored
    f1: Scored


@dataclass(frozen=True, kw_only=True)
class ResidualBin:
    """Residuals of rows with predictions that lie together.

    Attributes:
        low: smallest prediction.
        high: largest prediction.
        num_rows: rows.
        mean: mean residual (true less predicted).
        deviation: standard deviation of the residuals.
    """

    low: float
    high: float
    num_rows: int
    mean: float
    deviation: float


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """Values against their predictions; of several outputs the first.

    Attributes:
        num_rows: holdout rows.
        num_outputs: outputs of the network.
        true: of at most 500 rows, spread evenly over the ranks of the true value, and the largest residuals.
        predicted: of the same rows.
        edges: of the bins of the residuals, one more than there are bins; at most 20 bins.
        counts: rows in each bin; the outer ones hold what lies beyond, too.
        bins: residuals by ten groups of rows with like predictions.
    """

    num_rows: int
    num_outputs: int
    true: tuple[float, ...]
    predicted: tuple[float, ...]
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    bins: tuple[ResidualBin, ...]


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One row of the holdout that the chosen network is far off on.

    Attributes:
        row: its number in the table, from 1; in the holdout's own file where there is one.
        true: class or value.
        predicted: likewise.
        amount: probability of the true class, or the residual (true less predicted).
        cells: of the columns that `Evaluation` names.
    """

    row: int
    true: str
    predicted: str
    amount: float
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RowGroup:
    """Rows with one value, or a range of values, of a column, against all other rows.

    Attributes:
        column: the column.
        group: value or range.
        num_rows: holdout rows in it.
        loss: mean loss of the group.
        rest: mean loss of all other rows.
        difference: the first less the second; positive is worse.
        low: lower end of its 95 % interval, corrected for the number of groups that were looked at.
        high: upper end of it.
        constant_loss: what the best constant prediction for this group alone would lose.
    """

    column: str
    group: str
    num_rows: int
    loss: float
    rest: float
    difference: float
    low: float
    high: float
    constant_loss: float


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The chosen network on the holdout, every row counted alike.

    Attributes:
        num_rows: holdout rows.
        num_unusable: of these, rows without a finite prediction: they are in nothing that follows.
        scores: metric name to the chosen network's score.
        curves: for two classes those of both networks, for more those of the classes it separates worst.
        num_curve_classes: classes that occur in the holdout.
        reliability: of both networks.
        thresholds: for two classes.
        classes: the first 60.
        residuals: for values.
        mistakes: the worst first.
        num_mistakes: rows that are predicted wrong; for values 0.
        mistake_columns: columns whose cells are shown with the mistakes.
        has_own_table: whether the holdout is a table of its own.
        groups: rows that do worse than the rest beyond chance, the worst first.
        num_groups: how many groups were looked at.
        group_loss: the loss that they are compared in.
    """

    num_rows: int
    num_unusable: int = 0
    scores: Mapping[str, Scored] = field(default_factory=dict[str, Scored])
    curves: tuple[ScoreCurve, ...] = ()
    num_curve_classes: int = 0
    reliability: tuple[ReliabilityCurve, ...] = ()
    thresholds: tuple[ThresholdScores, ...] = ()
    classes: tuple[ClassScores, ...] = ()
    residuals: Residuals | None = None
    mistakes: tuple[Mistake, ...] = ()
    num_mistakes: int = 0
    mistake_columns: tuple[str, ...] = ()
    has_own_table: bool = False
    groups: tuple[RowGroup, ...] = ()
    num_groups: int = 0
    group_loss: str = ""
