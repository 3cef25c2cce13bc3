"""Draw settings in batches, learn from their scores: Optuna behind ask and tell."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Iterator, Sequence
from typing import Any, TypeGuard

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState

from wellfit.records import Settings, SettingsError
from wellfit.search._pareto import Direction, pareto
from wellfit.search._space import Space

Values = tuple[float, ...]

# How many draws in a row may repeat settings before the space counts as exhausted; before, in a space that
# can be listed, what is left of the list is drawn from.
_MAX_REPEATS = 64
_MOST_REDRAWS = 8


class Sampler:
    """Asks for settings to try and is told their scores; made by `make_sampler`.

    Settings that were asked for before are not asked for again: a repeated draw is answered from
    memory. So are draws that differ only in what nothing uses, such as where a penalty of strength 0
    would reach: no field is conditional, "off" is a part of its range, and a field without effect costs
    no run. A failed trial (diverged, or dropped by halving) counts as bad, so that its neighbourhood is
    avoided.
    """

    def __init__(
        self,
        space: Space,
        study: optuna.Study,
        distributions: dict[str, BaseDistribution],
        points: Iterator[dict[str, Any]] | None,
        *,
        is_grid: bool,
    ) -> None:
        self.space = space
        self._study = study
        self._points = points
        self._is_grid = is_grid
        self._distributions = distributions
        self._asked: dict[int, Settings] = {}
        self._scores: dict[Settings, Values | None] = {}
        self._recall()

    def ask(self, num_trials: int) -> list[tuple[int, Settings]]:
        """Return settings to try, each with the id to tell its score by.

        Args:
            num_trials: how many; fewer are returned, or none, when the space is exhausted.

        Example:
            >>> from wellfit.search import Choice, make_sampler
            >>> space = Space(baseline=Settings(), dimensions=(Choice(field="depth", values=(-1, 0, 1)),))
            >>> sampler = make_sampler("grid", space, seed=0)
            >>> sorted(settings.depth for _, settings in sampler.ask(10))
            [-1, 0, 1]
        """
        asked: list[tuple[int, Settings]] = []
        repeats = 0
        with quiet():
            while self._distributions and len(asked) < num_trials and repeats < _MAX_REPEATS:
                is_listed = self._points is not None and (self._is_grid or repeats >= _MOST_REDRAWS)
                if is_listed and not self._enqueue():
                    break
                number, settings = self._draw()
                if settings in self._scores:
                    repeats += 1
                    self._repeat(number, settings)
                    continue
                repeats = 0
                self._scores[settings] = None
                self._asked[number] = settings
                asked.append((number, settings))
        return asked

    def tell(self, trial_id: int, score: float | Sequence[float] | None) -> None:
        """Give the score of a trial; None or a number that is not finite if it failed or was dropped.

        Args:
            trial_id: from `ask`.
            score: in the unit and direction that the sampler was made for; one number for each aim.

        Raises:
            SettingsError: the id was never asked for, or has been told already, or there is not one
                number for each aim.
        """
        values = None if score is None else tuple(float(one) for one in np.atleast_1d(score))
        if values is not None and len(values) != len(self._study.directions):
            raise SettingsError(
                "the scores do not go with the aims",
                received=f"{len(values)} numbers for trial {trial_id}",
                expected=f"{len(self._study.directions)}, one for each direction",
            )
        if trial_id not in self._asked:
            raise SettingsError(
                "unknown trial",
                received=f"trial id {trial_id}",
                expected="an id from ask, told once",
            )
        settings = self._asked.pop(trial_id)
        self._scores[settings] = values
        with quiet():
            self._finish(trial_id, values)

    def finished(self) -> list[tuple[Settings, float]]:
        """Return all settings with their score in the first aim, in the order they were asked for."""
        return [(settings, values[0]) for settings, values in self._known()]

    def front(self) -> list[tuple[Settings, Values]]:
        """Return the settings that no other ones beat in every aim, with their scores.

        With one aim these are the best settings alone. That they were chosen by their scores flatters
        them: a choice, not a proof.

        Example:
            >>> from wellfit.search import Choice, make_sampler
            >>> widths = Choice(field="width", values=(0.5, 1.0, 2.0))
            >>> space = Space(baseline=Settings(), dimensions=(widths,))
            >>> sampler = make_sampler("nsga2", space, seed=0, directions=("minimize", "minimize"))
            >>> loss = {0.5: 0.40, 1.0: 0.38, 2.0: 0.39}
            >>> for number, settings in sampler.ask(3):
            ...     sampler.tell(number, (loss[settings.width], settings.width))
            >>> sorted(settings.width for settings, _ in sampler.front())
            [0.5, 1.0]
        """
        known = self._known()
        if not known:
            return []
        minimize = StudyDirection.MINIMIZE
        directions: list[Direction] = [
            "minimize" if one == minimize else "maximize" for one in self._study.directions
        ]
        return [known[index] for index in pareto([values for _, values in known], directions)]

    def _known(self) -> list[tuple[Settings, Values]]:
        return [(settings, values) for settings, values in self._scores.items() if _is_finite(values)]

    def _enqueue(self) -> bool:
        """Have the next point of the list drawn next whose settings are new; False if there is none."""
        new = (point for point in self._points or () if self.space.decode(point) not in self._scores)
        point = next(new, None)
        if point is not None:
            self._study.enqueue_trial(point)
        return point is not None

    def _draw(self) -> tuple[int, Settings]:
        trial = self._study.ask(self._distributions)
        return trial.number, self.space.decode(trial.params)

    def _repeat(self, number: int, settings: Settings) -> None:
        """Answer a draw that was made before; one that is still running is withdrawn."""
        if settings in self._asked.values():
            self._study.tell(number, state=TrialState.FAIL)
        else:
            self._finish(number, self._scores[settings])

    def _finish(self, number: int, values: Values | None) -> None:
        if _is_finite(values):
            self._study.tell(number, list(values))
        else:
            # Pruned and not failed: TPE ignores failed trials and would go on drawing near them.
            self._study.tell(number, state=TrialState.PRUNED)

    def _recall(self) -> None:
        """Take over the trials that a storage already holds."""
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state.is_finished() and set(trial.params) == set(self._distributions):
                self._scores[self.space.decode(trial.params)] = tuple(trial.values) if trial.values else None


def _is_finite(values: Values | None) -> TypeGuard[Values]:
    return values is not None and all(map(math.isfinite, values))


@contextlib.contextmanager
def quiet() -> Generator[None, None, None]:
    """Keep Optuna from printing every study it makes, and leave its logging as it was."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
