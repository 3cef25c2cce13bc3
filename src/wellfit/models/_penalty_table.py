"""The weight penalties that are in effect on a network, weight by weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from wellfit.models._graph import check_model
from wellfit.models._l2_sp import all_strengths
from wellfit.models._probe import value_of


@dataclass(frozen=True, kw_only=True)
class WeightPenalty:
    """One weight that has a regularizer.

    Attributes:
        path: of the weight, such as ``conv1/kernel``.
        shape: of the weight.
        kind: class of the regularizer.
        l1: its L1 strength; 0 for another kind.
        l2: its L2 strength; 0 for another kind.
        l2_sp: strength at which it is held to the values that `regularize` found; 0 without.
        value: what it adds to the loss now.
        in_effect: whether the weight is trainable; Keras leaves penalties of frozen weights out.
    """

    path: str
    shape: tuple[int, ...]
    kind: str
    l1: float
    l2: float
    value: float
    in_effect: bool
    l2_sp: float = 0.0


def penalties(model: keras.Model) -> tuple[WeightPenalty, ...]:
    """Return every weight of a built network that has a regularizer, in the order of its weights.

    What counts is the regularizer of the weight itself: Keras reads ``layer.kernel_regularizer`` only when
    it makes the weight, and setting it later changes nothing. Activity penalties are none of these.

    Args:
        model: a built network.

    Raises:
        SettingsError: it is no network.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_regularizer="l2")])
        >>> [(found.path.rpartition("/")[2], found.l2) for found in penalties(model)]
        [('kernel', 0.01)]
    """
    check_model(model)
    return tuple(_penalty(v) for v in model.weights if getattr(v, "regularizer", None) is not None)


def _penalty(variable: Any) -> WeightPenalty:
    l1, l2, l2_sp = all_strengths(variable)
    found: Any = variable.regularizer(keras.ops.convert_to_tensor(value_of(variable)))
    return WeightPenalty(
        path=variable.path,
        shape=tuple(variable.shape),
        kind=type(variable.regularizer).__name__,
        l1=l1,
        l2=l2,
        value=float(np.asarray(keras.ops.convert_to_numpy(found)).sum()),
        in_effect=bool(variable.trainable),
        l2_sp=l2_sp,
    )
