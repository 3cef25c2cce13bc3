"""Changed versions of pictures that pass the frozen beginning of a network once, for all members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._material import Material
from wellfit.api._subject import picture_position
from wellfit.models import Model
from wellfit.population import augmented
from wellfit.records import Dataset, IntArray, Settings, Split

Array = NDArray[Any]

NUM_VIEWS = 4
"""Versions of each training picture: an epoch shows about one of them, drawn anew."""

_BATCH = 32


def viewed(
    features: Dataset, front: Model, material: Material, views: Sequence[tuple[str, float]]
) -> tuple[Dataset, tuple[Split, ...], IntArray]:
    """Return rows whose training pictures are changed versions, splits of them, and visits in an epoch.

    Augmentation in every epoch would send every picture through the frozen part each time. A few versions of
    each, made once, are what most of its effect comes from; validation rows stay as they are.

    Args:
        features: what the frozen part gives for the rows as they are.
        front: the frozen part.
        material: the rows as they are, and the splits.
        views: settings of the augmentation.
    """
    rows = np.unique(np.concatenate([split.train for split in material.splits]))
    changes: dict[str, Any] = dict(views)
    settings = replace(Settings(), **changes)
    versions = [
        _version(front, material.dataset, rows, settings, seed=number * len(rows))
        for number in range(NUM_VIEWS)
    ]
    count = features.num_rows
    again = np.tile(rows, NUM_VIEWS)
    dataset = _with_rows(features, versions, again)
    place = np.zeros(count, np.int64)
    place[rows] = np.arange(len(rows))
    offsets = count + len(rows) * np.arange(NUM_VIEWS)
    splits = tuple(
        Split(
            train=(offsets[:, None] + place[split.train]).ravel().astype(np.int32),
            validation=split.validation,
        )
        for split in material.splits
    )
    return dataset, splits, np.array([len(split.train) for split in material.splits], np.int32)


def front_outputs(front: Model, inputs: Sequence[Array]) -> tuple[Array, ...]:
    """Return ``[row, ...]`` what the frozen part gives for rows, one array for each of its outputs."""
    network: Any = front
    given = inputs[0] if len(inputs) == 1 else list(inputs)
    outputs = network.predict(given, batch_size=_BATCH, verbose=0)
    return tuple(np.asarray(one, np.float32) for one in (outputs if isinstance(outputs, list) else [outputs]))


def with_inputs(dataset: Dataset, inputs: tuple[Array, ...]) -> Dataset:
    """Return the data with other inputs, which have no names of features."""
    names = tuple(f"features_{position}" for position in range(len(inputs)))
    return replace(dataset, inputs=inputs, input_names=names, feature_names=((),) * len(inputs))


def _version(
    front: Model, dataset: Dataset, rows: Array, settings: Settings, *, seed: int
) -> tuple[Array, ...]:
    """Return what the frozen part gives for one changed version of each of the rows."""
    found: list[tuple[Array, ...]] = []
    position = picture_position(dataset) or 0
    for start in range(0, len(rows), _BATCH):
        # The last rows are repeated, so that every batch has one size, and is compiled once.
        some = np.resize(rows[start : start + _BATCH], _BATCH)
        inputs = [np.asarray(values[some]) for values in dataset.inputs]
        inputs[position] = augmented(
            np.asarray(inputs[position], np.float32), settings, seeds=[seed + start]
        )[0]
        kept = min(_BATCH, len(rows) - start)
        found.append(tuple(one[:kept] for one in front_outputs(front, inputs)))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def _with_rows(features: Dataset, versions: Sequence[tuple[Array, ...]], again: Array) -> Dataset:
    """Return the rows, and behind them their versions, with the target and all else of their rows."""

    def extended(values: Array | None) -> Array | None:
        return None if values is None else np.concatenate([values, values[again]])

    inputs = tuple(
        np.concatenate([own, *made]) for own, *made in zip(features.inputs, *versions, strict=True)
    )
    return replace(
        features,
        inputs=inputs,
        target=np.concatenate([features.target, features.target[again]]),
        sample_weight=extended(features.sample_weight),
        groups=extended(features.groups),
        time=extended(features.time),
    )
