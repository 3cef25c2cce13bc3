"""What an experiment gathers: mean curves of the runs of a setting, with the penalty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wellfit.api._measured import Collector
from wellfit.api._replay import Outcome
from wellfit.api._run_record import curves_from, curves_of
from wellfit.records import RESULTS, Curves

NAN = np.nan


def three_runs() -> Curves:
    """Return curves of three runs, two of which stop after two of three epochs."""
    return Curves(
        train_loss=np.array([[0.6, 0.4, 0.2], [0.4, 0.2, NAN], [0.5, 0.3, NAN]], np.float32),
        validation_loss=np.array([[0.8, 0.6, 0.7], [0.6, 0.8, NAN], [0.7, 0.7, NAN]], np.float32),
        penalty=np.array([[0.3, 0.2, 0.1], [0.1, 0.1, NAN], [0.2, 0.3, NAN]], np.float32),
        running_loss=np.array([[1.6, 1.4, 1.2], [1.4, 1.2, NAN], [1.5, 1.3, NAN]], np.float32),
        num_epochs=np.array([3, 2, 2], np.int32),
        best_epoch=np.array([1, 0, 1], np.int32),
        results=np.array([RESULTS.finished, RESULTS.early_stopped, RESULTS.early_stopped], np.int32),
    )


def test_mean_curves_hold_losses_and_the_penalty() -> None:
    """Means over the runs that still train, as long as most of them do; the best epoch is the median."""
    collector = Collector(2, 3)
    collector.add([(0, 0), (0, 1), (0, 2)], three_runs(), np.zeros(3), np.full(3, NAN))
    measured = collector.measured(1.0)
    train, validation, best, penalty, running = measured.curves[0]
    np.testing.assert_allclose(train, [0.5, 0.3], rtol=1e-6)
    np.testing.assert_allclose(validation, [0.7, 0.7], rtol=1e-6)
    np.testing.assert_allclose(penalty, [0.2, 0.2], rtol=1e-6)
    np.testing.assert_allclose(running, [1.5, 1.3], rtol=1e-6)
    assert best == 1
    nothing = measured.curves[1]
    assert [len(nothing.train_loss), len(nothing.penalty), len(nothing.running_loss)] == [0, 0, 0]


@pytest.mark.parametrize("gap", ["a run without it", "never a number"])
def test_what_keras_reports_is_known_of_all_runs_or_not_at_all(gap: str) -> None:
    """A mean over some runs would not belong to the others; a diverged run takes nothing away."""
    curves, trials = three_runs(), [(0, 0), (0, 1), (0, 2)]
    collector = Collector(1, 4)
    if gap == "a run without it":
        collector.add(trials[:1], replace(curves.take([0]), running_loss=None), np.zeros(1), np.zeros(1))
        collector.add(trials[1:], curves.take([1, 2]), np.zeros(2), np.zeros(2))
    else:
        nothing = np.full((3, 3), NAN, np.float32)
        collector.add(trials, replace(curves, running_loss=nothing), np.zeros(3), np.zeros(3))
    assert len(collector.measured(1.0).curves[0].running_loss) == 0
    assert len(collector.measured(1.0).curves[0].train_loss) == 2
    lost = np.full((1, 3), NAN, np.float32)
    diverged = replace(curves.take([0]), train_loss=lost, running_loss=lost)
    collector.add(trials, curves, np.zeros(3), np.zeros(3))
    collector.add([(0, 3)], diverged, np.zeros(1), np.zeros(1))
    np.testing.assert_allclose(collector.measured(1.0).curves[0].running_loss, [1.5, 1.3], rtol=1e-6)


def test_runs_that_were_stored_before_it_was_recorded_have_none() -> None:
    """They are read all the same; of later ones every number comes back."""
    arrays = curves_of(three_runs())
    np.testing.assert_array_equal(curves_from(Outcome(arrays=arrays)).running_loss, three_runs().running_loss)
    earlier = {name: values for name, values in arrays.items() if name != "curves/running_loss"}
    found = curves_from(Outcome(arrays=earlier))
    assert found.running_loss is None
    assert curves_of(found).keys() == earlier.keys()
