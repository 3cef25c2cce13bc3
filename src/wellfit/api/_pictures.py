"""From pictures to the subject of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wellfit.api._build import built_subject
from wellfit.api._picture_network import CNN_EPOCHS, affordable_form, built_cnn, for_pixels, is_cnn
from wellfit.api._subject import Subject
from wellfit.data import (
    PictureFiles,
    Pictures,
    files_of_table,
    find_pictures,
    holdout_split,
    picture_column,
    read_pictures,
    read_table,
)
from wellfit.models import BUILT_IN, Model, learned_weights, load_model, with_new_head
from wellfit.records import Dataset, ModelMismatchError, SettingsError, Task

_USUAL_S = 300.0  # what a diagnosis without a budget may take, and more than that


def are_pictures(data: Any) -> bool:
    """Return whether data are pictures: a folder, or what `read_pictures` returned."""
    if isinstance(data, Pictures | PictureFiles):
        return True
    return isinstance(data, str | Path) and Path(data).expanduser().is_dir()


def table_or_pictures(
    data: Any, target: str, *, columns: Mapping[str, str] | None, reading: Mapping[str, Any] | None
) -> Any:
    """Return the `PictureFiles` that a table file names, or its `Table`; anything but a file as it is.

    Raises:
        DataError: the table names picture files, and has other columns too.
        TargetNotFoundError: the table has no such target.
    """
    if not isinstance(data, str | Path):
        return data
    table, place = read_table(data, **(reading or {})), Path(data).expanduser()
    dropped = [name for name, kind in (columns or {}).items() if kind == "drop"]
    paths = picture_column(table, place, target, dropped)
    return table if paths is None else files_of_table(table, place, target, paths)


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
    start: str = "auto",
    budget_s: float = _USUAL_S,
) -> Subject:
    """Return the subject of a study on a folder of pictures.

    The network gets pixels from 0 to 255, in its own size; a known backbone gets layers in front that make of
    them what it was trained on. Copies of a picture never straddle a split.

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
    pictures, given, is_built, notes = read_for(
        source, model=model, target=target, unsafe=unsafe, budget_s=budget_s
    )
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
        epochs=epochs or (CNN_EPOCHS if is_built else None),
        batch_size=batch_size,
        is_reference=is_built,
        preparation=None,
        encoder=None,
        name=pictures.name,
        steps=(),
        notes=notes,
        start=start,
        picture_fit=pictures.fit,
        picture_depth=pictures.depth,
    )
    subject = replace(subject, picture_names=tuple("/".join(path.parts[-2:]) for path in pictures.paths))
    has_new_head = 0 < len(learned_weights(given)) < len(given.weights)
    return _with_falling_rate(subject) if subject.start == "given" and has_new_head else subject


def _with_falling_rate(subject: Subject) -> Subject:
    """Return the subject with a baseline whose learning rate falls to zero, as fine-tuning is commonly done.

    Nobody has said how a network with this head is to be trained. At a constant rate the last few updates
    decide how good it is.
    """
    note = "the head is new, so that nobody has trained this network yet: the baseline's rate falls to zero"
    baseline = replace(subject.baseline, schedule="cosine")
    return replace(subject, baseline=baseline, notes=(*subject.notes, note))


def read_for(
    source: Any,
    *,
    model: Any,
    target: str | None,
    unsafe: bool,
    budget_s: float = _USUAL_S,
    depth: int | None = None,
) -> tuple[Pictures, Model, bool, list[str]]:
    """Return pictures in the size of a network, the network, whether it was built for them, and notes.

    A given network gets a head for as many classes as there are, and a known backbone the layers in front
    that make of pixels what it was trained on.

    Args:
        source: a folder, or what `read_pictures` returned.
        model: see `load_model`; ``cnn``, ``cnn:FILTERS`` or None builds one.
        target: column of labels, where the pictures are named in a table.
        unsafe: whether a model file may bring its own code.
        budget_s: seconds in which many runs of a network that is built should fit.
        depth: of deep grey pictures for a given network, see `read_pictures`.
    """
    if is_cnn(model):
        is_found = isinstance(source, Pictures | PictureFiles)
        files = source if is_found else find_pictures(source, target=target)
        side, filters = affordable_form(model, len(files.labels), budget_s)
        pictures = files if isinstance(files, Pictures) else read_pictures(files, largest=side, channels=3)
        notes = [*pictures.notes, _built_note(pictures, filters)]
        return pictures, built_cnn(model, picture_dataset(pictures), filters=filters), True, notes
    if isinstance(model, str) and model.split(":")[0] in BUILT_IN and not Path(model).exists():
        raise SettingsError(
            f"the built-in network {model!r} is for tables, and these are pictures.",
            received=f"model={model!r}",
            expected="cnn, cnn:FILTERS, or a network of yours",
            fix="leave the model out, or ask for cnn",
        )
    given = load_model(model, unsafe=unsafe)
    pictures = source if isinstance(source, Pictures) else _read(source, target, given, depth)
    dataset = picture_dataset(pictures)
    notes = list(pictures.notes)
    given, more = for_pixels(given)
    notes.extend(more)
    return pictures, _with_head(given, dataset, notes), False, notes


def _built_note(pictures: Pictures, filters: int) -> str:
    rows, columns = pictures.images.shape[1:3]
    return (
        f"a network with {filters} filters in its first layer is built for pictures of {rows} by {columns}, "
        "small enough to compare many runs in this time; a longer budget may take larger ones"
    )


def _with_head(model: Model, dataset: Dataset, notes: list[str]) -> Model:
    """Return the network, with a new head where its own is for other classes."""
    units = [tuple(tensor.shape) for tensor in model.outputs]
    allowed = (1, 2) if dataset.task is Task.BINARY else (dataset.num_classes,)
    if len(units) == 1 and len(units[0]) == 2 and units[0][1] in allowed:
        return model
    changed = with_new_head(model, dataset.task, dataset.num_classes)
    notes.append(
        f"the network puts out {units[0][1:]}, and gets a new head for {dataset.num_classes} classes"
    )
    return changed


def _read(source: Any, target: str | None, model: Model, depth: int | None) -> Pictures:
    inputs = list(getattr(model, "inputs", None) or ())
    shape = tuple(inputs[0].shape[1:]) if len(inputs) == 1 else ()
    if len(shape) != 3 or None in shape or shape[2] not in (1, 3):
        raise ModelMismatchError(
            f"model {model.name!r} does not take pictures of one size",
            received=f"inputs of shape {', '.join(str(tuple(t.shape)) for t in inputs) or 'unknown'}",
            expected="one input of rows, columns and 1 or 3 channels",
            fix="build the network with keras.Input((rows, columns, 3))",
        )
    size = (shape[0], shape[1])
    return read_pictures(source, target=target, size=size, channels=shape[2], depth=depth)


def picture_dataset(pictures: Pictures) -> Dataset:
    """Return pictures as rows; copies are groups that no split divides."""
    has_copies = len(np.unique(pictures.copies)) < len(pictures.copies)
    return Dataset(
        inputs=(pictures.images,),
        input_names=("picture",),
        feature_names=((),),
        target=pictures.labels,
        task=Task.BINARY if len(pictures.class_names) == 2 else Task.MULTICLASS,
        class_names=pictures.class_names,
        groups=pictures.copies if has_copies else None,
    )
