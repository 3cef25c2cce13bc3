"""Which labels of pictures the network itself doubts, where it had not learned from them.

References see pictures as a few means of blocks; a network that was made for pictures sees more. Its members
on the folds are trained anyway, and together they judge every row once. Where it is the worse judge, because
it hardly learns or learns by heart, the references remain.

Source: Northcutt, Jiang and Chuang, Confident Learning, 2021 (out-of-fold probabilities of the model itself).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._experiments import Experiments, Snapshot
from wellfit.api._row_facts import RowFacts, find_suspects
from wellfit.diagnosis import BASELINE

Array = NDArray[Any]

OWN = "the network itself, out of fold"


def judge_by_network(facts: RowFacts, experiments: Experiments, snapshot: Snapshot) -> None:
    """Let the network name the suspects among pictures of classes, where it judges as well as references do.

    Args:
        facts: whose suspects are those of the references; changed in place.
        experiments: where the network was trained.
        snapshot: its members.
    """
    patient = experiments.patient
    if not patient.has_pictures or not patient.dataset.task.is_classification:
        return
    said = out_of_fold(experiments, snapshot)
    if is_as_good(said, facts.out_of_fold, patient.dataset.target):
        find_suspects(facts, patient, said, judged_by=OWN)


def out_of_fold(experiments: Experiments, snapshot: Snapshot) -> Array:
    """Return ``[row, class]`` what the network as it stands says of the rows that a fold left out.

    Rows of no fold are NaN, and so are those of a run that diverged or was not trained.
    """
    dataset, plan = experiments.patient.dataset, experiments.plan
    said = np.full((dataset.num_rows, dataset.num_classes), np.nan)
    for trial in plan.folds:
        index, rows = snapshot.of(BASELINE, trial), plan.splits[trial].validation
        if index >= 0:
            said[rows] = experiments.predict(snapshot, index, rows)
    return said


def is_as_good(said: Array, references: Array, target: Array) -> bool:
    """Return whether predictions agree with labels at least as often, on all rows that references judged.

    Example:
        >>> labels, best, worst = np.array([0, 1]), np.eye(2), np.eye(2)[::-1]
        >>> is_as_good(best, worst, labels), is_as_good(worst, best, labels)
        (True, False)
        >>> is_as_good(best * np.nan, worst, labels)
        False
    """
    known = np.isfinite(references).all(axis=-1)
    if not known.any() or not np.isfinite(said[known]).all():
        return False
    own, other = ((one[known].argmax(axis=1) == target[known]).mean() for one in (said, references))
    return bool(own >= other)
