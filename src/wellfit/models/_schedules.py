"""Schedules that rise or fall in several parts, as factors on the learning rate."""

from __future__ import annotations

from typing import Any

import keras

ops: Any = keras.ops  # whose annotations leave out what its functions return

_CYCLES = ((0.0, 1 / 7), (1 / 7, 2 / 7), (3 / 7, 4 / 7))  # start and length, each twice the one before
_RISE, _FIRST, _LAST = 0.3, 1 / 25, 1e-4
_FLAT = 0.5


def warm_restarts(progress: Any, decay: Any) -> Any:
    """Return a cosine that starts anew after one and after three sevenths of all updates.

    The cycles are `CosineDecayRestarts` with ``t_mul=2``, fitted to the run so that it ends on the last
    update. Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.

    Args:
        progress: share of the updates that are done.
        decay: factor at the end of a cycle.
    """
    place = ops.zeros_like(progress)
    for start, length in _CYCLES:
        place = ops.where(progress >= start, (progress - start) / length, place)
    return _cosine(place, decay)


def one_cycle(progress: Any) -> Any:
    """Return a line from 1/25 to 1 over three tenths of all updates, then a cosine to 1e-4.

    Source: Smith, A Disciplined Approach to Neural Network Hyper-Parameters: Part 1, 2018.
    """
    rising = _FIRST + (1.0 - _FIRST) * progress / _RISE
    return ops.where(progress < _RISE, rising, _cosine((progress - _RISE) / (1.0 - _RISE), _LAST))


def flat_cosine(progress: Any, decay: Any) -> Any:
    """Return 1 for half of all updates, then a cosine.

    Source: Wright and Demeure, Ranger21: A Synergistic Deep Learning Optimizer, 2021.
    """
    return _cosine(ops.maximum((progress - _FLAT) / (1.0 - _FLAT), 0.0), decay)


def long_schedule(name: str, progress: Any, decay: Any) -> Any:
    """Return the factor of one of these schedules by its name in `SCHEDULES`."""
    if name == "one-cycle":
        return one_cycle(progress)
    return {"warm-restarts": warm_restarts, "flat-cosine": flat_cosine}[name](progress, decay)


def _cosine(place: Any, last: Any) -> Any:
    wave = 0.5 * (1.0 + ops.cos(3.141592653589793 * ops.minimum(place, 1.0)))
    return (1.0 - last) * wave + last


LONG_SCHEDULES = ("warm-restarts", "one-cycle", "flat-cosine")
