"""Pieces of code that several parts of the script are put together from."""

from __future__ import annotations

import textwrap

from wellfit.api._code._recipe import Recipe
from wellfit.models import packed_inputs


def comment(text: str, indent: int = 4) -> list[str]:
    """Return text as lines of comment."""
    return [f"# {line}" for line in textwrap.wrap(" ".join(text.split()), 96 - indent)]


def function_code(head: str, lines: list[str]) -> str:
    """Return a function with these lines as its body."""
    body = textwrap.indent("\n".join(lines), "    ", lambda line: bool(line.strip()))
    return f"def {head}:\n{body}"


def packed(recipe: Recipe, parts: list[str]) -> str:
    """Return code of inputs as the network takes them: one, a list or a dictionary."""
    if len(parts) == 1:
        return parts[0]
    struct = packed_inputs(recipe.model, parts)
    if isinstance(struct, dict):
        return "{" + ", ".join(f"{key!r}: {value}" for key, value in struct.items()) + "}"
    return f"[{', '.join(parts)}]"


def input_names(recipe: Recipe) -> list[str]:
    """Return a name for each array of inputs."""
    count = len(recipe.dataset.inputs)
    return ["x"] if count == 1 else [f"x{number}" for number in range(1, count + 1)]
