"""Judging predictions: metrics, paired bootstrap, yardsticks. Pure functions over arrays."""

from wellfit.evaluation._bias_variance import Decomposition, bias_variance_of
from wellfit.evaluation._bootstrap import mean_interval, paired_bootstrap
from wellfit.evaluation._columns import (
    column_scale,
    column_skills,
    matched,
    mismatched_columns,
    rare_columns,
)
from wellfit.evaluation._evaluate import confusion_matrix, evaluate, per_row_loss, score
from wellfit.evaluation._group_columns import GroupColumn, group_columns, group_folds
from wellfit.evaluation._metrics import default_metric, get_metric, metric_names
from wellfit.evaluation._references import reference_predictions
from wellfit.evaluation._reliability import calibration_error, reliability
from wellfit.evaluation._sides import Separation, copies, separation, target_shift
from wellfit.evaluation._strong import one_thread, strong_predictions
from wellfit.evaluation._student import corrected_interval, student_quantile, student_two_sided

__all__ = [
    "Decomposition",
    "GroupColumn",
    "Separation",
    "bias_variance_of",
    "calibration_error",
    "column_scale",
    "column_skills",
    "confusion_matrix",
    "copies",
    "corrected_interval",
    "default_metric",
    "evaluate",
    "get_metric",
    "group_columns",
    "group_folds",
    "matched",
    "mean_interval",
    "metric_names",
    "mismatched_columns",
    "one_thread",
    "paired_bootstrap",
    "per_row_loss",
    "rare_columns",
    "reference_predictions",
    "reliability",
    "score",
    "separation",
    "strong_predictions",
    "student_quantile",
    "student_two_sided",
    "target_shift",
]
