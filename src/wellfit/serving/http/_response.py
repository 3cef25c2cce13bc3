"""What goes back: what a route says, or why a request is refused."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any, NamedTuple

from wellfit.serving.http._docs import PLACE, POLICY
from wellfit.serving.http._json import write_json
from wellfit.serving.http._refusal import RefusedError
from wellfit.serving.http._request import JSON_TYPE
from wellfit.serving.http._routes import HTML_TYPE, Route
from wellfit.serving.http._store import Store

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")


class Answer(NamedTuple):
    """What goes back."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    more: tuple[tuple[bytes, bytes], ...] = ()


def told(route: Route, scope: MutableMapping[str, Any]) -> Answer:
    """Return what a route says, with the address it was asked at where the page has a place for it."""
    assert route.tell is not None
    value = route.tell()
    if route.content_type == HTML_TYPE:
        host = next((text.decode("latin-1") for name, text in scope["headers"] if name == b"host"), "")
        page = value.replace(PLACE, host) if _HOST.fullmatch(host) else value
        policy = route.policy or POLICY
        return Answer(200, page.encode(), HTML_TYPE, ((b"content-security-policy", policy.encode()),))
    if isinstance(value, str | bytes):
        return Answer(200, value.encode() if isinstance(value, str) else value, route.content_type)
    return Answer(200, write_json(value))


def refused(refusal: RefusedError, route: Route | None) -> Answer:
    """Return a refusal as an answer."""
    record = refusal.record()
    if route is not None and route.dialect == "mlflow":
        record |= {"error_code": "BAD_REQUEST", "message": record["error"]}
    more: list[tuple[bytes, bytes]] = []
    if refusal.closes:
        more.append((b"connection", b"close"))
    if refusal.retry_after_s is not None:
        more.append((b"retry-after", b"%d" % refusal.retry_after_s))
    if refusal.allow:
        more.append((b"allow", refusal.allow.encode()))
    if refusal.status == 401:
        more.append((b"www-authenticate", b"Bearer"))
    return Answer(refusal.status, write_json(record), more=tuple(more))


def unknown(path: str, store: Store) -> RefusedError:
    """Return the refusal of an address that nothing answers."""
    is_model = path.startswith(("/v1/models/", "/v2/models/"))
    if is_model:
        known = [f"{name} ({', '.join(versions)})" for name, versions in store.models.items()]
        return RefusedError(
            404,
            "there is no such network, version or verb.",
            expected=", ".join(known) or "none",
            closes=True,
        )
    return RefusedError(404, "there is nothing at this address.", fix="see /docs", closes=True)
