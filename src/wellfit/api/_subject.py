"""What a study is about: rows, a network, and how the network is trained now."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._start import Start
from wellfit.api._warm_start import WarmStart
from wellfit.data import (
    Encoder,
    Preparation,
    SourceRows,
    category_groups,
    feature_kinds,
    is_real,
    matrix_position,
    outlying_rows,
)
from wellfit.models import (
    Layout,
    Model,
    StructureFacts,
    TrainingSetup,
    can_temper,
    can_view,
    dropout_points,
    hidden_ends,
    input_places,
    num_branches,
    num_kernel_layers,
    products_per_row,
    stages,
    structure_facts,
    trained_products,
)
from wellfit.population import ExecutorChoice
from wellfit.records import CleaningStep, ColumnSchema, Dataset, Metric, Settings, SettingsError, Task
from wellfit.search import Situation

Array = NDArray[Any]

# Updates after which a small network on a table has usually seen its lowest validation loss; the number
# of epochs of a study that does not name it follows from it.
_TYPICAL_UPDATES = 2500
_SMALL = 10_000
_MIN_EPOCHS, _MAX_EPOCHS = 10, 100
# A network built for the data is stopped early, so that more epochs cost little where they do not help.
_BUILT_UPDATES, _BUILT_EPOCHS = 8000, (30, 200)
_PATIENCE, _LEAST_PATIENCE = 0.2, 5  # as a share of its epochs
# Without it, a network that gets nearly every row right is soon far too sure of the few that it gets wrong.
_BUILT_SMOOTHING = 0.02
_BUILT_DECAY = 0.02  # decoupled, of kernels alone


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
        warm: what an earlier study or a diagnosis knows.
        start: whether every run draws its weights anew, or starts from those of `model`.
        picture_fit: how pictures come to the network's size (see `decode_picture`); empty for others.
        picture_depth: bits that the numbers of deep grey pictures take; None for others.
        picture_names: ``[row]`` class folder and file of each picture; empty for others.
        source: the table that rows came from; None if arrays or pictures were given.
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
    warm: WarmStart = field(default_factory=WarmStart)
    picture_fit: str = ""
    picture_depth: int | None = None
    start: Start = "fresh"
    picture_names: tuple[str, ...] = ()
    source: SourceRows | None = None

    @property
    def schema(self) -> tuple[ColumnSchema, ...]:
        """What each column is; empty if arrays were given."""
        return self.encoder.schema if self.encoder else ()

    @property
    def products_per_row(self) -> int:
        """Products that one row takes in what is trained, at least 1: what time is planned by.

        Stages that are frozen from the input on run once in a study, whatever is trained behind them.
        """
        if self.start == "fresh" or self.layout.reason:
            return max(products_per_row(self.model), 1)
        return trained_products(self.model, self.baseline.frozen_stages)

    @property
    def class_counts(self) -> Array:
        """Rows of each class among the working rows; empty for regression."""
        if not self.dataset.task.is_classification:
            return np.zeros(0, np.int64)
        return np.bincount(self.dataset.target[self.working], minlength=self.dataset.num_classes)


# Classes count as unequal where the largest has this many times the rows of the smallest.
_IMBALANCE = 1.5
# Metrics that depend on how sure a network is, not only on what it prefers.
_OF_PROBABILITIES = ("log_loss", "brier", "calibration_error")


def situation(subject: Subject, num_rows: int) -> Situation:
    """Return what network and data allow to be tried."""
    counts = subject.class_counts
    counts = counts[counts > 0]
    points = dropout_points(subject.model, subject.layout)
    rates = [point.own_rate for point in points if point.own_rate is not None]
    regularized = [v for v in subject.model.trainable_variables if v.regularizer is not None]
    has_graph = not subject.layout.reason
    # A resized copy is plain Keras: it would not train by the network's own step. And its new layers would
    # have no weights to start from.
    starts_from_weights = subject.start == "given"
    can_rebuild = has_graph and subject.executor.kind != "fit" and not starts_from_weights
    facts = structure_facts(subject.model, subject.layout) if can_rebuild else StructureFacts()
    groups = one_hot_groups(subject.dataset)
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
        can_temper=subject.metric.name in _OF_PROBABILITIES and can_temper(subject.model),
        can_normalize=bool(facts.activations or facts.normalizations),
        normalizations=facts.normalizations,
        activations=facts.activations,
        can_skip=facts.can_skip,
        has_skip=facts.has_skip,
        can_pool=facts.can_pool,
        can_drop_maps=facts.can_drop_maps,
        can_shrink_kernels=facts.can_shrink_kernels,
        can_separate=facts.can_separate,
        can_drop_branches=_num_branches(subject) > 0,
        can_embed=facts.has_features,
        has_periodic=facts.has_periodic,
        has_numbers=sum(map(len, groups)) < _num_features(subject.dataset),
        has_categories=bool(groups),
        has_hidden=bool(hidden_ends(subject.model, subject.layout)),
        can_perturb=_can_perturb(subject),
        num_stages=len(stages(subject.model)) if starts_from_weights and has_graph else 0,
        starts_from_weights=starts_from_weights,
        num_layers=num_kernel_layers(subject.model),
        can_mix=_can_mix(subject),
        has_pictures=picture_position(subject.dataset) is not None,
        has_colors=any(are_pictures(v) and v.shape[-1] == 3 for v in subject.dataset.inputs),
        can_draw=can_draw(subject.dataset),
        can_view=_can_view(subject),
        **_inputs(subject),
    )


def _num_branches(subject: Subject) -> int:
    return num_branches(subject.model, subject.layout, subject.baseline.frozen_stages)


def picture_position(dataset: Dataset) -> int | None:
    """Return the position of the first input that is made of pictures."""
    return next((place for place, values in enumerate(dataset.inputs) if are_pictures(values)), None)


def can_draw(dataset: Dataset) -> bool:
    """Return whether a row is one picture of a class, so that a generator can learn to draw more of them."""
    is_alone = len(dataset.inputs) == 1 and picture_position(dataset) is not None
    return is_alone and dataset.task.is_classification


def are_pictures(values: Array) -> bool:
    """Return whether an input holds pictures of one or three channels."""
    return values.ndim == 4 and values.shape[-1] in (1, 3) and is_real(values)


def _can_view(subject: Subject) -> bool:
    """Whether views of pictures can be shown to the network that is handed back."""
    # Inputs that are scaled place by place would be another picture once they are moved.
    is_as_given = subject.preparation is None and picture_position(subject.dataset) is not None
    return is_as_given and can_view(subject.model)


def _can_perturb(subject: Subject) -> bool:
    """Whether all inputs are real numbers, scaled by the study or by the network itself."""
    places = input_places(subject.model)
    is_scaled = subject.preparation is not None or all(places)
    return is_scaled and None not in places and _are_real(subject)


def _can_mix(subject: Subject) -> bool:
    """Whether rows can be mixed; a mean of pictures is one, whatever the unit of their pixels."""
    pictures = all(are_pictures(values) for values in subject.dataset.inputs)
    return _can_perturb(subject) or (pictures and _are_real(subject))


def _are_real(subject: Subject) -> bool:
    if subject.executor.kind == "fit" and subject.layout.reason:
        return False
    return all(is_real(values) for values in subject.dataset.inputs)


# Rows that are looked at for outliers, at most; far out are those beyond so many interquartile ranges.
_MAX_LOOKED_AT, _FAR_OUT = 5000, 3.0


def _inputs(subject: Subject) -> dict[str, Any]:
    """Return what is to be known of the working rows' inputs."""
    own = subject.preparation
    found: dict[str, Any] = {
        "is_prepared": own is not None,
        "own_scaling": "none" if own is None else own.scaling,
        "own_missing": "" if own is None else own.missing,
    }
    try:
        matrix = matrix_position(subject.dataset)
    except SettingsError:
        return {**found, "is_table": False}
    if matrix < 0:
        return found
    values = np.asarray(subject.dataset.inputs[matrix], np.float32)
    kinds = feature_kinds(values, subject.working, subject.encoder)
    some = subject.working[:: -(-len(subject.working) // _MAX_LOOKED_AT)]
    return {
        **found,
        "has_missing": bool(np.isnan(values[subject.working]).any()),
        "has_outliers": bool(outlying_rows(values[some][:, kinds.numeric], "iqr", _FAR_OUT).any()),
        "num_features": values.shape[1],
        "num_numeric": len(kinds.numeric),
    }


def one_hot_groups(dataset: Dataset) -> tuple[tuple[int, ...], ...]:
    """Return the one-hot columns of each category with many values, of the first input of floats."""
    index = _features_of(dataset)
    if index is None or index >= len(dataset.feature_names):
        return ()
    return category_groups(dataset.feature_names[index])


def _num_features(dataset: Dataset) -> int:
    index = _features_of(dataset)
    return 0 if index is None else dataset.inputs[index].shape[1]


def _features_of(dataset: Dataset) -> int | None:
    """Return the position of the first input of floats, ``[row, feature]``."""
    floats = [v.ndim == 2 and np.issubdtype(v.dtype, np.floating) for v in dataset.inputs]
    return floats.index(True) if True in floats else None


def default_batch_size(num_rows: int) -> int:
    """Return `fit`'s 32 up to 10,000 rows, more beyond so that an epoch stays affordable.

    Example:
        >>> default_batch_size(5_000), default_batch_size(40_000), default_batch_size(200_000)
        (32, 128, 256)
    """
    return 32 if num_rows <= _SMALL else 128 if num_rows <= 100_000 else 256


def default_epochs(num_rows: int, batch_size: int) -> int:
    """Return the epochs that make about 2,500 updates, at least 10 and at most 100.

    Example:
        >>> default_epochs(1600, 32)
        50
    """
    updates = max(1, math.ceil(num_rows / batch_size))
    return int(np.clip(round(_TYPICAL_UPDATES / updates), _MIN_EPOCHS, _MAX_EPOCHS))


def baseline_settings(
    setup: TrainingSetup,
    task: Task,
    num_rows: int,
    batch_size: int | None,
    epochs: int | None,
    *,
    is_own: bool = True,
) -> Settings:
    """Return how a network is trained as it stands.

    The user's own network: its compile settings, `fit`'s defaults. One that was built for the data: larger
    batches, more epochs, a learning rate that falls to zero, and stopped early; its classes are
    smoothed a little, a temperature undoes what that does to probabilities, and kernels decay.
    """
    size = batch_size or default_batch_size(num_rows) * (1 if is_own or num_rows > _SMALL else 2)
    num_epochs = epochs or default_epochs(num_rows, size)
    settings = Settings(
        learning_rate=setup.learning_rate,
        label_smoothing=float(setup.loss_config.get("label_smoothing", 0.0)),
        batch_size=size,
        epochs=num_epochs,
    )
    if is_own:
        return settings
    if epochs is None:
        updates = max(1, math.ceil(num_rows / size))
        num_epochs = int(np.clip(round(_BUILT_UPDATES / updates), *_BUILT_EPOCHS))
    settings = replace(settings, epochs=num_epochs, schedule="cosine")
    if task.is_classification:
        settings = replace(
            settings, label_smoothing=_BUILT_SMOOTHING, temperature=True, weight_decay=_BUILT_DECAY
        )
    patience = max(_LEAST_PATIENCE, round(_PATIENCE * num_epochs))
    return settings if patience >= num_epochs else replace(settings, patience=patience)
