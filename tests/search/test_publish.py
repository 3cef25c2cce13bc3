"""Trials in Optuna's own tables, read again by Optuna."""

from __future__ import annotations

import math
from pathlib import Path

import optuna
import pytest

from wellfit.search import memory_storage, publish_trials

TRIALS = [
    {"name": "l2", "settings": {"l2": 0.1}, "scores": [0.5, 0.7]},
    {"name": "wide", "settings": {"width": 2, "schedule": "cosine"}, "scores": [0.4, 0.4]},
    {"name": "diverged", "settings": {"l2": 10, "schedule": "constant"}, "scores": [0.4, math.nan]},
    {"name": "untried", "settings": {"input_scale": True}, "scores": []},
]


def test_optuna_reads_them(tmp_path: Path) -> None:
    """Means of scores, settings as parameters, and which have none; a second time replaces the first."""
    storage = f"sqlite:///{tmp_path}/trials.db"
    for trials in (TRIALS[:1], TRIALS):
        publish_trials(storage, "study", trials, direction="minimize")
    study = optuna.load_study(study_name="study", storage=storage)
    assert study.best_value == pytest.approx(0.4)
    assert study.best_params == {"width": 2.0, "schedule": "cosine"}
    assert [trial.user_attrs["name"] for trial in study.trials] == ["l2", "wide", "diverged", "untried"]
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "COMPLETE", "PRUNED", "PRUNED"]
    assert study.trials[0].value == pytest.approx(0.6)
    assert study.trials[3].params == {"input_scale": True}


def test_better_may_be_higher(tmp_path: Path) -> None:
    """The direction is that of the metric."""
    publish_trials(f"sqlite:///{tmp_path}/trials.db", "study", TRIALS, direction="maximize")
    study = optuna.load_study(study_name="study", storage=f"sqlite:///{tmp_path}/trials.db")
    assert study.best_value == pytest.approx(0.6)


def test_in_memory() -> None:
    """A storage may be given as such; trials that cannot be written leave the earlier ones there."""
    storage = memory_storage()
    publish_trials(storage, "study", TRIALS)
    with pytest.raises(KeyError):
        publish_trials(storage, "study", [{"name": "l2", "settings": {}}])
    assert len(optuna.load_study(study_name="study", storage=storage).trials) == len(TRIALS)
    publish_trials(storage, "study", TRIALS[:1])
    assert len(optuna.load_study(study_name="study", storage=storage).trials) == 1
