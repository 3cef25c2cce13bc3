"""What is known of one call of `fit` of a script, and the network as it was when it began."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from wellfit.models._function import cloned
from wellfit.models._initializers import uncompiled
from wellfit.models._rebuild import set_weights
from wellfit.models._seized_rows import Rows, read_dataset
from wellfit.records import DataError, UnsupportedModelError


@dataclass(frozen=True, kw_only=True, eq=False)
class Beginning:
    """A network's state at the start of a fit, on the host.

    Attributes:
        weights: in the order of ``model.weights``.
        trainable: of each layer, in the order in which Keras flattens them.
        optimizer: the object; its own numbers may have changed since.
        learning_rate: at the start; None where a schedule gives it.
        loss: as compiled.
    """

    weights: Sequence[NDArray[np.generic]]
    trainable: Sequence[bool]
    optimizer: Any
    learning_rate: float | None
    loss: Any


@dataclass(frozen=True, kw_only=True, eq=False)
class SeizedFit:
    """The last fit of one network of a script, together with those that it simply continued.

    Attributes:
        name: of the network.
        model: the network itself, as the script left it; None where it was let go to save memory.
        beginning: the network at the start; None where the fit ended before it.
        kind: how the data was given: arrays, tf.data, PyTorch loader, generator, PyDataset, grain.
        rows: training rows; None where they could not be had.
        validation: validation rows; None where there are none or they could not be had.
        epochs: that the fit was asked for.
        batch_size: rows of an update, where known.
        class_weight: as given.
        history: name to value by epoch, as far as it came.
        num_fits: calls of fit of this network in the script.
        num_joined: of these, how many went on with equal data and weights and are taken as one.
        ended: whether the last fit came to its end.
        error: name of the exception that ended it otherwise.
        notes: what the reader should know about the data.
        dataset: a tf.data pipeline to be read once the script is over, with the steps of an epoch.
        validation_dataset: likewise.
    """

    name: str
    model: Any = None
    beginning: Beginning | None = None
    kind: str = "arrays"
    rows: Rows | None = None
    validation: Rows | None = None
    epochs: int = 1
    batch_size: int | None = None
    class_weight: Any = None
    history: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Sequence[float]])
    num_fits: int = 1
    num_joined: int = 1
    ended: bool = True
    error: str = ""
    notes: tuple[str, ...] = ()
    dataset: tuple[Any, int | None] | None = None
    validation_dataset: tuple[Any, int | None] | None = None

    @property
    def num_epochs(self) -> int:
        """Epochs that the history covers."""
        return max((len(values) for values in self.history.values()), default=0)


def model_before(fit: SeizedFit) -> keras.Model:
    """Return a new network with the weights and compile settings that a fit began with.

    Raises:
        UnsupportedModelError: it is not there any more, or cannot be cloned.
    """
    model, start = fit.model, fit.beginning
    if model is None or start is None:
        raise UnsupportedModelError(
            f"network {fit.name!r} is not there to be examined.",
            received="a network that was let go" if start else "a fit that ended before its first epoch",
            expected="a network with weights",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with uncompiled(model):
            clone, _ = cloned(model)
        set_weights(clone, start.weights)
        layers = list(clone._flatten_layers())
        if len(layers) == len(start.trainable):
            for layer, flag in zip(layers, start.trainable, strict=True):
                layer.trainable = flag
        clone.compile(optimizer=_fresh_optimizer(start), loss=start.loss)
    return clone


def _fresh_optimizer(start: Beginning) -> Any:
    optimizer = start.optimizer
    try:
        config = optimizer.get_config()
        if start.learning_rate is not None and isinstance(config.get("learning_rate"), float | int):
            config["learning_rate"] = start.learning_rate
        return type(optimizer).from_config(config)
    except Exception as error:
        raise UnsupportedModelError(
            "the optimizer cannot be made again.",
            received=f"{type(optimizer).__name__}: {str(error).partition(chr(10))[0]}",
            expected="an optimizer of Keras",
        ) from error


def read_pipelines(fit: SeizedFit) -> SeizedFit:
    """Return a fit with the rows of the tf.data pipelines that TensorFlow read by itself; others stay.

    They are read in Python for the first time here, and what their functions print is dropped. One that
    cannot be read again leaves the rows unknown.
    """
    rows, validation, batch_size = fit.rows, fit.validation, fit.batch_size
    if fit.dataset is not None:
        rows, batch_size = _read(fit.dataset)
    if fit.validation_dataset is not None:
        validation, _ = _read(fit.validation_dataset)
    return replace(
        fit, rows=rows, validation=validation, batch_size=batch_size, dataset=None, validation_dataset=None
    )


def _read(dataset: tuple[Any, int | None]) -> tuple[Rows | None, int | None]:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return read_dataset(*dataset)
    except Exception:
        return None, None


def data_of(fit: SeizedFit) -> tuple[Any, Any, Any, tuple[Any, ...] | None]:
    """Return x, y, sample weights and validation data of a fit, as `fit` takes them for arrays.

    Raises:
        DataError: there are no rows, or no targets that `wellfit` can use.
    """
    rows, validation = fit.rows, fit.validation
    if rows is None:
        raise DataError(
            "the rows could not be had.",
            received=f"data given as {fit.kind}" if fit.model is not None else "data that was let go",
            expected="arrays, tf.data, a PyTorch loader, a generator or a PyDataset of arrays",
        )
    x, y, weight = _plain(rows, fit.model)
    if validation is None:
        return x, y, weight, None
    held = _plain(validation, fit.model)
    return x, y, weight, held if held[2] is not None else held[:2]


def _plain(rows: Rows, model: Any) -> tuple[Any, Any, Any]:
    """Return inputs as an array or a list of them in the network's order, and one array of targets."""
    x: Any = rows.x
    if isinstance(x, dict):
        struct = getattr(model, "_inputs_struct", None)
        names = sorted(struct) if isinstance(struct, dict) else [t.name for t in getattr(model, "inputs", [])]
        if not names or not set(names) <= set(x):
            raise DataError(
                "the inputs cannot be told apart.",
                received=f"a dict of {', '.join(map(repr, x))}",
                expected=f"one for each input of the network: {', '.join(map(repr, names))}",
            )
        x = [x[name] for name in names]
    elif isinstance(x, list | tuple):
        x = list(keras.tree.flatten(x))
    if isinstance(x, list) and len(x) == 1:
        x = x[0]
    targets = [leaf for leaf in keras.tree.flatten(rows.y) if leaf is not None]
    weights = [leaf for leaf in keras.tree.flatten(rows.sample_weight) if leaf is not None]
    if len(targets) != 1 or len(weights) > 1:
        raise DataError(
            "the fit does not have one target.",
            received=f"{len(targets)} arrays of targets, {len(weights)} of sample weights",
            expected="one array of targets, and one of weights at most",
        )
    return x, targets[0], weights[0] if weights else None
