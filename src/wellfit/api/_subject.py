"""What a study is about: rows, a network, and how the network is trained now."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data import Encoder, Preparation
from wellfit.models import Layout, Model, TrainingSetup, dropout_points, hidden_ends, input_places
from wellfit.population import ExecutorChoice
from wellfit.records import CleaningStep, ColumnSchema, Dataset, Metric, Settings
from wellfit.search import Situation

Array = NDArray[Any]

# Updates after which a small network on a table has usually seen its lowest validation loss; the number
# of epochs of a study that does not name it follows from it.
_TYPICAL_UPDATES = 2500
_MIN_EPOCHS, _MAX_EPOCHS = 10, 100


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """Everything that stays the same throughout a study.

    Attributes:
        dataset: all rows, the holdout's included.
        working: row indices to learn from and to validate on.
        holdout: row indices that nothing sees until the end.
        model: the network as it was given or built.
        layout: what of it can be resized.
        executor: what can train it, and why.
        setup: its loss and optimizer.
        baseline: how it is trained now.
        preparation: how inputs are scaled; None leaves them as they are.
        encoder: from cells to inputs; None if arrays were given.
        scale_target: whether a regression target is centred and scaled (for built networks).
        metric: what improvement is measured in.
        is_reference: whether the network was built rather than given.
        name: of the data.
        steps: the cleaning log.
        notes: what the reader should know.
    """

    dataset: Dataset
    working: Array
    holdout: Array
    model: Model
    layout: Layout
    executor: ExecutorChoice
    setup: TrainingSetup
    baseline: Settings
    preparation: Preparation | None
    encoder: Encoder | None
    scale_target: bool
    metric: Metric
    is_reference: bool
    name: str
    steps: tuple[CleaningStep, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def schema(self) -> tuple[ColumnSchema, ...]:
        """What each column is; empty if arrays were given."""
        return self.encoder.schema if self.encoder else ()

    @property
    def class_counts(self) -> Array:
        """Rows of each class among the working rows; empty for regression."""
        if not self.dataset.task.is_classification:
            return np.zeros(0, np.int64)
        return np.bincount(self.dataset.target[self.working], minlength=self.dataset.num_classes)


# Classes count as unequal where the largest has this many times the rows of the smallest.
_IMBALANCE = 1.5


def situation(subject: Subject, num_rows: int) -> Situation:
    """Return what network and data allow to be tried."""
    counts = subject.class_counts
    counts = counts[counts > 0]
    points = dropout_points(subject.model, subject.layout)
    rates = [point.own_rate for point in points if point.own_rate is not None]
    regularized = [v for v in subject.model.trainable_variables if v.regularizer is not None]
    has_graph = not subject.layout.reason
    # A resized copy is plain Keras: it would not train by the network's own step.
    can_rebuild = has_graph and subject.executor.kind != "fit"
    return Situation(
        task=subject.dataset.task,
        num_rows=num_rows,
        own_dropout=max(rates, default=0.0),
        can_dropout=bool(points),
        has_penalties=bool(regularized),
        imbalanced=len(counts) > 1 and counts.max() > _IMBALANCE * counts.min(),
        can_narrow=can_rebuild and any(group.size > 1 for group in subject.layout.groups),
        can_widen=can_rebuild and bool(subject.layout.groups),
        can_shallow=can_rebuild and any(block.removable for block in subject.layout.blocks),
        can_deepen=can_rebuild and bool(subject.layout.blocks),
        has_hidden=bool(hidden_ends(subject.model, subject.layout)),
        can_perturb=_can_perturb(subject),
    )


def _can_perturb(subject: Subject) -> bool:
    """Whether all inputs are real numbers, scaled by the study or by the network itself."""
    if subject.executor.kind == "fit" and subject.layout.reason:
        return False
    places = input_places(subject.model)
    is_scaled = subject.preparation is not None or all(places)
    real = [np.issubdtype(values.dtype, np.floating) for values in subject.dataset.inputs]
    return is_scaled and None not in places and all(real)


def default_batch_size(num_rows: int) -> int:
    """Return `fit`'s 32 up to 10,000 rows, more beyond so that an epoch stays affordable.

    Example:
        >>> default_batch_size(5_000), default_batch_size(40_000), default_batch_size(200_000)
        (32, 128, 256)
    """
    return 32 if num_rows <= 10_000 else 128 if num_rows <= 100_000 else 256


def default_epochs(num_rows: int, batch_size: int) -> int:
    """Return the epochs that make about 2,500 updates, at least 10 and at most 100.

    Example:
        >>> default_epochs(1600, 32)
        50
    """
    updates = max(1, math.ceil(num_rows / batch_size))
    return int(np.clip(round(_TYPICAL_UPDATES / updates), _MIN_EPOCHS, _MAX_EPOCHS))


def baseline_settings(
    setup: TrainingSetup, num_rows: int, batch_size: int | None, epochs: int | None
) -> Settings:
    """Return how a network is trained as it stands: its own compile settings, `fit`'s defaults."""
    size = batch_size or default_batch_size(num_rows)
    return Settings(
        learning_rate=setup.learning_rate,
        label_smoothing=float(setup.loss_config.get("label_smoothing", 0.0)),
        batch_size=size,
        epochs=epochs or default_epochs(num_rows, size),
    )
