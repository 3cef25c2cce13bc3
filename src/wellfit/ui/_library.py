"""The parts of wellfit that take a second or two to import, when a page first needs them.

The first page must not wait for polars, Keras and JAX, so these are imported by name and not above.
"""

from __future__ import annotations

import threading
from importlib import import_module
from typing import Any

_LOCK = threading.Lock()


def data_package() -> Any:
    """Return `wellfit.data`."""
    with _LOCK:
        return import_module("wellfit.data")


def api_package() -> Any:
    """Return `wellfit.api`; Keras chooses its backend with it."""
    with _LOCK:
        return import_module("wellfit.api")


def report_package() -> Any:
    """Return `wellfit.report`."""
    with _LOCK:
        return import_module("wellfit.report")


def search_package() -> Any:
    """Return `wellfit.search`."""
    with _LOCK:
        return import_module("wellfit.search")
