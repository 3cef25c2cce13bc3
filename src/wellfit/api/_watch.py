"""`Watch`: the honest gap while a network trains, live curves, and a stop in time."""

from __future__ import annotations

import sys
from typing import Any

from wellfit.api._shown import Diagnosis, shown_diagnosis
from wellfit.api._watch_chart import draw_curves
from wellfit.diagnosis import judge_curves, read_history
from wellfit.diagnosis._stopping import should_stop
from wellfit.models import WatchCallback
from wellfit.records import DataError

_DRAWN = 20  # charts of a whole run where fit prints lines of its own


class Watch(WatchCallback):
    """A Keras callback that measures training and validation loss alike, on any backend.

    Use it in any `fit`. After each epoch the same rows (at most 1,024 of each side) are measured with equal
    weights, in inference mode and without penalties, so that the gap is one between rows and not between ways
    of measuring. Arrays are taken from `fit` itself where it was given arrays; of streams the logged losses
    are used, and `diagnosis.notes` says so. Training is not changed: weights are equal to the bit with and
    without it, unless it stops.

    Args:
        x: training inputs, such as `fit` takes, if they are not to be taken from it.
        y: their targets.
        validation_data: ``(x, y)`` or ``(x, y, sample_weight)``.
        stop: whether to stop once a better epoch is unlikely to come, and to put the best epoch's weights
            back at the end.
        draw: whether to draw the curves while training; None does where standard output is a terminal.

    Attributes:
        curves: name to one value an epoch, ``loss`` and ``val_loss`` as measured.
        best_epoch: with the lowest validation loss so far, counted from 0 as in `fit`; None before.
        stopped_epoch: at whose end it stopped; None if it did not.

    Example:
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> watch = Watch()
        >>> x = np.random.default_rng(0).normal(size=(40, 2))
        >>> _ = model.fit(x, x[:, :1], validation_split=0.25, epochs=8, verbose=0, callbacks=[watch])
        >>> len(watch.curves["val_loss"]), watch.diagnosis.numbers["num_epochs"]
        (8, 8.0)
    """

    def __init__(
        self,
        *,
        x: Any = None,
        y: Any = None,
        validation_data: Any = None,
        stop: bool = False,
        draw: bool | None = None,
    ) -> None:
        super().__init__(x=x, y=y, validation_data=validation_data, stop=stop, rule=should_stop)
        self._draw = draw

    @property
    def diagnosis(self) -> Diagnosis:
        """The verdict from what was seen so far; see `wellfit.diagnosis.judge_curves`.

        Raises:
            DataError: no epoch has ended yet.
        """
        if not self.curves:
            raise DataError(
                "nothing was seen yet",
                received="a Watch whose training has not finished an epoch",
                fix="pass it to model.fit(..., callbacks=[watch]) first",
            )
        history = read_history(self.curves)
        seen = type(history)(curves=history.curves, name="watch", notes=tuple(self.notes))
        return shown_diagnosis(judge_curves(seen))

    def epoch_seen(self, epoch: int) -> None:
        """Draw the curves: in place where `fit` is silent, now and then where it prints."""
        if not self._draws:
            return
        planned = int((self.params or {}).get("epochs") or 1)
        silent = (self.params or {}).get("verbose") == 0
        if not silent and (epoch + 1) % max(1, planned // _DRAWN):
            return
        chart = self._chart()
        if silent and epoch > 0 and len(self.curves.get("loss", ())) > 1:
            sys.stdout.write(f"\x1b[{chart.count(chr(10)) + 1}A\x1b[J")
        sys.stdout.write(f"{chart}\n")
        sys.stdout.flush()

    def train_seen(self) -> None:
        """Say what came of it."""
        if self._draws and self.curves:
            sys.stdout.write(f"{self.diagnosis.verdict_line}\n")
            sys.stdout.flush()

    @property
    def _draws(self) -> bool:
        return sys.stdout.isatty() if self._draw is None else self._draw

    def _chart(self) -> str:
        return draw_curves(self.curves.get("loss", ()), self.curves.get("val_loss", ()))
