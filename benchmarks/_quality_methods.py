"""The methods by name: which module fits them, and what they share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from _quality_tables import Split

_HOMES = {
    "mlp": "_quality_keras",
    "keras_tuner_random": "_quality_keras",
    "keras_tuner_bayesian": "_quality_keras",
    "keras_tuner_hyperband": "_quality_keras",
    "realmlp": "_quality_realmlp",
    "realmlp_ensemble": "_quality_realmlp",
    "realmlp_log_loss": "_quality_realmlp",
    "hist_gradient_boosting": "_quality_sklearn",
    "hist_gradient_boosting_tuned": "_quality_sklearn",
    "linear": "_quality_sklearn",
    "wellfit": "_quality_wellfit",
    "wellfit_ensemble": "_quality_wellfit",
}
METHODS = tuple(_HOMES)
REFERENCE = "wellfit_reference"
TUNERS = tuple(name for name in METHODS if name.startswith("keras_tuner"))
OWN = "wellfit"
# Not run unless it is asked for: with one budget, one of its two settings is enough.
DEFAULT_METHODS = tuple(name for name in METHODS if name != "realmlp_log_loss")


class UnavailableError(Exception):
    """A method cannot run here: its package, or its argument, is not there."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The budget of one method.

    Attributes:
        budget_s: seconds in all, imports of the method's own packages included.
        began: `time.monotonic` value of the start.
    """

    budget_s: float
    began: float

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began

    @property
    def left_s(self) -> float:
        """Seconds that are left; negative past the budget."""
        return self.budget_s - self.elapsed_s


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """A method after its training.

    Attributes:
        predict: from test rows to ``[row, class]`` probabilities or ``[row]`` values.
        note: how far it came, for the record.
        along: predictions of methods that were judged in the same run.
    """

    predict: Callable[[pl.DataFrame], NDArray]
    note: str = ""
    along: dict[str, NDArray] = field(default_factory=dict)


def fit(name: str, split: Split, clock: Clock) -> Fitted:
    """Train a method by its name.

    Raises:
        UnavailableError: a package that it needs is not installed.
    """
    try:
        module = import_module(_HOMES[name])
        return getattr(module, name)(split, clock)
    except ModuleNotFoundError as error:
        raise UnavailableError(f"{error.name} is not installed") from error


def judged(name: str) -> tuple[str, ...]:
    """Return the methods that are judged in the run of `name`, itself first.

    Example:
        >>> judged("wellfit"), judged("mlp")
        (('wellfit', 'wellfit_reference'), ('mlp',))
    """
    return (name, REFERENCE) if name == OWN else (name,)


def aligned(probability: ArrayLike, seen: ArrayLike, num_classes: int) -> NDArray[np.float64]:
    """Return ``[row, class]`` with a column for every class, zero where a model has not seen it.

    Example:
        >>> aligned([[0.25, 0.75]], [0, 2], 3)
        array([[0.25, 0.  , 0.75]])
    """
    known = np.asarray(probability, np.float64)
    whole = np.zeros((len(known), num_classes))
    whole[:, np.asarray(seen, np.intp)] = known
    return whole
