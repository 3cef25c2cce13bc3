"""Synthetic rows from a Gaussian copula: each column keeps its distribution, all columns their correlation.

By Sklar's theorem a joint distribution is its margins and a copula. Each column is turned into ranks and the
ranks into normal scores; the correlation of the scores (shrunk, so that it is positive definite) is the
copula. Normal draws with that correlation go back through the normal distribution function and the empirical
quantiles. Columns of whole numbers and categories (ordered by frequency, ties in random order) only take
values that occur. Classes are modeled one by one; a regression target is one more column.

Source: Sklar, Fonctions de repartition a n dimensions et leurs marges, 1959; Nelsen, An Introduction to
Copulas, 2006; Patki, Wedge and Veeramachaneni, The Synthetic Data Vault, 2016.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data._feature_kinds import FeatureKinds
from wellfit.data._row_table import NewRows, as_inputs, row_table
from wellfit.records import Dataset, IntArray

_FEWEST = 10
_MAX_ROWS, _MAX_NEW = 10_000, 20_000
_LEAST_SHRUNK = 1e-3
_NORMAL = NormalDist()
_GRID = np.linspace(-6.0, 6.0, 2401)
_LEVELS = np.array([_NORMAL.cdf(float(z)) for z in _GRID])

_Matrix = NDArray[np.float64]


def copula_rows(dataset: Dataset, rows: IntArray, kinds: FeatureKinds, seed: int) -> NewRows:
    """Return as many new rows as there are training rows (20,000 at most), with the same class shares.

    Args:
        dataset: a table.
        rows: ``[n]`` training rows; nothing else is looked at.
        kinds: of the float input's features.
        seed: of what is drawn.

    Returns:
        No row of a class that has less than ten rows.
    """
    rng = np.random.default_rng(seed)
    share = min(1.0, _MAX_NEW / max(len(rows), 1))
    labels = dataset.target[rows] if dataset.task.is_classification else np.zeros(len(rows), np.int32)
    table = row_table(dataset, rows, kinds)
    target = np.asarray(dataset.target[rows], np.float64).reshape(len(rows), -1)
    columns = np.column_stack([table.numbers, table.codes, target]).astype(np.float64)
    width, num_codes = table.numbers.shape[1], table.codes.shape[1]
    is_code = np.zeros(columns.shape[1], bool)
    is_code[width : width + num_codes] = True
    is_whole = is_code.copy()
    is_whole[:width] = table.is_whole
    is_whole[width + num_codes :] = (target == np.round(target)).all(axis=0)
    made = [np.zeros((0, columns.shape[1]))]
    for label in np.unique(labels):
        own = columns[labels == label]
        if len(own) >= _FEWEST:
            made.append(_drawn(own, max(1, int(share * len(own))), is_code, is_whole, rng))
    found = np.concatenate(made)
    codes = np.round(found[:, width : width + num_codes]).astype(np.int32)
    inputs = as_inputs(table, found[:, :width].astype(np.float32), codes)
    drawn_target = found[:, width + num_codes :].reshape(len(found), *dataset.target.shape[1:])
    return NewRows(inputs=inputs, target=drawn_target.astype(dataset.target.dtype), origin=rows)


def _drawn(
    columns: _Matrix, count: int, is_code: NDArray[Any], is_whole: NDArray[Any], rng: np.random.Generator
) -> _Matrix:
    """Return ``[count, column]`` draws from the copula that is fitted to columns."""
    if len(columns) > _MAX_ROWS:
        columns = columns[rng.choice(len(columns), _MAX_ROWS, replace=False)]
    orders = {int(i): _by_frequency(columns[:, i]) for i in np.flatnonzero(is_code)}
    ranked = columns.copy()
    for i, names in orders.items():
        place = np.argsort(names)
        ranked[:, i] = place[np.searchsorted(names, columns[:, i], sorter=place)]
    normal = _correlated(normal_scores(ranked, rng), count, rng)
    level = np.interp(normal, _GRID, _LEVELS)
    found = np.empty((count, columns.shape[1]))
    middle = (np.arange(len(ranked)) + 0.5) / len(ranked)
    for i in range(columns.shape[1]):
        values = np.sort(ranked[:, i])
        if is_whole[i]:
            found[:, i] = values[np.minimum((level[:, i] * len(values)).astype(int), len(values) - 1)]
        else:
            found[:, i] = np.interp(level[:, i], middle, values)
    for i, names in orders.items():
        found[:, i] = names[found[:, i].astype(int)]
    return found


def normal_scores(columns: _Matrix, rng: np.random.Generator) -> _Matrix:
    """Return the normal quantile of each cell's rank in its column; equal cells in random order.

    Example:
        >>> scores = normal_scores(np.array([[3.0], [1.0], [2.0]]), np.random.default_rng(0))
        >>> scores[:, 0].round(2).tolist()
        [0.97, -0.97, 0.0]
    """
    count = len(columns)
    quantiles = np.array([_NORMAL.inv_cdf((i + 0.5) / count) for i in range(count)])
    scores = np.empty_like(columns)
    for i, column in enumerate(columns.T):
        scores[np.lexsort((rng.random(count), column)), i] = quantiles
    return scores


def _correlated(scores: _Matrix, count: int, rng: np.random.Generator) -> _Matrix:
    """Return normal draws with the correlation of the scores, which is shrunk where rows are few.

    Only as much as it takes to be positive definite: what is shrunk off is noise in the target.
    """
    rows, width = scores.shape
    shrunk = _LEAST_SHRUNK + 0.1 * min(width / rows, 1.0)
    deviation = np.maximum(scores.std(axis=0), 1e-12)
    correlation = (scores.T @ scores) / rows / np.outer(deviation, deviation)
    correlation = (1 - shrunk) * correlation + shrunk * np.eye(width)
    return rng.standard_normal((count, width)) @ np.linalg.cholesky(correlation).T


def _by_frequency(column: _Matrix) -> _Matrix:
    names, counts = np.unique(column, return_counts=True)
    return names[np.argsort(-counts, kind="stable")]
