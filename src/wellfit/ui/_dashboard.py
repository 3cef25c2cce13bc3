"""Optuna's dashboard with the studies that were opened in it, where the package is installed."""

from __future__ import annotations

import json
import math
import threading
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from a2wsgi import WSGIMiddleware

from wellfit.records import FileReadError, SettingsError
from wellfit.ui._library import search_package

_PACKAGE = "optuna_dashboard"


def is_installed() -> bool:
    """Return whether there is a dashboard; it is looked for, not imported."""
    return find_spec(_PACKAGE) is not None


class Dashboard:
    """Keeps trials in memory for as long as the workbench lives, and the application that shows them.

    Nothing is imported before the first call, which takes seconds and so belongs into a thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._storage: Any = None
        self._app: WSGIMiddleware | None = None
        self._versions: dict[str, tuple[object, ...]] = {}

    def show(self, name: str, trials: Path, direction: str) -> int:
        """Return the number of a study in the dashboard.

        Its trials are written there unless they are there as they are in the file: whoever looks at them
        keeps a page that does not change.

        Args:
            name: of the study.
            trials: its ``trials.json``.
            direction: which way its scores are better.

        Raises:
            FileReadError: the file does not hold trials, or none.
            SettingsError: the dashboard is not installed.
        """
        self.app()
        with self._lock:
            facts = trials.stat()
            version = (facts.st_ino, facts.st_mtime_ns, facts.st_size, direction)
            if self._versions.get(name) != version:
                search_package().publish_trials(self._storage, name, read_trials(trials), direction=direction)
                self._versions[name] = version
            return self._storage.get_study_id_from_name(name)

    def app(self) -> WSGIMiddleware:
        """Return the application.

        Raises:
            SettingsError: it is not installed.
        """
        with self._lock:
            if self._app is None:
                if not is_installed():
                    raise SettingsError(
                        "Optuna's dashboard is not installed.",
                        expected="the package optuna-dashboard",
                        fix="pip install optuna-dashboard",
                    )
                self._storage = search_package().memory_storage()
                self._app = WSGIMiddleware(import_module(_PACKAGE).wsgi(self._storage))
            return self._app


def read_trials(path: Path) -> list[dict[str, Any]]:
    """Return the trials of a study as `wellfit.search.publish_trials` takes them.

    Raises:
        FileReadError: the file does not hold trials, or none.
    """
    try:
        # As numbers with a point, none is too large to read.
        found = json.loads(path.read_text("utf-8"), parse_int=float)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(map(_is_trial, found)):
        raise FileReadError(
            f"{path.name} of this study is damaged.",
            received=f"a file of {path.stat().st_size:,} bytes",
            expected="a list of trials, each with name, settings and scores",
            fix="run the study again",
        )
    if not found:
        raise FileReadError(
            "this study has no trials.",
            received=f"an empty list in {path.name}",
            expected="one trial at least",
            fix="go on with it, or start it again with a larger budget",
        )
    # JSON has no numbers that are not finite; a study writes null in their place.
    return [{**one, "scores": [math.nan if s is None else s for s in one["scores"]]} for one in found]


def _is_trial(one: object) -> bool:
    if not isinstance(one, dict):
        return False
    scores = one.get("scores")
    return (
        isinstance(one.get("name"), str)
        and isinstance(one.get("settings"), dict)
        and isinstance(scores, list)
        and all(score is None or isinstance(score, float) for score in scores)
    )
