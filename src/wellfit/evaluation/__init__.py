"""Judging predictions: metrics, paired bootstrap, yardsticks. Pure functions over arrays."""

from wellfit.evaluation._bootstrap import paired_bootstrap
from wellfit.evaluation._evaluate import confusion_matrix, evaluate, per_row_loss, score
from wellfit.evaluation._metrics import default_metric, get_metric, metric_names
from wellfit.evaluation._references import reference_predictions
from wellfit.evaluation._student import student_quantile, student_two_sided

__all__ = [
    "confusion_matrix",
    "default_metric",
    "evaluate",
    "get_metric",
    "metric_names",
    "paired_bootstrap",
    "per_row_loss",
    "reference_predictions",
    "score",
    "student_quantile",
    "student_two_sided",
]
