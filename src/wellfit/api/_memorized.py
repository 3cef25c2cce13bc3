"""What a network has learned by heart: doubted labels against those of other training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._experiments import Experiments, Snapshot
from wellfit.diagnosis import BASELINE, Evidence, label_noise

Array = NDArray[Any]

# A share of so many rows is known to two or three hundredths.
_MAX_ROWS = 512


def best_epoch(evidence: Evidence) -> int:
    """Return the epochs after which the network as it stands is best on the validation rows as given."""
    base = evidence.runs[BASELINE]
    given = np.flatnonzero(np.isin(base.trials, evidence.given))
    curves = base.validation_loss[given][:, : evidence.num_epochs]
    if not curves.size:
        return evidence.num_epochs
    return 1 + int(np.argmin(np.mean(np.where(np.isfinite(curves), curves, np.inf), axis=0)))


def memorized(experiments: Experiments, snapshot: Snapshot, suspects: Array, epoch: int) -> dict[str, object]:
    """Return the shares of suspects and of other training rows whose given label the network predicts.

    Args:
        experiments: where the network was trained.
        snapshot: its members, at the last epoch and, under `label_noise.EARLY`, at an earlier one.
        suspects: ``[row]`` training rows whose label is doubted.
        epoch: the epochs of the earlier one.

    Returns:
        Name to share as in `label_noise.MEMORY`; what was not trained, or diverged, is left out.
    """
    trial = experiments.plan.given[0]
    train = experiments.plan.splits[trial].train
    doubted, others = _some(suspects), _some(train[~np.isin(train, suspects)])
    rows = np.concatenate([doubted, others])
    facts: dict[str, object] = {}
    for name, when in ((BASELINE, ""), (label_noise.EARLY, "_early")):
        index = snapshot.of(name, trial)
        if index < 0 or not len(doubted) or not len(others):
            continue
        predicted = experiments.predict(snapshot, index, rows)
        if not np.isfinite(predicted).all():
            continue
        agrees = predicted.argmax(axis=1) == experiments.patient.dataset.target[rows]
        facts[f"suspects_memorized{when}"] = float(agrees[: len(doubted)].mean())
        facts[f"others_memorized{when}"] = float(agrees[len(doubted) :].mean())
        if when:
            facts["early_epoch"] = epoch
    return facts


def _some(rows: Array) -> Array:
    """Return rows spread over all of them."""
    return rows[:: max(1, -(-len(rows) // _MAX_ROWS))]
