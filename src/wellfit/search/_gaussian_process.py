"""Draw where a Gaussian process expects to improve: NumPy alone, nothing to install."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

Array = NDArray[np.float64]

_NUM_RANDOM, _NUM_NEAR = 600, 300  # candidates drawn anywhere, and near the best trials
_NUM_FITS = 24  # length scales that are tried at a time
_MOST_TRIALS = 400  # the latest trials that the process sees: its cost grows with their cube
_NOISES = (1e-4, 1e-2, 1e-1)


class GaussianProcessSampler(BaseSampler):
    """Expected improvement under a Gaussian process with a Matern 5/2 kernel, a length scale for each field.

    Trials that still run count with what the process expects of them, so that a batch spreads out. A failed
    trial counts as the worst one. Of several aims each draw weighs the aims anew by chance.

    Args:
        distributions: what to draw from, by field.
        seed: of the draws.
        num_startup: trials that are drawn at random first.

    Source:
        Jones et al., Efficient Global Optimization of Expensive Black-Box Functions, 1998; Ginsbourger et
        al., Kriging Is Well-Suited to Parallelize Optimization, 2010 (batches); Knowles, ParEGO, 2006
        (several aims).
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution], seed: int, num_startup: int) -> None:
        self._distributions = dict(distributions)
        self._rng = np.random.default_rng(seed)
        self._random = RandomSampler(seed=seed)
        self._num_startup = num_startup
        self._scales = np.full(sum(map(_width, distributions.values())), 0.5)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return all fields: none of them is conditional."""
        return self._distributions

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the candidate with the largest expected improvement."""
        known = [t for t in study.get_trials(deepcopy=False) if set(t.params) == set(search_space)]
        ended = [t for t in known if t.state in (TrialState.COMPLETE, TrialState.PRUNED)][-_MOST_TRIALS:]
        complete = [t for t in ended if t.values]
        if len(ended) < self._num_startup or len(complete) < 2 or "fixed_params" in trial.system_attrs:
            return {}
        running = [t for t in known if t.state == TrialState.RUNNING and t.number != trial.number]
        cost = _standard(self._costs(study.directions, ended))
        x = self._features([self._unit(t.params) for t in ended])
        noise = self._fit(x, cost)
        if running:
            beside = self._features([self._unit(t.params) for t in running])
            believed, _ = _posterior(x, cost, beside, self._scales, noise)
            x, cost = np.concatenate([x, beside]), np.concatenate([cost, believed])
        candidates = self._candidates([self._unit(t.params) for t in complete], cost[: len(ended)], ended)
        mean, deviation = _posterior(x, cost, self._features(list(candidates)), self._scales, noise)
        return self._params(candidates[int(np.argmax(_improvement(mean, deviation, float(cost.min()))))])

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a random value, for the first trials."""
        return self._random.sample_independent(study, trial, param_name, param_distribution)

    def _costs(self, directions: Sequence[StudyDirection], ended: Sequence[FrozenTrial]) -> Array:
        """Return ``[trial]`` one number to minimize; what failed is as bad as the worst."""
        sign = np.array([1.0 if one == StudyDirection.MINIMIZE else -1.0 for one in directions])
        values = np.array([t.values or [np.nan] * len(sign) for t in ended], np.float64) * sign
        is_known = np.isfinite(values).all(axis=1, keepdims=True)
        values = np.where(is_known, values, np.where(is_known, values, -np.inf).max(axis=0))
        if len(sign) == 1:
            return values[:, 0]
        low, high = values.min(axis=0), values.max(axis=0)
        shares = (values - low) / np.where(high > low, high - low, 1.0)
        weights = self._rng.dirichlet(np.ones(len(sign)))
        return (weights * shares).max(axis=1) + 0.05 * (weights * shares).sum(axis=1)

    def _fit(self, x: Array, cost: Array) -> float:
        """Move the length scales to where the trials are most likely; return the noise."""
        steps = np.exp(self._rng.normal(scale=0.7, size=(_NUM_FITS, len(self._scales))))
        wanted = [self._scales, np.full_like(self._scales, 0.5), *np.clip(self._scales * steps, 0.05, 20.0)]
        found = [
            (_likelihood(x, cost, scales, noise), i, noise)
            for i, scales in enumerate(wanted)
            for noise in _NOISES
        ]
        _, best, noise = max(found)
        self._scales = wanted[best]
        return noise

    def _candidates(self, units: Sequence[Array], cost: Array, ended: Sequence[FrozenTrial]) -> Array:
        """Return ``[candidate, field]`` positions from 0 to 1."""
        complete = np.array([bool(t.values) for t in ended])
        best = np.array(units)[np.argsort(cost[complete], kind="stable")[:5]]
        near = best[self._rng.integers(len(best), size=_NUM_NEAR)]
        # A few fields change at a time: a step in all of them at once is a new place, not a near one.
        moves = self._rng.random(near.shape) < max(0.3, 1.0 / near.shape[1])
        near = np.where(moves, near + self._rng.normal(scale=0.15, size=near.shape), near)
        return np.concatenate([self._rng.random((_NUM_RANDOM, near.shape[1])), np.clip(near, 0.0, 1.0)])

    def _unit(self, params: Mapping[str, Any]) -> Array:
        return np.array([_position(one, params[name]) for name, one in self._distributions.items()])

    def _params(self, unit: Array) -> dict[str, Any]:
        return {
            name: _value(one, float(at))
            for (name, one), at in zip(self._distributions.items(), unit, strict=True)
        }

    def _features(self, units: Sequence[Array]) -> Array:
        """Return ``[trial, feature]``: numbers at their place on the grid, choices without order one-hot."""
        table = np.array(units)
        columns: list[Array] = []
        for index, one in enumerate(self._distributions.values()):
            column = table[:, index]
            if isinstance(one, CategoricalDistribution):
                count = len(one.choices)
                codes = np.minimum((column * count).astype(int), count - 1)
                columns.append(np.eye(count)[codes] / math.sqrt(2.0))
            elif isinstance(one, IntDistribution):
                span = one.high - one.low
                columns.append((np.minimum(np.floor(column * (span + 1)), span) / max(span, 1))[:, None])
            else:
                columns.append(column[:, None])
        return np.concatenate(columns, axis=1)


def _width(one: BaseDistribution) -> int:
    return len(one.choices) if isinstance(one, CategoricalDistribution) else 1


def _position(one: BaseDistribution, value: Any) -> float:
    """Return where a value lies, from 0 to 1; whole numbers and choices in the middle of their share."""
    if isinstance(one, CategoricalDistribution):
        return (one.choices.index(value) + 0.5) / len(one.choices)
    if isinstance(one, IntDistribution):
        return (value - one.low + 0.5) / (one.high - one.low + 1)
    assert isinstance(one, FloatDistribution)
    if one.high <= one.low:
        return 0.5
    if one.log:
        return math.log(value / one.low) / math.log(one.high / one.low)
    return (value - one.low) / (one.high - one.low)


def _value(one: BaseDistribution, at: float) -> Any:
    if isinstance(one, CategoricalDistribution):
        return one.choices[min(int(at * len(one.choices)), len(one.choices) - 1)]
    if isinstance(one, IntDistribution):
        return min(one.low + int(at * (one.high - one.low + 1)), one.high)
    assert isinstance(one, FloatDistribution)
    drawn = one.low * (one.high / one.low) ** at if one.log else one.low + at * (one.high - one.low)
    return min(max(drawn, one.low), one.high)


def _standard(cost: Array) -> Array:
    """Return ranks as normal scores: one exploded loss does not flatten all the others."""
    order = np.argsort(np.argsort(cost, kind="stable"), kind="stable")
    _, group = np.unique(cost, return_inverse=True)
    shares = (np.bincount(group, weights=order)[group] / np.bincount(group)[group] + 0.5) / len(cost)
    # Tukey's lambda at 0.14 is close to the normal quantile.
    return (shares**0.14 - (1.0 - shares) ** 0.14) / 0.1975


def _kernel(a: Array, b: Array, scales: Array) -> Array:
    scaled, other = a / scales, b / scales
    square = (scaled**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2.0 * scaled @ other.T
    distance = np.sqrt(5.0 * np.maximum(square, 0.0))
    return (1.0 + distance + distance**2 / 3.0) * np.exp(-distance)


def _likelihood(x: Array, cost: Array, scales: Array, noise: float) -> float:
    """Return the log likelihood of the trials, with a prior that keeps length scales near one half."""
    root = np.linalg.cholesky(_kernel(x, x, scales) + noise * np.eye(len(x)))
    white = np.linalg.solve(root, cost)
    prior = 0.5 * float((np.log(scales / 0.5) ** 2).sum()) / 1.5**2
    return -0.5 * float(white @ white) - float(np.log(np.diag(root)).sum()) - prior


def _posterior(x: Array, cost: Array, at: Array, scales: Array, noise: float) -> tuple[Array, Array]:
    """Return mean and standard deviation at new places."""
    root = np.linalg.cholesky(_kernel(x, x, scales) + noise * np.eye(len(x)))
    cross = np.linalg.solve(root, _kernel(x, at, scales))
    mean = cross.T @ np.linalg.solve(root, cost)
    return mean, np.sqrt(np.maximum(1.0 - (cross**2).sum(axis=0), 1e-12))


def _improvement(mean: Array, deviation: Array, best: float) -> Array:
    """Return how much lower than the best each place is expected to be."""
    z = (best - mean) / deviation
    below = 0.5 * (1.0 + np.vectorize(math.erf)(z / math.sqrt(2.0)))
    density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    return deviation * (z * below + density)
