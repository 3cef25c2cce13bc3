"""What is diagnosed, from pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._patient import DRAWN_SHARE, Patient, make_patient
from wellfit.api._picture_network import CNN_EPOCHS
from wellfit.api._pictures import picture_dataset, read_for
from wellfit.data import Pictures, copy_codes, holdout_split, joined_rows
from wellfit.records import DataError, SettingsError, did_you_mean

Array = NDArray[Any]


def picture_patient(
    source: Any,
    *,
    model: Any,
    target: str | None,
    validation: Any,
    epochs: int | None,
    batch_size: int | None,
    seed: int,
    task: str,
    unsafe: bool,
    class_weight: Any = None,
) -> Patient:
    """Return what is diagnosed on a folder of pictures, or on what `read_pictures` returned.

    Args:
        source: the pictures.
        model: the network; it gets pixels from 0 to 255, in its own size.
        target: column of labels, where the pictures are named in a table.
        validation: pictures to be judged on, with the same classes; a fifth of `source` is drawn if None.
        epochs: passes over the training pictures; 30 if None.
        batch_size: pictures in an update.
        seed: of the split.
        task: auto or classification.
        unsafe: whether a model file may bring its own code.
        class_weight: as for `fit`.

    Raises:
        WellfitError: pictures, network or arguments cannot be used.
    """
    if task not in ("auto", "classification"):
        raise SettingsError(
            "pictures are for classification.", received=f"task={task!r}", expected="auto or classification"
        )
    pictures, network, is_built, notes = read_for(source, model=model, target=target, unsafe=unsafe)
    num_train = len(pictures.labels)
    if validation is not None:
        held, _, _, _ = read_for(
            validation, model=network, target=target, unsafe=unsafe, depth=pictures.depth
        )
        notes += held.notes
        pictures = _joined(pictures, held)
    dataset = picture_dataset(pictures)
    rows = np.arange(dataset.num_rows, dtype=np.int32)
    train, judged = rows[:num_train], rows[num_train:]
    if validation is None:
        split = holdout_split(dataset, DRAWN_SHARE, seed)
        train, judged = split.train, split.validation
    return make_patient(
        dataset,
        train,
        judged,
        network,
        epochs=epochs or (CNN_EPOCHS if is_built else None),
        batch_size=batch_size,
        class_weight=class_weight,
        has_own_validation=validation is not None,
        preparation=None,
        copies=pictures.copies,
        places=tuple(str(path) for path in pictures.paths),
        name=pictures.name,
        notes=notes,
    )


def _joined(first: Pictures, second: Pictures) -> Pictures:
    """Return pictures one after the other, with the classes of the first and copies found across both."""
    if first.images.shape[1:] != second.images.shape[1:]:
        raise DataError(
            "training and validation pictures differ in size.",
            received=f"{first.images.shape[1:]} and {second.images.shape[1:]}",
            expected="the same rows, columns and channels",
            fix="read both with the same size= and channels=",
        )
    codes = {name: code for code, name in enumerate(first.class_names)}
    for name in second.class_names:
        if name not in codes:
            raise DataError(
                f"there is no class {name!r} among the training pictures.",
                received=f"validation classes {', '.join(second.class_names)}",
                expected=", ".join(first.class_names),
                fix=did_you_mean(name, list(codes)),
            )
    mapped = np.array([codes[name] for name in second.class_names], np.int32)
    images = joined_rows([first.images, second.images])
    return replace(
        first,
        images=images,
        labels=np.concatenate([first.labels, mapped[second.labels]]),
        paths=(*first.paths, *second.paths),
        copies=copy_codes(images),
    )
