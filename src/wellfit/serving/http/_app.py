"""The server as an ASGI application.

It is written to ASGI itself: what stands between a request and its network is counted in tens of
microseconds, and layers of a framework would be most of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from wellfit.serving.http._batch import Rows
from wellfit.serving.http._drift import DriftPage, Watching, drift_routes, told_of
from wellfit.serving.http._keys import Keys
from wellfit.serving.http._log import AccessLog
from wellfit.serving.http._metrics import TEXT_TYPE, Metrics
from wellfit.serving.http._model import Model
from wellfit.serving.http._pictures import prepare
from wellfit.serving.http._refusal import RefusedError, too_many
from wellfit.serving.http._request import Request
from wellfit.serving.http._response import Answer, refused, told, unknown
from wellfit.serving.http._routes import Route, make_routes
from wellfit.serving.http._store import Store

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Longer bodies, and pictures, are read in a thread, so that they hold up nobody for long.
_SHORT_BODY = 2**16
_PUBLISH_S = 1.0


class App:
    """Answers requests by the networks of a store.

    Args:
        store: the networks, loaded.
        keys: who may ask.
        reload_s: seconds between two looks at the folders; 0 never looks.
        log: writes a line for each request, or None.
        watching: counts rows and predictions, and says whether they drifted; or None.
        drift_page: draws what drifted as a page, or None.

    Attributes:
        is_ending: set by whoever ends the server; then it says that it is not ready.
    """

    def __init__(
        self,
        store: Store,
        *,
        keys: Keys | None = None,
        reload_s: float = 1.0,
        log: AccessLog | None = None,
        watching: Watching | None = None,
        drift_page: DriftPage | None = None,
    ) -> None:
        self.is_ending = False
        self._store, self._keys, self._reload_s, self._log = store, keys or Keys(), reload_s, log
        self._limits = store.limits
        self._metrics = Metrics()
        self._num_active = 0
        self._watching, self._drift_page = watching, drift_page
        self._tasks: list[asyncio.Task[None]] = []
        store.observe = self._batch_done
        store.load()
        if any(model.signature.kind == "pictures" for model in store.all()):
            prepare()
        self._make_routes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        route = self._routes.get(scope["path"])
        try:
            answer = await self._answer(route, scope, receive)
        except RefusedError as refusal:
            answer = refused(refusal, route)
        except Exception as error:
            # Only a fault of ours or of the network comes here; the trace goes to the log, not to strangers.
            traceback.print_exception(error, file=sys.stderr)
            answer = refused(RefusedError(500, "a fault in the server.", closes=True), route)
        seconds = time.perf_counter() - began
        self._metrics.count_answer(route.dialect if route else "none", answer.status, seconds)
        if self._log is not None:
            self._log.write(scope, answer.status, len(answer.body), seconds)
        headers = [
            (b"content-type", answer.content_type.encode()),
            (b"content-length", b"%d" % len(answer.body)),
            *answer.more,
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, route: Route | None, scope: Scope, receive: Receive) -> Answer:
        self._keys.check(scope["path"], scope["headers"])
        if route is None:
            raise unknown(scope["path"], self._store)
        method = scope["method"]
        if method != route.method and not (method == "HEAD" and route.method == "GET"):
            raise RefusedError(405, "this method is not understood here.", allow=route.method, closes=True)
        if route.read is None:
            return told(route, scope)
        if self._num_active >= self._limits.queue:
            raise too_many(self._num_active, closes=True)
        self._num_active += 1
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                return await self._predicted(route, scope, receive)
        except TimeoutError:
            raise RefusedError(
                504, "this took too long.", expected=f"at most {self._limits.timeout_s:g} s", closes=True
            ) from None
        finally:
            self._num_active -= 1

    async def _predicted(self, route: Route, scope: Scope, receive: Receive) -> Answer:
        assert route.read is not None
        body = await _body(scope, receive, self._limits.body_bytes)
        request = Request(
            body=body, headers=scope["headers"], query=scope["query_string"], limits=self._limits
        )
        model = self._model(route, request)
        is_short = len(body) <= _SHORT_BODY and model.signature.kind != "pictures"
        if is_short:
            asked = route.read(model, request)
        else:
            asked = await asyncio.to_thread(route.read, model, request)
        values = await model.batcher.predict(asked.rows)
        made = asked.write(values) if is_short else await asyncio.to_thread(asked.write, values)
        return Answer(200, made, asked.content_type)

    def _model(self, route: Route, request: Request) -> Model:
        model = route.model
        if route.chooses and request.query:
            name, version = request.asked("model"), request.asked("version")
            if name is not None:
                model = self._store.newest(name)
            if version is not None and model is not None:
                model = self._store.models[model.name].get(version)
        if model is None:
            raise RefusedError(
                404, "there is no such network.", expected=", ".join(self._store.models) or "none"
            )
        return model

    def _batch_done(self, model: Model, parts: Sequence[Rows], values: Any, seconds: float) -> None:
        waiting = model.batcher.num_waiting
        self._metrics.count_batch(model.name, model.version, len(values), seconds, waiting)
        if self._watching is not None:
            self._watching(model, parts, values)

    def _make_routes(self) -> None:
        routes = make_routes(self._store, lambda: bool(self._store.models) and not self.is_ending)
        routes["/metrics"] = Route(dialect="metrics", tell=self._metrics_text, content_type=TEXT_TYPE)
        if self._watching is not None:
            routes |= drift_routes(self._watching, self._store, self._drift_page)
        self._routes = routes

    def _metrics_text(self) -> bytes:
        if self._watching is not None:
            for model, drift in told_of(self._watching, self._store.all()):
                self._metrics.set_drift(model.name, model.version, drift)
        return self._metrics.text()

    def _changed(self) -> None:
        self._metrics.count_exchange()
        self._make_routes()
        _set_apart()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        if self._reload_s > 0:
            self._tasks.append(asyncio.create_task(self._store.watch(self._reload_s, self._changed)))
        if self._watching is not None and self._watching.is_shared:
            self._tasks.append(asyncio.create_task(_publish(self._watching)))
        _set_apart()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._store.close()
        gc.unfreeze()
        await send({"type": "lifespan.shutdown.complete"})


async def _publish(watching: Watching) -> None:
    """Let the other workers see what this one counted, again and again; a full disk costs them only that."""
    while True:
        await asyncio.sleep(_PUBLISH_S)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(watching.publish)


def _set_apart() -> None:
    """Take what is there for long out of sight of the garbage collector.

    Else it would look at all of it every few thousand requests, which then wait for some 20 ms. What was
    exchanged is collected first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


async def _body(scope: Scope, receive: Receive, most: int) -> bytes:
    """Return the whole body.

    Raises:
        RefusedError: it is longer than `most`, or its sender has gone.
    """
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if not declared.isdigit():
        raise RefusedError(400, "the length of the body is no number.", closes=True)
    if len(declared) > 15 or int(declared) > most:
        raise _too_long(most)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body = message.get("body", b"")
        if len(body) > most:
            raise _too_long(most)
        return body
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise RefusedError(400, "the connection ended within the body.", closes=True)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise _too_long(most)
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()


def _too_long(most: int) -> RefusedError:
    return RefusedError(413, "the body is too long.", expected=f"at most {most:,} bytes", closes=True)
