"""Everything that turns raw rows into predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wellfit.data import Encoder
from wellfit.records import Formula, Scaling, Task

Model = Any


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictor:
    """What a study predicts with.

    Attributes:
        model: the network, of Keras.
        encoder: from cells to inputs; None for arrays and pictures.
        scalings: what its inputs go through first, one for each input.
        formulas: of the features that are added to its float input before they are scaled.
        task: binary, multiclass or regression.
        class_names: labels in code order; empty for regression.
        from_logits: whether the network's outputs are logits.
        picture_fit: how pictures come to the network's size; empty for others.
        picture_depth: bits of deep grey pictures; None for others.
    """

    model: Model
    encoder: Encoder | None
    scalings: tuple[Scaling | None, ...]
    formulas: tuple[Formula, ...] = ()
    task: Task
    class_names: tuple[str, ...]
    from_logits: bool
    picture_fit: str = ""
    picture_depth: int | None = None
