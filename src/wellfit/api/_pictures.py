"""From pictures to the subject of a study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wellfit.api._build import built_subject
from wellfit.api._subject import Subject
from wellfit.data import Pictures, holdout_split, read_pictures
from wellfit.models import Model, load_model, small_cnn
from wellfit.records import Dataset, ModelMismatchError, SettingsError, Task

CNN = "cnn"
DEFAULT_EPOCHS = 30
_SIDE = 48  # of pictures for the built network: what two cores train many of in minutes


def are_pictures(data: Any) -> bool:
    """Return whether data are pictures: a folder, or what `read_pictures` returned."""
    if isinstance(data, Pictures):
        return True
    return isinstance(data, str | Path) and Path(data).expanduser().is_dir()


def pictures_subject(
    source: Any,
    *,
    model: Any,
    target: str | None,
    holdout: Any,
    seed: int,
    metric: str | None,
    task: str,
    epochs: int | None,
    batch_size: int | None,
    unsafe: bool,
) -> Subject:
    """Return the subject of a study on a folder of pictures.

    The network gets pixels from 0 to 255, in its own size. Copies of a picture never straddle a split.

    Raises:
        WellfitError: pictures, network or arguments cannot be used.
    """
    if task not in ("auto", "classification"):
        raise SettingsError(
            "pictures are for classification.", received=f"task={task!r}", expected="auto or classification"
        )
    if not isinstance(holdout, float | int):
        raise SettingsError(
            "with pictures the holdout is a share.",
            received=f"holdout={type(holdout).__name__}",
            expected="a number such as 0.2",
        )
    pictures, given, is_built = read_for(source, model=model, target=target, unsafe=unsafe)
    dataset = picture_dataset(pictures)
    rows = np.arange(dataset.num_rows, dtype=np.int32)
    working, held = rows, rows[:0]
    if holdout:
        split = holdout_split(dataset, float(holdout), seed)
        working, held = split.train, split.validation
    subject = built_subject(
        dataset,
        working,
        held,
        given,
        metric=metric,
        epochs=epochs or (DEFAULT_EPOCHS if is_built else None),
        batch_size=batch_size,
        is_reference=is_built,
        preparation=None,
        encoder=None,
        name=pictures.name,
        steps=(),
        notes=pictures.notes,
        picture_fit=pictures.fit,
    )
    return replace(subject, picture_names=tuple("/".join(path.parts[-2:]) for path in pictures.paths))


def read_for(source: Any, *, model: Any, target: str | None, unsafe: bool) -> tuple[Pictures, Model, bool]:
    """Return pictures in the size of a network, the network, and whether it was built for them.

    Args:
        source: a folder, or what `read_pictures` returned.
        model: see `load_model`; ``cnn``, ``cnn:FILTERS`` or None builds one.
        target: column of labels, where the pictures are named in a table.
        unsafe: whether a model file may bring its own code.
    """
    text = model if isinstance(model, str) else CNN if model is None else ""
    name, _, filters = text.partition(":")
    is_built = name == CNN and not Path(text).exists()
    given = None if is_built or model is None else load_model(model, unsafe=unsafe)
    pictures = source if isinstance(source, Pictures) else _read(source, target, given)
    if given is not None:
        return pictures, given, False
    shape: Any = pictures.images.shape[1:]
    number = {"filters": _filters(filters)} if filters else {}
    num_classes = len(pictures.class_names)
    return pictures, small_cnn(shape, _task(num_classes), num_classes, **number), True


def _task(num_classes: int) -> Task:
    return Task.BINARY if num_classes == 2 else Task.MULTICLASS


def _read(source: Any, target: str | None, model: Model | None) -> Pictures:
    if model is None:
        return read_pictures(source, target=target, size=(_SIDE, _SIDE), channels=3)
    inputs = list(getattr(model, "inputs", None) or ())
    shape = tuple(inputs[0].shape[1:]) if len(inputs) == 1 else ()
    if len(shape) != 3 or None in shape or shape[2] not in (1, 3):
        raise ModelMismatchError(
            f"model {model.name!r} does not take pictures of one size",
            received=f"inputs of shape {', '.join(str(tuple(t.shape)) for t in inputs) or 'unknown'}",
            expected="one input of rows, columns and 1 or 3 channels",
            fix="build the network with keras.Input((rows, columns, 3))",
        )
    return read_pictures(source, target=target, size=(shape[0], shape[1]), channels=shape[2])


def picture_dataset(pictures: Pictures) -> Dataset:
    """Return pictures as rows; copies are groups that no split divides."""
    has_copies = len(np.unique(pictures.copies)) < len(pictures.copies)
    return Dataset(
        inputs=(np.asarray(pictures.images, np.float32),),
        input_names=("picture",),
        feature_names=((),),
        target=pictures.labels,
        task=_task(len(pictures.class_names)),
        class_names=pictures.class_names,
        groups=pictures.copies if has_copies else None,
    )


def _filters(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise SettingsError(
            "the built-in network 'cnn' cannot be made like this",
            received=f"cnn:{text}",
            expected="cnn or cnn:FILTERS",
            fix="for example cnn:32",
        )
    return int(text)
