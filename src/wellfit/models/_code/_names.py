"""Names of Python variables made of the names of layers."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable


class Names:
    """Hands out identifiers, each once.

    Args:
        taken: what is in use already.

    Example:
        >>> names = Names(["x"])
        >>> names.new("block/1 out"), names.new("block_1_out"), names.new("2d"), names.new("for")
        ('block_1_out', 'block_1_out_2', 'layer_2d', 'layer_for')
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def new(self, wanted: str) -> str:
        """Return an identifier like `wanted` that was not handed out before."""
        plain = re.sub(r"\W+", "_", wanted, flags=re.ASCII).strip("_")
        if not plain.isidentifier() or keyword.iskeyword(plain):
            plain = f"layer_{plain}"
        found, number = plain, 2
        while found in self._taken:
            found, number = f"{plain}_{number}", number + 1
        self._taken.add(found)
        return found
