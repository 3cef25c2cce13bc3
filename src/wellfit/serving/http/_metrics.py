"""What Prometheus reads. Several workers write to files of one folder, which any of them adds up.

Source:
    Prometheus Python client, Multiprocess Mode.
"""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from wellfit.drift import Advice, Drift

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_MOST_COLUMNS = 100
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024)


class Metrics:
    """Counters, gauges and histograms of one server; names begin with ``wellfit_``."""

    def __init__(self) -> None:
        # Whether values live in files is decided when the library is imported: the parent of workers does so
        # before it has made the folder.
        values.ValueClass = values.get_value_class()
        self._registry = CollectorRegistry()
        own = self._registry
        self._requests = Counter(
            "wellfit_requests", "Answered requests.", ("dialect", "status"), registry=own
        )
        self._seconds = Histogram(
            "wellfit_request_seconds", "From head to answer.", ("dialect",), buckets=_SECONDS, registry=own
        )
        self._rows = Counter("wellfit_rows", "Predicted rows.", ("model", "version"), registry=own)
        self._batch_rows = Histogram(
            "wellfit_batch_rows", "Rows computed together.", ("model", "version"), buckets=_ROWS, registry=own
        )
        self._batch_seconds = Histogram(
            "wellfit_batch_seconds",
            "Time to compute a batch.",
            ("model", "version"),
            buckets=_SECONDS,
            registry=own,
        )
        self._waiting = Gauge(
            "wellfit_waiting_requests",
            "Requests that wait.",
            ("model", "version"),
            registry=own,
            multiprocess_mode="livesum",
        )
        of = ("model", "version")
        # What is said of drift is said of the rows of all workers, by whichever was asked last.
        self._advice = Gauge(
            "wellfit_drift_advice",
            "0 fine, 1 watch, 2 retrain.",
            of,
            registry=own,
            multiprocess_mode="livemostrecent",
        )
        self._window_rows = Gauge(
            "wellfit_drift_rows",
            "Rows of late that were compared.",
            of,
            registry=own,
            multiprocess_mode="livemostrecent",
        )
        self._moved = Gauge(
            "wellfit_drift_moved_share",
            "Share of these rows that lie elsewhere than in training.",
            (*of, "column"),
            registry=own,
            multiprocess_mode="livemostrecent",
        )
        self._exchanges = Counter("wellfit_exchanges", "Networks exchanged while serving.", registry=own)
        if FOLDER not in os.environ:
            ProcessCollector(registry=own)
            PlatformCollector(registry=own)
        self._of_answer: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._of_model: dict[tuple[str, str], tuple[Counter, Histogram, Histogram, Gauge]] = {}

    def count_answer(self, dialect: str, status: int, seconds: float) -> None:
        """Count an answer."""
        found = self._of_answer.get((dialect, status))
        if found is None:
            found = self._requests.labels(dialect, str(status)), self._seconds.labels(dialect)
            self._of_answer[dialect, status] = found
        found[0].inc()
        found[1].observe(seconds)

    def count_batch(self, model: str, version: str, rows: int, seconds: float, waiting: int) -> None:
        """Count a batch, behind which `waiting` requests wait."""
        found = self._of_model.get((model, version))
        if found is None:
            of = (model, version)
            found = (
                self._rows.labels(*of),
                self._batch_rows.labels(*of),
                self._batch_seconds.labels(*of),
                self._waiting.labels(*of),
            )
            self._of_model[of] = found
        found[0].inc(rows)
        found[1].observe(rows)
        found[2].observe(seconds)
        found[3].set(waiting)

    def set_drift(self, model: str, version: str, drift: Drift) -> None:
        """Tell what the rows of late say; of the columns those that moved most."""
        self._advice.labels(model, version).set(list(Advice).index(drift.advice))
        self._window_rows.labels(model, version).set(drift.num_rows)
        for column in (*drift.prediction_columns, *drift.columns[:_MOST_COLUMNS]):
            self._moved.labels(model, version, column.name).set(column.moved)

    def count_exchange(self) -> None:
        """Count a network that was exchanged."""
        self._exchanges.inc()

    def text(self) -> bytes:
        """Return what Prometheus reads: of this process, or of all workers."""
        if FOLDER not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)
        return generate_latest(together)
