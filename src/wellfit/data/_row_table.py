"""Rows as numbers and category codes, and new rows of that kind back as inputs of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data._feature_kinds import FeatureKinds
from wellfit.data._mapped import joined_rows
from wellfit.data._preparation import Preparation
from wellfit.data._scaling import apply_scaling, fit_scaling, invert_scaling
from wellfit.records import Dataset, FloatArray, IntArray, Scaling, SettingsError

# Distances between rows need one unit for all features, whatever the network's own scaling is.
_UNIT = Preparation(scaling="standard", features="encoded")


@dataclass(frozen=True, kw_only=True, eq=False)
class RowTable:
    """Training rows of one split, filled and scaled, with what is needed to turn new rows into inputs.

    Attributes:
        numbers: ``[row, number]`` float32, scaled; features that are neither 0 or 1 nor part of a category.
        codes: ``[row, category]`` int32: a flag's 0 or 1, a category's place from 1 (0 for none), or the code
            of an embedding's input.
        continuous: positions of the numbers among the features.
        categories: positions of the features of each category (or flag) before the embeddings' inputs.
        is_whole: ``[number]`` whether a number is whole in every row.
        kinds: of the features.
        matrix: position of the float input, or -1 without one.
        scaling: of the float input, or None.
    """

    numbers: FloatArray
    codes: IntArray
    continuous: IntArray
    categories: tuple[tuple[int, ...], ...]
    is_whole: NDArray[np.bool_]
    kinds: FeatureKinds
    matrix: int
    scaling: Scaling | None


def matrix_position(dataset: Dataset) -> int:
    """Return which input is the float matrix, -1 if there is none.

    Raises:
        SettingsError: the inputs are no table: several float inputs, or one with more axes.
    """
    found = [i for i, values in enumerate(dataset.inputs) if np.issubdtype(values.dtype, np.floating)]
    if len(found) > 1 or any(values.ndim != 2 for values in dataset.inputs):
        shapes = ", ".join(str(values.shape) for values in dataset.inputs)
        raise SettingsError(
            "these inputs are no table.",
            received=f"inputs of shape {shapes}",
            expected="one input [row, feature] of numbers, and [row, 1] of category codes",
            fix="leave the rows and features as they are",
        )
    return found[0] if found else -1


def row_table(dataset: Dataset, rows: IntArray, kinds: FeatureKinds) -> RowTable:
    """Return `rows` as numbers and codes.

    Args:
        dataset: a table.
        rows: ``[n]`` indices of training rows.
        kinds: of the float input's features.
    """
    matrix = matrix_position(dataset)
    own = [values[rows] for i, values in enumerate(dataset.inputs) if i != matrix]
    codes = [np.asarray(values, np.int32) for values in own]
    if matrix < 0:
        empty = np.zeros((len(rows), 0), np.float32)
        none = np.zeros(0, np.int32)
        return RowTable(
            numbers=empty,
            codes=np.concatenate(codes, axis=1),
            continuous=none,
            categories=(),
            is_whole=none.astype(bool),
            kinds=kinds,
            matrix=matrix,
            scaling=None,
        )
    scaling = fit_scaling(dataset, rows, _UNIT)[matrix]
    assert scaling is not None
    raw = np.asarray(dataset.inputs[matrix][rows], np.float32)
    filled = np.where(np.isnan(raw), scaling.fill, raw)
    categories = (*((i,) for i in kinds.binary), *kinds.groups)
    apart = {i for category in categories for i in category}
    continuous = np.array([i for i in range(raw.shape[1]) if i not in apart], np.int32)
    known = np.nan_to_num(raw[:, continuous])
    none = np.zeros((len(rows), 0), np.int32)
    return RowTable(
        numbers=apply_scaling(scaling, raw)[:, continuous],
        codes=np.concatenate([none, *(_code(filled[:, one]) for one in categories), *codes], axis=1),
        continuous=continuous,
        categories=categories,
        is_whole=(known == np.round(known)).all(axis=0),
        kinds=kinds,
        matrix=matrix,
        scaling=scaling,
    )


def _code(columns: FloatArray) -> IntArray:
    """Return ``[row, 1]`` the place of the column that is on, from 1; 0 where none is."""
    is_on = columns > 0.5
    return np.where(is_on.any(axis=1), is_on.argmax(axis=1) + 1, 0).astype(np.int32)[:, None]


def as_inputs(table: RowTable, numbers: FloatArray, codes: IntArray) -> tuple[NDArray[Any], ...]:
    """Return new rows as raw inputs, in the order of the data set's: whole numbers whole, categories whole.

    Args:
        table: the rows that the new ones came from.
        numbers: ``[new row, number]`` scaled.
        codes: ``[new row, category]``.
    """
    num_own = len(table.categories)
    rest = [np.asarray(column, np.int32)[:, None] for column in codes.T[num_own:]]
    if table.scaling is None:
        return tuple(rest)
    scaled = np.zeros((len(numbers), len(table.scaling.mask)), np.float32)
    scaled[:, table.continuous] = numbers
    raw = invert_scaling(table.scaling, scaled)
    whole = table.continuous[table.is_whole]
    raw[:, whole] = np.round(raw[:, whole])
    for category, column in zip(table.categories, codes.T[:num_own], strict=True):
        raw[:, category] = column[:, None] == np.arange(1, len(category) + 1)
    for value, flag in table.kinds.flags:  # what is told to be missing is missing
        raw[raw[:, flag] > 0.5, value] = np.nan
    return (*rest[: table.matrix], raw, *rest[table.matrix :])


@dataclass(frozen=True, kw_only=True, eq=False)
class NewRows:
    """Rows that were made for the training of one split.

    Attributes:
        inputs: raw, in the order of the data set's inputs.
        target: in the shape of the data set's target.
        origin: ``[n]`` the training rows that they were made from.
    """

    inputs: tuple[NDArray[Any], ...]
    target: NDArray[Any]
    origin: IntArray


def with_rows(dataset: Dataset, parts: Sequence[NewRows]) -> Dataset:
    """Return a data set with new rows behind its own, so that own rows keep their indices.

    A new row stands alone as a group, is as late as the latest row that it was made from, and weighs what
    those weigh on average.
    """
    parts = [part for part in parts if len(part.target)]
    if not parts:
        return dataset
    inputs = tuple(
        joined_rows([own, *(part.inputs[i].astype(own.dtype) for part in parts)])
        for i, own in enumerate(dataset.inputs)
    )
    sizes = [len(part.target) for part in parts]
    groups, time, weight = dataset.groups, dataset.time, dataset.sample_weight
    if groups is not None:
        alone = groups.max(initial=-1) + 1 + np.arange(sum(sizes))
        groups = np.concatenate([groups, alone]).astype(np.int32)
    if time is not None:
        latest = [np.full(size, time[part.origin].max()) for size, part in zip(sizes, parts, strict=True)]
        time = np.concatenate([time, *latest])
    if weight is not None:
        mean = [np.full(size, weight[part.origin].mean()) for size, part in zip(sizes, parts, strict=True)]
        weight = np.concatenate([weight, *mean]).astype(np.float32)
    targets = [part.target.astype(dataset.target.dtype) for part in parts]
    return replace(
        dataset,
        inputs=inputs,
        target=np.concatenate([dataset.target, *targets]),
        sample_weight=weight,
        groups=groups,
        time=time,
    )
