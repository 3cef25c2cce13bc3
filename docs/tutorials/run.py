"""Runs the cells of a notebook in this process, without Jupyter: ``python run.py table.ipynb [--write]``.

Ends with the error of the first cell that fails. With ``--write`` what the cells show is kept in the file:
text, HTML and figures, as Jupyter would.
"""

from __future__ import annotations

import argparse
import ast
import base64
import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("MPLBACKEND", "agg")

Output = dict[str, Any]


def run(notebook: dict[str, Any]) -> None:
    """Execute the code cells in order, in one name space, and put their outputs into the notebook."""
    names: dict[str, Any] = {"__name__": "__main__"}
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for count, cell in enumerate(code, start=1):
        cell["execution_count"] = count
        cell["outputs"] = run_cell("".join(cell["source"]), names, count)


def run_cell(source: str, names: dict[str, Any], count: int) -> list[Output]:
    """Execute one cell and return what it shows: what it prints, its last expression, its figures."""
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    place = f"<cell {count}>"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body=body, type_ignores=[]), place, "exec"), names)
        # A semicolon at the end means: do not show.
        hidden = source.rstrip().endswith(";")
        value = None
        if last is not None:
            value = eval(compile(ast.Expression(body=last.value), place, "eval"), names)
    outputs: list[Output] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": lines(printed.getvalue())})
    if value is not None and not hidden:
        result = {"output_type": "execute_result", "execution_count": count, "metadata": {}}
        outputs.append(result | {"data": shown(value)})
    return outputs + figures()


def shown(value: Any) -> dict[str, list[str]]:
    """Return a value as text, and as HTML where it has that."""
    data = {"text/plain": lines(repr(value))}
    page = getattr(value, "_repr_html_", None)
    if page is not None:
        data["text/html"] = lines(page())
    return data


def figures() -> list[Output]:
    """Return the figures that were drawn since the last call as PNG, and close them."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    found: list[Output] = []
    for number in pyplot.get_fignums() if pyplot else ():
        stream = io.BytesIO()
        pyplot.figure(number).savefig(stream, format="png", dpi=72)
        picture = base64.b64encode(stream.getvalue()).decode("ascii")
        found.append(
            {
                "output_type": "display_data",
                "metadata": {},
                "data": {"image/png": picture, "text/plain": ["<Figure>"]},
            }
        )
        pyplot.close(number)
    return found


def lines(text: str) -> list[str]:
    """Return text as notebooks hold it."""
    return text.splitlines(keepends=True)


def main() -> None:
    """Run the notebook that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--write", action="store_true", help="keep the outputs in the file")
    arguments = parser.parse_args()
    notebook = json.loads(arguments.notebook.read_text(encoding="utf-8"))
    run(notebook)
    if arguments.write:
        text = json.dumps(notebook, indent=1, ensure_ascii=False)
        arguments.notebook.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
