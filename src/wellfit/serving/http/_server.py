"""A worker: one process that listens, answers, and ends once what it was asked is answered."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import uvicorn

from wellfit.records import SettingsError
from wellfit.serving.http._app import App
from wellfit.serving.http._drift import DriftPage, Watching
from wellfit.serving.http._keys import Keys
from wellfit.serving.http._limits import Limits
from wellfit.serving.http._log import AccessLog
from wellfit.serving.http._shared_windows import SharedWindows
from wellfit.serving.http._store import Store

# Longer than the 60 s after which balancers close idle connections: who closes first loses no request.
_KEEP_ALIVE_S = 75


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What is served, and how.

    Attributes:
        folders: studies, bundles, or folders of NAME/VERSION/ bundles.
        name: of the network, where there is only one; its folder's if empty.
        host: where to listen.
        port: where to listen; 0 takes a free one.
        limits: what is taken at most.
        keys: of which a request must name one; none lets everybody in.
        reload_s: seconds between two looks at the folders; 0 never looks.
        drain_s: for requests that are being answered when the server ends.
        drain_delay_s: for which it goes on, but says that it is not ready, before it begins to end.
        num_threads: that one batch may use.
        is_logged: whether a line of JSON is written for each request.
        window_rows: that are held against the training rows, the last ones of all workers; 0 watches nothing.
        shared: a folder where several workers find what the others counted; None for one alone.
        drift_page: draws what drifted, or None.
    """

    folders: tuple[Path, ...]
    name: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    limits: Limits = field(default_factory=Limits)
    keys: tuple[str, ...] = ()
    reload_s: float = 1.0
    drain_s: int = 30
    drain_delay_s: float = 0.0
    num_threads: int = 1
    is_logged: bool = False
    window_rows: int = 10_000
    shared: Path | None = None
    drift_page: DriftPage | None = None


def run_worker(
    serving: Serving, listener: socket.socket, *, say: Callable[[str], None], ready: Callable[[], None]
) -> None:
    """Serve until a signal ends it.

    Args:
        serving: what, and how.
        listener: listens already; who connects before the networks are warm waits for them.
        say: called with lines for the person.
        ready: called once it answers.

    Raises:
        WellfitError: a bundle cannot be served.
    """
    store = Store(
        serving.folders,
        name=serving.name,
        limits=serving.limits,
        num_threads=serving.num_threads,
        say=say,
    )
    app = App(
        store,
        keys=Keys(serving.keys),
        reload_s=serving.reload_s,
        log=AccessLog() if serving.is_logged else None,
        watching=_watching(serving),
        drift_page=serving.drift_page,
    )
    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=serving.drain_s,
    )
    _Server(config, app, serving.drain_delay_s, ready).run(sockets=[listener])


def _watching(serving: Serving) -> Watching | None:
    if not serving.window_rows:
        return None
    shared = None if serving.shared is None else SharedWindows(serving.shared)
    return Watching(serving.window_rows, shared)


class _Server(uvicorn.Server):
    """A server that first says that it ends, and that ends when its parent has gone."""

    def __init__(self, config: uvicorn.Config, app: App, delay_s: float, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._app, self._delay_s, self._ready = app, delay_s, ready
        self._parent = os.getppid()
        self._ends_at = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end now."""
        if os.getppid() != self._parent:
            return True
        is_over = await super().on_tick(counter)
        return is_over and (self.force_exit or time.monotonic() >= self._ends_at)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Answer a signal; the second Ctrl-C does not wait for anybody.

        The signal is not raised again at the end: a server that was asked to end, and did, is done.
        """
        del frame
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        if not self.should_exit:
            self._ends_at = time.monotonic() + self._delay_s
        self.should_exit = self._app.is_ending = True


def listening(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """Return sockets that listen at one address; the system spreads connections over them.

    Raises:
        SettingsError: nothing can listen there, or not so many.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        first = socket.create_server(place[:2], family=family, reuse_port=count > 1, backlog=2048)
        taken = first.getsockname()[:2]
        more = [
            socket.create_server(taken, family=family, reuse_port=True, backlog=2048)
            for _ in range(count - 1)
        ]
        return [first, *more]
    except (OSError, OverflowError, ValueError) as error:
        raise SettingsError(
            "the server cannot listen there.",
            received=f"--host {host} --port {port} ({error})",
            expected="an address of this computer and a port that is free",
            fix="--port 0 takes a free one",
        ) from error
