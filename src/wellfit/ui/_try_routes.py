"""What the network of a study says about one row, cell by cell."""

from __future__ import annotations

import math
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from wellfit.records import WellfitError
from wellfit.ui._library import api_package
from wellfit.ui._paths import confined, data_file
from wellfit.ui._request import Bench, OwnForm, page
from wellfit.ui._runs import find_run
from wellfit.ui._studies import find_study
from wellfit.ui._workbench import Workbench

router = APIRouter(prefix="/studies/{name}/try")
_MOST_CLASSES = 12
# Keras' own state is not made for two threads.
_LOCK = threading.Lock()


@router.get("")
def row(request: Request, workbench: Bench, name: str) -> HTMLResponse:
    """Show a row to play with."""
    known = _what_if(workbench, name)
    first = {cell.name: cell.typical for cell in known.cells}
    return page(
        request,
        "try.html.jinja",
        study=find_study(workbench, name),
        target=known.target,
        cells=[(place, cell, math.isfinite(cell.low)) for place, cell in enumerate(known.cells)],
        said=_answer(known, first),
        most=_MOST_CLASSES,
        problem="",
    )


@router.post("")
def say(request: Request, workbench: Bench, name: str, form: OwnForm) -> HTMLResponse:
    """Show what the network says about the row as it is now."""
    known = _what_if(workbench, name)
    cells = {cell.name: str(form.get(f"cell-{place}", "")) for place, cell in enumerate(known.cells)}
    said, problem = None, ""
    try:
        said = _answer(known, cells)
    except WellfitError as error:
        problem = str(error)
    return page(
        request, "said.html.jinja", target=known.target, said=said, most=_MOST_CLASSES, problem=problem
    )


def _answer(known: Any, cells: dict[str, str]) -> Any:
    with _LOCK:
        return known.answer(cells)


def _what_if(workbench: Workbench, name: str) -> Any:
    """Return the row of a study; the networks of the last few are kept."""
    find_study(workbench, name)
    manifest = confined(workbench.root, f"{name}/bundle/bundle.json")
    data, run = None, find_run(workbench, name)
    if run is not None:
        try:
            data = data_file(workbench.root, run.data)
        except WellfitError:
            data = None  # the table was moved since; the study alone tells enough
    with _LOCK:
        return _loaded(manifest.parent.parent, data, manifest.stat().st_mtime_ns)


@lru_cache(maxsize=3)
def _loaded(folder: Path, data: Path | None, changed_ns: int) -> Any:
    return api_package().what_if(folder, data)
