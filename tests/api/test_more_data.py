"""A learning curve in one population call: more rows help where there are few, or no time was left to see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import keras
import numpy as np
import pytest
from study_samples import SMALL_PLAN

from wellfit.api._build import array_subject
from wellfit.api._clock import Clock
from wellfit.api._confirm import Confirmed
from wellfit.api._laboratory import Laboratory
from wellfit.api._more_data import SHARES, more_data
from wellfit.api._progress import Progress
from wellfit.api._trials import curve_trials, make_trials
from wellfit.records import MoreData

PLAN = replace(SMALL_PLAN, num_look=0, num_confirm=5)


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    """Return a linear network with too few rows for its 20 columns."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 20)).astype(np.float32)
    y = (x @ rng.normal(size=20) + 2.0 * rng.normal(size=300)).astype(np.float32)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.03), "mse")
    subject = array_subject(
        x,
        y,
        model=model,
        holdout=0,
        seed=0,
        metric="mse",
        task="regression",
        epochs=40,
        batch_size=16,
        unsafe=False,
    )
    trials = make_trials(subject, 5, 0, stage=2)
    found = Laboratory(subject, [*trials, *curve_trials(subject, trials, SHARES)])
    yield found
    found.close()


def _ask(laboratory: Laboratory, *, budget_s: float = 1e9, confirm_s: float = 1.0) -> MoreData | None:
    confirmed = Confirmed(
        finalists=(),
        confirmation=None,
        trials=PLAN.confirm,
        baseline_scores=np.zeros(5),
        best_epochs={},
        curves={},
    )
    progress = Progress(subject=laboratory.subject, clock=Clock(budget_s), listener=lambda _: None)
    plan = replace(PLAN, budget_s=budget_s)
    baseline = laboratory.subject.baseline
    return more_data(laboratory, plan, baseline, confirmed, progress=progress, confirm_s=confirm_s)


def test_more_rows_help_a_network_that_has_few(laboratory: Laboratory) -> None:
    """The losses fall with the rows, and so does the prediction beyond them."""
    found = _ask(laboratory)
    assert found is not None
    assert found.extra_rows == 200  # about half of all working rows, which the final network trains on
    assert found.unit == "mse"
    assert list(found.sizes) == sorted(found.sizes)
    assert len(found.losses) == len(found.sizes) == len(SHARES) + 1
    assert found.losses[0] > found.losses[-1]
    assert 0 <= found.low <= found.estimate <= found.high
    assert found.estimate > 0
    assert found.num_rows == 300
    assert found.fitted_sizes[-1] == 500
    assert found.loss_now - found.fitted_losses[-1] == pytest.approx(found.estimate, rel=1e-3)
    assert list(found.fitted_losses) == sorted(found.fitted_losses, reverse=True)


def test_without_time_nothing_is_trained(laboratory: Laboratory) -> None:
    """A confirmation that took long leaves no time for a curve."""
    before = laboratory.members_trained
    assert _ask(laboratory, budget_s=30.0, confirm_s=100.0) is None
    assert laboratory.members_trained == before
