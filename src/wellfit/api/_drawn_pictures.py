"""Pictures that a generator draws for the training of one split, which is all that it has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data import NewRows
from wellfit.population import drawn_pictures
from wellfit.records import Dataset, IntArray

Array = NDArray[Any]
Stop = Callable[[], bool]


class DrawnPictures:
    """Draws as many pictures as a trial has training rows, of the same classes; once for the same rows."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, bytes], NewRows] = {}
        self._should_stop: Stop | None = None

    @property
    def last(self) -> NewRows | None:
        """What was drawn last: at the end of a study for the network that is handed back, if it needs any."""
        return next(reversed(self._known.values()), None)

    @property
    def num_drawn(self) -> int:
        """How many times pictures were drawn."""
        return len(self._known)

    def since(self, number: int) -> dict[str, Array]:
        """Return what was drawn after so many times, as arrays to be stored; nothing in most studies."""
        found: dict[str, Array] = {}
        for place, ((seed, _), new) in enumerate(list(self._known.items())[number:]):
            found |= {f"drawn{place}/seed": np.array(seed), f"drawn{place}/rows": np.asarray(new.origin)}
            found[f"drawn{place}/pictures"] = np.asarray(new.inputs[0])
        return found

    def take_back(self, dataset: Dataset, stored: Mapping[str, Array]) -> None:
        """Take up what `since` returned."""
        place = 0
        while f"drawn{place}/seed" in stored:
            seed, rows, pictures = (stored[f"drawn{place}/{name}"] for name in ("seed", "rows", "pictures"))
            self._keep(dataset, rows, int(seed), pictures)
            place += 1

    @contextmanager
    def until(self, should_stop: Stop | None) -> Iterator[None]:
        """Draw as long as nobody asks to stop; what was drawn for other rows by then is kept.

        Args:
            should_stop: asked all the time; `StoppedError` is raised once it says True.
        """
        before, self._should_stop = self._should_stop, should_stop
        try:
            yield
        finally:
            self._should_stop = before

    def rows(self, dataset: Dataset, rows: IntArray, seed: int) -> NewRows:
        """Return the pictures that a generator draws which is trained on `rows`.

        Args:
            dataset: one input of pictures, and a target of classes.
            rows: ``[n]`` training rows; nothing else is looked at.
            seed: of what is drawn.

        Raises:
            StoppedError: a stop request came first, see `until`.
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
                should_stop=self._should_stop,
            )
            self._keep(dataset, rows, seed, pictures)
        return self._known[key]

    def _keep(self, dataset: Dataset, rows: IntArray, seed: int, pictures: Array) -> None:
        key = (seed, np.asarray(rows, np.int32).tobytes())
        self._known[key] = NewRows(inputs=(pictures,), target=dataset.target[rows], origin=rows)
