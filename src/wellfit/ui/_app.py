"""The workbench as a web application."""

from __future__ import annotations

import threading
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from wellfit.records import WellfitError
from wellfit.ui import (
    _compare_routes,
    _dashboard_routes,
    _data_routes,
    _start_routes,
    _study_routes,
    _try_routes,
)
from wellfit.ui._dashboard import Dashboard
from wellfit.ui._guard import Guard
from wellfit.ui._hosts import Address
from wellfit.ui._request import page
from wellfit.ui._secrets import Entrance
from wellfit.ui._workbench import Workbench

_ASSETS = Path(__file__).parent / "assets"
ROUTES = (_start_routes, _data_routes, _try_routes, _study_routes, _compare_routes, _dashboard_routes)
"""What answers; tests ask each of them whether it lets strangers in."""


def create_app(workbench: Workbench, entrance: Entrance, address: Address) -> FastAPI:
    """Return the application; whoever serves it must do so at `address`.

    Args:
        workbench: the folder, and how studies run in it.
        entrance: who may come in.
        address: where it will listen: other names in the Host header are refused.
    """
    app = FastAPI(title="wellfit", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.workbench, app.state.entrance, app.state.address = workbench, entrance, address
    app.state.closing, app.state.dashboard = threading.Event(), Dashboard()
    for routes in ROUTES:
        app.include_router(routes.router)
    app.mount("/assets", StaticFiles(directory=_ASSETS))
    app.add_exception_handler(WellfitError, _problem)
    app.add_exception_handler(OSError, _problem)
    app.add_exception_handler(HTTPException, _problem)
    app.add_exception_handler(RequestValidationError, _problem)
    app.add_middleware(Guard, entrance=entrance, address=address, max_upload_bytes=workbench.max_upload_bytes)
    return app


def _problem(request: Request, error: Exception) -> Response:
    """Return an error as a page: what came in, what is expected, what to do."""
    if isinstance(error, WellfitError):
        facts = {"Received": error.received, "Expected": error.expected, "To do": error.fix}
        return _page(request, 422, error.summary, "", facts)
    if isinstance(error, FileNotFoundError):
        facts = {"Received": str(error), "To do": "Go back to the first page."}
        return _page(request, 404, "A file or folder went away meanwhile.", "", facts)
    if isinstance(error, OSError):
        facts = {"Received": f"{type(error).__name__}: {error}", "To do": "Make room or permission there."}
        return _page(request, 500, "A file or folder could not be read or written.", "", facts)
    if isinstance(error, HTTPException):
        fix = "Go back to the first page." if error.status_code == 404 else ""
        return _page(request, error.status_code, str(error.detail), fix, {})
    return _page(request, 422, "The address is not complete.", "Go back to the first page.", {})


def _page(request: Request, status: int, summary: str, fix: str, facts: dict[str, str]) -> HTMLResponse:
    return page(
        request,
        "problem.html.jinja",
        status=status,
        title="Problem",
        summary=summary,
        fix=fix,
        facts={name: value for name, value in facts.items() if value},
    )
