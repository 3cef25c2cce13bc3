"""What cross-validation, paths of strengths and decompositions of the error say."""

from __future__ import annotations

from dataclasses import dataclass

from wellfit.records._dataset import FloatArray
from wellfit.records._effect import Metric


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation:
    """Scores of one way of training on folds.

    Attributes:
        metric: what `scores` are in.
        scores: ``[fold]`` mean over seeds, on the rows of each fold.
        mean: of the scores.
        low: lower end of the 95 % interval of the mean, corrected for overlapping training rows.
        high: upper end of it.
        train_scores: ``[fold]`` likewise on the training rows.
        chosen: ``[fold]`` the value of the parameter that was chosen inside each fold; empty if none was.
        kind: how folds were drawn, such as ``stratified``.
        num_members: runs trained.
        duration_s: seconds in all.
    """

    metric: Metric
    scores: FloatArray
    mean: float
    low: float
    high: float
    train_scores: FloatArray
    chosen: tuple[float, ...] = ()
    kind: str = ""
    num_members: int = 0
    duration_s: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class RegularizationPath:
    """Training and validation scores over the strengths of one regularizer.

    Attributes:
        parameter: field of `Settings`, such as ``l2``.
        metric: what scores are in.
        strengths: ``[strength]`` rising.
        train_mean: ``[strength]`` mean score on training rows.
        validation_mean: ``[strength]`` mean score on the rows of the folds.
        low: ``[strength]`` lower end of the 95 % interval of `validation_mean`, corrected for overlapping
            training rows.
        high: ``[strength]`` upper end of it.
        standard_error: ``[strength]`` of `validation_mean` over the folds, uncorrected, as the rule of one
            standard error has it.
        fold_scores: ``[strength, fold]`` mean over seeds.
        best: the strength with the best mean.
        one_standard_error: the strongest one whose mean is within one standard error of the best.
        num_members: runs trained.
        duration_s: seconds in all.
    """

    parameter: str
    metric: Metric
    strengths: FloatArray
    train_mean: FloatArray
    validation_mean: FloatArray
    low: FloatArray
    high: FloatArray
    standard_error: FloatArray
    fold_scores: FloatArray
    best: float
    one_standard_error: float
    num_members: int
    duration_s: float


@dataclass(frozen=True, kw_only=True, eq=False)
class BiasVariance:
    """How the error splits over the values of one parameter.

    ``error = bias + variance`` at every value. For squared error and for log loss noise in the targets
    is a part of the bias.

    Attributes:
        parameter: field of `Settings`, such as ``l2`` or ``width``.
        loss: ``squared_error``, ``brier`` or ``log_loss``.
        values: ``[value]`` of the parameter.
        error: ``[value]`` mean loss of the networks on the held-out rows.
        bias: ``[value]`` loss of their mean prediction: squared bias and noise.
        variance: ``[value]`` what the networks lose by differing from one another.
        num_samples: networks at each value, each trained on rows of its own drawing.
        num_rows: held-out rows.
        num_members: runs trained.
        duration_s: seconds in all.
    """

    parameter: str
    loss: str
    values: FloatArray
    error: FloatArray
    bias: FloatArray
    variance: FloatArray
    num_samples: int
    num_rows: int
    num_members: int
    duration_s: float
