"""Strips of pictures that a generator drew for training, class by class, behind one that it learned from."""

from __future__ import annotations

import base64

import numpy as np

from wellfit.api._sheet import as_bytes
from wellfit.data import NewRows, png_strip
from wellfit.records import Dataset, DrawnStrip

NUM_DRAWN, MOST_CLASSES = 7, 10


def drawn_strips(dataset: Dataset, made: NewRows | None, *, kept: bool) -> tuple[DrawnStrip, ...]:
    """Return a strip for each class, of ten at most: a picture that was learned from, then drawn ones.

    What a class is shown by is chosen by its place alone, never by its looks.

    Args:
        dataset: one input of pictures, and a target of classes.
        made: what was drawn for one run, and the rows that it was learned from; None for no strips.
        kept: whether the chosen network was trained with such pictures.
    """
    if made is None:
        return ()
    own = np.asarray(dataset.inputs[0][made.origin])
    labels = dataset.target[made.origin]
    strips = []
    for code in np.unique(labels)[:MOST_CLASSES]:
        first = np.flatnonzero(labels == code)[:1]
        drawn = np.flatnonzero(made.target == code)[:NUM_DRAWN]
        cells = np.concatenate([own[first], made.inputs[0][drawn]]).astype(np.float32)
        data, width, height = png_strip(as_bytes(cells, own))
        strips.append(
            DrawnStrip(
                label=dataset.class_names[int(code)],
                kept=kept,
                num_drawn=len(drawn),
                width=width,
                height=height,
                png=base64.b64encode(data).decode("ascii"),
            )
        )
    return tuple(strips)
