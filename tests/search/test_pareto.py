"""Choices between aims."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.records import SettingsError
from wellfit.search import pareto


def test_beaten_points_go() -> None:
    """What another point beats in both aims, equals twice, or is not finite is left out."""
    points = [[1, 5], [2, 4], [3, 3], [3, 4], [1, 5], [np.nan, 0], [0, np.inf]]
    assert pareto(points).tolist() == [0, 1, 2]


def test_directions_count() -> None:
    """The same points maximized in the second aim."""
    assert pareto([[1, 5], [2, 4], [2, 6]], ["minimize", "maximize"]).tolist() == [0, 2]


def test_every_point_left_out_is_beaten() -> None:
    """Of random points, each one that is not on the front is beaten by one that is."""
    points = np.random.default_rng(0).random((200, 3))
    front = pareto(points)
    for index in set(range(200)) - set(front.tolist()):
        assert ((points[front] <= points[index]).all(axis=1)).any()


def test_no_points_and_wrong_directions() -> None:
    """An empty table has an empty front; directions must go with the aims."""
    assert pareto(np.zeros((0, 2))).size == 0
    with pytest.raises(SettingsError, match="aims"):
        pareto([[1, 2]], ["minimize"])
