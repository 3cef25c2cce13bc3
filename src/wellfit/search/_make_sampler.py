"""The samplers by name."""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, NSGAIISampler, QMCSampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage

from wellfit.records import SettingsError, did_you_mean
from wellfit.search._dimension import Choice, Dimension
from wellfit.search._gaussian_process import GaussianProcessSampler
from wellfit.search._pareto import Direction
from wellfit.search._sampler import Sampler, quiet
from wellfit.search._space import Space

# Batches are large and a member is cheap: more random trials first than for one trial at a time.
_NUM_STARTUP = 16
_GENERATION = 32  # trials of a generation of NSGA-II: two batches


def sampler_names() -> tuple[str, ...]:
    """Return the names that `make_sampler` knows, the default first.

    Example:
        >>> sampler_names()
        ('tpe', 'random', 'grid', 'qmc', 'gp', 'cmaes', 'nsga2')
    """
    return tuple(_SAMPLERS)


def check_sampler(name: str) -> None:
    """Refuse a name that no sampler has.

    Raises:
        SettingsError: there is no such sampler.

    Example:
        >>> check_sampler("tpe")
    """
    if name not in _SAMPLERS:
        raise SettingsError(
            f"no sampler {name!r}",
            received=repr(name),
            expected="one of " + ", ".join(repr(other) for other in _SAMPLERS),
            fix=did_you_mean(name, _SAMPLERS),
        )


def make_sampler(
    name: str,
    space: Space,
    seed: int,
    *,
    direction: Direction = "minimize",
    directions: Sequence[Direction] | None = None,
    storage: str | BaseStorage | None = None,
    study_name: str = "wellfit",
) -> Sampler:
    """Return a sampler by name.

    ``random`` draws independently; ``grid`` goes through all combinations of at most four levels of
    each dimension in random order; ``qmc`` covers the space evenly (a scrambled Sobol sequence); ``tpe``
    (the default of a study) models good and bad settings jointly; ``gp`` draws where a Gaussian process
    expects to improve, for few trials that are dear; ``cmaes`` adapts a normal distribution, and suits
    spaces of mostly continuous dimensions and a budget of hundreds of trials; ``nsga2`` breeds
    generations, and suits two aims. All but ``grid`` begin with ``space.first``. A batch spreads out:
    trials that still run count as bad (tpe) or as what is expected of them (gp); the others draw each
    trial anew.

    Args:
        name: one of `sampler_names`.
        space: what to draw from.
        seed: the same seed and the same scores give the same trials.
        direction: which way scores are better.
        directions: one for each of several aims, in place of `direction`; ``cmaes`` takes one aim only.
        storage: None to keep trials in memory, or an Optuna storage or its URL; a study of that name
            is continued.
        study_name: name of the study in the storage.

    Returns:
        The sampler.

    Raises:
        SettingsError: there is no such sampler, it cannot take several aims, or ``cmaes`` lacks its package.

    Example:
        >>> from wellfit.records import Settings
        >>> space = Space(baseline=Settings(), dimensions=(Choice(field="depth", values=(-1, 0, 1)),))
        >>> sampler = make_sampler("tpe", space, seed=0)
        >>> for number, settings in sampler.ask(3):
        ...     sampler.tell(number, abs(settings.depth - 1))
        >>> len(sampler.finished())
        3

    Source:
        Bergstra et al., Algorithms for Hyper-Parameter Optimization, 2011 (TPE); Hansen, The CMA
        Evolution Strategy: A Tutorial, 2016; Deb et al., NSGA-II, 2002; Akiba et al., Optuna, 2019.
    """
    check_sampler(name)
    aims = (direction,) if directions is None else tuple(directions)
    if name == "cmaes" and len(aims) > 1:
        raise SettingsError(
            "the sampler 'cmaes' takes one aim",
            received=f"{len(aims)} directions",
            expected="another sampler for several aims",
            fix="use 'nsga2'",
        )
    # Some know numbers only: they see the positions of unordered values as a number, too.
    numeric = name in ("cmaes", "qmc")
    distributions = {one.field: _distribution(one, numeric=numeric) for one in space.dimensions}
    with quiet():
        study = optuna.create_study(
            directions=list(aims),
            storage=storage,
            study_name=study_name,
            load_if_exists=storage is not None,
        )
        num_trials = len(study.get_trials(deepcopy=False))
        # A continued study must not draw what it drew at its start.
        study.sampler = _SAMPLERS[name](seed + num_trials, distributions)
        is_grid = name == "grid"
        if not is_grid and not num_trials:
            for settings in space.first:
                study.enqueue_trial(space.encode(settings))
    can_be_listed = is_grid or all(isinstance(one, Choice) for one in space.dimensions)
    return Sampler(
        space, study, distributions, _grid(space, seed) if can_be_listed else None, is_grid=is_grid
    )


Distributions = Mapping[str, BaseDistribution]


def _tpe(seed: int, _: Distributions) -> BaseSampler:
    with warnings.catch_warnings():
        # Both options are the default of Optuna 5 and were marked experimental before.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(seed=seed, n_startup_trials=_NUM_STARTUP, multivariate=True, constant_liar=True)


def _qmc(seed: int, _: Distributions) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return QMCSampler(
            seed=seed, scramble=True, warn_independent_sampling=False, warn_asynchronous_seeding=False
        )


def _gp(seed: int, distributions: Distributions) -> BaseSampler:
    return GaussianProcessSampler(distributions, seed, _NUM_STARTUP)


def _cmaes(seed: int, _: Distributions) -> BaseSampler:
    try:
        importlib.import_module("cmaes")
    except ImportError as error:
        raise SettingsError(
            "the sampler 'cmaes' needs the package cmaes",
            received="'cmaes'",
            expected="an installed package cmaes, or another sampler",
            fix="pip install cmaes",
        ) from error
    return CmaEsSampler(seed=seed, warn_independent_sampling=False)


def _random(seed: int, _: Distributions) -> BaseSampler:
    return RandomSampler(seed=seed)


def _nsga2(seed: int, _: Distributions) -> BaseSampler:
    return NSGAIISampler(seed=seed, population_size=_GENERATION)


_SAMPLERS: dict[str, Callable[[int, Distributions], BaseSampler]] = {
    "tpe": _tpe,
    "random": _random,
    "grid": _random,
    "qmc": _qmc,
    "gp": _gp,
    "cmaes": _cmaes,
    "nsga2": _nsga2,
}


def _distribution(one: Dimension, *, numeric: bool) -> BaseDistribution:
    if isinstance(one, Choice):
        last = len(one.values) - 1
        return (
            IntDistribution(0, last)
            if one.ordered or numeric
            else CategoricalDistribution(tuple(range(last + 1)))
        )
    return FloatDistribution(one.floor, one.high, log=one.log)


def _grid(space: Space, seed: int) -> Iterator[dict[str, Any]]:
    """Yield all combinations of levels, each once, in an order that covers the space evenly."""
    levels = [(one.field, one.levels()) for one in space.dimensions]
    total = math.prod(len(values) for _, values in levels)
    generator = np.random.default_rng(seed)
    # Steps of a length coprime to the total visit every point once, without a list of them all.
    step = next(
        one
        for one in (int(generator.integers(1, total + 1)) for _ in range(10_000))
        if math.gcd(one, total) == 1
    )
    start = int(generator.integers(0, total))
    for visit in range(total):
        rest = (start + visit * step) % total
        point: dict[str, Any] = {}
        for field, values in levels:
            rest, index = divmod(rest, len(values))
            point[field] = values[index]
        yield point
