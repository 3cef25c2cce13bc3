"""The one script of a page: sorts tables, reads values off curves, copies code, opens everything for print.

A page says everything without it. It is the same text on every page, so that a server can allow it by its
hash and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

_PATH = Path(__file__).parent / "templates" / "page.js"


def page_script() -> str:
    """Return the text of the script, as it stands between its tags."""
    return _PATH.read_text(encoding="utf-8")


def script_hash() -> str:
    """Return the script as a source of a Content Security Policy.

    Example:
        >>> script_hash().startswith("'sha256-")
        True
    """
    digest = hashlib.sha256(page_script().encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
