"""What a file holds, and the form that starts a study on it."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from wellfit.ui._choice import BUDGETS, asked_kinds, networks, read_choice
from wellfit.ui._pages import path_part
from wellfit.ui._paths import data_file, picture_classes
from wellfit.ui._request import Bench, OwnForm, page
from wellfit.ui._runs import start_run
from wellfit.ui._tables import KINDS, TableView, view_table

router = APIRouter()


@router.get("/data")
def data(request: Request, workbench: Bench, path: str = "") -> HTMLResponse:
    """Show the columns of a table, or the classes of a folder of pictures, and what can be chosen."""
    found = data_file(workbench.root, path)
    of_pictures = found.is_dir()
    return page(
        request,
        "data.html.jinja",
        path=str(found.relative_to(workbench.root)),
        view=None if of_pictures else view_table(found, "", {}),
        classes=picture_classes(found) if of_pictures else [],
        kinds=KINDS,
        networks=networks(workbench.root, of_pictures=of_pictures),
        budgets=BUDGETS,
    )


@router.post("/data/columns")
def columns(request: Request, workbench: Bench, form: OwnForm) -> HTMLResponse:
    """Show the columns again, as they are with what was chosen."""
    view = _view(workbench.root, form)
    return page(request, "columns.html.jinja", view=view, kinds=KINDS)


def _view(root: Path, form: OwnForm) -> TableView:
    path = data_file(root, str(form.get("path", "")))
    return view_table(path, str(form.get("target", "")), asked_kinds(form))


@router.post("/studies")
def begin(workbench: Bench, form: OwnForm) -> Response:
    """Start a study, and go on to watch it."""
    path = data_file(workbench.root, str(form.get("path", "")))
    choice = read_choice(workbench.root, path, form)
    run = start_run(workbench, data=choice.data, target=choice.target, arguments=choice.arguments)
    return RedirectResponse(f"/studies/{path_part(run.name)}", 303)
