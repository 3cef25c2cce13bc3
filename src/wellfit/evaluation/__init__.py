"""Judging predictions: metrics, paired bootstrap, yardsticks. Pure functions over arrays."""

from wellfit.evaluation._bias_variance import Decomposition, bias_variance_of
from wellfit.evaluation._bootstrap import mean_interval, paired_bootstrap
from wellfit.evaluation._class_scores import class_scores, wilson
from wellfit.evaluation._column_views import column_view, relation
from wellfit.evaluation._columns import (
    column_scale,
    column_skills,
    matched,
    mismatched_columns,
    rare_columns,
)
from wellfit.evaluation._doubtful import doubtful_rows, unlikely_labels
from wellfit.evaluation._evaluate import confusion_matrix, evaluate, per_row_loss, score
from wellfit.evaluation._group_columns import GroupColumn, group_columns, group_folds
from wellfit.evaluation._holdout_view import holdout_view, worst_rows
from wellfit.evaluation._learning_curve import fitted_curve, predicted_gain, round_rows
from wellfit.evaluation._linear_head import MOST_COLUMNS, MOST_COMPONENTS, linear_head_predictions
from wellfit.evaluation._metrics import default_metric, get_metric, metric_names
from wellfit.evaluation._references import reference_predictions
from wellfit.evaluation._reliability import calibration_error, reliability
from wellfit.evaluation._residuals import residuals
from wellfit.evaluation._row_groups import row_groups, unit_means, welch_difference
from wellfit.evaluation._score_curves import reliability_curve, score_curve, threshold_scores
from wellfit.evaluation._score_intervals import score_intervals
from wellfit.evaluation._sides import Separation, copies, separation, target_shift
from wellfit.evaluation._strong import one_thread, strong_predictions
from wellfit.evaluation._student import corrected_interval, student_quantile, student_two_sided
from wellfit.evaluation._temperature import apply_temperature, fit_temperature

__all__ = [
    "MOST_COLUMNS",
    "MOST_COMPONENTS",
    "Decomposition",
    "GroupColumn",
    "Separation",
    "apply_temperature",
    "bias_variance_of",
    "calibration_error",
    "class_scores",
    "column_scale",
    "column_skills",
    "column_view",
    "confusion_matrix",
    "copies",
    "corrected_interval",
    "default_metric",
    "doubtful_rows",
    "evaluate",
    "fit_temperature",
    "fitted_curve",
    "get_metric",
    "group_columns",
    "group_folds",
    "holdout_view",
    "linear_head_predictions",
    "matched",
    "mean_interval",
    "metric_names",
    "mismatched_columns",
    "one_thread",
    "paired_bootstrap",
    "per_row_loss",
    "predicted_gain",
    "rare_columns",
    "reference_predictions",
    "relation",
    "reliability",
    "reliability_curve",
    "residuals",
    "round_rows",
    "row_groups",
    "score",
    "score_curve",
    "score_intervals",
    "separation",
    "strong_predictions",
    "student_quantile",
    "student_two_sided",
    "target_shift",
    "threshold_scores",
    "unit_means",
    "unlikely_labels",
    "welch_difference",
    "wilson",
    "worst_rows",
]
