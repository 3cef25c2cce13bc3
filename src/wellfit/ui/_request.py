"""What the routes share: the workbench, a form that was checked, and pages as answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.datastructures import FormData
from fastapi.responses import HTMLResponse

from wellfit.ui._pages import render
from wellfit.ui._secrets import Entrance
from wellfit.ui._workbench import Workbench

_MOST_FIELDS = 20_000


def _workbench(request: Request) -> Workbench:
    return request.app.state.workbench


def _entrance(request: Request) -> Entrance:
    return request.app.state.entrance


Bench = Annotated[Workbench, Depends(_workbench)]
Secrets = Annotated[Entrance, Depends(_entrance)]


async def _own_form(request: Request, entrance: Secrets) -> AsyncIterator[FormData]:
    """Yield the form of a request; refuse one that does not bring the CSRF token in a field or a header."""
    try:
        form = await request.form(max_files=1, max_fields=_MOST_FIELDS)
    except ValueError as error:  # such as the name of an encoding that holds a null
        raise HTTPException(400, "This form cannot be read. Load its page again.") from error
    try:
        if not entrance.is_own_form(request.headers.get("x-csrf-token", form.get("csrf"))):
            raise HTTPException(403, "This form is not one of the workbench's own. Load its page again.")
        yield form
    finally:
        await form.close()


OwnForm = Annotated[FormData, Depends(_own_form)]


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page, with what every page needs."""
    state = request.app.state
    known = {"csrf": state.entrance.csrf, "folder": str(state.workbench.root)}
    return HTMLResponse(render(template, **known, **values), status)
