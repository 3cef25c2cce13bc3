"""Rules of thumb that people use today, given the history of one `keras.Model.fit` and its predictions.

Each answers with a verdict only. What a rule cannot say (not learning, say) it never says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from sklearn import metrics

from _fault_cases import Case

RULES: Mapping[str, str] = {
    "gap_05": "validation 5 % above training loss",
    "gap_10": "validation 10 % above training loss",
    "gap_20": "validation 20 % above training loss",
    "val_above_train": "validation above training loss",
    "umlaut": "UMLAUT: 95 % and 5 points",
    "autotrainer_10": "AutoTrainer: accuracy gap 0.10",
    "autotrainer_07": "AutoTrainer: accuracy gap 0.07",
    "skore": "skore: SKD001 and SKD002",
}
HEALTHY, OVERFITTING, UNDERFITTING = "healthy", "overfitting", "underfitting"
MISLEADING = "misleading-evaluation"


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """One fit as its user would see it.

    Attributes:
        history: Keras' `History.history`.
        train_outputs: of the trained network on training rows.
        validation_outputs: likewise.
    """

    history: Mapping[str, list[float]]
    train_outputs: np.ndarray
    validation_outputs: np.ndarray


def fit(case: Case) -> Fitted:
    """Train the case's network with Keras, as its user would."""
    keras.utils.set_random_seed(0)
    model = case.model()
    shown = [] if case.task == "regression" else ["accuracy"]
    model.compile(model.optimizer, model.loss, metrics=shown)
    data = {"validation_data": (case.xv, case.yv), "epochs": case.epochs, "batch_size": case.batch_size}
    history = model.fit(case.x, case.y, verbose=0, **data).history
    outputs = [np.nan_to_num(np.asarray(model(x)), nan=0.0) for x in (case.x, case.xv)]
    return Fitted(history=history, train_outputs=outputs[0], validation_outputs=outputs[1])


def verdicts(case: Case, fitted: Fitted) -> dict[str, str]:
    """Return what each rule says."""
    train, validation = fitted.history["loss"][-1], fitted.history["val_loss"][-1]
    return {
        "gap_05": _above(validation, 1.05 * train),
        "gap_10": _above(validation, 1.10 * train),
        "gap_20": _above(validation, 1.20 * train),
        "val_above_train": _above(validation, train),
        "umlaut": _umlaut(fitted.history),
        "autotrainer_10": _accuracy_gap(fitted.history, 0.10),
        "autotrainer_07": _accuracy_gap(fitted.history, 0.07),
        "skore": _skore(case, fitted),
    }


def _above(validation: float, limit: float) -> str:
    return OVERFITTING if validation > limit else HEALTHY


def _umlaut(history: Mapping[str, list[float]]) -> str:
    """Validation accuracy above 95 % is called leakage, training 5 points above validation overfitting.

    Source: Schoop, Huang, Hartmann, UMLAUT: Debugging Deep Learning Programs using Program Structure and
    Model Behavior, 2021. Says nothing of regression.
    """
    if "accuracy" not in history:
        return HEALTHY
    if history["val_accuracy"][-1] > 0.95:
        return MISLEADING
    return OVERFITTING if history["accuracy"][-1] - history["val_accuracy"][-1] > 0.05 else HEALTHY


def _accuracy_gap(history: Mapping[str, list[float]], gap: float) -> str:
    """Training accuracy above validation accuracy by a gap.

    Source: Zhang, Zhai, Ma, Shen, AutoTrainer: An Automatic DNN Training Problem Detection and Repair
    System, 2021. Says nothing of regression.
    """
    if "accuracy" not in history:
        return HEALTHY
    return OVERFITTING if history["accuracy"][-1] - history["val_accuracy"][-1] > gap else HEALTHY


def _skore(case: Case, fitted: Fitted) -> str:
    """A strict majority of metrics votes, each by a gap that adapts to its size.

    SKD001: training better than unseen rows by max(0.03, 10 % of the better score, for losses of the larger
    one). SKD002: neither side better than a constant by max(0.01, 5 % of the constant's score). The majority
    is over accuracy, precision, recall, AUC and log loss, or R2, RMSE and MAE.

    Source: the user guide of skore, "Automated checks", 2026.
    """
    train = _scores(case.task, case.y, fitted.train_outputs)
    seen = _scores(case.task, case.yv, fitted.validation_outputs)
    constant = _constant(case, fitted)
    base_train = _scores(case.task, case.y, constant[0])
    base_seen = _scores(case.task, case.yv, constant[1])
    gaps = [_gap(t, s) >= max(0.03, 0.10 * abs(t if t.high else s)) for t, s in zip(train, seen, strict=True)]
    poor = [
        not _beats(t, bt) and not _beats(s, bs)
        for t, bt, s, bs in zip(train, base_train, seen, base_seen, strict=True)
    ]
    if sum(poor) > len(poor) / 2:
        return UNDERFITTING
    return OVERFITTING if sum(gaps) > len(gaps) / 2 else HEALTHY


class _Score(float):
    """A score that knows whether high is good."""

    high = True


class _Loss(_Score):
    high = False


def _gap(train: _Score, seen: _Score) -> float:
    return train - seen if train.high else seen - train


def _beats(score: _Score, base: _Score) -> bool:
    better = score - base if score.high else base - score
    return better >= max(0.01, 0.05 * abs(base))


def _scores(task: str, y: np.ndarray, outputs: np.ndarray) -> list[_Score]:
    if task == "regression":
        values = np.clip(outputs[:, 0].astype(np.float64), -1e6, 1e6)
        return [
            _Score(metrics.r2_score(y, values)),
            _Loss(metrics.root_mean_squared_error(y, values)),
            _Loss(metrics.mean_absolute_error(y, values)),
        ]
    shares = _shares(task, outputs)
    guess = shares.argmax(1)
    labels = np.arange(shares.shape[1])
    average = {"average": "macro", "zero_division": 0.0, "labels": labels}
    auc = _auc(y, shares)
    return [
        _Score(metrics.accuracy_score(y, guess)),
        _Score(metrics.precision_score(y, guess, **average)),
        _Score(metrics.recall_score(y, guess, **average)),
        _Score(auc),
        _Loss(metrics.log_loss(y, shares, labels=labels)),
    ]


def _shares(task: str, outputs: np.ndarray) -> np.ndarray:
    """Return rows that sum to one, whatever the outputs are."""
    outputs = np.clip(outputs.astype(np.float64), 1e-7, 1e7)
    if task == "binary" and outputs.shape[1] == 1:
        positive = np.clip(outputs[:, 0], 1e-7, 1 - 1e-7)
        return np.stack([1 - positive, positive], axis=1)
    return outputs / outputs.sum(1, keepdims=True)


def _auc(y: np.ndarray, shares: np.ndarray) -> float:
    found = [
        metrics.roc_auc_score(y == c, shares[:, c])
        for c in range(shares.shape[1])
        if 0 < (y == c).sum() < len(y)
    ]
    return float(np.mean(found)) if found else 0.5


def _constant(case: Case, fitted: Fitted) -> tuple[np.ndarray, np.ndarray]:
    """Return the outputs of the best constant on both sides."""
    width = fitted.train_outputs.shape[1]
    if case.task == "regression" or width == 1:
        row = np.full(1, case.y.mean())
    else:
        row = np.bincount(case.y, minlength=width) / len(case.y)
    return np.tile(row, (len(case.y), 1)), np.tile(row, (len(case.yv), 1))
