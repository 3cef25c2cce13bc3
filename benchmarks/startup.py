"""How long a user waits: `import wellfit`, the first baseline of `wellfit improve`, and its budget.

``python benchmarks/startup.py [--quick] [--json FILE] [--table FILE --target COLUMN]``. Without a table one
of 7,043 rows is made. The command runs in a terminal of its own, as a user sees it.
"""

from __future__ import annotations

import argparse
import csv
import os
import pty
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from _figures import Figure, machine, median_figure, print_table, write_json

PACKAGES = ("wellfit", "keras", "jax", "numpy", "polars", "scikit-learn", "optuna")
_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")
_IMPORT = "import time; t = time.perf_counter(); import wellfit; print(time.perf_counter() - t)"


def import_figure(repeats: int) -> Figure:
    """Return seconds of ``import wellfit`` in fresh processes."""
    command = [sys.executable, "-c", _IMPORT]
    subprocess.run(command, check=True, capture_output=True)  # write the bytecode, warm the file cache
    times = [float(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(repeats)]
    return median_figure("import_s", times, "s", "<= 0.3")


def improve_figures(table: Path, target: str, budget_s: int) -> list[Figure]:
    """Run ``wellfit improve`` in a terminal: when it shows a baseline, and its time over its budget."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "wellfit", "improve", str(table), "--target", target]
        command += ["--budget", f"{budget_s}s", "--seed", "0", "--out", str(Path(folder, "out"))]
        shown_s, total_s, status = watch_terminal(command, rb"baseline\D{0,40}\d")
    if status != 0:
        raise RuntimeError(f"wellfit improve ended with status {status}")
    return [
        Figure(name="baseline_shown_s", value=shown_s, unit="s", goal="<= 15"),
        Figure(name="improve_s", value=total_s, unit="s"),
        Figure(name="budget_ratio", value=total_s / budget_s, goal="<= 1.1"),
    ]


def watch_terminal(command: list[str], pattern: bytes) -> tuple[float, float, int]:
    """Return seconds until the terminal shows the pattern (NaN if never), seconds in all, exit status."""
    began = time.perf_counter()
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40")
        os.execvp(command[0], command)
    shown, seen = float("nan"), b""
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # Linux reports the end of a terminal as an input error
            break
        if not chunk:
            break
        seen = _ESCAPES.sub(b"", seen[-4096:] + chunk)
        if np.isnan(shown) and re.search(pattern, seen, re.IGNORECASE):
            shown = time.perf_counter() - began
    _, status = os.waitpid(process, 0)
    return shown, time.perf_counter() - began, os.waitstatus_to_exitcode(status)


def made_table(path: Path, num_rows: int = 7043) -> str:
    """Write a table of numbers and categories that says something about its target; return its name."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(num_rows, 8))
    codes = rng.integers(0, 4, size=(num_rows, 11))
    score = numbers[:, :3].sum(1) + codes[:, :3].sum(1) - 4.5 + rng.normal(size=num_rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([f"number_{i}" for i in range(8)] + [f"kind_{i}" for i in range(11)] + ["left"])
        for row, kinds, value in zip(numbers, codes, score, strict=True):
            words = [("red", "green", "blue", "grey")[code] for code in kinds]
            writer.writerow([*(f"{x:.4f}" for x in row), *words, "yes" if value > 1 else "no"])
    return "left"


def measure(options: argparse.Namespace) -> list[Figure]:
    """Return all figures that this version can give."""
    figures = [import_figure(5 if options.quick else 15)]
    budget = 60 if options.quick else 120
    with tempfile.TemporaryDirectory() as folder:
        table, target = options.table, options.target
        if table is None:
            table = Path(folder, "table.csv")
            target = made_table(table)
        runs = [improve_figures(table, target, budget) for _ in range(1 if options.quick else 3)]
    middle = [statistics.median(run[i].value for run in runs) for i in range(len(runs[0]))]
    return figures + [
        Figure(name=f.name, value=value, unit=f.unit, goal=f.goal)
        for f, value in zip(runs[0], middle, strict=True)
    ]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats, same figures, under 2 min")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--table", type=Path, metavar="FILE", help="a table; with --target")
    parser.add_argument("--target", metavar="COLUMN", help="the column to predict")
    options = parser.parse_args()
    if (options.table is None) != (options.target is None):
        parser.error("--table and --target go together")
    figures = measure(options)
    described = machine()
    print_table(f"{described['processor']}, {described['cores']} cores", figures)
    write_json(options.json, figures, PACKAGES)


if __name__ == "__main__":
    main()
