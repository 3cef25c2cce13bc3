"""Changes of a Python source, by the places that its syntax tree gives; everything else stays as it is."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any


class Source:
    """A source and the changes that are to be made in it.

    Args:
        text: Python code.

    Raises:
        SyntaxError: it is not.

    Example:
        >>> source = Source("model.fit(x, y)\\n")
        >>> call = source.calls("fit")[0]
        >>> source.set_argument(call, "epochs", "5")
        True
        >>> source.changed()
        'model.fit(x, y, epochs=5)\\n'
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self._starts = _line_starts(text)
        self._edits: list[tuple[int, int, int, str]] = []
        self._keras = ""
        self.parents = {
            id(child): parent for parent in ast.walk(self.tree) for child in ast.iter_child_nodes(parent)
        }

    def calls(self, *names: str) -> list[Any]:
        """Return calls of functions, methods or classes with one of these names, in order."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call) and called(node) in names]
        return sorted(found, key=lambda node: (node.func.end_lineno, node.func.end_col_offset))

    def segment(self, node: Any) -> str:
        """Return the text of a node."""
        start, end = self._span(node)
        return self.text[start:end]

    def argument(self, call: Any, name: str, parameters: Sequence[str] = ()) -> Any:
        """Return the value of an argument, given by name or by position; None if it is not given."""
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        place = list(parameters).index(name) if name in parameters else len(call.args)
        stars = any(isinstance(value, ast.Starred) for value in call.args)
        return call.args[place] if place < len(call.args) and not stars else None

    def set_argument(self, call: Any, name: str, code: str, parameters: Sequence[str] = ()) -> bool:
        """Replace or add an argument; return False where it cannot be told what is given already."""
        value = self.argument(call, name, parameters)
        if value is not None:
            start, end = self._span(value)
            self._replace(start, end, code.replace("\n", f"\n{self._blanks(start)}"))
            return True
        if any(k.arg is None for k in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args):
            return False
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if given:
            end = max(self._span(one)[1] for one in given)
            end = self._past_brackets(end, self._span(call)[1])
            self._add(end, f", {name}={code}")
        else:
            self._add(self._span(call)[1] - 1, f"{name}={code}")
        return True

    def append(self, sequence: Any, code: str) -> None:
        """Add an element to a list that is written out."""
        if sequence.elts:
            self._add(self._span(sequence.elts[-1])[1], f", {code}")
        else:
            self._add(self._span(sequence)[1] - 1, code)

    def insert_after(self, layer: Any, code: str) -> bool:
        """Put a layer behind another one as that is written; return False if it is written in no usual way.

        Usual are elements of a list, ``model.add(layer)``, and ``x = layer(x)``.
        """
        parent = self.parents.get(id(layer))
        start, end = self._span(layer)
        if isinstance(parent, ast.List | ast.Tuple):
            indent = self._indent(start)
            self._add(end, f", {code}" if indent is None else f",\n{indent}{code}")
            return True
        statement: Any = self.parents.get(id(parent))
        if isinstance(parent, ast.Call) and called(parent) == "add" and isinstance(statement, ast.Expr):
            receiver: Any = parent.func
            return self._line_after(statement, f"{self.segment(receiver.value)}.add({code})")
        is_applied = (
            isinstance(parent, ast.Call) and parent.func is layer and isinstance(statement, ast.Assign)
        )
        if is_applied and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
            name = self.segment(statement.targets[0])
            return self._line_after(statement, f"{name} = {code}({name})")
        return False

    def insert_before(self, node: Any, lines: Sequence[str]) -> None:
        """Put lines before the statement that a node is in."""
        statement = self.statement(node)
        start = self._starts[statement.lineno - 1]
        indent = self._indent(self._span(statement)[0]) or ""
        self._add(start, textwrap.indent("\n".join(lines), indent) + "\n")

    def import_keras(self) -> str:
        """Return how the source names Keras; an import is added where it does not."""
        if self._keras:
            return self._keras
        imports = [node for node in self.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        self._keras = next(filter(None, map(_name_of_keras, imports)), "")
        if not self._keras:
            self._keras = "keras"
            if not imports or not self._line_after(imports[-1], "import keras"):
                self._add(
                    self._starts[self.tree.body[0].lineno - 1] if self.tree.body else 0, "import keras\n"
                )
        return self._keras

    def statement(self, node: Any) -> Any:
        """Return the statement that a node is in."""
        while not isinstance(node, ast.stmt):
            node = self.parents[id(node)]
        return node

    def changed(self) -> str:
        """Return the source with all changes made."""
        parts, at = [], 0
        for start, end, _, text in sorted(self._edits, key=lambda edit: edit[:3]):
            parts += [self.text[at:start], text]
            at = end
        return "".join([*parts, self.text[at:]])

    def _line_after(self, statement: Any, line: str) -> bool:
        start, end = self._span(statement)
        indent = self._indent(start)
        rest = self.text[end : self._line_end(end)]
        if indent is None or rest.split("#")[0].strip():
            return False
        self._add(self._line_end(end), f"\n{indent}{line}")
        return True

    def _past_brackets(self, end: int, stop: int) -> int:
        """Return where an argument ends, its own brackets included: a tree does not know of them."""
        depth = _depth(self.text[end : stop - 1])
        while depth > 0 and end < stop:
            depth -= self.text[end] == ")"
            end += 1
        return end

    def _blanks(self, start: int) -> str:
        """Return the blanks that the line of a place begins with, for lines that follow it."""
        line = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        return line[: len(line) - len(line.lstrip())]

    def _indent(self, start: int) -> str | None:
        """Return what stands before a place on its line; None if that is more than blanks."""
        before = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        return before if not before.strip() else None

    def _line_end(self, place: int) -> int:
        end = self.text.find("\n", place)
        return len(self.text) if end < 0 else end

    def _replace(self, start: int, end: int, code: str) -> None:
        self._edits.append((start, end, len(self._edits), code))

    def _add(self, place: int, code: str) -> None:
        self._replace(place, place, code)

    def _span(self, node: Any) -> tuple[int, int]:
        return (
            self._offset(node.lineno, node.col_offset),
            self._offset(node.end_lineno, node.end_col_offset),
        )

    def _offset(self, line: int, column: int) -> int:
        """Return the place of a line and a column, which the tree counts in bytes."""
        start = self._starts[line - 1]
        text = self.text[start : self._line_end(start)]
        return start + len(text.encode()[:column].decode(errors="ignore"))


def _name_of_keras(node: ast.Import | ast.ImportFrom) -> str:
    """Return the name that an import gives to Keras, or an empty string."""
    module = getattr(node, "module", None)
    for alias in node.names:
        if alias.name == "keras" and module in (None, "tensorflow"):
            return alias.asname or "keras"
        if alias.name == "tensorflow" and module is None:
            return f"{alias.asname or 'tensorflow'}.keras"
    return ""


def called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _line_starts(text: str) -> list[int]:
    return [0, *(place + 1 for place in _places(text, "\n"))]


def _places(text: str, wanted: str) -> Iterator[int]:
    place = text.find(wanted)
    while place >= 0:
        yield place
        place = text.find(wanted, place + 1)


def _depth(rest: str) -> int:
    """Return how many brackets are closed between the last argument and the end of a call."""
    return sum(line.split("#")[0].count(")") for line in rest.split("\n"))
