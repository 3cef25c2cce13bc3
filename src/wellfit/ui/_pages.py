"""Where the workbench's pages are made: every value is escaped, and what is missing is an error."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_HIDDEN = ("Cc", "Cf", "Cs")
"""Unicode categories of control, format (also direction) and surrogate characters."""


def render(template: str, **values: Any) -> str:
    """Return a page or a part of one."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("wellfit.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["part"] = path_part
    environment.globals |= {"csrf": "", "folder": ""}
    return environment


def path_part(name: str) -> str:
    """Return a name as one part of a URL's path, or as the value of a parameter.

    Example:
        >>> path_part("a/b c?")
        'a%2Fb%20c%3F'
    """
    return quote(name, safe="", errors="surrogatepass")


def _printable(value: object) -> object:
    """Names from a file may hold control and direction characters; none of them reaches the page."""
    if isinstance(value, Markup):
        return value
    text = str(value)
    if text.isprintable():
        return text
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in _HIDDEN else "\ufffd" for char in text
    )
