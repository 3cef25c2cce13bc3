"""What a study tried, in Optuna's own tables, for Optuna's own tools."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from wellfit.search._pareto import Direction
from wellfit.search._sampler import quiet


def memory_storage() -> BaseStorage:
    """Return a place for `publish_trials` that is gone when the process ends.

    Example:
        >>> storage = memory_storage()
        >>> publish_trials(storage, "study", [{"name": "l2", "settings": {"l2": 0.1}, "scores": [0.5]}])
        >>> [trial.params for trial in storage.get_all_trials(0)]
        [{'l2': 0.1}]
    """
    return InMemoryStorage()


def publish_trials(
    storage: str | BaseStorage,
    name: str,
    trials: Sequence[Mapping[str, Any]],
    *,
    direction: Direction = "minimize",
) -> None:
    """Write trials as a study of Optuna's, in the place of an earlier one of that name.

    The search itself keeps its trials in memory: in a database each would take longer than a run. So this
    comes at the end, for the Optuna dashboard and whoever reads such studies by program.

    Args:
        storage: URL of the database, or a storage of Optuna's.
        name: of the study.
        trials: each with ``name``, ``settings`` (fields that differ from the baseline) and ``scores``.
        direction: which way scores are better.

    Example:
        >>> publish_trials("sqlite://", "study", [{"name": "l2", "settings": {"l2": 0.1}, "scores": [0.5]}])
    """
    distributions = _distributions(trials)
    made = [_trial(one, distributions) for one in trials]  # before the earlier study goes
    with quiet():
        if any(one == name for one in optuna.get_all_study_names(storage)):
            optuna.delete_study(study_name=name, storage=storage)
        study = optuna.create_study(storage=storage, study_name=name, direction=direction)
        study.add_trials(made)


def _trial(one: Mapping[str, Any], distributions: Mapping[str, BaseDistribution]) -> FrozenTrial:
    scores = [float(score) for score in one["scores"]]
    is_known = bool(scores) and all(map(math.isfinite, scores))
    params = {field: _plain(value) for field, value in one["settings"].items()}
    return create_trial(
        state=TrialState.COMPLETE if is_known else TrialState.PRUNED,
        value=sum(scores) / len(scores) if is_known else None,
        params=params,
        distributions={field: distributions[field] for field in params},
        user_attrs={"name": str(one["name"]), "scores": scores if is_known else []},
    )


def _distributions(trials: Sequence[Mapping[str, Any]]) -> dict[str, BaseDistribution]:
    """Return for each field the values that were tried: a range of numbers, or a choice."""
    values: dict[str, list[Any]] = {}
    for one in trials:
        for field, value in one["settings"].items():
            values.setdefault(field, []).append(_plain(value))
    return {field: _distribution(found) for field, found in values.items()}


def _distribution(values: Sequence[Any]) -> BaseDistribution:
    if all(isinstance(value, float) for value in values):
        return FloatDistribution(min(values), max(values))
    return CategoricalDistribution(tuple(dict.fromkeys(values)))


def _plain(value: Any) -> float | bool | str:
    """Return a value as Optuna keeps it: a number, or what is chosen from."""
    if isinstance(value, bool | str):
        return value
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else str(value)
