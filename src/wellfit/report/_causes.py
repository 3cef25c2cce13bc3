"""The cause codes in a few words, for a reader who has never seen them."""

from __future__ import annotations

from wellfit.records import Verdict

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

# What stands after "because"; {rows} is the number of training rows in words.
_CLAUSES = {
    "penalty-in-loss": "the loss that is compared holds the weight penalty",
    "batchnorm-mode": "batch normalization acts differently in training and in use",
    "preprocessing-mismatch": "validation rows are prepared differently from training rows",
    "split-shift": "validation rows differ in kind from training rows",
    "leakage": "the score rests on what the network will not have in use",
    "validation-too-small": "there are too few validation rows",
    "class-imbalance": "rare classes are neglected",
    "rare-features": "rare or identifier-like values are memorized",
    "too-few-rows": "{rows} are too few",
    "excess-capacity": "the network is too large for {rows}",
    "weak-regularization": "regularization is too weak for {rows}",
    "trained-too-long": "training goes on after the best epoch",
    "label-noise": "some labels are wrong",
    "overconfidence": "predicted probabilities are too extreme",
    "insufficient-capacity": "the network is too small",
    "over-regularized": "penalties, dropout or augmentation hold it back",
    "too-few-epochs": "training stops while the loss still falls",
    "learning-rate-too-low": "the learning rate is too low",
    "learning-rate-too-high": "the learning rate is too high",
    "unscaled-inputs": "inputs or targets are on scales that hinder training",
    "dead-units": "units or layers pass no gradient on",
    "wiring": "network, loss and labels do not fit together",
    "no-signal": "the inputs say nothing about the target",
    "irreducible-noise": "the loss is already as low as these inputs allow",
}

FAMILIES = {
    Verdict.OVERFITTING: (
        "too-few-rows",
        "excess-capacity",
        "weak-regularization",
        "trained-too-long",
        "label-noise",
        "overconfidence",
        "class-imbalance",
        "rare-features",
    ),
    Verdict.UNDERFITTING: (
        "insufficient-capacity",
        "over-regularized",
        "too-few-epochs",
        "learning-rate-too-low",
        "class-imbalance",
        "unscaled-inputs",
    ),
    Verdict.NOT_LEARNING: (
        "learning-rate-too-high",
        "learning-rate-too-low",
        "unscaled-inputs",
        "dead-units",
        "wiring",
        "no-signal",
        "irreducible-noise",
    ),
}
"""Causes that can stand behind a verdict, where a study tells them by what helped alone."""


def clause(code: str, rows: str) -> str:
    """Return what stands after "because" for a cause, or an empty string for one that is not known here.

    Example:
        >>> clause("weak-regularization", "1,200 rows")
        'regularization is too weak for 1,200 rows'
    """
    return _CLAUSES.get(code, "").format(rows=rows)


def meaning(code: str) -> str:
    """Return what a code means, or an empty string for one that is not known here.

    Example:
        >>> meaning("too-few-rows")
        'more rows would help'
    """
    return MEANINGS.get(code, "")
