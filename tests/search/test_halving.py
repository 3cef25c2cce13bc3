"""Halving and its rungs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.records import SettingsError
from wellfit.search import halving, rungs

SCORES = st.lists(st.floats(-10, 10) | st.just(float("nan")), min_size=1, max_size=20)


def test_best_stay_in_their_order() -> None:
    """The lowest losses stay, in the order they came in; for a maximized metric the highest."""
    assert list(halving([3.0, 1.0, 2.0, 4.0], 0.5)) == [1, 2]
    assert list(halving([3.0, 1.0, 2.0, 4.0], 0.5, direction="maximize")) == [0, 3]


def test_ties_keep_the_earlier() -> None:
    """Of equal scores the earlier stays, so that the result does not hang on the sort."""
    assert list(halving([1.0] * 9, 1 / 3)) == [0, 1, 2]


def test_non_finite_never_stays() -> None:
    """NaN and infinities go, even if fewer are left than the share allows."""
    assert list(halving([np.nan, 1.0, np.inf, -np.inf], 1.0)) == [1]
    assert list(halving([np.nan, np.nan], 0.5)) == []
    assert list(halving([], 0.5)) == []


@given(SCORES, st.floats(0.05, 1.0))
def test_no_one_dropped_is_better(scores: list[float], share: float) -> None:
    """Everyone who stays is at least as good as everyone finite who goes."""
    kept = halving(scores, share)
    gone = [score for index, score in enumerate(scores) if index not in kept and np.isfinite(score)]
    assert not gone or max(scores[index] for index in kept) <= min(gone)
    assert len(kept) >= min(1, np.isfinite(scores).sum())


def test_share_is_not_lost_to_rounding() -> None:
    """A tenth of thirty is three."""
    assert len(halving(np.arange(30.0), 0.1)) == 3


@pytest.mark.parametrize("share", [0.0, -1.0, 1.1, float("nan")])
def test_share_is_checked(share: float) -> None:
    """A share outside (0, 1] is refused."""
    with pytest.raises(SettingsError, match="keep_fraction"):
        halving([1.0], share)


def test_rungs() -> None:
    """Rungs thin out towards the end, none is too early or at the end."""
    assert rungs(100) == (11, 33)
    assert rungs(300, num_rungs=4) == (3, 11, 33, 100)
    assert rungs(20) == (6,)
    assert rungs(3) == ()
    with pytest.raises(SettingsError, match="factor"):
        rungs(100, factor=1)
