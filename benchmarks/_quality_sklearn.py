"""Peers of scikit-learn: gradient boosting, plain and tuned, and a linear model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import loguniform, randint, uniform
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import KFold, ParameterSampler, StratifiedKFold

from _quality_inputs import Encoder, categories, coded
from _quality_methods import Clock, Fitted, aligned
from _quality_tables import Split

_NUM_FOLDS = 3
_STRENGTHS = np.logspace(-4, 4, 13)
# Without early stopping: it would need two rows of every class in its own validation rows.
_SPACE = {
    "learning_rate": loguniform(0.01, 0.3),
    "max_iter": randint(50, 500),
    "max_leaf_nodes": randint(7, 128),
    "min_samples_leaf": randint(2, 100),
    "l2_regularization": loguniform(1e-6, 10.0),
    "max_features": uniform(0.3, 0.7),
    "early_stopping": [False],
}


def hist_gradient_boosting(split: Split, _: Clock) -> Fitted:
    """Train with the defaults: early stopping above 10,000 rows, categories as such."""
    model = _boosting(split, {}).fit(coded(split, split.train), split.truth(split.train))
    return Fitted(predict=_predictor(split, model, lambda rows: coded(split, rows)))


def hist_gradient_boosting_tuned(split: Split, clock: Clock) -> Fitted:
    """Search at random by cross-validation while there is time, the defaults first; then train the best."""
    x, y = coded(split, split.train), split.truth(split.train)
    best: tuple[float, dict[str, Any]] = (np.inf, {})
    drawn = ParameterSampler(_SPACE, 10_000, random_state=0)
    longest_s, num_tried = 0.0, 0
    for parameters in [{}, *drawn]:
        # A further trial, and one more training on all rows, must fit in.
        if num_tried and clock.left_s < longest_s * (1 + 1 / (_NUM_FOLDS - 1)):
            break
        began_s = clock.elapsed_s
        score = _cross_validated(split, clock, lambda chosen=parameters: _boosting(split, chosen), x, y)
        longest_s, num_tried = max(longest_s, clock.elapsed_s - began_s), num_tried + 1
        best = min(best, (score, parameters), key=lambda pair: pair[0])
    model = _boosting(split, best[1]).fit(x, y)
    predict = _predictor(split, model, lambda rows: coded(split, rows))
    return Fitted(predict=predict, note=f"{num_tried} settings tried")


def linear(split: Split, clock: Clock) -> Fitted:
    """Choose the strength of the L2 penalty by cross-validation: logistic by log loss, or ridge."""
    encoder = Encoder(split)
    x, y = encoder.matrix(split.train).astype(np.float64), split.truth(split.train)
    if not split.is_classification:
        model = RidgeCV(alphas=_STRENGTHS).fit(x, y)
        return Fitted(predict=_predictor(split, model, encoder.matrix), note=f"alpha {model.alpha_:g}")
    scores: dict[float, float] = {}
    for strength in _STRENGTHS:
        if scores and clock.left_s < 0.1 * clock.budget_s:
            break
        scores[strength] = _cross_validated(split, clock, lambda c=strength: _logistic(c), x, y)
    best = min(scores, key=lambda strength: scores[strength])
    model = _logistic(best).fit(x, y)
    return Fitted(predict=_predictor(split, model, encoder.matrix), note=f"C {best:g}")


def _logistic(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=500)


def _boosting(split: Split, parameters: dict[str, Any]) -> Any:
    kind = HistGradientBoostingClassifier if split.is_classification else HistGradientBoostingRegressor
    return kind(random_state=0, categorical_features=categories(split) or None, **parameters)


def _cross_validated(split: Split, clock: Clock, make: Callable[[], Any], x: NDArray, y: NDArray) -> float:
    """Return the mean log loss, or mean squared error, over the folds; infinite if the time ran out."""
    folds = StratifiedKFold if split.is_classification else KFold
    losses = []
    for train, held in folds(_NUM_FOLDS, shuffle=True, random_state=0).split(x, y):
        if clock.left_s < 0:
            return np.inf
        model = make().fit(x[train], y[train])
        if split.is_classification:
            guess = aligned(model.predict_proba(x[held]), model.classes_, len(split.classes))
            losses.append(log_loss(y[held], guess, labels=range(len(split.classes))))
        else:
            losses.append(mean_squared_error(y[held], model.predict(x[held])))
    return float(np.mean(losses))


def _predictor(
    split: Split, model: Any, inputs: Callable[[pl.DataFrame], NDArray]
) -> Callable[[pl.DataFrame], NDArray]:
    def predict(rows: pl.DataFrame) -> NDArray:
        if split.is_classification:
            return aligned(model.predict_proba(inputs(rows)), model.classes_, len(split.classes))
        return model.predict(inputs(rows))

    return predict
