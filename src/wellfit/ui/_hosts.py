"""Which names the workbench answers to: a page elsewhere must not reach it by a name of its own."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LONGEST_PORT = 5
"""Digits; Python refuses to read a number of thousands of them."""


@dataclass(frozen=True)
class Address:
    """Where the workbench listens.

    Attributes:
        host: as it was asked for.
        port: that it got.
    """

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this computer can reach it."""
        address = _ip(self.host)
        return self.host == "localhost" or (address is not None and address.is_loopback)

    @property
    def origin(self) -> str:
        """The beginning of its URLs, as this computer can use them."""
        address = _ip(self.host)
        host = "127.0.0.1" if address is not None and address.is_unspecified else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def is_own(self, header: str) -> bool:
        """Return whether a Host header names this workbench.

        A name that somebody else's server resolves to this computer (DNS rebinding) is not among them; an
        address in numbers cannot be resolved to anything, so where every interface is listened on, any is.

        Example:
            >>> Address("127.0.0.1", 8000).is_own("localhost:8000")
            True
            >>> Address("127.0.0.1", 8000).is_own("evil.example:8000")
            False
        """
        name, port = _parts(header)
        if port != self.port:
            return False
        if name in _LOOPBACK or name == self.host.lower():
            return True
        address = _ip(self.host)
        if address is None or not address.is_unspecified:
            return False
        return _ip(name) is not None or name == socket.gethostname().lower()


def _parts(header: str) -> tuple[str, int]:
    """Return name and port of a Host header; port -1 where it is none."""
    name, sign, port = header.strip().lower().rpartition(":")
    if not sign or name.count("[") != name.count("]"):
        name, port = header.strip().lower(), "80"
    is_port = port.isascii() and port.isdigit() and len(port) <= _LONGEST_PORT
    return name.removeprefix("[").removesuffix("]"), int(port) if is_port else -1


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
