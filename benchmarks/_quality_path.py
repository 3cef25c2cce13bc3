"""Seconds of a regularization path: 20 strengths, 5 folds, 3 seeds, 2,000 rows."""

from __future__ import annotations

import time

import wellfit as wf
from _figures import Figure

_NUM_ROWS, _NUM_COLUMNS = 2000, 20
_COUNTS = {"num_strengths": 20, "num_folds": 5, "num_seeds": 3}


def path_figures() -> list[Figure]:
    """Return `path_s`; nothing where this wellfit has no such function."""
    if not hasattr(wf, "regularization_path"):
        print("path_s: wellfit.regularization_path is not there")
        return []
    from sklearn.datasets import make_classification  # noqa: PLC0415 - only where it is measured

    x, y = make_classification(_NUM_ROWS, _NUM_COLUMNS, n_informative=8, flip_y=0.05, random_state=0)
    columns = {f"x{i}": values for i, values in enumerate(x.T)} | {"target": y}
    began = time.perf_counter()
    wf.regularization_path(columns, target="target", seed=0, **_COUNTS)
    return [Figure(name="path_s", value=time.perf_counter() - began, unit="s")]
