"""What a network is trained on: arrays, their meaning, and which rows go where."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]


class Task(StrEnum):
    """What kind of target there is."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"

    @property
    def is_classification(self) -> bool:
        """Whether the target is a class."""
        return self is not Task.REGRESSION


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Rows in memory, once; members of a population refer to them by index.

    Attributes:
        inputs: one array for each input of the network, each ``[row, ...]``; float32 (NaN is a
            missing cell, filled per member by its `Scaling`), int32 (category codes for embeddings), or
            uint8 (pixels of pictures, which become float32 where they are computed with; they may be mapped
            from a file).
        input_names: a name for each array in `inputs`.
        feature_names: column names of each array in `inputs` (empty where columns have no names).
        target: ``[row]`` int32 class codes 0 to k-1 in sorted order of the classes, or ``[row, output]``
            float32 for regression, in the target's own unit.
        task: binary, multiclass or regression.
        class_names: the k class labels as text, in code order; empty for regression.
        sample_weight: ``[row]`` float32, or None for equal weights.
        groups: ``[row]`` int32; rows with equal codes never straddle a split. None if every row stands alone.
        time: ``[row]`` float64 sort key; splits then train on the past. None if order does not matter.
    """

    inputs: tuple[NDArray[np.generic], ...]
    target: NDArray[np.generic]
    task: Task
    input_names: tuple[str, ...] = ("features",)
    feature_names: tuple[tuple[str, ...], ...] = ((),)
    class_names: tuple[str, ...] = ()
    sample_weight: FloatArray | None = None
    groups: IntArray | None = None
    time: NDArray[np.float64] | None = None

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return len(self.target)

    @property
    def num_classes(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.class_names)


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """One division of rows.

    Attributes:
        train: ``[n]`` int32 row indices to learn from.
        validation: ``[m]`` int32 row indices to measure on; disjoint from `train`.
    """

    train: IntArray
    validation: IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaling:
    """How one float input is filled, clipped, centred, scaled and masked; fitted on training rows only.

    Applied per cell and feature in this order: replace NaN by `fill`; clip to ``[low, high]``;
    if there are `knots`, interpolate the empirical quantile; subtract `center`; multiply by
    `inverse_scale`; multiply by `mask` (0 removes a feature, also one that is constant or unseen
    in the training rows); if there is a `rotation`, replace the features by linear features of them.

    Attributes:
        fill: ``[feature]`` replaces NaN.
        low: ``[feature]`` lower clip bound, -inf for none.
        high: ``[feature]`` upper clip bound, +inf for none.
        center: ``[feature]``.
        inverse_scale: ``[feature]``.
        mask: ``[feature]`` 0 or 1.
        knots: ``[feature, knot]`` increasing quantile knots, or None for an affine scaling.
        rotation: ``[feature, feature]``; its columns are the weights of the linear features, 0 for places
            that are not used. None leaves the features as they are.
    """

    fill: FloatArray
    low: FloatArray
    high: FloatArray
    center: FloatArray
    inverse_scale: FloatArray
    mask: FloatArray
    knots: FloatArray | None = None
    rotation: FloatArray | None = None


@dataclass(frozen=True, kw_only=True)
class CleaningStep:
    """One thing that was done to a column, for the report.

    Attributes:
        column: the column's name, or an empty string for the whole table.
        action: what was done, such as "sentinel -999 read as missing".
        num_cells: how many cells (or rows, where `column` is empty) it touched.
        switch: the option that turns it off or changes it, such as ``sentinels="keep"``.
    """

    column: str
    action: str
    num_cells: int = 0
    switch: str = ""


@dataclass(frozen=True, kw_only=True)
class ColumnSchema:
    """What was inferred about one column.

    Attributes:
        name: as in the file.
        kind: numeric, integer, boolean, category, ordinal, datetime, text, identifier, constant or target.
        used: whether the network sees it.
        reason: why it has this kind, or why it is left out, in a few words.
        num_missing: missing cells in the rows it was inferred from.
        num_unique: distinct values in them.
        details: what encoding needs (categories, parts, sentinels), as plain JSON values.
    """

    name: str
    kind: str
    used: bool = True
    reason: str = ""
    num_missing: int = 0
    num_unique: int = 0
    details: dict[str, object] = field(default_factory=dict[str, object])
