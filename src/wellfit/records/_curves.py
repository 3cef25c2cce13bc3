"""What comes out of a population: a curve for each member, and its best weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.records._dataset import FloatArray, IntArray


class RESULTS(IntEnum):
    """How a member ended."""

    finished = 0
    early_stopped = 1
    nonfinite = 2
    halved = 3
    interrupted = 4


_OF_MEMBERS = ("train_loss", "validation_loss", "penalty", "num_epochs", "best_epoch", "results")


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Per member and epoch; NaN after a member has ended.

    All but `running_loss` are measured in inference mode, and losses hold no penalties.

    Attributes:
        train_loss: ``[member, epoch]`` mean data loss on training rows.
        validation_loss: ``[member, epoch]`` mean data loss on validation rows.
        penalty: ``[member, epoch]`` weight penalties at the end of the epoch.
        running_loss: ``[member, epoch]`` the training loss that Keras reports: the mean over the updates of
            the epoch, weighed by their rows, while the weights change, with dropout, changed rows, smoothed
            labels, weights of rows and all penalties. NaN where Keras reports none, or where a target of
            several outputs is scaled output by output. None where it was not recorded.
        train_metrics: name to ``[member, epoch]``.
        validation_metrics: name to ``[member, epoch]``.
        num_epochs: ``[member]`` epochs that were trained.
        best_epoch: ``[member]`` index of the lowest validation loss (never a NaN), -1 where there is none.
        results: ``[member]`` a value of `RESULTS`.
        weights: best weights, one array ``[member, ...]`` for each variable of the network in the order
            of ``model.weights``; empty if they were not asked for.
        compile_s: seconds spent on compiling.
        duration_s: seconds spent on training and evaluation.
    """

    train_loss: FloatArray
    validation_loss: FloatArray
    penalty: FloatArray
    num_epochs: IntArray
    best_epoch: IntArray
    results: IntArray
    train_metrics: Mapping[str, FloatArray] = field(default_factory=dict[str, FloatArray])
    validation_metrics: Mapping[str, FloatArray] = field(default_factory=dict[str, FloatArray])
    running_loss: FloatArray | None = None
    weights: tuple[NDArray[np.generic], ...] = ()
    compile_s: float = 0.0
    duration_s: float = 0.0

    @property
    def num_members(self) -> int:
        """Number of members."""
        return len(self.results)

    def take(self, members: Sequence[int] | IntArray) -> Curves:
        """Return the curves of some members, in the given order."""
        where = np.asarray(members, np.int64)
        known = [name for name in (*_OF_MEMBERS, "running_loss") if getattr(self, name) is not None]
        of_members: dict[str, Any] = {name: getattr(self, name)[where] for name in known}
        return dataclasses.replace(
            self,
            train_metrics={name: values[where] for name, values in self.train_metrics.items()},
            validation_metrics={name: values[where] for name, values in self.validation_metrics.items()},
            weights=tuple(values[where] for values in self.weights),
            **of_members,
        )

    def at_best(self, values: FloatArray) -> FloatArray:
        """Return ``[member]``: `values` (``[member, epoch]``) at each member's best epoch, NaN where none."""
        picked = values[np.arange(len(values)), np.maximum(self.best_epoch, 0)]
        return np.where(self.best_epoch >= 0, picked, np.nan).astype(np.float32)
