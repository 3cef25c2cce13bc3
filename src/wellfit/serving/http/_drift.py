"""What was asked lately, held against what each network was trained for."""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from wellfit.drift import (
    Drift,
    Reference,
    Window,
    add,
    compare,
    count,
    drift_json,
    empty_window,
    reference_from_json,
)
from wellfit.serving._rows import Array, Cells, join
from wellfit.serving._signature import Column
from wellfit.serving.http._batch import Rows
from wellfit.serving.http._model import Model
from wellfit.serving.http._refusal import RefusedError
from wellfit.serving.http._routes import HTML_TYPE, Route
from wellfit.serving.http._shared_windows import SharedWindows
from wellfit.serving.http._store import Store

DriftPage = Callable[[Drift], str]
"""Draws what drifted as a page."""

REFERENCE = "reference.json"
_COUNTED = 64
"""Rows that are counted together, in a quarter of a millisecond; one alone costs as much as predicting it."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
_NUM_PARTS = 10
_DAY_S = 86_400.0


class Watching:
    """Counts rows and predictions in rolling windows.

    A window holds the last `num_rows` rows, up to a tenth more. Networks without a reference, such as those
    of earlier studies, are not watched. Each worker of a server counts what it answers itself, and publishes
    it for the others: what is said is said of the rows of all.

    Batches are counted in the event loop once they were answered: a thread of its own would hold requests
    up, as each time that the server waits for the network it would have to wait for that thread as well.

    Args:
        num_rows: of a window.
        shared: where the workers of a server find each other's windows; None where there is one alone.
    """

    def __init__(self, num_rows: int = 10_000, shared: SharedWindows | None = None) -> None:
        self._num_rows, self._shared = num_rows, shared
        self._lock = threading.Lock()
        self._rolling: dict[tuple[str, str], _Rolling] = {}

    def __call__(self, model: Model, parts: Sequence[Rows], predicted: Array) -> None:
        """Take the rows of a batch, request by request, and what was said of them; never fails."""
        with self._lock:
            try:
                self._of(model).take(parts, predicted)
            except Exception as error:
                # Predictions go on without being watched; the reason stands in the server's log.
                traceback.print_exception(error, file=sys.stderr)
                self._rolling[model.name, model.version] = _Rolling(model, None, self._num_rows)

    def drift(self, model: Model) -> Drift | None:
        """Return what the rows of late say; None where there are none, or nothing to hold them against."""
        with self._lock:
            rolling = self._of(model)
            window = rolling.window()
        if rolling.reference is None or window is None:
            return None
        if self._shared is not None:
            window = add(window, *self._shared.others(model))
        return compare(rolling.reference, window) if window.num_rows else None

    @property
    def is_shared(self) -> bool:
        """Whether other workers count as well."""
        return self._shared is not None

    def publish(self) -> None:
        """Let the other workers see what was counted since this was called last."""
        if self._shared is None:
            return
        with self._lock:
            windows = [one.news() for one in self._rolling.values() if one.has_news]
        for model, window in windows:
            self._shared.publish(model, window)

    def _of(self, model: Model) -> _Rolling:
        """Return the window of a network; one that was exchanged begins anew."""
        found = self._rolling.get((model.name, model.version))
        if found is None or found.model is not model:
            found = _Rolling(model, _reference(model), self._num_rows)
            self._rolling[model.name, model.version] = found
        return found


class _Rolling:
    """The rows of late of one network: parts, of which the oldest goes when there are enough others."""

    def __init__(self, model: Model, reference: Reference | None, num_rows: int) -> None:
        self.model, self.reference = model, reference
        self._num_rows = num_rows
        self._parts: deque[Window] = deque()
        self._waiting: list[tuple[Sequence[Rows], Array]] = []
        self._num_waiting = 0
        self.has_news = False

    def take(self, parts: Sequence[Rows], predicted: Array) -> None:
        if self.reference is None:
            return
        self.has_news = True
        self._waiting.append((parts, predicted))
        self._num_waiting += len(predicted)
        if self._num_waiting >= min(_COUNTED, self._num_rows):
            self._count()

    def window(self) -> Window | None:
        if self.reference is None:
            return None
        self._count()
        return add(empty_window(self.reference), *self._parts)

    def news(self) -> tuple[Model, Window]:
        window = self.window()
        assert window is not None
        self.has_news = False
        return self.model, window

    def _count(self) -> None:
        if not self._waiting or self.reference is None:
            return
        predicted = np.concatenate([one for _, one in self._waiting])
        values = [part.values for parts, _ in self._waiting for part in parts]
        cells = [one for one in values if not isinstance(one, dict)]
        columns = _columns(self.model.signature.columns, join(cells)) if cells else {}
        self._waiting, self._num_waiting = [], 0
        counted = count(self.reference, columns, predicted)
        if self._parts and self._parts[-1].num_rows < self._num_rows / _NUM_PARTS:
            counted = add(self._parts.pop(), counted)
        self._parts.append(counted)
        while sum(one.num_rows for one in self._parts) - self._parts[0].num_rows >= self._num_rows:
            self._parts.popleft()


def told_of(watching: Watching, models: Iterable[Model]) -> list[tuple[Model, Drift]]:
    """Return what drifted of all networks that are watched and were asked."""
    found = ((model, watching.drift(model)) for model in models)
    return [(model, drift) for model, drift in found if drift is not None]


def drift_routes(watching: Watching, store: Store, page: DriftPage | None) -> dict[str, Route]:
    """Return what answers ``/drift``, and ``/drift.html`` where there is what draws it.

    Args:
        watching: has the windows.
        store: the networks.
        page: draws what drifted.
    """

    def record() -> list[dict[str, Any]]:
        return [
            {"name": model.name, "version": model.version, **drift_json(drift)}
            for model, drift in told_of(watching, store.all())
        ]

    def drawn() -> str:
        model = store.default
        drift = watching.drift(model) if model is not None else None
        if model is None or drift is None or page is None:
            raise RefusedError(
                404, "no rows were counted.", expected="rows to hold against the training rows"
            )
        return page(drift)

    routes = {"/drift": Route(dialect="drift", tell=record)}
    if page is not None:
        routes["/drift.html"] = Route(dialect="drift", tell=drawn, content_type=HTML_TYPE, policy=_POLICY)
    return routes


def _reference(model: Model) -> Reference | None:
    files = model.servable.manifest.get("files")
    if not isinstance(files, dict) or REFERENCE not in files:
        return None
    reference = reference_from_json((model.servable.folder / REFERENCE).read_bytes())
    # Of arrays and pictures only what is said of them is counted: their values are not cells of columns.
    return reference if model.signature.columns else replace(reference, columns=())


def _columns(columns: tuple[Column, ...], cells: Cells) -> dict[str, Any]:
    return {column.name: _values(column, values) for column, values in zip(columns, cells, strict=True)}


def _values(column: Column, cells: list[Any]) -> Any:
    """Return the cells of a column as a study counts them."""
    if column.kind == "label":
        return [cell or None for cell in cells]
    if column.kind == "time":
        seconds = np.array([cell or "NaT" for cell in cells], "datetime64[s]")
        return np.where(np.isnat(seconds), np.nan, seconds.astype(np.int64) / _DAY_S)
    values = np.asarray(cells, np.float64)
    return np.where(np.isin(values, column.sentinels), np.nan, values) if column.sentinels else values
