"""The cause codes in a few words, for a reader who has never seen them."""

from __future__ import annotations

MEANINGS = {
    "penalty-in-loss": "the loss that is compared contains the weight penalty",
    "batchnorm-mode": "batch normalization acts differently in training and in use",
    "preprocessing-mismatch": "validation rows are prepared differently from training rows",
    "split-shift": "validation rows differ in kind from training rows",
    "leakage": "the score rests on what the network will not have in use",
    "validation-too-small": "too few validation rows to tell such differences apart",
    "class-imbalance": "rare classes are neglected",
    "rare-features": "rare or identifier-like values are memorized",
    "too-few-rows": "more rows would help",
    "excess-capacity": "the network is larger than its rows support",
    "weak-regularization": "more regularization would help",
    "trained-too-long": "training goes on after the best epoch",
    "label-noise": "some labels are probably wrong",
    "overconfidence": "predicted probabilities are too extreme",
    "insufficient-capacity": "the network is too small for the problem",
    "over-regularized": "penalties, dropout or augmentation hold the network back",
    "too-few-epochs": "training stops while the loss still falls",
    "learning-rate-too-low": "the learning rate is too low",
    "learning-rate-too-high": "the learning rate is too high",
    "unscaled-inputs": "inputs or targets are on scales that hinder training",
    "dead-units": "units or layers pass no gradient on",
    "wiring": "network, loss and labels do not fit together",
    "no-signal": "the inputs say nothing about the target",
    "irreducible-noise": "the loss is already as low as these inputs allow",
    "healthy": "nothing is wrong that an experiment could find",
}


def meaning(code: str) -> str:
    """Return what a code means, or an empty string for one that is not known here.

    Example:
        >>> meaning("too-few-rows")
        'more rows would help'
    """
    return MEANINGS.get(code, "")
