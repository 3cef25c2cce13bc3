"""Linear features of the scaled inputs in their place: principal components or common factors, whitened.

They stand in the first places of the input and the rest is 0, so that the network keeps its shape. Where the
features are not centered by the training rows, the scaling's center is moved so that they are: whitened
features have mean 0 and deviation 1 among the training rows.

Source: Hotelling, Analysis of a Complex of Statistical Variables into Principal Components, 1933; Rubin and
Thayer, EM Algorithms for ML Factor Analysis, 1982; Barber, Bayesian Reasoning and Machine Learning, 2012,
section 21.1 (loadings from eigenvectors); Thomson's regression scores.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wellfit.data._scaling import apply_scaling
from wellfit.records import FloatArray, Scaling

_MAX_ROWS = 10_000
_ROUNDS, _SETTLED = 50, 1e-3
_LEAST_VARIANCE = 1e-6  # of a component, relative to the largest
_LEAST_NOISE = 1e-3  # of a feature of variance 1: one that others explain wholly has no finite weight

_Matrix = NDArray[np.float64]


def with_extraction(scaling: Scaling, known: FloatArray, method: str, share: float) -> Scaling:
    """Return a scaling whose rotation puts linear features in place of the features.

    Args:
        scaling: of the features, without a rotation.
        known: ``[row, feature]`` raw values of the training rows.
        method: pca or factor-analysis.
        share: of the features that are not masked, how many linear features to make; at least one.

    Example:
        >>> from wellfit.data import Preparation, fit_scaling
        >>> from wellfit.records import Dataset, Task
        >>> x = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
        >>> data = Dataset(inputs=(x,), target=np.zeros(50, np.int32), task=Task.BINARY)
        >>> fitted = fit_scaling(data, np.arange(50, dtype=np.int32), Preparation())[0]
        >>> (apply_scaling(with_extraction(fitted, x, "pca", 0.5), x) != 0).any(axis=0)
        array([ True,  True, False, False])
    """
    part = known[:: -(-len(known) // _MAX_ROWS)]
    scaled = apply_scaling(scaling, part).astype(np.float64)
    mean = scaled.mean(axis=0)
    usable = np.flatnonzero(scaling.mask)
    count = max(1, round(share * len(usable)))
    centered = (scaled - mean)[:, usable]
    weights = _components(centered, count) if method == "pca" else _factors(centered, count)
    rotation = np.zeros((len(mean), len(mean)), np.float32)
    rotation[usable, : weights.shape[1]] = weights
    center = scaling.center + np.where(scaling.mask > 0, mean / scaling.inverse_scale, 0.0)
    return replace(scaling, center=center.astype(np.float32), rotation=rotation)


def _components(centered: _Matrix, count: int) -> _Matrix:
    """Return ``[feature, component]`` weights of the components of largest variance, scaled to variance 1."""
    variance, vectors = np.linalg.eigh(centered.T @ centered / len(centered))
    order = np.argsort(-variance, kind="stable")[:count]
    variance, vectors = variance[order], vectors[:, order]
    kept = variance > _LEAST_VARIANCE * max(float(variance[0]), 1e-12)
    vectors, variance = vectors[:, kept], variance[kept]
    # An eigenvector has no sign of its own: the largest weight is positive, on any machine.
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])]
    return vectors * np.where(largest < 0, -1.0, 1.0) / np.sqrt(variance)


def _factors(centered: _Matrix, count: int) -> _Matrix:
    """Return ``[feature, factor]`` weights of the expected factors given the features, at variance 1."""
    scale = np.maximum(centered.std(axis=0), 1e-12)
    values = centered / scale
    loadings, noise = _factor_model(values.T @ values / len(values), count)
    loaded = loadings / np.maximum(noise, _LEAST_NOISE)[:, None]
    weights = loaded @ np.linalg.inv(np.eye(loadings.shape[1]) + loadings.T @ loaded)
    deviation = (values @ weights).std(axis=0)
    kept = deviation > 1e-3
    if not kept.any():  # nothing is common to the features
        return _components(centered, count)
    return weights[:, kept] / deviation[kept] / scale[:, None]


def _factor_model(correlation: _Matrix, count: int) -> tuple[_Matrix, NDArray[np.float64]]:
    """Return ``[feature, factor]`` loadings and ``[feature]`` noise by maximum likelihood.

    In turn the best loadings given the noise, from the eigenvectors of the correlation in units of the noise,
    and the noise that they leave. A bounded number of rounds: nearly the best factors serve as well.
    """
    noise = np.ones(len(correlation))
    loadings = np.zeros((len(correlation), count))
    for _ in range(_ROUNDS):
        unit = np.sqrt(noise)
        variance, vectors = np.linalg.eigh(correlation / np.outer(unit, unit))
        order = np.argsort(-variance, kind="stable")[:count]
        vectors = vectors[:, order]
        largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(len(order))]
        vectors = vectors * np.where(largest < 0, -1.0, 1.0)
        loadings = vectors * np.sqrt(np.maximum(variance[order] - 1.0, 0.0)) * unit[:, None]
        left = np.maximum(np.diag(correlation) - np.square(loadings).sum(axis=1), _LEAST_NOISE)
        is_settled = float(np.abs(left - noise).max()) < _SETTLED
        noise = left
        if is_settled:
            break
    return loadings, noise
