"""Curves of a run that is on its way, for whoever watches it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from wellfit.records import RunningCurves

Array = Any
Watch = Callable[[RunningCurves], None]

_EVERY_S = 1.0  # a look costs a millisecond or so, and nobody reads faster
_MOST_POINTS = 40


class Watcher:
    """Shows curves about once a second, and never while there are none.

    Args:
        watch: called with them, in the thread that looks; None shows nothing.
        tables: returns ``[member, epoch]`` training and validation losses, NaN where there are none yet.
    """

    def __init__(self, watch: Watch | None, tables: Callable[[], tuple[Array, Array]]) -> None:
        self._watch, self._tables = watch, tables
        self._looked_s = time.perf_counter()

    @property
    def every_s(self) -> float | None:
        """How long to wait between looks; None if nobody watches."""
        return None if self._watch is None else _EVERY_S

    def look(self, *, at_once: bool = False) -> None:
        """Show the curves if it is time to, or at once."""
        now_s = time.perf_counter()
        if self._watch is None or not (at_once or now_s - self._looked_s >= _EVERY_S):
            return
        self._looked_s = now_s
        found = running_curves(*self._tables())
        if found is not None:
            self._watch(found)


def running_curves(train_loss: Array, validation_loss: Array) -> RunningCurves | None:
    """Return medians and the lowest curve of ``[member, epoch]`` losses, or None before there are any.

    Losses that are not finite count as missing. Where there are many epochs, some evenly spaced ones and the
    last stand for all.

    Example:
        >>> train, validation = np.array([[3.0, 1.0], [5.0, np.nan]]), np.array([[4.0, 2.0], [6.0, np.nan]])
        >>> found = running_curves(train, validation)
        >>> found.epochs, found.train, found.validation, found.lowest
        ((1, 2), (4.0, 1.0), (5.0, 2.0), (4.0, 2.0))
    """
    train, validation = (np.where(np.isfinite(one), one, np.nan) for one in (train_loss, validation_loss))
    known = np.flatnonzero((~np.isnan(train)).any(0) & (~np.isnan(validation)).any(0))
    if not len(known):
        return None
    places = np.unique(np.linspace(0, len(known) - 1, min(len(known), _MOST_POINTS)).round().astype(int))
    epochs = known[places]
    lowest = int(np.argmin(np.where(np.isnan(validation), np.inf, validation).min(axis=1)))
    return RunningCurves(
        num_members=len(train),
        epochs=tuple(int(epoch) + 1 for epoch in epochs),
        train=_values(np.nanmedian(train[:, epochs], axis=0)),
        validation=_values(np.nanmedian(validation[:, epochs], axis=0)),
        lowest=_values(validation[lowest, epochs]),
    )


def _values(row: Array) -> tuple[float | None, ...]:
    return tuple(float(f"{value:.5g}") if np.isfinite(value) else None for value in row)
