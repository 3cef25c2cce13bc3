"""How far a network's probabilities are from its hits, and what one temperature makes of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._experiments import Experiments
from wellfit.evaluation import calibration_error, reliability

Array = NDArray[Any]

_MIN_ROWS = 8


def confidence_facts(experiments: Experiments, predictions: Mapping[int, Array]) -> dict[str, object]:
    """Return losses with and without a temperature, fitted on half of the rows and judged on the other half.

    Args:
        experiments: where the network was trained.
        predictions: trial to ``[row, class]`` probabilities of its validation rows; both halves are judged.
    """
    patient = experiments.patient
    cold, warm, best = list[float](), list[float](), list[float]()
    told: dict[str, object] = {}
    for trial, probability in predictions.items():
        target = patient.dataset.target[experiments.plan.splits[trial].validation]
        if not np.isfinite(probability).all() or len(target) < _MIN_ROWS:
            continue
        logits = np.log(np.clip(probability, 1e-7, 1.0))
        half = np.random.default_rng([trial, 5]).permutation(len(target)) % 2 == 0
        after = 0.0
        cooled = np.zeros_like(logits)
        for fit in (half, ~half):
            temperature = _temperature(logits[fit], target[fit])
            best.append(temperature)
            cooled[~fit] = logits[~fit] / temperature
            after += _log_loss(cooled[~fit], target[~fit]) * float((~fit).mean())
        told = told or _calibration(target, probability, cooled)
        cold.append(_log_loss(logits, target))
        warm.append(after)
    if not cold:
        return {}
    return {"loss_at_one": cold, "loss_at_temperature": warm, "temperature": float(np.median(best)), **told}


def _calibration(target: Array, probability: Array, cooled: Array) -> dict[str, object]:
    """Return how far probabilities are from hits, before and after a temperature, and the accuracy."""
    shares = np.exp(cooled - cooled.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    curve = {f"said {said:.0%}": hit for said, hit, _ in reliability(target, probability).tolist()}
    return {
        "accuracy": float((probability.argmax(axis=1) == target).mean()),
        "calibration_error": calibration_error(target, probability),
        "calibration_error_at_temperature": calibration_error(target, shares),
        "share_of_hits": curve,
    }


def _temperature(logits: Array, target: Array) -> float:
    """Return the temperature of the lowest log loss, from a grid that is fine enough."""
    grid = np.exp(np.linspace(np.log(0.3), np.log(30.0), 60))
    return float(grid[int(np.argmin([_log_loss(logits / t, target) for t in grid]))])


def _log_loss(logits: Array, target: Array) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probability = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-log_probability[np.arange(len(target)), target].mean())
