"""Why a request is not answered: a status, and what was received, expected and to do, as JSON."""

from __future__ import annotations

from typing import Any

from wellfit.records import WellfitError
from wellfit.serving._rows import AbsentColumnError, CellError


class RefusedError(Exception):
    """A request that is refused; becomes the answer.

    Args:
        status: of HTTP, from 400 to 599.
        summary: one sentence on what is wrong.
        received: what came in.
        expected: what is accepted.
        fix: what the client can do.
        column: whose cell is wrong.
        row: number of the row, from 1.
        retry_after_s: when to come again.
        allow: the method that is understood here.
        closes: whether the connection ends with the answer, as when the body was not read.
    """

    def __init__(
        self,
        status: int,
        summary: str,
        *,
        received: str = "",
        expected: str = "",
        fix: str = "",
        column: str | None = None,
        row: int | None = None,
        retry_after_s: int | None = None,
        allow: str = "",
        closes: bool = False,
    ) -> None:
        super().__init__(summary)
        self.status, self.summary = status, summary
        self.facts = {"received": received, "expected": expected, "fix": fix}
        self.column, self.row = column, row
        self.retry_after_s, self.allow, self.closes = retry_after_s, allow, closes

    def record(self) -> dict[str, Any]:
        """Return the answer: ``error`` is text, as TensorFlow Serving and the V2 protocol have it."""
        facts = {name: fact for name, fact in self.facts.items() if fact}
        tail = "".join(f" {name.capitalize()}: {fact}." for name, fact in facts.items())
        place = {"column": self.column, "row": self.row}
        return {
            "error": self.summary + tail,
            **facts,
            **{name: value for name, value in place.items() if value is not None},
        }


def too_many(count: int, *, closes: bool = False) -> RefusedError:
    """Return the refusal of a request where `count` others are under way."""
    return RefusedError(
        429,
        "too many requests are under way.",
        received=f"{count} before this one",
        fix="come again later, or ask for more rows in one request",
        retry_after_s=1,
        closes=closes,
    )


def refusal_of(error: WellfitError) -> RefusedError:
    """Return the refusal of rows that cannot be used."""
    is_cell = isinstance(error, CellError)
    names_column = isinstance(error, CellError | AbsentColumnError)
    return RefusedError(
        422,
        error.summary,
        received=error.received,
        expected=error.expected,
        fix=error.fix,
        column=error.column if names_column else None,
        row=error.row + 1 if is_cell else None,
    )
