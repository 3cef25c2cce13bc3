"""Bias and variance of the error over the strengths of a regularizer, or over sizes of the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wellfit.api._laboratory import Laboratory
from wellfit.api._shown import BiasVariance
from wellfit.api._strengths import default_strengths
from wellfit.api._subject import Subject
from wellfit.api._sweep import check_effective, now, strength_settings, sweep_subject, watches
from wellfit.api._trials import Trial, stopping_split
from wellfit.data import make_splits
from wellfit.evaluation import bias_variance_of
from wellfit.population import enable_compilation_cache
from wellfit.records import SettingsError, Split

_NUM_VALUES = 8


def bias_variance(
    model: Any,
    x: Any,
    y: Any = None,
    parameter: str = "l2",
    *,
    target: str | None = None,
    values: Sequence[float] | None = None,
    num_samples: int = 20,
    held_out: float = 0.3,
    loss: str | None = None,
    groups: Any = None,
    time: Any = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    task: str = "auto",
    seed: int = 0,
    unsafe: bool = False,
) -> BiasVariance:
    """Return which part of the error is bias and which is variance, over the values of a parameter.

    At every value, `num_samples` networks are trained, each on a bootstrap sample of the training rows and
    with its own seed, and all predict the same held-out rows. Much variance asks for regularization, more
    rows or fewer units; much bias for the opposite. What the targets hold of noise counts as bias.

    Args:
        model: a compiled network, or what `wellfit.models.load_model` takes; it stays as it is.
        x: inputs as for `fit`; or a table (file, frame) with `target`.
        y: targets.
        parameter: field of `Settings` that is a number, such as ``l2``, ``dropout`` or ``width``.
        target: the column to predict, if `x` is a table.
        values: of the parameter; a few over the range that matters if None.
        num_samples: networks at each value, at least 2.
        held_out: share of the rows that all are judged on.
        loss: squared_error (regression), brier or log_loss (classification); brier by default.
        groups: ``[row]`` values that must not straddle the two sides.
        time: ``[row]`` numbers that order the rows; the latest are held out.
        epochs: passes over the training rows; enough for about 2,500 updates if None.
        batch_size: rows in an update; 32 up to 10,000 rows if None.
        task: auto, classification or regression.
        seed: of everything that is drawn.
        unsafe: whether a model file may bring its own code.

    Returns:
        Error, bias and variance at each value; NaN where fewer than two networks stayed finite.

    Raises:
        WellfitError: arguments, data or network cannot be used.

    Example:
        >>> found = bias_variance("dense:64-32", x, y, "width")  # doctest: +SKIP
        >>> found.bias + found.variance  # doctest: +SKIP

    Source:
        Geman, Bienenstock and Doursat, Neural Networks and the Bias/Variance Dilemma, 1992; Pfau, A
        Generalized Bias-Variance Decomposition for Bregman Divergences, 2013; Heskes, Bias/Variance
        Decompositions for Likelihood-Based Estimators, 1998.
    """
    began = now()
    if num_samples < 2:
        raise SettingsError(
            "a variance needs several networks.",
            received=f"num_samples={num_samples}",
            expected="at least 2",
            fix="use 20",
        )
    subject = sweep_subject(
        model,
        x,
        y,
        target=target,
        metric=None,
        epochs=epochs,
        batch_size=batch_size,
        task=task,
        groups=groups,
        time=time,
        seed=seed,
        unsafe=unsafe,
    )
    is_class = subject.dataset.task.is_classification
    chosen: Any = loss or ("brier" if is_class else "squared_error")
    if chosen not in (("brier", "log_loss") if is_class else ("squared_error",)):
        raise SettingsError(
            f"the error cannot be divided by {chosen!r} here.",
            received=f"loss={chosen!r} for a {subject.dataset.task.value} target",
            expected="brier or log_loss" if is_class else "squared_error",
        )
    check_effective(subject, parameter)
    arms = strength_settings(subject.baseline, parameter, default_strengths(parameter, values, _NUM_VALUES))
    rows = np.asarray(subject.working, np.int32)
    split = make_splits(subject.dataset, rows, 1, validation_fraction=held_out, seed=seed)[0]
    trials = _samples(subject, split, num_samples, seed, stops=any(map(watches, arms)))
    enable_compilation_cache()
    laboratory = Laboratory(subject, trials, vary=())
    try:
        found = laboratory.predict(arms, range(num_samples), [(split.validation,)] * num_samples)
    finally:
        laboratory.close()
    truth = subject.dataset.target[split.validation]
    parts = np.full((len(arms), 3), np.nan)
    for arm in range(len(arms)):
        guesses = [found[arm, sample][0] for sample in range(num_samples) if (arm, sample) in found]
        if len(guesses) > 1:
            parts[arm] = bias_variance_of(subject.dataset.task, truth, np.stack(guesses), loss=chosen)
    return BiasVariance(
        parameter=parameter,
        loss=chosen,
        values=np.array([float(getattr(one, parameter)) for one in arms]),
        error=parts[:, 0],
        bias=parts[:, 1],
        variance=parts[:, 2],
        num_samples=num_samples,
        num_rows=len(split.validation),
        num_members=laboratory.members_trained,
        duration_s=now() - began,
    )


def _samples(subject: Subject, split: Split, num_samples: int, seed: int, *, stops: bool) -> list[Trial]:
    """Return bootstrap samples of the training rows, each with a seed of its own.

    Networks that watch rows while they train watch some of the training rows, never those they are judged on.
    """
    rng = np.random.default_rng([seed, 17])
    none = np.zeros(0, np.int32)
    kept = stopping_split(subject, split.train, seed) if stops else None
    source = kept or Split(train=split.train, validation=none)
    trials = []
    for number in rng.integers(1, 2**31, num_samples):
        train = np.sort(rng.choice(source.train, len(source.train))).astype(np.int32)
        own = Split(train=train, validation=source.validation)
        trials.append(Trial(split=own, scored=split.validation, seed=int(number), can_stop=kept is not None))
    return trials
