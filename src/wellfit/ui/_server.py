"""The workbench's process: a socket, an address to open, and a server that ends on Ctrl-C."""

from __future__ import annotations

import contextlib
import socket
import threading
import webbrowser
from collections.abc import Callable
from types import FrameType

import uvicorn

from wellfit.records import SettingsError
from wellfit.ui._app import create_app
from wellfit.ui._hosts import Address
from wellfit.ui._secrets import Entrance
from wellfit.ui._workbench import Workbench


def serve(
    workbench: Workbench, *, host: str, port: int, open_browser: bool, say: Callable[[str], None]
) -> None:
    """Serve the workbench until Ctrl-C; studies that run then go on.

    Args:
        workbench: the folder, and how studies run in it.
        host: where to listen; 127.0.0.1 is this computer alone.
        port: where to listen; 0 takes a free one.
        open_browser: whether to open the page.
        say: called with each line that the person should read.

    Raises:
        SettingsError: nothing can listen there.
    """
    with listening(host, port) as listener:
        address, entrance = Address(host, listener.getsockname()[1]), Entrance()
        url = f"{address.origin}/enter?token={entrance.token}"
        say(f"The workbench of {workbench.root} (this address works once):\n\n  {url}\n")
        if not address.is_loopback:
            say("Others in the network can reach it, and what is sent can be read on the way.")
        say("Ctrl-C ends the page; studies that run go on.")
        app = create_app(workbench, entrance, address)
        config = uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            _Server(config, app.state.closing).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that tells pages which follow a study that it is about to end."""

    def __init__(self, config: uvicorn.Config, closing: threading.Event) -> None:
        super().__init__(config)
        self._closing = closing

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Answer a signal."""
        self._closing.set()
        super().handle_exit(sig, frame)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        SettingsError: nothing can listen there.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(place[:2], family=family)
    except (OSError, OverflowError) as error:
        raise SettingsError(
            "the workbench cannot listen there.",
            received=f"--host {host} --port {port} ({error})",
            expected="an address of this computer and a port that is free",
            fix="leave out --port to take a free one",
        ) from error
