"""The network that pictures are given to: built for them, or given; and whether it gets what it expects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._pace import map_slowdown
from wellfit.api._plan import member_cost
from wellfit.data import computable, is_real
from wellfit.diagnosis import range_fault
from wellfit.models import (
    Model,
    PictureRange,
    picture_range,
    preprocessing,
    products_per_row,
    small_cnn,
    way_in,
    with_preprocessing,
)
from wellfit.population import num_workers
from wellfit.records import Dataset, SettingsError, Task, UnsupportedModelError

Array = NDArray[Any]

CNN = "cnn"
CNN_EPOCHS = 30  # of the built-in network
# Side of the pictures and filters of the built-in network, the dearest first. A study needs about so many
# runs to say anything, in so much of its time.
_FORMS = ((48, 16), (32, 16), (32, 8), (24, 8))
_RUNS, _SHARE, _BATCH = 25, 0.7, 32
_LOOKED_AT = 64  # pictures whose range is measured
_PIXELS_FROM = 16.0  # the highest value of pictures that were scaled to anything is below


def is_cnn(model: Any) -> bool:
    """Return whether the built-in network for pictures is asked for: by None, ``cnn`` or ``cnn:FILTERS``."""
    return model is None or (
        isinstance(model, str) and model.split(":")[0] == CNN and not Path(model).exists()
    )


def affordable_form(model: str | None, num_pictures: int, budget_s: float) -> tuple[int, int]:
    """Return rows of a picture and filters of the built-in network, the most that a study can compare.

    Args:
        model: see `is_cnn`; its number of filters is kept.
        num_pictures: how many there are.
        budget_s: seconds in all.

    Raises:
        SettingsError: the number of filters is none.
    """
    own = _filters(model)
    for side, filters in _FORMS:
        network = small_cnn((side, side, 3), Task.BINARY, 1, filters=own or filters)
        each_s = member_cost(
            products_per_row(network),
            round(0.6 * num_pictures),
            epochs=CNN_EPOCHS,
            batch_size=_BATCH,
            num_workers=num_workers(),
            slowdown=map_slowdown(network),
        )
        if _RUNS * each_s <= _SHARE * budget_s:
            return side, own or filters
    side, filters = _FORMS[-1]
    return side, own or filters


def built_cnn(model: str | None, dataset: Dataset, *, filters: int = 16) -> Model:
    """Return the built-in network for pictures of a dataset.

    Args:
        model: see `is_cnn`; its number of filters is kept.
        dataset: whose one input is pictures.
        filters: of the first stage, where `model` does not say.

    Raises:
        SettingsError: the number of filters is none.
    """
    shape: Any = dataset.inputs[0].shape[1:]
    outputs = dataset.num_classes or int(np.prod(dataset.target.shape[1:]))
    return small_cnn(shape, dataset.task, outputs, filters=_filters(model) or filters)


def _filters(model: str | None) -> int:
    """Return the filters that are asked for, 0 for none."""
    text = (model or CNN).partition(":")[2]
    if not text:
        return 0
    if not text.isdecimal() or not int(text):
        raise SettingsError(
            "the built-in network 'cnn' cannot be made like this",
            received=f"cnn:{text}",
            expected="cnn or cnn:FILTERS",
            fix="for example cnn:32",
        )
    return int(text)


def for_pixels(model: Model) -> tuple[Model, tuple[str, ...]]:
    """Return a network that can be given pixels from 0 to 255, and what was done to that end.

    A known backbone without preparation inside gets layers in front; any other network stays as it is.

    Args:
        model: the network as it was given; it is not changed.
    """
    try:
        own = preprocessing(model)
    except UnsupportedModelError:
        return model, ()
    if not own.backbone:
        return model, () if own.is_inside else (_unscaled(),)
    if own.is_inside:
        wrong = f"the layers in front of {own.backbone} do not make of pixels what it was trained on"
        return model, () if own.is_right else (f"{wrong} ({own.way!r}); they stay as they are",)
    try:
        changed = with_preprocessing(model)
    except UnsupportedModelError as error:
        return model, (f"pixels reach {own.backbone} as they are, it expects {own.way!r}: {error.summary}",)
    low, high = min(own.low), max(own.high)
    told = f"{own.backbone} expects {own.order} from {low:.4g} to {high:.4g} ({own.way!r})"
    return changed, (f"{told}: plain layers in front make that of pixels from 0 to 255",)


def notes_on_range(model: Model, inputs: tuple[Array, ...]) -> tuple[str, ...]:
    """Return what to know of arrays of pictures that reach a network as they are.

    Args:
        model: the network.
        inputs: one array for each of its inputs.
    """
    if len(inputs) != 1 or inputs[0].ndim != 4 or not is_real(inputs[0]):
        return ()
    pictures = some_pictures(inputs[0])
    measured = measured_range(model, pictures)
    if measured is not None:
        fault = range_fault(measured.expected, measured.received)
        what = f"{measured.backbone} expects {_text(measured.expected)}, it gets {_text(measured.received)}"
        return (f"{what}: see wellfit.preprocessing",) if fault else ()
    way = way_in(model)
    is_plain = way is not None and not way.changing
    return (_unscaled(),) if is_plain and float(pictures.max()) > _PIXELS_FROM else ()


def measured_range(model: Model, pictures: Array) -> PictureRange | None:
    """Return what a known backbone gets and expects; None where none is known, or the pictures do not fit."""
    channels = model.inputs[0].shape[-1] if len(getattr(model, "inputs", None) or ()) == 1 else None
    return picture_range(model, pictures) if channels == pictures.shape[-1] else None


def some_pictures(values: Array) -> Array:
    """Return some pictures, evenly spaced, as real numbers."""
    return computable(values[np.unique(np.linspace(0, len(values) - 1, _LOOKED_AT).astype(int))])


def _text(limits: tuple[float, float]) -> str:
    return f"{limits[0]:.4g} to {limits[1]:.4g}"


def _unscaled() -> str:
    return (
        "no layer scales the pixels: the first layer gets numbers up to 255, with which it learns slowly "
        "(keras.layers.Rescaling(1 / 127.5, offset=-1) in front would help)"
    )
