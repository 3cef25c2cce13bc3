"""One member on its way by `keras.Model.fit`, an epoch at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wellfit.data import computable
from wellfit.models import (
    Variant,
    build_variant,
    packed_inputs,
    penalty,
    predict_plain,
    weights_of_variant,
)
from wellfit.population._initial import given_weights, initial_weights
from wellfit.population._losses import smooth
from wellfit.population._masks import member_units
from wellfit.population._program import RUNNING
from wellfit.population._steps import Steps
from wellfit.records import DROPOUT_KINDS, RESULTS, SCHEDULES, WHERES, Members

if TYPE_CHECKING:
    from wellfit.population._sequential import FitExecutor

Array = Any


class Trainee:
    """A member as a Keras network, its curves so far, and its best weights.

    Args:
        executor: whose network and data it uses.
        member: exactly one.
        weights: first weights in the order of ``model.weights``; drawn from the seed if None.
        shuffle: whether each epoch visits the rows in a new order.
    """

    def __init__(
        self, executor: FitExecutor, member: Members, weights: list[Array] | None, *, shuffle: bool
    ) -> None:
        self._executor, self._member, self._shuffle = executor, member, shuffle
        self._data = executor.data
        self.epochs, self.epoch, self.status = int(member.epochs[0]), 0, RUNNING
        self._smoothing = float(member.label_smoothing[0])
        self._variant = _variant(executor, member)
        self._first = _first_weights(executor, member, weights)
        self.model: Any = build_variant(
            executor.model, executor.network.layout, self._first, executor.setup, self._variant
        )
        self._steps = Steps(executor.network, member, self._variant.num_updates)
        self._curves: dict[str, list[float]] = {}
        self._best, self._best_loss, self._best_epoch = self._first, np.inf, -1
        self._wait = 0
        self._rate_factor, self._plateau_best, self._plateau_wait = 1.0, np.inf, 0

    def advance(self) -> None:
        """Train one epoch, measure both sides, keep the best, and decide whether to go on."""
        before = self.model.get_weights()
        reported = self._fit()
        if reported is not None and not np.isfinite(reported):
            self.model.set_weights(before)
            self.status = int(RESULTS.nonfinite)
            return
        with self._steps.judged(self.model, self.epoch):
            row = self._measured()
            unit = self._data.reported_unit(self._member)
            row["running_loss"] = np.nan if reported is None else reported * unit
            for name, value in row.items():
                self._curves.setdefault(name, []).append(value)
            self._judge(row)
        self.epoch += 1

    def state(self) -> dict[str, Any]:
        """Return results, curves and weights so far."""
        return {
            "status": self.status,
            "num_epochs": self.epoch,
            "best_epoch": self._best_epoch,
            "curves": self._curves,
            "weights": self._best,
        }

    def _fit(self) -> float | None:
        """Train one epoch and return Keras' own loss of it, which is not finite if any batch's was not.

        A training step of its own may report none.
        """
        member, data = self._member, self._data
        rows = data.train_rows(member, self.epoch, shuffle=self._shuffle)
        target = data.target(member, rows, self._executor.network.num_outputs)
        if data.dataset.task.is_classification:
            target = self._labels(target)
        weight = data.weight(member, rows)
        inputs = data.inputs(int(member.scaling[0]), rows)
        if not getattr(self.model, "inputs", None):
            # A network of known inputs makes real numbers of pixels batch by batch; one of own code may not.
            inputs = [computable(values) for values in inputs]
        inputs, target, weight = self._steps.mixed(inputs, target, weight, self.epoch)
        if self._steps.is_stepwise:
            return self._steps.train(self.model, inputs, target, weight)
        history = self.model.fit(
            packed_inputs(self.model, inputs),
            target,
            sample_weight=weight,
            batch_size=int(member.batch_size[0]),
            initial_epoch=self.epoch,
            epochs=self.epoch + 1,
            shuffle=False,
            verbose=0,
        )
        losses = history.history.get("loss")
        return float(losses[-1]) if losses else None

    def _labels(self, target: Array) -> Array:
        """Return smoothed labels, or codes where the loss wants codes."""
        if self._variant.soft_labels:
            return np.asarray(smooth(target, self._smoothing), np.float32)
        sparse = self._executor.setup.loss_name == "sparse_categorical_crossentropy"
        return target.argmax(-1) if sparse else target

    def _measured(self) -> dict[str, float]:
        member, data = self._member, self._data
        row = {"penalty": penalty(self.model)}
        for side, rows in zip(("train", "validation"), data.measured_rows(member), strict=True):
            output = np.zeros((0, self._executor.network.num_outputs), np.float32)
            if len(rows):
                output = predict_plain(self.model, data.inputs(int(member.scaling[0]), rows))
            for name, value in data.measure(member, rows, output).items():
                row[f"{side}_{name}"] = value
        return row

    def _judge(self, row: dict[str, float]) -> None:
        """Do as the compiled program does at the end of an epoch."""
        member, epoch = self._member, self.epoch
        start, patience = int(member.start_epoch[0]), int(member.patience[0])
        has_validation = len(self._data.splits[int(member.split[0])].validation) > 0
        watched = row["validation_loss"] if has_validation else row["train_loss"]
        finite = bool(np.isfinite(watched))
        reference = np.inf if epoch <= start else self._best_loss
        better = finite and (not has_validation or watched < reference)
        if better:
            self._best_epoch, self._wait = epoch, 0
            self._best_loss = watched if has_validation else self._best_loss
        else:
            self._wait += epoch >= start
        if better or (finite and not member.restore_best[0]):
            self._best = weights_of_variant(
                self._executor.network.layout, self.model, self._first, self._variant
            )
        if not finite:
            self.status = int(RESULTS.nonfinite)
        elif 0 < patience <= self._wait and epoch >= start and has_validation:
            self.status = int(RESULTS.early_stopped)
        elif epoch + 1 >= self.epochs:
            self.status = int(RESULTS.finished)
        self._watch_plateau(watched)

    def _watch_plateau(self, watched: float) -> None:
        if watched < self._plateau_best:
            self._plateau_best, self._plateau_wait = watched, 0
            return
        self._plateau_wait += 1
        if self._plateau_wait >= int(self._member.plateau_patience[0]):
            self._plateau_wait = 0
            self._rate_factor *= float(self._member.decay[0])
            if self._variant.schedule == "plateau":
                self.model.optimizer.learning_rate = self._variant.learning_rate * self._rate_factor


def _variant(executor: FitExecutor, member: Members) -> Variant:
    rows = int(member.num_visits[0]) or len(executor.data.splits[int(member.split[0])].train)
    dropout = float(member.dropout[0])
    return Variant(
        learning_rate=float(member.learning_rate[0]),
        schedule=SCHEDULES[int(member.schedule[0])],
        decay=float(member.decay[0]),
        num_updates=-(-rows // int(member.batch_size[0])) * int(member.epochs[0]),
        warmup=float(member.warmup[0]),
        clip_norm=float(member.clip_norm[0]),
        soft_labels=bool(member.label_smoothing[0] or member.mixup[0] or member.cutmix[0]),
        l1=float(member.l1[0]),
        l2=float(member.l2[0]),
        weight_decay=float(member.weight_decay[0]),
        penalty_scale=float(member.penalty_scale[0]),
        dropout=None if np.isnan(dropout) else dropout,
        dropout_scale=float(member.dropout_scale[0]),
        width=float(member.width[0]),
        depth=int(member.depth[0]),
        seed=int(member.seed[0]),
        orthogonality=float(member.orthogonality[0]),
        max_norm=float(member.max_norm[0]),
        activity_l2=float(member.activity_l2[0]),
        l2_sp=float(member.l2_sp[0]),
        penalty_where=WHERES[int(member.penalty_where[0])],
        dropout_where=WHERES[int(member.dropout_where[0])],
        dropout_kind=DROPOUT_KINDS[int(member.dropout_kind[0])],
        input_noise=float(member.input_noise[0]),
        input_dropout=float(member.input_dropout[0]),
        stochastic_depth=float(member.stochastic_depth[0]),
    )


def _first_weights(executor: FitExecutor, member: Members, weights: list[Array] | None) -> list[Array]:
    """Return first weights in the order of ``model.weights``, as a population draws or masks them."""
    network = executor.network
    units = member_units(network, member.width) if member.width[0] < 1 else None
    if weights is None:
        values = initial_weights(network, member.seed, units)
    else:
        ordered = list(network.values)
        for source, position in enumerate(network.order):
            ordered[position] = np.asarray(weights[source])
        values = given_weights(network, ordered, member.seed, units)
    return [values[position][0] for position in network.order]
