"""Runs as arrays to be stored, and back: curves, and what networks said of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._out_of_fold import summed
from wellfit.api._replay import Outcome
from wellfit.records import Curves

Array = NDArray[Any]

# What a study reads of curves after a run; metrics by epoch are only watched.
_FIELDS = ("train_loss", "validation_loss", "penalty", "num_epochs", "best_epoch", "results")
# What runs that were stored by earlier versions do not have.
_LATER_FIELDS = ("running_loss",)


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """What the networks of a trial said of its scored rows.

    Attributes:
        trial: its position.
        total: ``[row, class]`` sum over the networks.
        count: of them.
    """

    trial: int
    total: Array
    count: int

    @classmethod
    def of(cls, trial: int, predicted: Array) -> Judged:
        """Return the sum of predictions ``[member, row, class]``."""
        total, count = summed(predicted)
        return cls(trial=trial, total=total, count=count)


def curves_of(found: Curves) -> dict[str, Array]:
    """Return curves as arrays, without weights."""
    known = [name for name in (*_FIELDS, *_LATER_FIELDS) if getattr(found, name) is not None]
    return {f"curves/{name}": np.asarray(getattr(found, name)) for name in known}


def curves_from(outcome: Outcome) -> Curves:
    """Return the curves that `curves_of` took apart."""
    found: dict[str, Any] = {name: outcome.arrays[f"curves/{name}"] for name in _FIELDS}
    later: dict[str, Any] = {name: outcome.arrays.get(f"curves/{name}") for name in _LATER_FIELDS}
    return Curves(**found, **later)


def judged_of(judged: Sequence[Judged]) -> dict[str, Array]:
    """Return what was said of rows as arrays."""
    found: dict[str, Array] = {
        "judged": np.array([(one.trial, one.count) for one in judged], np.int64).reshape(-1, 2)
    }
    return found | {f"judged/{place}": one.total for place, one in enumerate(judged)}


def judged_from(outcome: Outcome) -> list[Judged]:
    """Return what `judged_of` took apart."""
    return [
        Judged(trial=int(trial), total=outcome.arrays[f"judged/{place}"], count=int(count))
        for place, (trial, count) in enumerate(outcome.arrays["judged"])
    ]
