"""The tutorials run from the first cell to the last, and show what is stored in them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
NOTEBOOKS = sorted(TUTORIALS.glob("*.ipynb"))


def code_cells(path: Path) -> list[dict[str, Any]]:
    """Return the code cells of a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def kinds(cell: dict[str, Any]) -> list[list[str]]:
    """Return what a cell shows: the kinds of each of its outputs."""
    return [sorted(output.get("data", {"stream": 0})) for output in cell["outputs"]]


def test_there_are_tutorials() -> None:
    """The parameters of the tests below are not empty."""
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_are_those_of_one_run(path: Path) -> None:
    """Every cell was run, in order, without an error, and there is a page and a figure among the outputs."""
    cells = code_cells(path)
    outputs = [output for cell in cells for output in cell["outputs"]]
    shown = [kind for output in outputs for kind in output.get("data", ())]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert {output["output_type"] for output in outputs} <= {"stream", "execute_result", "display_data"}
    assert {"text/plain", "text/html", "image/png"} <= set(shown)
    assert path.stat().st_size < 1_500_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_run(path: Path, tmp_path: Path) -> None:
    """In a fresh process no cell fails, and each shows the same kinds of things as the stored run."""
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    command = [sys.executable, str(TUTORIALS / "run.py"), str(copy), "--write"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert [kinds(cell) for cell in code_cells(copy)] == [kinds(cell) for cell in code_cells(path)]


def test_a_cell_that_fails_ends_the_run(tmp_path: Path) -> None:
    """The error and its cell are told, so that the test above can fail."""
    cell = {
        "cell_type": "code",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": ["1 / 0"],
    }
    path = tmp_path / "broken.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    command = [sys.executable, str(TUTORIALS / "run.py"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "<cell 1>" in done.stderr


def test_cells_show_what_jupyter_shows(tmp_path: Path) -> None:
    """Print, last expression, its HTML, figures; a semicolon hides a value."""
    sources = [
        "print('said')\nclass Page:\n    def _repr_html_(self): return '<b>page</b>'\nPage()",
        "from matplotlib import pyplot\npyplot.plot([1, 2]);",
        "hidden = 3",
        "hidden",
    ]
    cells = [
        {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": [source]}
        for source in sources
    ]
    path = tmp_path / "shows.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    subprocess.run([sys.executable, str(TUTORIALS / "run.py"), str(path), "--write"], check=True)
    first, second, third, last = code_cells(path)
    assert first["outputs"][0]["text"] == ["said\n"]
    assert first["outputs"][1]["data"]["text/html"] == ["<b>page</b>"]
    assert kinds(second) == [["image/png", "text/plain"]]
    assert third["outputs"] == []
    assert last["outputs"][0]["data"]["text/plain"] == ["3"]
