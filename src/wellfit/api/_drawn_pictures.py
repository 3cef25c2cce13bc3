"""Pictures that a generator draws for the training of one split, which is all that it has seen."""

from __future__ import annotations

import numpy as np

from wellfit.data import NewRows
from wellfit.population import drawn_pictures
from wellfit.records import Dataset, IntArray


class DrawnPictures:
    """Draws as many pictures as a trial has training rows, of the same classes; once for the same rows."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, bytes], NewRows] = {}

    def rows(self, dataset: Dataset, rows: IntArray, seed: int) -> NewRows:
        """Return the pictures that a generator draws which is trained on `rows`.

        Args:
            dataset: one input of pictures, and a target of classes.
            rows: ``[n]`` training rows; nothing else is looked at.
            seed: of what is drawn.
        """
        key = (seed, np.asarray(rows, np.int32).tobytes())
        if key not in self._known:
            labels = np.asarray(dataset.target[rows], np.int32)
            pictures = drawn_pictures(
                np.asarray(dataset.inputs[0][rows]),
                labels,
                labels,
                num_classes=dataset.num_classes,
                seed=seed,
            )
            self._known[key] = NewRows(inputs=(pictures,), target=dataset.target[rows], origin=rows)
        return self._known[key]
