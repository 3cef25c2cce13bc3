"""Seconds of a regularization path: 20 strengths, 5 folds, 3 seeds, 2,000 rows."""

from __future__ import annotations

import os
import time

os.environ.setdefault("KERAS_BACKEND", "jax")  # before Keras is imported, by whatever loads it first

import numpy as np

import wellfit as wf
from _figures import Figure

_NUM_ROWS, _NUM_COLUMNS = 2000, 20
_STRENGTHS = tuple(np.logspace(-6, -2, 20).tolist())


def path_figures() -> list[Figure]:
    """Return `path_s` and `path_dense_s`; nothing where this wellfit has no such function."""
    if not hasattr(wf, "regularization_path"):
        print("path_s: wellfit.regularization_path is not there")
        return []
    from sklearn.datasets import make_classification  # noqa: PLC0415 - only where it is measured

    x, y = make_classification(_NUM_ROWS, _NUM_COLUMNS, n_informative=8, flip_y=0.05, random_state=0)
    x = x.astype(np.float32)
    figures = []
    for name, network in (("path_s", "mlp"), ("path_dense_s", "dense:64-32")):
        began = time.perf_counter()
        wf.regularization_path(network, x, y, "l2", strengths=_STRENGTHS, folds=5, seeds=3)
        figures.append(Figure(name=name, value=time.perf_counter() - began, unit="s"))
    return figures
