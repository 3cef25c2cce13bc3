"""The trials of a study in Optuna's dashboard, which only looks: nothing of it can be changed there."""

from __future__ import annotations

from typing import Annotated

from a2wsgi import WSGIMiddleware
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from wellfit.ui._dashboard import Dashboard
from wellfit.ui._library import report_package
from wellfit.ui._request import Bench
from wellfit.ui._studies import study_file

router = APIRouter()

# These addresses are the dashboard's own; it cannot be told others.
_PATHS = ("/dashboard", *(f"/{own}/{{rest:path}}" for own in ("dashboard", "api", "static", "csv")))
# What it needs and no more. Parallel coordinates would need to run text as code ('unsafe-eval'); they have
# nothing to show here, for no setting differs from the baseline in every trial.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_PASSED_ON = ("host", "accept-encoding")


def _dashboard(request: Request) -> Dashboard:
    return request.app.state.dashboard


Shown = Annotated[Dashboard, Depends(_dashboard)]


@router.get("/studies/{name}/optuna")
def trials(workbench: Bench, dashboard: Shown, name: str) -> Response:
    """Go to the trials of a study in the dashboard."""
    path = study_file(workbench, name, "trials.json")
    report = report_package().read_json(study_file(workbench, name, "report.json"))
    number = dashboard.show(name, path, report.metric.direction)
    return RedirectResponse(f"/dashboard/studies/{number}", 303)


def look(dashboard: Shown) -> Response:
    """Answer as the dashboard does; it is imported here, in a thread, when first asked."""
    return _Shown(dashboard.app())


@router.get("/favicon.ico")
def icon() -> Response:
    """Lead to the icon: a browser asks here where a page, such as the dashboard's, names none."""
    return RedirectResponse("/assets/icon.svg", 301)


for _path in _PATHS:
    router.add_api_route(_path, look, methods=["GET", "HEAD"])


class _Shown(Response):
    """An answer that the dashboard gives, under the policy of the workbench.

    Of a request it gets the address and little more: no cookie, and no body.
    """

    def __init__(self, app: WSGIMiddleware) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = Headers(scope=scope)
        passed_on = {"accept-encoding": "identity"}  # the dashboard fails without one
        passed_on |= {name: asked[name] for name in _PASSED_ON if name in asked}

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["content-security-policy"] = _POLICY
            await send(message)

        await self._app({**scope, "headers": Headers(passed_on).raw}, _nothing, send_on)  # pyright: ignore


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
