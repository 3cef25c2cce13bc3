"""Seize what a script passes to `fit`, and change nothing of what the script does.

Nothing is drawn at random, no layer is made, no stream is advanced and no warning filter is touched while the
script runs; whatever needs one of these waits until it has ended. What goes wrong here is a note on the fit,
never an exception in the script. `compile` needs no watching: a network knows at the start of a fit what it
was compiled with.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from wellfit.models._seized_fit import Beginning, SeizedFit
from wellfit.models._seized_rows import (
    MAX_BYTES,
    Rows,
    Tee,
    host_array,
    kind_of,
    rows_of_arrays,
    split_rows,
    tee_adapter,
)

NUM_KEPT = 4
"""Networks whose weights and rows are held at most; of earlier ones only the curves are."""

_COMPARED = 1000


class Seizure:
    """Holds what every call of `keras.Model.fit` was given, from `start` to `stop`.

    Args:
        max_bytes: copies of rows that a fit may cause.

    Example:
        >>> seizure = Seizure()
        >>> seizure.start()
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> _ = model.fit(np.ones((8, 2)), np.ones(8), epochs=3, verbose=0)
        >>> seizure.stop()
        >>> fit, = seizure.fits()
        >>> fit.kind, fit.rows.num_kept, fit.num_epochs, fit.ended
        ('arrays', 8, 3, True)
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._calls: list[_Call] = []
        self._local = threading.local()
        self._undo: list[Callable[[], None]] = []

    def start(self) -> None:
        """Begin to watch; Keras must be imported, as it is where this module is."""
        owner = next(kind for kind in keras.Model.__mro__ if "fit" in vars(kind))
        _replace(owner, "fit", self._watching(owner.fit), self._undo)
        iterators = sys.modules.get("keras.src.trainers.epoch_iterator")
        if hasattr(iterators, "EpochIterator"):
            epochs: Any = iterators.EpochIterator  # pyright: ignore[reportOptionalMemberAccess]
            _replace(epochs, "__init__", self._teeing(epochs.__init__), self._undo)
        filters: Any = sys.modules.get("keras.src.utils.traceback_utils")
        if hasattr(filters, "_EXCLUDED_PATHS"):
            _replace(filters, "_EXCLUDED_PATHS", (*filters._EXCLUDED_PATHS, *_OWN_FILES), self._undo)

    def stop(self) -> None:
        """Leave Keras as it was."""
        while self._undo:
            self._undo.pop()()

    def fits(self) -> tuple[SeizedFit, ...]:
        """Return the last fit of each network, in the order in which they began."""
        return tuple(call.seized() for call in self._calls)

    def _watching(self, fit: Any) -> Any:
        @functools.wraps(fit)
        def watched(model: Any, *args: Any, **kwargs: Any) -> Any:
            call = self._began(fit, model, args, kwargs)
            if call is None:
                return fit(model, *args, **kwargs)
            stack = self._stack()
            stack.append(call)
            try:
                result = fit(model, *call.args, **call.kwargs)
            except BaseException as error:
                call.end(type(error).__name__)
                raise
            finally:
                stack.remove(call)
            call.end("")
            return result

        filters: Any = sys.modules.get("keras.src.utils.traceback_utils")
        # Keras shortens tracebacks of its methods; so is the one frame that is added here taken out again.
        return filters.filter_traceback(watched) if hasattr(filters, "filter_traceback") else watched

    def _teeing(self, init: Any) -> Any:
        """Return the way to make an iterator over epochs whose data passes a tee.

        The function that makes the adapter warns at its caller's line, which has to stay a line of Keras.
        """

        @functools.wraps(init)
        def __init__(iterator: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it is one
            init(iterator, *args, **kwargs)
            stack = self._stack()
            if stack:
                stack[-1].meet(iterator, args[0] if args else kwargs.get("x"))

        return __init__

    def _stack(self) -> list[_Call]:
        if not hasattr(self._local, "stack"):
            self._local.stack = []
        return self._local.stack

    def _began(self, fit: Any, model: Any, args: Any, kwargs: Any) -> _Call | None:
        try:
            bound = inspect.signature(fit).bind(model, *args, **kwargs)
            earlier = next((call for call in self._calls if call.model is model), None)
            call = _Call(model, bound, earlier, self._max_bytes)
        except Exception:
            return None  # Keras will say what is wrong with the arguments
        if earlier is not None:
            self._calls.remove(earlier)
        self._calls.append(call)
        for old in self._calls[:-NUM_KEPT]:
            old.release()
        return call


def _replace(owner: Any, name: str, new: Any, undo: list[Callable[[], None]]) -> None:
    old = vars(owner)[name]
    setattr(owner, name, new)
    undo.append(lambda: setattr(owner, name, old))


_OWN_FILES = (__file__, sys.modules[Tee.__module__].__file__ or __file__)


class _Call:
    """One call of fit while it goes on."""

    def __init__(
        self, model: Any, bound: inspect.BoundArguments, earlier: _Call | None, max_bytes: int
    ) -> None:
        self.model: Any = model
        self._name = str(model.name)
        self._earlier = earlier
        self._max_bytes = max_bytes
        self._num_fits = 1 if earlier is None else earlier._num_fits + 1
        self._num_joined = 1
        self._history: dict[str, list[float]] = {}
        self._before: dict[str, list[float]] = {}
        self._epochs_before = 0
        self._beginning: Beginning | None = None
        self._last_weights: Any = None
        self._error: str | None = None
        self._notes: list[str] = []
        self._rows: Rows | None = None
        self._held: Rows | None = None
        self._tee: Tee | None = None
        self._held_tee: Tee | None = None
        self._dataset: tuple[Any, int | None] | None = None
        self._held_dataset: tuple[Any, int | None] | None = None
        self._arguments(bound)
        self._add_callback(bound)
        self.args, self.kwargs = bound.args[1:], bound.kwargs

    def _arguments(self, bound: inspect.BoundArguments) -> None:
        given = {parameter.name: parameter.default for parameter in bound.signature.parameters.values()}
        given |= bound.arguments
        self._x, self._validation_data = given.get("x"), given.get("validation_data")
        self._steps, self._held_steps = given.get("steps_per_epoch"), given.get("validation_steps")
        self._class_weight = given.get("class_weight")
        self._batch_size = given.get("batch_size")
        self._epochs = int(given.get("epochs") or 1) - int(given.get("initial_epoch") or 0)
        self._kind = kind_of(self._x)
        if self._kind == "arrays":
            self._take_arrays(given)
            if self._batch_size is None:
                self._batch_size = 32
            if self._steps:
                self._notes.append(
                    f"steps_per_epoch={self._steps}: an epoch counts as one pass over the rows"
                )
        if self._validation_data is not None and kind_of(self._validation_data) == "arrays":
            self._held = self._taken(*keras.utils.unpack_x_y_sample_weight(self._validation_data))

    def _take_arrays(self, given: dict[str, Any]) -> None:
        rows = self._taken(self._x, given.get("y"), given.get("sample_weight"))
        share = given.get("validation_split")
        if rows is not None and share and self._validation_data is None:
            self._rows, self._held = split_rows(rows, float(share))
        else:
            self._rows = rows

    def _taken(self, *arrays: Any) -> Rows | None:
        try:
            return rows_of_arrays(*arrays, max_bytes=self._max_bytes)
        except Exception as error:
            self._notes.append(f"arrays could not be copied ({type(error).__name__})")
            return None

    def _add_callback(self, bound: inspect.BoundArguments) -> None:
        """Add one callback behind the script's own, whose list stays as it is."""
        callbacks = bound.arguments.get("callbacks")
        if isinstance(callbacks, keras.callbacks.CallbackList):
            self._notes.append("callbacks came as a CallbackList, so curves are read at the end of the fit")
            self.began()
            return
        own = [] if callbacks is None else callbacks if isinstance(callbacks, list | tuple) else [callbacks]
        bound.arguments["callbacks"] = [*own, _Observer(self)]

    def meet(self, iterator: Any, x: Any) -> None:
        """Tee the adapter that Keras has made for the data of this fit."""
        try:
            adapter, steps = iterator.data_adapter, iterator.num_batches
            if x is self._x and self._kind != "arrays" and self._tee is None:
                self._tee = Tee(steps, self._max_bytes)
                if not tee_adapter(adapter, self._kind, self._tee) and self._kind == "tf.data":
                    self._dataset = x, self._steps
            elif x is self._validation_data and x is not None and self._held_tee is None:
                self._held_tee = Tee(steps, self._max_bytes)
                if not tee_adapter(adapter, kind_of(x), self._held_tee) and kind_of(x) == "tf.data":
                    self._held_dataset = x, self._held_steps
        except Exception as error:
            self._notes.append(f"the data could not be seen going by ({type(error).__name__})")

    def began(self) -> None:
        """Copy the weights, which are there by now in every network."""
        model = self.model
        try:
            optimizer = model.optimizer
            rate: Any = getattr(optimizer, "_learning_rate", None)
            self._beginning = Beginning(
                weights=[np.array(host_array(variable.value)) for variable in model.weights],
                trainable=[layer.trainable for layer in model._flatten_layers()],
                optimizer=optimizer,
                learning_rate=float(host_array(rate.value)) if hasattr(rate, "value") else None,
                loss=model.loss,
            )
        except Exception as error:
            self._notes.append(f"the weights could not be copied ({type(error).__name__})")
        earlier, self._earlier = self._earlier, None
        if earlier is not None and self._continues(earlier):
            self._num_joined = earlier._num_joined + 1
            self._epochs_before = earlier._epochs_before + earlier._num_epochs
            self._before = earlier._whole_history()
            self._beginning = earlier._beginning

    def _continues(self, earlier: _Call) -> bool:
        """Whether a fit goes on where an earlier one ended: same compile, weights, and data."""
        start, before = self._beginning, earlier._beginning
        if start is None or before is None or earlier._error or earlier._kind != self._kind:
            return False
        if start.optimizer is not before.optimizer or start.loss is not before.loss:
            return False
        if start.trainable != before.trainable or not _same(earlier._last_weights, self._fingerprint()):
            return False
        mine, theirs = (None if rows is None else rows.x for rows in (self._rows, earlier._rows))
        return _same(keras.tree.flatten(mine), keras.tree.flatten(theirs))

    def _fingerprint(self) -> list[Any]:
        """Return the weights that came last, usually an output bias: fits that train change them."""
        variables = self.model.trainable_variables
        return [np.array(host_array(variable.value)) for variable in variables[-1:]]

    def epoch(self, logs: dict[str, Any]) -> None:
        """Note the numbers of an epoch; the first pass over streams is over with it."""
        for tee in (self._tee, self._held_tee):
            if tee is not None:
                tee.close()
        for name, value in logs.items():
            if isinstance(value, int | float | np.number):
                self._history.setdefault(name, []).append(float(value))

    def end(self, error: str) -> None:
        """Note how the fit ended."""
        self._error = error
        try:
            history = getattr(self.model, "history", None)
            if not self._history and not error and history is not None:
                for name, values in history.history.items():
                    self._history[name] = [float(value) for value in values]
            self._last_weights = self._fingerprint()
        except Exception:
            self._last_weights = None
        self._x = self._validation_data = self._earlier = None

    def release(self) -> None:
        """Let the network and its rows go."""
        if self.model is None:
            return
        self.model = self._rows = self._held = self._tee = self._held_tee = None
        self._dataset = self._held_dataset = self._beginning = self._last_weights = None
        self._notes.append(f"only the last {NUM_KEPT} networks of a script are kept with their data")

    @property
    def _num_epochs(self) -> int:
        return max((len(values) for values in self._history.values()), default=0)

    def _whole_history(self) -> dict[str, list[float]]:
        names = [*self._before, *(name for name in self._history if name not in self._before)]
        return {name: [*self._before.get(name, []), *self._history.get(name, [])] for name in names}

    def seized(self) -> SeizedFit:
        """Return what is known by now."""
        rows = self._rows if self._tee is None else self._teed(self._tee)
        held = self._held if self._held_tee is None else self._teed(self._held_tee)
        if self._class_weight is not None and rows is not None and self._kind != "arrays":
            # Keras has made them from the class weights, which are told apart below.
            rows = Rows(x=rows.x, y=rows.y, num_given=rows.num_given)
        batch_size = self._batch_size or (self._tee.batch_size if self._tee else None)
        ended = self._error == ""
        return SeizedFit(
            name=self._name,
            model=self.model,
            beginning=self._beginning,
            kind=self._kind,
            rows=rows,
            validation=held,
            epochs=max(
                (self._num_epochs if ended and self._num_epochs else self._epochs) + self._epochs_before, 1
            ),
            batch_size=None if batch_size is None else int(batch_size),
            class_weight=self._class_weight,
            history=self._whole_history(),
            num_fits=self._num_fits,
            num_joined=self._num_joined,
            ended=ended,
            error=self._error or "",
            notes=(*self._notes, *self._row_notes(rows)),
            dataset=self._dataset,
            validation_dataset=self._held_dataset,
        )

    def _teed(self, tee: Tee) -> Rows | None:
        try:
            return tee.rows()
        except Exception as error:
            self._notes.append(f"batches do not fit together ({type(error).__name__})")
            return None

    def _row_notes(self, rows: Rows | None) -> list[str]:
        if rows is None:
            return []
        if self._kind != "arrays":
            notes = [f"rows are the {rows.num_kept:,} that went by first"]
            return notes if rows.num_given is None or rows.num_kept < rows.num_given else []
        if rows.num_given is not None and rows.num_kept < rows.num_given:
            return [f"of {rows.num_given:,} rows, {rows.num_kept:,} evenly spaced ones were kept"]
        return []


class _Observer(keras.callbacks.Callback):
    """Tells a call of its epochs. It has no hook for batches, so that none has to wait."""

    def __init__(self, call: _Call) -> None:
        super().__init__()
        self._call = call

    def on_train_begin(self, logs: Any = None) -> None:
        """The network is built and about to train."""
        self._call.began()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """An epoch is over, validation included."""
        self._call.epoch(logs or {})


def _same(first: Any, second: Any) -> bool:
    """Whether two lists of arrays agree in shape and in their first numbers."""
    if first is None or second is None or len(first) != len(second):
        return False
    return all(
        a is b
        or (
            a is not None
            and b is not None
            and a.shape == b.shape
            and np.array_equal(a.ravel()[:_COMPARED], b.ravel()[:_COMPARED])
        )
        for a, b in zip(first, second, strict=True)
    )
