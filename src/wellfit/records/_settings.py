"""The numbers that describe one way of training, apart from rows and seed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

Schedule = Literal["constant", "exponential", "cosine", "plateau"]
ClassWeight = Literal["none", "balanced"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One variant of a network's training; a member is settings, a split and a seed.

    Attributes:
        learning_rate: initial learning rate of the optimiser, above 0.
        schedule: how the learning rate decays over the epochs.
        warmup: share of all updates over which the learning rate rises to its value in equal steps.
        clip_norm: largest norm of all gradients of an update together, beyond which they are scaled down;
            0 for none.
        l1: strength times the sum of absolute kernel weights, added to the network's own penalties.
        l2: strength times the sum of squared kernel weights (Keras' `L2`), added likewise.
        weight_decay: decoupled decay of kernels: w -= learning_rate * weight_decay * w.
        penalty_scale: factor on the penalties that the network itself declares; 0 turns them off.
        dropout: rate at every dropout point (after hidden layers), or None for the network's own rates.
        dropout_scale: factor on the network's own rates; used where `dropout` is None.
        label_smoothing: share of the target spread evenly over the classes, 0 to 1.
        class_weight: "balanced" weighs training rows by the inverse frequency of their class.
        width: units of hidden layers relative to the network's own; 0.5 is half of them.
        depth: hidden layers (or residual blocks) more or fewer than the network has; -1 is one fewer.
        batch_size: rows in an update.
        epochs: passes over the training rows at most.
        patience: epochs without a better validation loss before stopping; 0 means no early stopping.
    """

    learning_rate: float = 1e-3
    schedule: Schedule = "constant"
    warmup: float = 0.0
    clip_norm: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    weight_decay: float = 0.0
    penalty_scale: float = 1.0
    dropout: float | None = None
    dropout_scale: float = 1.0
    label_smoothing: float = 0.0
    class_weight: ClassWeight = "none"
    width: float = 1.0
    depth: int = 0
    batch_size: int = 32
    epochs: int = 100
    patience: int = 0

    def changed_from(self, other: Settings) -> dict[str, object]:
        """Return the fields in which these settings differ from `other`, with their values here.

        Example:
            >>> Settings(l2=1e-4).changed_from(Settings())
            {'l2': 0.0001}
        """
        mine, theirs = dataclasses.asdict(self), dataclasses.asdict(other)
        return {name: value for name, value in mine.items() if value != theirs[name]}
