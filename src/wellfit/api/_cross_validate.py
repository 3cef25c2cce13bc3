"""Cross-validation of a network in one population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from wellfit.api._shown import CrossValidation
from wellfit.api._strengths import default_strengths
from wellfit.api._sweep import (
    check_effective,
    fold_trials,
    now,
    strength_settings,
    sweep,
    sweep_subject,
    watches,
)
from wellfit.data import kind_of_folds, nested_folds, repeated_folds
from wellfit.evaluation import corrected_interval
from wellfit.records import Settings, SettingsError

_INNER = 4


def cross_validate(
    model: Any,
    x: Any,
    y: Any = None,
    settings: Settings | None = None,
    *,
    target: str | None = None,
    folds: int = 5,
    repeats: int = 1,
    kind: str = "auto",
    groups: Any = None,
    time: Any = None,
    parameter: str | None = None,
    strengths: Sequence[float] | None = None,
    metric: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    task: str = "auto",
    seeds: int = 1,
    seed: int = 0,
    unsafe: bool = False,
) -> CrossValidation:
    """Return how well a network does on rows that it was not trained on, fold by fold.

    All folds train at once. With `parameter` the cross-validation is nested: in each fold the strength is
    chosen by a cross-validation of its training rows alone, so that the score of the fold is one of the
    whole procedure and the choice does not flatter it.

    Args:
        model: a compiled network, or what `wellfit.models.load_model` takes; it stays as it is.
        x: inputs as for `fit`; or a table (file, frame) with `target`.
        y: targets.
        settings: how to train; None trains as the network was compiled.
        target: the column to predict, if `x` is a table.
        folds: of a pass.
        repeats: passes, each with other folds.
        kind: auto, plain, stratified, group or time.
        groups: ``[row]`` values that must not straddle a fold; of a table the name of a column.
        time: ``[row]`` numbers that order the rows; of a table the name of a column.
        parameter: field of `Settings` to choose inside each fold, such as ``l2``.
        strengths: values to choose from; 12 by default.
        metric: log loss or RMSE if None.
        epochs: passes over the training rows; enough for about 2,500 updates if None.
        batch_size: rows in an update; 32 up to 10,000 rows if None.
        task: auto, classification or regression.
        seeds: networks of each fold, over which its score is averaged.
        seed: of everything that is drawn.
        unsafe: whether a model file may bring its own code.

    Returns:
        Scores of the folds, and their mean with its 95 % interval. A fold whose networks diverged has NaN
        for a score, and so has the mean.

    Raises:
        WellfitError: arguments, data or network cannot be used.

    Example:
        >>> found = cross_validate("dense:16", x, y, folds=5, repeats=3)  # doctest: +SKIP
        >>> found.mean, found.low, found.high  # doctest: +SKIP

    Source:
        Nadeau and Bengio, Inference for the Generalization Error, 2003 (interval); Varma and Simon, Bias
        in Error Estimation When Using Cross-Validation for Model Selection, 2006 (nested).
    """
    began = now()
    if parameter is None and strengths is not None:
        raise SettingsError(
            "strengths need a parameter.",
            received="strengths without parameter",
            expected="the field of Settings that they are values of",
            fix="for example: parameter='l2'",
        )
    _check_count("seeds", seeds)
    subject = sweep_subject(
        model,
        x,
        y,
        target=target,
        metric=metric,
        epochs=epochs,
        batch_size=batch_size,
        task=task,
        groups=groups,
        time=time,
        seed=seed,
        unsafe=unsafe,
    )
    if settings is not None:
        own = replace(
            subject.baseline, epochs=epochs or settings.epochs, batch_size=batch_size or settings.batch_size
        )
        subject = replace(subject, baseline=replace(settings, epochs=own.epochs, batch_size=own.batch_size))
    arms = [subject.baseline]
    if parameter is not None:
        check_effective(subject, parameter)
        arms = strength_settings(subject.baseline, parameter, default_strengths(parameter, strengths, 12))
    outer = repeated_folds(subject.dataset, subject.working, folds, repeats, kind=kind, seed=seed)  # type: ignore[arg-type]
    splits = list(outer)
    if parameter is not None:
        for number, split in enumerate(outer):
            splits.extend(nested_folds(subject.dataset, split, _INNER, kind=kind, seed=seed + number + 1))  # type: ignore[arg-type]
    trials = fold_trials(subject, splits, seeds, seed, stops=any(map(watches, arms)))
    found = sweep(subject, arms, trials)
    scores = found.scores.reshape(len(arms), len(splits), seeds).mean(axis=2)
    train_scores = found.train_scores.reshape(len(arms), len(splits), seeds).mean(axis=2)
    picked = np.zeros(len(outer), np.int64)
    chosen: tuple[float, ...] = ()
    if parameter is not None:
        inner = scores[:, len(outer) :].reshape(len(arms), len(outer), _INNER).mean(axis=2)
        cost = inner if subject.metric.direction == "minimize" else -inner
        picked = np.where(np.isfinite(cost), cost, np.inf).argmin(axis=0)
        chosen = tuple(float(getattr(arms[index], parameter)) for index in picked)
    own_scores = scores[picked, np.arange(len(outer))]
    ratio = float(np.mean([len(split.validation) / len(split.train) for split in outer]))
    mean, low, high = corrected_interval(own_scores, ratio)
    return CrossValidation(
        metric=subject.metric,
        scores=own_scores,
        mean=mean,
        low=low,
        high=high,
        train_scores=train_scores[picked, np.arange(len(outer))],
        chosen=chosen,
        kind=kind_of_folds(subject.dataset, kind),  # type: ignore[arg-type]
        num_members=found.num_members,
        duration_s=now() - began,
    )


def _check_count(name: str, count: int) -> None:
    if count < 1:
        raise SettingsError(f"{name} is out of range.", received=f"{name}={count}", expected="at least 1")
