"""What trained members say of views of pictures: test-time augmentation needs no other training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.evaluation import apply_temperature, fit_temperature
from wellfit.models import VIEWS, View
from wellfit.population import Executor
from wellfit.records import Members, TestViews

Array = NDArray[Any]
_AT_A_TIME = 1024  # rows; the number for which a prediction is compiled

Inputs = Callable[[Array, View], Sequence[Array]]
"""From rows and a view to what members read of it, one array for each of their inputs."""


def view_predictions(
    executor: Executor,
    weights: Sequence[Array],
    members: Members,
    rows: Array,
    *,
    views: Sequence[TestViews],
    inputs: Inputs,
) -> list[Array]:
    """Return for each member ``[view, row, class or output]``, the rows as they are first.

    Args:
        executor: trained the members.
        weights: of the members, each with a leading member axis.
        members: whose weights they are.
        rows: ``[row]`` indices into the data set.
        views: of each member.
        inputs: gives the rows in a view.
    """
    found = [[own] for own in executor.predict(weights, members, rows)]
    for kind in dict.fromkeys(views):
        chosen = np.flatnonzero([one == kind for one in views])
        own = [values[chosen] for values in weights]
        for view in VIEWS[kind][1:]:
            said = np.concatenate(
                [
                    executor.predict(
                        own, members.take(chosen), np.arange(len(some)), inputs=inputs(some, view)
                    )
                    for some in _parts(rows)
                ],
                axis=1,
            )
            for member, one in zip(chosen, said, strict=True):
                found[member].append(one)
    return [np.stack(views) for views in found]


def _parts(rows: Array) -> list[Array]:
    """Return rows in parts: their views are laid out in memory, unlike the rows themselves."""
    return [rows[start : start + _AT_A_TIME] for start in range(0, len(rows), _AT_A_TIME)] or [rows]


def mean_prediction(said: Array, temperature: float) -> Array:
    """Return ``[row, class or output]`` the mean over views, each cooled first where there is a temperature.

    Args:
        said: ``[view, row, class or output]``.
        temperature: NaN for none.

    Example:
        >>> mean_prediction(np.array([[[0.9, 0.1]], [[0.7, 0.3]]]), np.nan).round(2).tolist()
        [[0.8, 0.2]]
    """
    if np.isfinite(temperature) and np.isfinite(said).all():
        said = np.stack([apply_temperature(view, temperature) for view in said])
    return said[0] if len(said) == 1 else said.mean(axis=0)


def fitted_temperature(said: Array, target: Array, sample_weight: Array | None) -> float:
    """Return the temperature at which the mean over views is best, NaN where a prediction is not finite."""
    if not np.isfinite(said).all():
        return float("nan")
    return fit_temperature(said[0] if len(said) == 1 else said, target, sample_weight)
