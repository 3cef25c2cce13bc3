"""What the code of a study is written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.models import Model, TrainingSetup
from wellfit.records import Dataset, Formula, Scaling, Settings

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Recipe:
    """How the network that is handed back was trained at the end.

    Attributes:
        given: the network that the study started from.
        model: the network that is handed back; of an average, one of its networks.
        settings: of the training, with the epochs of its schedule.
        baseline: how the given network was trained.
        setup: loss and optimizer.
        stop_after: epochs that were trained, where they are fewer than those of the schedule.
        dataset: all rows, those that were made for training included.
        train: ``[n]`` rows that the network was trained on, as often as each was.
        holdout: ``[m]`` rows that nothing has seen.
        num_visits: rows in an epoch; 0 for all of `train`.
        scalings: of each input.
        formulas: of features that are added to the float input before that.
        target_scaling: ``(center, scale)`` of a regression target, or None.
        temperature: what the logits were divided by at the end, or None.
        num_averaged: networks of the average that is handed back; 0 for one network.
        starts_from_weights: whether training starts from the given network's weights.
        picture_fit: how pictures come to the network's size; empty for others.
        seed: of the study.
    """

    given: Model
    model: Model
    settings: Settings
    baseline: Settings
    setup: TrainingSetup
    dataset: Dataset
    train: Array
    holdout: Array
    stop_after: int | None = None
    num_visits: int = 0
    scalings: tuple[Scaling | None, ...] = ()
    formulas: tuple[Formula, ...] = ()
    target_scaling: tuple[Array, Array] | None = None
    temperature: float | None = None
    num_averaged: int = 0
    starts_from_weights: bool = False
    picture_fit: str = ""
    seed: int = 0

    @property
    def epochs(self) -> int:
        """Epochs over all of `train` that make as many updates as were made."""
        trained = self.stop_after or self.settings.epochs
        visits = self.num_visits or len(self.train)
        own, all_rows = (-(-rows // self.settings.batch_size) for rows in (visits, len(self.train)))
        return max(1, round(trained * own / max(all_rows, 1)))

    @property
    def has_classes(self) -> bool:
        """Whether the target is a class with an output for each."""
        return self.dataset.task.is_classification and self.num_outputs > 1

    @property
    def num_outputs(self) -> int:
        """Output units of the network."""
        return int(self.model.output_shape[-1])

    @property
    def is_mixed(self) -> bool:
        """Whether rows are mixed with one another in training."""
        return bool(self.settings.mixup or self.settings.cutmix)

    @property
    def one_hot(self) -> bool:
        """Whether targets have to come as one column for each class."""
        named = self.setup.loss_name == "categorical_crossentropy"
        smoothed = (
            self.settings.label_smoothing > 0 and self.setup.loss_name == "sparse_categorical_crossentropy"
        )
        return self.has_classes and (named or smoothed or self.is_mixed)

    @property
    def pixel_range(self) -> tuple[float, float]:
        """Values between which pixels lie."""
        pictures = next((v for v in self.dataset.inputs if v.ndim == 4), None)
        if pictures is None or pictures.dtype == np.uint8:
            return 0.0, 255.0
        some = np.asarray(pictures[self.train[:256]], np.float32)
        return float(np.floor(some.min())), float(np.ceil(some.max()))
