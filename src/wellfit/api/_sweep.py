"""One network under many settings on many splits, scored on rows that it has not seen."""

from __future__ import annotations

import dataclasses
import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from wellfit.api._build import array_subject, table_subject
from wellfit.api._fit_arguments import check_numbers
from wellfit.api._laboratory import Laboratory
from wellfit.api._strengths import check_parameter
from wellfit.api._subject import Subject
from wellfit.api._trials import Trial, stopping_split
from wellfit.evaluation import score
from wellfit.models import dropout_points
from wellfit.population import enable_compilation_cache
from wellfit.records import DataError, Settings, SettingsError, Split

Array = NDArray[Any]

_TRAIN_ROWS = 1024  # training rows that the training score is measured on, at most


@dataclass(frozen=True, kw_only=True, eq=False)
class Swept:
    """Scores of settings on trials.

    Attributes:
        scores: ``[setting, trial]`` on the rows kept for that; NaN where a run diverged.
        train_scores: ``[setting, trial]`` on (some of) the training rows.
        test_ratio: rows scored on over rows trained on.
        num_members: runs trained.
    """

    scores: Array
    train_scores: Array
    test_ratio: float
    num_members: int


def sweep_subject(
    model: Any,
    x: Any,
    y: Any,
    *,
    target: str | None,
    metric: str | None,
    epochs: int | None,
    batch_size: int | None,
    task: str = "auto",
    groups: Any = None,
    time: Any = None,
    seed: int = 0,
    unsafe: bool = False,
) -> Subject:
    """Return what is to be trained: ``model, x, y`` as for `fit`, or a table in place of `x` with `target`.

    Raises:
        WellfitError: the arguments do not go together, or data and network cannot be used.
    """
    check_numbers(epochs=epochs, batch_size=batch_size, seed=seed, validation_split=0.0, task=task)
    options = {"model": model, "holdout": 0.0, "seed": seed, "metric": metric, "task": task}
    options |= {"unsafe": unsafe, "start": "fresh"}
    options |= {"epochs": epochs, "batch_size": batch_size}
    if target is None:
        if y is None:
            raise SettingsError(
                "there is no target.",
                received="x without y",
                expected="model, x and y as for fit, or a table in place of x with target=",
            )
        subject = array_subject(x, y, **options)
        return dataclasses.replace(subject, dataset=_with_order(subject, groups, time))
    if y is not None:
        raise SettingsError("y= does not go with target=.", received="both", expected="one of them")
    named: Mapping[str, Any] = {"group": groups, "time": time, "columns": None, "preparation": None}
    return table_subject(x, target=target, features="auto", reading=None, **named, **options)


def _with_order(subject: Subject, groups: Any, time: Any) -> Any:
    """Return the rows with groups and times; each is ``[row]``."""
    dataset = subject.dataset
    for name, values in (("groups", groups), ("time", time)):
        if values is not None and np.shape(values) != (dataset.num_rows,):
            raise DataError(
                f"{name} does not go with the rows.",
                received=f"an array of shape {np.shape(values)}",
                expected=f"one value for each of {dataset.num_rows} rows",
            )
    if groups is not None:
        codes = np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int32)
        dataset = dataclasses.replace(dataset, groups=codes)
    if time is not None:
        dataset = dataclasses.replace(dataset, time=np.asarray(time, np.float64))
    return dataset


def strength_settings(baseline: Settings, parameter: str, values: Sequence[float]) -> list[Settings]:
    """Return the settings with each value of one field.

    Raises:
        SettingsError: there is no such field, it is no number, or a value is not finite or below 0.

    Example:
        >>> [one.l2 for one in strength_settings(Settings(), "l2", [0.0, 0.1])]
        [0.0, 0.1]
    """
    check_parameter(parameter)
    kind = int if get_type_hints(Settings)[parameter] is int else float
    numbers = np.asarray(values, np.float64)
    low = -np.inf if parameter == "depth" else 0.0
    if numbers.ndim != 1 or not len(numbers) or not np.isfinite(numbers).all() or (numbers < low).any():
        raise SettingsError(
            f"the values of {parameter} cannot be trained.",
            received=f"{np.size(values)} values: {values!r}"[:120],
            expected="at least one finite number, none below 0",
        )
    return [dataclasses.replace(baseline, **{parameter: kind(value)}) for value in np.unique(numbers)]


def check_effective(subject: Subject, parameter: str) -> None:
    """Refuse a parameter that changes nothing in this network: all its values would seem equally good.

    Raises:
        SettingsError: the network has nothing that the parameter acts on.
    """
    reason = subject.layout.reason
    acts_on = {
        "width": (bool(subject.layout.groups), "hidden layers whose units can be taken away"),
        "dropout": (bool(dropout_points(subject.model, subject.layout)), "hidden layers known to wellfit"),
        "penalty_scale": (
            any(variable.regularizer is not None for variable in subject.model.trainable_variables),
            "a penalty of its own",
        ),
    }
    has_it, what = acts_on.get(parameter, (True, ""))
    if not has_it:
        raise SettingsError(
            f"{parameter} changes nothing in this network.",
            received=f"parameter={parameter!r}" + (f"; {reason}" if reason else ""),
            expected=f"a network with {what}",
            fix="choose another parameter, such as l2 or weight_decay",
        )


def fold_trials(
    subject: Subject, splits: Sequence[Split], seeds: int, seed: int, *, stops: bool
) -> list[Trial]:
    """Return a trial for each split and seed, seeds of one split side by side.

    Args:
        subject: what is trained.
        splits: rows to train on and to score on.
        seeds: of initial weights and order of batches, for each split.
        seed: of the draws.
        stops: whether some training rows are kept to stop by.
    """
    draws = (
        np.random.SeedSequence([seed, 7]).generate_state(len(splits) * (seeds + 1)).reshape(len(splits), -1)
    )
    trials = []
    for split, (inner, *own) in zip(splits, draws, strict=True):
        kept = stopping_split(subject, split.train, int(inner)) if stops else None
        # Without rows of their own to watch, networks watch none: they train to their end.
        used = kept or Split(train=split.train, validation=np.zeros(0, np.int32))
        trials.extend(
            Trial(split=used, scored=split.validation, seed=int(one), can_stop=kept is not None)
            for one in own
        )
    return trials


def watches(settings: Settings) -> bool:
    """Return whether a network watches validation rows while it trains."""
    return settings.patience > 0 or settings.schedule == "plateau"


def sweep(subject: Subject, settings: Sequence[Settings], trials: Sequence[Trial]) -> Swept:
    """Train every setting on every trial in one population, and score it on seen and unseen rows."""
    enable_compilation_cache()
    laboratory = Laboratory(subject, trials, vary=())
    seen = [_some(trial.split.train) for trial in trials]
    try:
        rows = [(trial.scored, own) for trial, own in zip(trials, seen, strict=True)]
        found = laboratory.predict(settings, range(len(trials)), rows)
    finally:
        laboratory.close()
    scores = np.full((2, len(settings), len(trials)), np.nan)
    for (setting, trial), predicted in found.items():
        for side, values in enumerate(predicted):
            scores[side, setting, trial] = _score(subject, rows[trial][side], values)
    ratios = [len(trial.scored) / max(1, len(trial.split.train)) for trial in trials]
    return Swept(
        scores=scores[0],
        train_scores=scores[1],
        test_ratio=float(np.mean(ratios)),
        num_members=laboratory.members_trained,
    )


def _some(rows: Array) -> Array:
    """Return evenly spaced rows, as many for every trial as can be so that programs are shared."""
    return rows[np.linspace(0, len(rows) - 1, min(_TRAIN_ROWS, len(rows))).astype(int)]


def _score(subject: Subject, rows: Array, prediction: Array) -> float:
    weight = subject.dataset.sample_weight
    return score(
        subject.metric.name,
        subject.dataset.task,
        subject.dataset.target[rows],
        prediction,
        sample_weight=None if weight is None else weight[rows],
    )


def now() -> float:
    """Return seconds of a clock that only goes forward."""
    return clock.perf_counter()
