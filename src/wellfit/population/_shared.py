"""The rows, their splits, scalings and permuted labels, put on the device once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from wellfit.data import are_pixels, is_mapped
from wellfit.population._program import Shared, num_chunks_of
from wellfit.records import Dataset, Scaling, Split

Array = Any  # NumPy on the host, JAX on the device

_MOST_COPIED = 2**26  # bytes of a mapped file


@dataclass(frozen=True, kw_only=True, eq=False)
class TargetScaling:
    """Centre and scale of a regression target, one of each a split.

    Attributes:
        center: ``[split, output]``.
        scale: ``[split, output]``, above 0.
    """

    center: Array
    scale: Array


def shared_data(
    num_outputs: int,
    dataset: Dataset,
    splits: Sequence[Split],
    scalings: Sequence[Sequence[Scaling | None]],
    target_scaling: TargetScaling | None,
    *,
    num_label_orders: int,
    measured_rows: int,
) -> Shared:
    """Return the data set and its splits on the device; see `Population` for the arguments.

    On a CPU the device's memory is the machine's, and nothing is copied: of an array that is mapped from a
    file, only the rows of a batch come into memory, and the system may drop them again. So the data may be
    larger than memory there. An accelerator has to hold all rows.
    """
    num_tables = max(1, len(scalings), len(splits))
    if target_scaling is None:
        target_scaling = TargetScaling(
            center=np.zeros((num_tables, num_outputs), np.float32),
            scale=np.ones((num_tables, num_outputs), np.float32),
        )
    orders = [np.arange(dataset.num_rows)]
    orders += [np.random.default_rng(k).permutation(dataset.num_rows) for k in range(1, num_label_orders)]
    train_rows, num_train = _padded([split.train for split in splits], dataset.num_rows)
    validation_rows, num_validation = _padded([split.validation for split in splits], 0)
    weight = dataset.sample_weight
    if scalings:
        tables = [_scaling_table([row[i] for row in scalings]) for i in range(len(dataset.inputs))]
    else:
        tables = [None] * len(dataset.inputs)
    membership = None
    if not _would_be_copied(dataset):
        membership = _membership(splits, dataset.num_rows, measured_rows)
    target = np.asarray(dataset.target, np.int32 if dataset.task.is_classification else np.float32)
    # Only where all rows are measured do they have to divide into chunks; else it would cost a copy of them.
    whole = _full_chunks if membership is not None else np.asarray
    host: dict[str, Any] = {
        "inputs": tuple(whole(_as_input(values)) for values in dataset.inputs),
        "target": whole(target),
        "sample_weight": None if weight is None else whole(np.asarray(weight, np.float32)),
        "train_rows": train_rows,
        "num_train": num_train,
        "validation_rows": validation_rows,
        "num_validation": num_validation,
        "scaling": tuple(tables),
        "target_center": np.asarray(target_scaling.center, np.float32),
        "target_scale": np.asarray(target_scaling.scale, np.float32),
        "label_orders": whole(np.stack(orders, axis=1)).T.astype(np.int32),
        "membership": membership,
    }
    return jax.device_put(Shared(**host))


def as_inputs(inputs: Sequence[Array], step: int) -> list[Array]:
    """Return rows for a network in place of those of the data set.

    Args:
        inputs: ``[row, ...]`` for each input.
        step: the last row is repeated until their number is a multiple of it, so that nearly equal numbers
            share a compilation.
    """
    return [np.concatenate([v, np.repeat(v[-1:], -len(v) % step, axis=0)]) for v in map(_as_input, inputs)]


def _full_chunks(values: Array) -> Array:
    """Return rows with copies of the last one behind them, so that they divide into equal chunks."""
    num_chunks = num_chunks_of(len(values))
    missing = -len(values) % num_chunks
    return np.concatenate([values, np.repeat(values[-1:], missing, axis=0)]) if missing else values


def _would_be_copied(dataset: Dataset) -> bool:
    """Return whether rows that need not be in memory would come there, only to divide into equal chunks."""
    if -dataset.num_rows % num_chunks_of(dataset.num_rows) == 0:
        return False
    return sum(values.nbytes for values in dataset.inputs if is_mapped(values)) > _MOST_COPIED


def _membership(splits: Sequence[Split], num_rows: int, measured_rows: int) -> Array | None:
    """Return ``[side, split, row]`` 0 or 1, or None where measuring all rows would be wasteful."""
    used = np.mean([len(split.train) + len(split.validation) for split in splits])
    most = max(len(split.train) for split in splits)
    if most > measured_rows or num_rows > 2 * measured_rows or used < num_rows / 2:
        return None
    missing = -num_rows % num_chunks_of(num_rows)
    table = np.zeros((2, len(splits), num_rows + missing), np.float32)
    for index, split in enumerate(splits):
        np.add.at(table[0, index], split.train, 1.0)  # a row that was drawn twice counts twice
        np.add.at(table[1, index], split.validation, 1.0)
    return table


def _as_input(values: Array) -> Array:
    if are_pixels(values):
        return values  # a quarter of the memory; batches become real numbers when they are gathered
    return np.asarray(values, np.int32 if np.issubdtype(values.dtype, np.integer) else np.float32)


def _padded(rows: Sequence[Array], width: int) -> tuple[Array, Array]:
    lengths = np.array([len(r) for r in rows], np.int32)
    table = np.zeros((len(rows), max(width, int(lengths.max(initial=1)), 1)), np.int32)
    for index, chosen in enumerate(rows):
        table[index, : len(chosen)] = chosen
    return table, lengths


def _scaling_table(scalings: Sequence[Scaling | None]) -> dict[str, Array] | None:
    if scalings[0] is None:
        return None
    names = ["fill", "low", "high", "center", "inverse_scale", "mask"]
    if scalings[0].knots is not None:
        names.append("knots")
    if scalings[0].rotation is not None:
        names.append("rotation")
    return {name: np.stack([np.asarray(getattr(s, name), np.float32) for s in scalings]) for name in names}
