"""Fit the weights of `wellfit.diagnosis` to labelled histories of the tuning half, and print them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from _curve_cases import Case
from wellfit.diagnosis._curve_features import accuracy_features, joint_features, shape, validation_features

STRENGTH = 0.3  # C of the logistic regression


def print_weights(corpus: Sequence[Case]) -> None:
    """Print the weights as they stand in `_curve_weights.py`; runs that diverged need none."""
    rows, joint, alone = [], [], []
    hit_rows, hits = [], []
    for case in corpus:
        loss, held = np.array(case.history["loss"]), np.array(case.history["val_loss"])
        sizes = np.abs(np.concatenate([loss, held]))
        if case.truth and np.isfinite(sizes).all() and sizes.max() < 1e30:
            rows.append(case.truth)
            joint.append(joint_features(shape(loss), shape(held), len(loss)))
            alone.append(validation_features(shape(held), len(held)))
            if "accuracy" in case.history:
                pair = np.array(case.history["accuracy"]), np.array(case.history["val_accuracy"])
                hit_rows.append(case.truth)
                hits.append(joint[-1] | accuracy_features(*pair))
    truth = np.array(rows)
    print("WORSE =", _weights(alone, truth == "overfitting", None)["1"])
    print("LOSSES =", _weights(joint, truth, "balanced"))
    print("ACCURACIES =", _weights(hits, np.array(hit_rows), "balanced"))


def _weights(features: list[dict[str, float]], truth: np.ndarray, balance: str | None) -> dict:
    names = list(features[0])
    table = np.array([[row[name] for name in names] for row in features])
    scaler = StandardScaler().fit(table)
    model = LogisticRegression(C=STRENGTH, max_iter=5000, class_weight=balance)
    model.fit(scaler.transform(table), truth)
    weights = model.coef_ / scaler.scale_
    constants = model.intercept_ - (weights * scaler.mean_).sum(axis=1)
    keys = model.classes_ if len(weights) > 1 else [1]
    return {
        str(key): dict(zip([*names, "constant"], np.round([*row, constant], 3).tolist(), strict=True))
        for key, row, constant in zip(keys, weights, constants, strict=True)
    }
