"""A callback that measures both sides of the gap with the same weights, and changes nothing of the training.

Rows are measured in inference mode and without penalties: what Keras logs as training loss is a running mean
over changing weights, with dropout on, and both of its losses contain the penalties.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from wellfit.models._probe import value_of
from wellfit.models._seized_rows import Rows, kind_of, rows_of_arrays

tree: Any = keras.tree  # whose annotations leave out what its functions return

MEASURED_ROWS = 1024
"""Rows of either side that are measured after each epoch, evenly spaced, at most."""

_BATCH = 256
_SMALL_STATE = 100_000  # numbers: states of random generators and metrics, not weights

Curve = NDArray[np.float64]
StopRule = Callable[[Curve], bool]


class WatchCallback(keras.callbacks.Callback):
    """Measures training and validation loss after each epoch, and can stop on a rule.

    Args:
        x: training inputs; those of `fit` where it was given arrays, if None.
        y: their targets.
        validation_data: ``(x, y)`` or ``(x, y, sample_weight)``; likewise those of `fit`.
        stop: whether to stop once `rule` says so, with the weights of the best epoch.
        rule: from the validation losses so far to whether to stop.
    """

    def __init__(
        self, *, x: Any = None, y: Any = None, validation_data: Any = None, stop: bool, rule: StopRule
    ) -> None:
        super().__init__()
        self.network: Any = None
        self._given = _rows(x, y, None), _rows(*_unpacked(validation_data))
        self._stop, self._rule = stop, rule
        self._clear()

    def _clear(self) -> None:
        self.curves: dict[str, list[float]] = {}
        self.notes: list[str] = []
        self.stopped_epoch: int | None = None
        self.best_epoch: int | None = None
        self._best_loss = np.inf
        self._best_weights: Sequence[Any] | None = None
        self._sides: dict[str, Rows] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        """Find the rows to measure."""
        self._clear()
        self.network = self.model
        seized = _seized(self.network)
        for name, given, found in zip(("loss", "val_loss"), self._given, seized, strict=True):
            if (rows := given or found) is not None:
                self._sides[name] = rows
        if "loss" not in self._sides:
            self.notes.append(_AS_LOGGED)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Measure, keep the best weights, and stop if the rule says so."""
        seen = {name: float(value) for name, value in (logs or {}).items() if np.ndim(value) == 0}
        seen |= self._measured()
        for name, value in seen.items():
            before = max((len(values) for values in self.curves.values()), default=0)
            length = before if name in self.curves else max(before - 1, 0)
            self.curves.setdefault(name, [np.nan] * length).append(value)
        if "val_loss" in seen:
            self._consider(epoch, seen["val_loss"])
        self.epoch_seen(epoch)

    def on_train_end(self, logs: Any = None) -> None:
        """Put the best epoch's weights back after a run that could stop."""
        if self._best_weights is not None:
            for variable, value in zip(self.network.weights, self._best_weights, strict=True):
                variable.assign(value)
            self._best_weights = None
        self.train_seen()

    def epoch_seen(self, epoch: int) -> None:
        """Do what is to be done after an epoch was measured."""

    def train_seen(self) -> None:
        """Do what is to be done after training."""

    def _consider(self, epoch: int, loss: float) -> None:
        if loss < self._best_loss:
            self._best_loss, self.best_epoch = loss, epoch
            if self._stop:
                self._best_weights = [np.array(value_of(variable)) for variable in self.network.weights]
        if self._stop and self._rule(np.array(self.curves["val_loss"], np.float64)):
            self.stopped_epoch = epoch
            self.network.stop_training = True

    def _measured(self) -> dict[str, float]:
        """Return the data losses of the sides of which there are rows; on failure those of the log hold."""
        found: dict[str, float] = {}
        if "loss" in self._sides:
            try:
                found = {name: data_loss(self.network, rows) for name, rows in self._sides.items()}
            except Exception as error:  # a network that cannot be measured must not end a training
                self._sides = {}
                self.notes.append(f"{_AS_LOGGED} Measuring failed: {type(error).__name__}.")
        return found


_AS_LOGGED = (
    "Losses are those that fit logged: the training loss is a running mean over the epoch with dropout on, "
    "and both contain the penalties. Watch(x=, y=, validation_data=) measures them again."
)


def data_loss(model: keras.Model, rows: Rows) -> float:
    """Return the compiled loss on rows in inference mode, without penalties; leave the network as it was.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> data_loss(model, Rows(x=np.ones((4, 1), np.float32), y=np.full((4, 1), 3.0, np.float32)))
        9.0
    """
    held = [v for v in model.non_trainable_variables if np.prod(v.shape) <= _SMALL_STATE]
    held += [*model.metrics_variables]
    before = [np.array(value_of(variable)) for variable in held]
    try:
        output = _predicted(model, rows)
        # The loss without penalties has no public name; `compute_loss` adds them.
        loss: Any = model._compile_loss  # pyright: ignore[reportAttributeAccessIssue]
        value: Any = keras.ops.convert_to_numpy(loss(rows.y, output, rows.sample_weight))
        return float(value)
    finally:
        for variable, value in zip(held, before, strict=True):
            if not np.array_equal(value_of(variable), value, equal_nan=value.dtype.kind == "f"):
                variable.assign(value)


def _predicted(model: Any, rows: Rows) -> Any:
    """Return outputs in batches of one size, so that nothing is compiled twice."""
    count = rows.num_kept
    size = min(count, _BATCH)
    parts: list[Any] = []
    for start in range(0, count, size):
        place = np.minimum(np.arange(start, start + size), count - 1)
        batch = tree.map_structure(lambda leaf, place=place: leaf[place], rows.x)
        parts.append(model.predict_on_batch(batch))
    return tree.map_structure(lambda *leaves: np.concatenate(leaves)[:count], *parts)


def _rows(x: Any, y: Any, sample_weight: Any) -> Rows | None:
    """Return at most `MEASURED_ROWS` rows as arrays, or None where there are none to be had."""
    if x is None or y is None or kind_of(x) != "arrays":
        return None
    rows = rows_of_arrays(x, y, sample_weight)
    chosen = np.unique(np.linspace(0, rows.num_kept - 1, min(rows.num_kept, MEASURED_ROWS)).astype(np.int64))

    def part(nested: Any) -> Any:
        return None if nested is None else tree.map_structure(lambda leaf: leaf[chosen], nested)

    return Rows(
        x=part(rows.x), y=part(rows.y), sample_weight=part(rows.sample_weight), num_given=rows.num_given
    )


def _unpacked(data: Any) -> tuple[Any, Any, Any]:
    if data is None or kind_of(data) != "arrays":
        return None, None, None
    return keras.utils.unpack_x_y_sample_weight(data)


def _seized(model: Any) -> tuple[Rows | None, Rows | None]:
    """Return the arrays that the running `fit` of this network was given, its validation split already taken.

    Read from its frame and never written; streams are left alone, since looking would advance them.
    """
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "fit" and frame.f_locals.get("self") is model:
            given = frame.f_locals
            try:
                held = _unpacked(given.get("validation_data"))
                return _rows(given.get("x"), given.get("y"), given.get("sample_weight")), _rows(*held)
            except Exception:
                return None, None
        frame = frame.f_back
    return None, None
