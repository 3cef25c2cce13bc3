"""Which rows a diagnosis trains and judges on, and how much it can afford."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._pace import FIT_SLOWDOWN, map_slowdown
from wellfit.api._patient import Patient
from wellfit.api._plan import member_cost
from wellfit.data import make_splits
from wellfit.diagnosis.too_few_epochs import LONGER
from wellfit.models import products_per_row
from wellfit.population import num_workers
from wellfit.records import DataError, Split

Array = NDArray[Any]

# Seconds of training that a diagnosis may plan for by default; the rest is start, compiling and references.
_PLANNED_S = 20.0
# `member_cost` is that of one batch after the other at full speed; a small network with dropout, its
# measuring, and blocks that are not full take this many times as long (2,000 rows of 20 columns, 64-32).
_SLOWDOWN = 3.5
_FULL, _SMALL = 400, 100  # members that must be affordable for all trials, and for all experiments
_MANY_ROWS = 5000
_MANY_EPOCHS, _LONGEST = 30, 10


@dataclass(frozen=True, kw_only=True, eq=False)
class TrialPlan:
    """The trials of a diagnosis.

    Attributes:
        splits: rows of each trial: first the given split, with several seeds, then random ones of all rows.
        seeds: of each trial.
        start: the trial that starts from the weights as they were given.
        given: trials on the given split.
        look: trials of the first look, and of the second.
        confirm: trials of the confirmation, which nothing was chosen on.
        folds: trials that together judge every row once.
        longer: how many times as long the network as it stands is trained.
        is_small: whether all experiments can be afforded.
        is_full: whether all trials of them can be afforded, too.
    """

    splits: tuple[Split, ...]
    seeds: tuple[int, ...]
    start: int
    given: tuple[int, ...]
    look: tuple[int, ...]
    confirm: tuple[int, ...]
    folds: tuple[int, ...]
    longer: int
    is_small: bool
    is_full: bool


def plan_trials(patient: Patient, seed: int, budget_s: float | None) -> TrialPlan:
    """Draw as many trials as can be afforded, by arithmetic: the same seed gives the same plan."""
    size, held = len(patient.train), len(patient.validation)
    num_folds = 5 if size + held <= _MANY_ROWS else 4
    given = Split(train=np.sort(patient.train), validation=np.sort(patient.validation))
    every = np.sort(np.concatenate([patient.train, patient.validation]))
    cost = member_cost(
        # The weights of a convolution are used at every place.
        max(products_per_row(patient.model) if patient.has_pictures else patient.facts.num_parameters, 1),
        size,
        epochs=patient.settings.epochs,
        batch_size=patient.settings.batch_size,
        num_workers=num_workers(),
        slowdown=_slowdown(patient),
    )
    affordable = (_PLANNED_S if budget_s is None else 0.6 * budget_s) / max(cost, 1e-6)
    is_small, is_full = affordable >= _SMALL, affordable >= _FULL
    num_look, num_confirm = (4, 11) if is_full else (3, 6) if is_small else (1, 4)
    folds = _folds(patient, every, num_folds, [seed, 11], size)
    again = [
        *_folds(patient, every, num_folds, [seed, 12], size),
        *_folds(patient, every, num_folds, [seed, 13], size),
    ][: num_confirm - 1]
    num_folds, num_again = len(folds), len(again)
    splits = (given, given, *folds, given, *again, given, given)
    first, second = tuple(range(2, 2 + num_folds)), tuple(range(2 + num_folds, 3 + num_folds + num_again))
    rng = np.random.default_rng([seed, 14])
    return TrialPlan(
        splits=splits,
        seeds=tuple(int(s) for s in rng.integers(1, 2**31, len(splits))),
        start=0,
        given=(1, second[0], len(splits) - 2, len(splits) - 1),
        look=(1, *first[:num_look]),
        confirm=second,
        folds=first if is_small else first[:2],
        longer=_longer(patient.settings.epochs) if is_small else 2,
        is_small=is_small,
        is_full=is_full,
    )


def _longer(epochs: int) -> int:
    """Return how many times as long to train: of very few epochs three times as many are still few."""
    return max(LONGER, min(-(-_MANY_EPOCHS // epochs), _LONGEST))


def _slowdown(patient: Patient) -> float:
    """Return how many times as long as `member_cost` plans the members of a diagnosis take."""
    if patient.executor.kind == "fit":
        return FIT_SLOWDOWN
    return max(_SLOWDOWN, map_slowdown(patient.model)) if patient.has_pictures else _SLOWDOWN


def _folds(patient: Patient, every: Array, num_folds: int, seed: Sequence[int], size: int) -> list[Split]:
    """Return folds of all rows, with as many training rows as were given where there are as many."""
    try:
        drawn = make_splits(
            patient.dataset,
            every,
            num_folds,
            folds=num_folds,
            seed=int(np.random.default_rng(seed).integers(2**31)),
        )
    except DataError:
        return []
    rng = np.random.default_rng([*seed, 1])
    folds = []
    for split in drawn:
        train = split.train
        if len(train) > size:
            train = np.sort(rng.choice(train, size, replace=False)).astype(np.int32)
        folds.append(Split(train=train, validation=split.validation))
    return folds
