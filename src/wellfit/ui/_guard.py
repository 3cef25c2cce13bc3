"""What every request must pass before a page is made, and what every answer carries."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wellfit.ui._hosts import Address
from wellfit.ui._pages import render
from wellfit.ui._secrets import Entrance

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_ALWAYS = {
    "content-security-policy": _POLICY,
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_OPEN = ("/enter", "/assets/")
_SAFE = ("GET", "HEAD")
_MOST_FORM_BYTES = 4 * 2**20
_MULTIPART_BYTES = 2**16
_LONGEST_LENGTH = 18
"""Digits; Python refuses to read a number of thousands of them."""


class Guard:
    """Refuses what does not come from the workbench's own pages in the browser of who started it.

    Checked in this order: the name in the Host header, the cookie, that a form comes from the same origin,
    and the size of what is sent. That a form holds the CSRF token is checked where it is read.

    Args:
        app: what answers the requests that pass.
        entrance: who may come in.
        address: where the workbench listens.
        max_upload_bytes: the largest file that may be uploaded.
    """

    def __init__(self, app: ASGIApp, *, entrance: Entrance, address: Address, max_upload_bytes: int) -> None:
        self._app = app
        self._entrance = entrance
        self._address = address
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_more)

    def _refusal(self, scope: Scope) -> HTMLResponse | None:
        headers, path = Headers(scope=scope), str(scope["path"])
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._address.is_own(hosts[0]):
            return _refused(421, "This is not an address of this workbench.", "Use the address it printed.")
        is_open = path == _OPEN[0] or path.startswith(_OPEN[1])
        if not is_open and not self._entrance.knows(_cookie(headers, cookie_name(self._address))):
            return _refused(
                403,
                "This browser has not come in yet.",
                "Open the address that wellfit ui printed. It works once; start wellfit ui again for a new "
                "one. Studies that run go on meanwhile.",
            )
        return None if scope["method"] in _SAFE else self._refused_form(headers, path, hosts[0])

    def _refused_form(self, headers: Headers, path: str, host: str) -> HTMLResponse | None:
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site not in (None, "same-origin", "none") or origin not in (None, f"http://{host}"):
            return _refused(403, "This form comes from another page.", "Use the workbench's own pages.")
        length = headers.get("content-length", "")
        if "transfer-encoding" in headers or not (length.isascii() and length.isdigit()):
            return _refused(411, "The length of what was sent is not known.", "Use the workbench's pages.")
        limit = self._max_upload_bytes + _MULTIPART_BYTES if path == "/upload" else _MOST_FORM_BYTES
        if len(length) > _LONGEST_LENGTH or int(length) > limit:
            return _refused(
                413,
                f"This is larger than {limit // 2**20} MB.",
                "Copy the file into the folder of the workbench, or start it with a larger --upload-limit.",
            )
        return None


def cookie_name(address: Address) -> str:
    """Return the name of the cookie: browsers send those of one port to all ports of a computer."""
    return f"wellfit-{address.port}"


def _cookie(headers: Headers, name: str) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return None if found is None else found.value


def _refused(status: int, summary: str, fix: str) -> HTMLResponse:
    page = render("problem.html.jinja", title="Refused", summary=summary, fix=fix)
    return HTMLResponse(page, status, headers={"connection": "close"} if status == 413 else None)
