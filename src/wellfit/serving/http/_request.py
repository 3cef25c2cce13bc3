"""A request as dialects see it, and what they make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qs

from wellfit.serving._rows import Array
from wellfit.serving.http._batch import Rows
from wellfit.serving.http._limits import Limits

JSON_TYPE = "application/json"
CSV_TYPE = "text/csv"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What came.

    Attributes:
        body: whole.
        headers: as ASGI has them, names in lower case.
        query: of the address.
        limits: of the server.
    """

    body: bytes
    headers: list[tuple[bytes, bytes]]
    query: bytes
    limits: Limits

    def header(self, name: bytes) -> str:
        """Return a header's value, empty if it is not there."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")

    @property
    def content_type(self) -> str:
        """The kind of the body in lower case, without its parameters."""
        return self.header(b"content-type").partition(";")[0].strip().lower()

    def asked(self, name: str) -> str | None:
        """Return a value of the query; None if it is not there."""
        found = parse_qs(self.query.decode("latin-1")).get(name) if self.query else None
        return found[-1] if found else None


class Asked(NamedTuple):
    """What a dialect made of a request.

    Attributes:
        rows: to predict.
        write: from ``[row, output]`` to the body of the answer.
        content_type: of that body.
    """

    rows: Rows
    write: Callable[[Array], bytes]
    content_type: str = JSON_TYPE
