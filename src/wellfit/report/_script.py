"""The one script of a page: sorts tables, reads values off curves, copies code, opens everything for print.

A page says everything without it. It is the same text on every page of a language, so that a server can allow
it by its hash and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from wellfit.report._translate import languages, translator

_PATH = Path(__file__).parent / "templates" / "page.js"


# What a script says begins with a capital letter; its other texts are names.
_SAID = re.compile(r"""(?<=["`])[A-Z][^"`]*?(?=\s?["`]|\s?\$\{told)""")
_BETWEEN = "to.*"


def page_script(language: str = "en") -> str:
    """Return the text of the script, as it stands between its tags."""
    script = _PATH.read_text(encoding="utf-8")
    if language == "en":
        return script
    say = translator(language)
    # A table sorts by the first number of an interval, so that the word between its ends must be known.
    between = say("1 to 2").strip("12 ")
    script = script.replace(_BETWEEN, _BETWEEN.replace("to", between))
    return _SAID.sub(lambda match: say(match[0]), script)


def script_hash() -> str:
    """Return the script of each language as sources of a Content Security Policy, separated by spaces.

    Example:
        >>> script_hash().startswith("'sha256-")
        True
    """
    return " ".join(_hash(page_script(language)) for language in languages())


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
