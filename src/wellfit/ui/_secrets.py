"""Who may come in: a token that works once, a cookie, and what every form must bring back."""

from __future__ import annotations

import secrets


class Entrance:
    """The secrets of one running workbench; they are new each time that it starts.

    Attributes:
        token: is part of the address that is printed, and is good for one visit.
        csrf: is part of every form of the workbench's own pages.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        self.csrf = secrets.token_urlsafe(32)
        self._session = secrets.token_urlsafe(32)
        self._is_used = False

    def exchange(self, token: str) -> str | None:
        """Return the value of the cookie for the token, once; None for anything else."""
        if self._is_used or not _same(token, self.token):
            return None
        self._is_used = True
        return self._session

    def knows(self, cookie: str | None) -> bool:
        """Return whether a visitor has come in by the token."""
        return self._is_used and cookie is not None and _same(cookie, self._session)

    def is_own_form(self, csrf: object) -> bool:
        """Return whether a request comes from one of the workbench's own pages."""
        return isinstance(csrf, str) and _same(csrf, self.csrf)


def _same(given: str, secret: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode())
