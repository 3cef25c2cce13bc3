"""Training and validation scores over the strengths of one regularizer, all trained at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cmp_to_key
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._shown import RegularizationPath
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
from wellfit.data import repeated_folds
from wellfit.evaluation import corrected_interval
from wellfit.records import Settings, SettingsError
from wellfit.search import role_of

Array = NDArray[Any]

_NUM_STRENGTHS = 20


def regularization_path(
    model: Any,
    x: Any,
    y: Any = None,
    parameter: str = "l2",
    *,
    target: str | None = None,
    strengths: Sequence[float] | None = None,
    folds: int = 5,
    seeds: int = 3,
    kind: str = "auto",
    groups: Any = None,
    time: Any = None,
    metric: str | None = None,
    epochs: int | None = None,
    patience: int = 10,
    batch_size: int | None = None,
    task: str = "auto",
    seed: int = 0,
    unsafe: bool = False,
) -> RegularizationPath:
    """Return how a network does over the strengths of one regularizer, as `lasso_path` does for the lasso.

    Every strength is trained on the training rows of every fold with several seeds, in one program, and
    scored on the rows of the fold. The strength with the best mean was chosen on these very rows: its score
    flatters it, and that it beats another one is no proof. `wellfit.improve` proves; nested
    `wellfit.cross_validate` scores the choice without flattery.

    Args:
        model: a compiled network, or what `wellfit.models.load_model` takes; it stays as it is.
        x: inputs as for `fit`; or a table (file, frame) with `target`.
        y: targets.
        parameter: field of `Settings` that is a number: ``l1``, ``l2``, ``weight_decay``, ``dropout``.
        target: the column to predict, if `x` is a table.
        strengths: values of it; 20 over the range that matters if None.
        folds: of the cross-validation.
        seeds: networks of each strength and fold.
        kind: auto, plain, stratified, group or time.
        groups: ``[row]`` values that must not straddle a fold; of a table the name of a column.
        time: ``[row]`` numbers that order the rows; of a table the name of a column.
        metric: log loss or RMSE if None.
        epochs: passes over the training rows at most; enough for about 2,500 updates if None.
        patience: epochs without a better loss before a network stops, on a part of the training rows; 0
            trains to the end.
        batch_size: rows in an update; 32 up to 10,000 rows if None.
        task: auto, classification or regression.
        seed: of everything that is drawn.
        unsafe: whether a model file may bring its own code.

    Returns:
        Means with intervals, the best strength, and the strongest one within one standard error of it.

    Raises:
        WellfitError: arguments, data or network cannot be used.

    Example:
        >>> path = regularization_path("dense:64-32", x, y, "l2")  # doctest: +SKIP
        >>> path.best, path.one_standard_error  # doctest: +SKIP

    Source:
        Breiman et al., Classification and Regression Trees, 1984 (one standard error); Friedman, Hastie
        and Tibshirani, Regularization Paths for Generalized Linear Models, 2010; Nadeau and Bengio,
        Inference for the Generalization Error, 2003 (intervals).
    """
    began = now()
    if seeds < 1 or patience < 0:
        raise SettingsError(
            "seeds or patience are out of range.",
            received=f"seeds={seeds}, patience={patience}",
            expected="at least one seed, and a patience from 0",
        )
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
    baseline = replace(subject.baseline, patience=patience)
    check_effective(subject, parameter)
    values = default_strengths(parameter, strengths, _NUM_STRENGTHS)
    arms = strength_settings(baseline, parameter, values)
    splits = repeated_folds(subject.dataset, subject.working, folds, kind=kind, seed=seed)  # type: ignore[arg-type]
    trials = fold_trials(subject, splits, seeds, seed, stops=any(map(watches, arms)))
    found = sweep(subject, arms, trials)
    shape = (len(arms), len(splits), seeds)
    fold_scores = found.scores.reshape(shape).mean(axis=2)
    ratio = float(np.mean([len(split.validation) / len(split.train) for split in splits]))
    means, lows, highs = np.array([corrected_interval(row, ratio) for row in fold_scores]).T
    error = fold_scores.std(axis=1, ddof=1) / np.sqrt(len(splits))
    levels = np.array([float(getattr(one, parameter)) for one in arms])
    order = _by_strength(arms)
    maximize = subject.metric.direction == "maximize"
    best, strongest = (order[place] for place in _choices(means[order], error[order], maximize=maximize))
    return RegularizationPath(
        parameter=parameter,
        metric=subject.metric,
        strengths=levels,
        train_mean=found.train_scores.mean(axis=1),
        validation_mean=means,
        low=lows,
        high=highs,
        standard_error=error,
        fold_scores=fold_scores,
        best=float(levels[best]),
        one_standard_error=float(levels[strongest]),
        num_members=found.num_members,
        duration_s=now() - began,
    )


def _by_strength(arms: Sequence[Settings]) -> Array:
    """Return the positions of settings, those first that hold the network back least.

    Of most fields the larger value holds back, of some the smaller: fewer units, a lower bound on the norm.
    """

    def compare(one: int, other: int) -> int:
        return {"regularize": 1, "fit": -1}.get(role_of(arms[other], arms[one]), 0)

    return np.array(sorted(range(len(arms)), key=cmp_to_key(compare)))


def _choices(means: Array, error: Array, *, maximize: bool) -> tuple[int, int]:
    """Return the positions of the best strength and of the strongest one within its standard error.

    Args:
        means: ``[strength]``, the weakest first.
        error: ``[strength]`` standard errors.
        maximize: whether a higher mean is better.
    """
    cost = np.where(np.isfinite(means), -means if maximize else means, np.inf)
    best = int(cost.argmin())
    limit = cost[best] + (error[best] if np.isfinite(error[best]) else 0.0)
    return best, int(np.flatnonzero(cost <= limit)[-1]) if np.isfinite(limit) else best
