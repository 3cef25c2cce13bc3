"""What an experiment gathers: mean curves of the runs of a setting, with the penalty."""

from __future__ import annotations

import numpy as np

from wellfit.api._measured import Collector
from wellfit.records import RESULTS, Curves

NAN = np.nan


def test_mean_curves_hold_losses_and_the_penalty() -> None:
    """Means over the runs that still train, as long as most of them do; the best epoch is the median."""
    curves = Curves(
        train_loss=np.array([[0.6, 0.4, 0.2], [0.4, 0.2, NAN], [0.5, 0.3, NAN]], np.float32),
        validation_loss=np.array([[0.8, 0.6, 0.7], [0.6, 0.8, NAN], [0.7, 0.7, NAN]], np.float32),
        penalty=np.array([[0.3, 0.2, 0.1], [0.1, 0.1, NAN], [0.2, 0.3, NAN]], np.float32),
        num_epochs=np.array([3, 2, 2], np.int32),
        best_epoch=np.array([1, 0, 1], np.int32),
        results=np.array([RESULTS.finished, RESULTS.early_stopped, RESULTS.early_stopped], np.int32),
    )
    collector = Collector(2, 3)
    collector.add([(0, 0), (0, 1), (0, 2)], curves, np.zeros(3), np.full(3, NAN))
    measured = collector.measured(1.0)
    train, validation, best, penalty = measured.curves[0]
    np.testing.assert_allclose(train, [0.5, 0.3], rtol=1e-6)
    np.testing.assert_allclose(validation, [0.7, 0.7], rtol=1e-6)
    np.testing.assert_allclose(penalty, [0.2, 0.2], rtol=1e-6)
    assert best == 1
    assert [len(part) for part in (measured.curves[1][0], measured.curves[1][3])] == [0, 0]
