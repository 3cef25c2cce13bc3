"""RealMLP-TD of pytabkit: a strong network for tables with fixed settings.

Source: Holzmüller, Grinsztajn and Steinwart, Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
Tabular Data, 2024.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from numpy.typing import NDArray
from pytabkit.models.sklearn.sklearn_interfaces import RealMLP_TD_Classifier, RealMLP_TD_Regressor

from _quality_inputs import pandas_frame
from _quality_methods import Clock, Fitted, aligned
from _quality_tables import Split

_NUM_THREADS = 2
_NUM_FOLDS = 5
_END_S = 1.0  # kept back for what follows the training


def realmlp(split: Split, clock: Clock) -> Fitted:
    """Train one network with the defaults, its best epoch by accuracy on 20 % of the rows."""
    return _fit(split, clock)


def realmlp_log_loss(split: Split, clock: Clock) -> Fitted:
    """Train one network with what its documentation advises where log loss counts."""
    return _fit(split, clock, **_for_log_loss(split))


def realmlp_ensemble(split: Split, clock: Clock) -> Fitted:
    """Train five networks on five folds, for log loss, and average their predictions."""
    return _fit(split, clock, n_cv=_NUM_FOLDS, **_for_log_loss(split))


def _for_log_loss(split: Split) -> dict[str, Any]:
    """No label smoothing, and the best epoch by cross-entropy; a regression needs neither."""
    return {"val_metric_name": "cross_entropy", "use_ls": False} if split.is_classification else {}


def _fit(split: Split, clock: Clock, **options: Any) -> Fitted:
    kind = RealMLP_TD_Classifier if split.is_classification else RealMLP_TD_Regressor
    model = kind(device="cpu", random_state=0, n_threads=_NUM_THREADS, **options)
    inputs = pandas_frame(split, split.train)
    left_s = max(1, int(clock.left_s - _END_S))
    began_s = clock.elapsed_s
    model.fit(inputs, split.truth(split.train), time_to_fit_in_seconds=left_s)
    is_cut = clock.elapsed_s - began_s >= left_s

    def predict(rows: pl.DataFrame) -> NDArray:
        inputs = pandas_frame(split, rows)
        if split.is_classification:
            return aligned(model.predict_proba(inputs), model.classes_, len(split.classes))
        return model.predict(inputs)

    return Fitted(predict=predict, note="cut off by the budget" if is_cut else "")
