"""Which of several points no other one beats in every aim."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.records import SettingsError

Direction = Literal["minimize", "maximize"]


def pareto(points: ArrayLike, directions: Sequence[Direction] | None = None) -> NDArray[np.intp]:
    """Return the positions of the points that no other point beats: the choices between two aims.

    A point is beaten by one that is at least as good in every aim and better in one. Of equal points the
    first stays. A point with a value that is not finite never stays.

    Args:
        points: ``[point, aim]``, such as log loss and number of parameters.
        directions: which way each aim is better; all are minimized if None.

    Returns:
        Rising positions in `points`.

    Raises:
        SettingsError: the points are no table, or there is not one direction for each aim.

    Example:
        >>> pareto([[0.50, 900], [0.45, 2000], [0.52, 1500], [0.45, 3000]])
        array([0, 1])

    Source:
        Deb et al., A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, 2002.
    """
    values = np.asarray(points, np.float64)
    wanted = (
        ("minimize",) * (values.shape[-1] if values.ndim == 2 else 0) if directions is None else directions
    )
    if values.ndim != 2 or len(wanted) != values.shape[1] or not set(wanted) <= {"minimize", "maximize"}:
        raise SettingsError(
            "the points do not go with the aims",
            received=f"points of shape {values.shape}, directions {tuple(wanted)}",
            expected="[point, aim], and 'minimize' or 'maximize' for each aim",
        )
    cost = values * np.array([1.0 if one == "minimize" else -1.0 for one in wanted])
    kept: list[int] = []
    for index in np.flatnonzero(np.isfinite(cost).all(axis=1)):
        others = cost[np.isfinite(cost).all(axis=1)]
        no_worse = (others <= cost[index]).all(axis=1)
        better = (others < cost[index]).any(axis=1)
        is_first = not any((cost[earlier] == cost[index]).all() for earlier in kept)
        if not (no_worse & better).any() and is_first:
            kept.append(int(index))
    return np.array(kept, np.intp)
