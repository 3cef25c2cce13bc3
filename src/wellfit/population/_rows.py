"""Rows as one member sees them, in NumPy: scaled inputs, targets, weights, order and losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from wellfit.data import apply_scaling
from wellfit.models import TrainingSetup, row_losses
from wellfit.population._losses import correct, encode_target, probabilities, row_loss
from wellfit.population._random import derive, shuffle_keys, shuffled
from wellfit.population._shared import TargetScaling
from wellfit.records import Dataset, Members, Scaling, Split

Array = Any


class RowData:
    """The data set of an executor that trains members one by one.

    Args:
        dataset: the rows.
        splits: which are for training and validation.
        scalings: for each entry of fitted scalings, one for each input; empty for none.
        target_scaling: of a regression target, or None.
        setup: loss of the network.
        measured_rows: training rows on which the loss is measured, at most.
    """

    def __init__(
        self,
        dataset: Dataset,
        splits: Sequence[Split],
        scalings: Sequence[Sequence[Scaling | None]],
        target_scaling: TargetScaling | None,
        *,
        setup: TrainingSetup,
        measured_rows: int,
    ) -> None:
        self.dataset, self.splits, self._scalings = dataset, list(splits), list(scalings)
        self._target_scaling, self._setup, self._measured = target_scaling, setup, measured_rows

    def inputs(self, scaling: int, rows: Array, given: Sequence[Array] | None = None) -> list[Array]:
        """Return each input's rows, filled and scaled; pixels as they are stored.

        Args:
            scaling: position of the fitted scaling.
            rows: indices into the data set, or into `given`.
            given: one array for each input, in place of those of the data set.
        """
        every = self.dataset.inputs if given is None else given
        fitted = self._scalings[scaling] if self._scalings else [None] * len(self.dataset.inputs)
        return [
            values[rows] if one is None else apply_scaling(one, np.asarray(values[rows], np.float32))
            for values, one in zip(every, fitted, strict=True)
        ]

    def target(self, member: Members, rows: Array, num_outputs: int) -> Array:
        """Return ``[row, output]`` targets as the network's outputs are compared with them, not smoothed."""
        rows = self._labelled(member, rows)
        target = np.asarray(encode_target(jnp.asarray(self.dataset.target[rows]), self._task, num_outputs))
        if self._task.is_classification or self._target_scaling is None:
            return target
        index = int(member.scaling[0])
        return (target - self._target_scaling.center[index]) / self._target_scaling.scale[index]

    def weight(self, member: Members, rows: Array) -> Array | None:
        """Return ``[row]`` weights in training, or None where all are one."""
        own, classes = self.dataset.sample_weight, member.class_weight[0]
        weight = np.ones(len(rows), np.float32) if own is None else own[rows]
        if self._task.is_classification and len(classes) and (classes != 1).any():
            return weight * classes[self.dataset.target[self._labelled(member, rows)]]
        return None if own is None else weight

    def train_rows(self, member: Members, epoch: int, *, shuffle: bool) -> Array:
        """Return the rows of an epoch in the order in which a population visits them."""
        rows = self.splits[int(member.split[0])].train
        place = np.arange(int(member.num_visits[0]) or len(rows)) % len(rows)
        if shuffle:
            size = jnp.int32(len(rows))
            keys = shuffle_keys(derive(jnp.uint32(member.seed[0]), 0x5EED, epoch), size)
            place = np.asarray(shuffled(jnp.asarray(place, jnp.int32), size, keys))
        return rows[place]

    def measured_rows(self, member: Members) -> tuple[Array, Array]:
        """Return training rows, evenly spaced where there are many, and validation rows."""
        split = self.splits[int(member.split[0])]
        size = len(split.train)
        count = min(self._measured, size)
        place = (np.arange(count, dtype=np.float32) * np.float32(max(size / count, 1.0))).astype(np.int64)
        return split.train[np.minimum(place, size - 1)], split.validation

    def measure(self, member: Members, rows: Array, output: Array) -> dict[str, float]:
        """Return mean data loss and metrics of outputs on rows, NaN where there are no rows."""
        classes = self._task.is_classification
        target = self.target(member, rows, output.shape[-1])
        weight = self.dataset.sample_weight
        weight = np.ones(len(rows), np.float32) if weight is None else weight[rows]
        total = weight.sum()
        if not len(rows):
            return {"loss": np.nan, **({"accuracy": np.nan} if classes else {})}
        found = {"loss": float((self._losses(member, target, output) * weight).sum() / total)}
        if classes:
            hits = correct(jnp.asarray(target), jnp.asarray(output), from_logits=self._setup.from_logits)
            found["accuracy"] = float((np.asarray(hits) * weight).sum() / total)
        return found

    def reported_unit(self, member: Members) -> float:
        """Return what Keras' own loss is multiplied by to be in the unit of `measure`, or NaN.

        Outputs that are scaled each on their own have no common unit.
        """
        if self._task.is_classification or self._target_scaling is None:
            return 1.0
        unit = np.ravel(self._unit(member))
        return float(unit[0]) if (unit == unit[0]).all() else np.nan

    def readable(self, output: Array, scaling: int) -> Array:
        """Return probabilities, or a regression's outputs in the target's own unit."""
        if self._task.is_classification:
            return np.asarray(probabilities(jnp.asarray(output), from_logits=self._setup.from_logits))
        if self._target_scaling is None:
            return output
        return output * self._target_scaling.scale[scaling] + self._target_scaling.center[scaling]

    @property
    def _task(self) -> Any:
        return self.dataset.task

    def _labelled(self, member: Members, rows: Array) -> Array:
        """Return the rows whose labels these rows carry under the member's order of labels."""
        order = int(member.label_order[0])
        if order == 0:
            return rows
        return np.random.default_rng(order).permutation(self.dataset.num_rows)[rows]

    def _losses(self, member: Members, target: Array, output: Array) -> Array:
        name = self._setup.loss_name
        if name == "other":
            return row_losses(self._setup.loss, target, output)
        loss = row_loss(
            name,
            from_logits=self._setup.from_logits,
            delta=float(self._setup.loss_config.get("delta", 1.0)),
        )
        if self._task.is_classification or self._target_scaling is None:
            return np.asarray(loss(jnp.asarray(target), jnp.asarray(output)))
        parts = loss(jnp.asarray(target)[..., None], jnp.asarray(output)[..., None])
        return (np.asarray(parts) * self._unit(member)).mean(-1)

    def _unit(self, member: Members) -> Array:
        """Return ``[output]`` what a loss of scaled targets is multiplied by."""
        assert self._target_scaling is not None
        scale = self._target_scaling.scale[int(member.scaling[0])]
        return scale if self._setup.loss_name == "mean_absolute_error" else scale * scale
