"""Curves of a run that is on its way: medians and the lowest, small enough to be told."""

import numpy as np

from wellfit.population._running_curves import Watcher, running_curves
from wellfit.records import RunningCurves


def losses(num_members: int, num_epochs: int) -> np.ndarray:
    """Return losses that fall by epoch, and lower for each further member."""
    return 10.0 - np.arange(num_members)[:, None] - np.arange(num_epochs) / num_epochs


def test_medians_and_the_lowest() -> None:
    """What is not finite counts as missing, epochs that nobody has reached are left out."""
    train, validation = losses(3, 4), losses(3, 4) + 0.5
    train[0, 2], validation[2, 2], train[:, 3] = np.inf, np.nan, np.nan
    found = running_curves(train, validation)
    assert found is not None
    assert found.num_members == 3
    assert found.epochs == (1, 2, 3)
    np.testing.assert_allclose(found.train, [9.0, 8.75, 8.0])
    np.testing.assert_allclose(found.validation, [9.5, 9.25, 9.5])
    assert found.lowest == (8.5, 8.25, None)


def test_nothing_before_the_first_epoch() -> None:
    """Members that have not begun, or diverged at once, have no curve."""
    assert running_curves(np.full((2, 3), np.nan), np.full((2, 3), np.nan)) is None
    assert running_curves(np.full((2, 3), np.inf), losses(2, 3)) is None


def test_many_epochs_stay_few_points() -> None:
    """The first and the last epoch are among them, in order."""
    found = running_curves(losses(2, 1_000), losses(2, 1_000))
    assert found is not None
    assert len(found.epochs) == len(found.lowest) == 40
    assert (found.epochs[0], found.epochs[-1]) == (1, 1_000)
    assert list(found.epochs) == sorted(set(found.epochs))


def test_a_watcher_is_shown_what_is_there() -> None:
    """At once when asked for, nothing while there is nothing, and nothing to nobody."""
    seen: list[RunningCurves] = []
    tables = [np.full((1, 1), np.nan), losses(1, 2)]
    watcher = Watcher(seen.append, lambda: (tables[0], tables[0]))
    watcher.look(at_once=True)
    assert seen == []
    tables.pop(0)
    watcher.look(at_once=True)
    assert [one.epochs for one in seen] == [(1, 2)]
    assert Watcher(None, lambda: (tables[0], tables[0])).every_s is None
