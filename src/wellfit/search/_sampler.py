"""Draw settings in batches, learn from their scores: Optuna behind ask and tell."""

from __future__ import annotations

import contextlib
import importlib
import math
import warnings
from collections.abc import Callable, Generator, Iterator
from typing import Any, Literal

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage
from optuna.trial import TrialState

from wellfit.records import Settings, SettingsError, did_you_mean
from wellfit.search._dimension import Choice, Dimension
from wellfit.search._space import Space

# Batches are large and a member is cheap: more random trials first than for one trial at a time.
_NUM_STARTUP = 16
# How many draws in a row may repeat settings before the space counts as exhausted.
_MAX_REPEATS = 64


class Sampler:
    """Asks for settings to try and is told their scores; made by `make_sampler`.

    Settings that were asked for before are not asked for again: a repeated draw is answered from
    memory. A failed trial (diverged, or dropped by halving) counts as bad, so that TPE avoids its
    neighbourhood.
    """

    def __init__(
        self,
        space: Space,
        study: optuna.Study,
        distributions: dict[str, BaseDistribution],
        grid: Iterator[dict[str, Any]] | None,
    ) -> None:
        self.space = space
        self._study = study
        self._grid = grid
        self._distributions = distributions
        self._asked: dict[int, Settings] = {}
        self._scores: dict[Settings, float | None] = {}
        self._recall()

    def ask(self, num_trials: int) -> list[tuple[int, Settings]]:
        """Return settings to try, each with the id to tell its score by.

        Args:
            num_trials: how many; fewer are returned, or none, when the space is exhausted.

        Example:
            >>> space = Space(baseline=Settings(), dimensions=(Choice(field="depth", values=(-1, 0, 1)),))
            >>> sampler = make_sampler("grid", space, seed=0)
            >>> sorted(settings.depth for _, settings in sampler.ask(10))
            [-1, 0, 1]
        """
        asked: list[tuple[int, Settings]] = []
        repeats = 0
        with _quiet():
            while self._distributions and len(asked) < num_trials and repeats < _MAX_REPEATS:
                drawn = self._draw()
                if drawn is None:
                    break
                number, settings = drawn
                if settings in self._scores:
                    repeats += 1
                    self._repeat(number, settings)
                    continue
                repeats = 0
                self._scores[settings] = None
                self._asked[number] = settings
                asked.append((number, settings))
        return asked

    def tell(self, trial_id: int, score: float | None) -> None:
        """Give the score of a trial; None or a number that is not finite if it failed or was dropped.

        Args:
            trial_id: from `ask`.
            score: in the unit and direction that the sampler was made for.

        Raises:
            SettingsError: the id was never asked for, or has been told already.
        """
        if trial_id not in self._asked:
            raise SettingsError(
                "unknown trial",
                received=f"trial id {trial_id}",
                expected="an id from ask, told once",
            )
        settings = self._asked.pop(trial_id)
        self._scores[settings] = score
        with _quiet():
            self._finish(trial_id, score)

    def finished(self) -> list[tuple[Settings, float]]:
        """Return all settings that have a score, in the order in which they were asked for."""
        return [
            (settings, score)
            for settings, score in self._scores.items()
            if score is not None and math.isfinite(score)
        ]

    def _draw(self) -> tuple[int, Settings] | None:
        if self._grid is not None:
            new = (point for point in self._grid if self.space.decode(point) not in self._scores)
            point = next(new, None)
            if point is None:
                return None
            self._study.enqueue_trial(point)
        trial = self._study.ask(self._distributions)
        return trial.number, self.space.decode(trial.params)

    def _repeat(self, number: int, settings: Settings) -> None:
        """Answer a draw that was made before; one that is still running is withdrawn."""
        if settings in self._asked.values():
            self._study.tell(number, state=TrialState.FAIL)
        else:
            self._finish(number, self._scores[settings])

    def _finish(self, number: int, score: float | None) -> None:
        if score is not None and math.isfinite(score):
            self._study.tell(number, score)
        else:
            # Pruned and not failed: TPE ignores failed trials and would go on drawing near them.
            self._study.tell(number, state=TrialState.PRUNED)

    def _recall(self) -> None:
        """Take over the trials that a storage already holds."""
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state.is_finished() and set(trial.params) == set(self._distributions):
                self._scores[self.space.decode(trial.params)] = trial.value


def sampler_names() -> tuple[str, ...]:
    """Return the names that `make_sampler` knows, the default first.

    Example:
        >>> sampler_names()
        ('tpe', 'random', 'grid', 'cmaes')
    """
    return tuple(_SAMPLERS)


def make_sampler(
    name: str,
    space: Space,
    seed: int,
    *,
    direction: Literal["minimize", "maximize"] = "minimize",
    storage: str | BaseStorage | None = None,
    study_name: str = "wellfit",
) -> Sampler:
    """Return a sampler by name.

    ``random`` draws independently; ``grid`` goes through all combinations of at most four levels of
    each dimension in random order; ``tpe`` (the default of a study) models good and bad settings
    jointly and spreads a batch by taking running trials for bad ones; ``cmaes`` adapts a normal
    distribution, and suits spaces of mostly continuous dimensions and a budget of hundreds of trials.
    All but ``grid`` begin with ``space.first``.

    Args:
        name: ``random``, ``grid``, ``tpe`` or ``cmaes``.
        space: what to draw from.
        seed: the same seed and the same scores give the same trials.
        direction: which way scores are better.
        storage: None to keep trials in memory, or an Optuna storage or its URL; a study of that name
            is continued.
        study_name: name of the study in the storage.

    Returns:
        The sampler.

    Raises:
        SettingsError: there is no such sampler, or ``cmaes`` lacks its package.

    Example:
        >>> space = Space(baseline=Settings(), dimensions=(Choice(field="depth", values=(-1, 0, 1)),))
        >>> sampler = make_sampler("tpe", space, seed=0)
        >>> for number, settings in sampler.ask(3):
        ...     sampler.tell(number, abs(settings.depth - 1))
        >>> len(sampler.finished())
        3

    Source:
        Bergstra et al., Algorithms for Hyper-Parameter Optimization, 2011 (TPE); Hansen, The CMA
        Evolution Strategy: A Tutorial, 2016; Akiba et al., Optuna, 2019.
    """
    if name not in _SAMPLERS:
        raise SettingsError(
            f"no sampler {name!r}",
            received=repr(name),
            expected="one of " + ", ".join(repr(other) for other in _SAMPLERS),
            fix=did_you_mean(name, _SAMPLERS),
        )
    with _quiet():
        study = optuna.create_study(
            direction=direction, storage=storage, study_name=study_name, load_if_exists=storage is not None
        )
        num_trials = len(study.get_trials(deepcopy=False))
        # A continued study must not draw what it drew at its start.
        study.sampler = _SAMPLERS[name](seed + num_trials)
        grid = _grid(space, seed) if name == "grid" else None
        if grid is None and not num_trials:
            for settings in space.first:
                study.enqueue_trial(space.encode(settings))
    # CMA-ES knows numbers only: it sees the positions of unordered values as a number, too.
    distributions = {one.field: _distribution(one, numeric=name == "cmaes") for one in space.dimensions}
    return Sampler(space, study, distributions, grid)


def _tpe(seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        # Both options are the default of Optuna 5 and were marked experimental before.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(seed=seed, n_startup_trials=_NUM_STARTUP, multivariate=True, constant_liar=True)


def _cmaes(seed: int) -> BaseSampler:
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


def _random(seed: int) -> BaseSampler:
    return RandomSampler(seed=seed)


_SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": _tpe,
    "random": _random,
    "grid": _random,
    "cmaes": _cmaes,
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


@contextlib.contextmanager
def _quiet() -> Generator[None, None, None]:
    """Keep Optuna from printing every study it makes, and leave its logging as it was."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
