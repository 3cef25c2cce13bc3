"""A linear head on the frozen features of a pretrained network: what fine-tuning must beat."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._frozen_features import FrozenFeatures
from wellfit.api._subject import Subject
from wellfit.api._trials import Trial
from wellfit.evaluation import linear_head_predictions, one_thread, paired_bootstrap, score

Array = NDArray[Any]

LINEAR_HEAD = "linear head on frozen features"


def predict_linear_head(subject: Subject, features: FrozenFeatures, train: Array, rows: Array) -> Array:
    """Return predictions of `rows`, all of which have features, by a head fitted on those of `train`."""
    dataset, known = subject.dataset, features.known(train)
    weight = dataset.sample_weight
    return linear_head_predictions(
        features.of(known),
        dataset.target[known],
        features.of(rows),
        dataset.task,
        dataset.num_classes,
        sample_weight=None if weight is None else weight[known],
    )


def score_linear_head(subject: Subject, features: FrozenFeatures, trials: list[Trial]) -> Array:
    """Return ``[trial]`` scores in the study's metric; NaN where no row of a trial has features."""
    dataset, scores = subject.dataset, []
    with one_thread():
        for trial in trials:
            scored = features.known(trial.scored)
            if not len(scored) or not len(features.known(trial.split.train)):
                scores.append(np.nan)
                continue
            said = predict_linear_head(subject, features, trial.split.train, scored)
            scores.append(score(subject.metric.name, dataset.task, dataset.target[scored], said))
    return np.asarray(scores)


def against_linear_head(subject: Subject, linear: Array, chosen: Array, seed: int) -> str:
    """Return a sentence where the chosen network does not beat the linear head on the holdout, else none.

    Args:
        subject: what the study is about.
        linear: predictions of the linear head for the holdout.
        chosen: likewise of the chosen network.
        seed: of the bootstrap.
    """
    dataset, rows = subject.dataset, subject.holdout
    groups = None if dataset.groups is None else dataset.groups[rows]
    target, metric = dataset.target[rows], subject.metric.name
    _, low, high = paired_bootstrap(dataset.task, metric, target, linear, chosen, seed=seed, groups=groups)
    if low > 0:
        return ""
    own, other = (score(metric, dataset.task, target, one) for one in (chosen, linear))
    numbers = (
        f"on the holdout its {metric.replace('_', ' ')} is {own:.4g}, that of the linear head {other:.4g}"
    )
    if high < 0:
        return (
            f"the chosen network is worse than a {LINEAR_HEAD} of the given network: {numbers}. "
            "What was trained beyond the head did harm"
        )
    return (
        f"the chosen network does not beat a {LINEAR_HEAD} of the given network: {numbers}, which does not "
        "tell the two apart. Training more than the head is not shown to help"
    )
