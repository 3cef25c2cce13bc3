"""The way in, the first page, and uploads."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from wellfit.records import DataError
from wellfit.ui._guard import cookie_name
from wellfit.ui._pages import path_part
from wellfit.ui._paths import NETWORKS, TABLES, own_files, picture_folders
from wellfit.ui._request import Bench, OwnForm, Secrets, page
from wellfit.ui._studies import list_studies
from wellfit.ui._uploads import store
from wellfit.ui._zips import unpack_pictures

router = APIRouter()
_ZIP = ".zip"


@router.get("/enter")
def enter(request: Request, entrance: Secrets, token: str = "") -> HTMLResponse:
    """Exchange the token for a cookie.

    The way on is a page and not a redirect: after a click in a terminal that is itself a page, a browser
    would not send a strict cookie along with a redirect.
    """
    session = entrance.exchange(token)
    if session is None:
        return page(
            request,
            "problem.html.jinja",
            status=403,
            title="Refused",
            summary="This address was used before, or is not complete.",
            fix="Use the browser that came in by it, or start wellfit ui again for a new one. Studies that "
            "run go on meanwhile.",
        )
    response = page(request, "enter.html.jinja")
    name = cookie_name(request.app.state.address)
    response.set_cookie(name, session, httponly=True, samesite="strict", path="/")
    return response


@router.get("/")
def start(request: Request, workbench: Bench) -> HTMLResponse:
    """Show what can be studied, and the studies that there are."""
    return page(
        request,
        "start.html.jinja",
        tables=own_files(workbench.root, TABLES),
        pictures=picture_folders(workbench.root),
        studies=list_studies(workbench),
        endings=",".join((*TABLES, *NETWORKS, _ZIP)),
        limit_mb=workbench.max_upload_bytes // 2**20,
    )


@router.post("/upload")
def upload(workbench: Bench, form: OwnForm) -> Response:
    """Take a file in, and go on to its columns, or to the classes of its pictures."""
    file = form.get("file")
    if isinstance(file, str) or file is None or not file.filename:
        raise DataError("no file was chosen.", expected="a file", fix="choose one first")
    is_zip = file.filename.lower().endswith(_ZIP)
    take = unpack_pictures if is_zip else store
    path = take(workbench.root, file.filename, file.file, max_bytes=workbench.max_upload_bytes)
    if path.suffix.lower() in NETWORKS:
        return RedirectResponse("/", 303)
    return RedirectResponse(f"/data?path={path_part(path.name)}", 303)
