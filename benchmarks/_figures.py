"""Figures: named numbers with their spread, printed as a table and written as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

_WIDTH = 80


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number of a benchmark.

    Attributes:
        name: stable, also the key in the JSON file.
        value: the median over the rounds, or the one measurement.
        unit: as printed; empty for a ratio.
        low: smallest round, or None if it was measured once.
        high: largest round, likewise.
        goal: such as ``>= 30``; empty where there is none.
    """

    name: str
    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    goal: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if not self.goal:
            return None
        sign, limit = self.goal.split()
        return self.value >= float(limit) if sign == ">=" else self.value <= float(limit)


def median_figure(name: str, rounds: Sequence[float], unit: str = "", goal: str = "") -> Figure:
    """Return the median of several rounds with its spread."""
    return Figure(
        name=name, value=statistics.median(rounds), unit=unit, low=min(rounds), high=max(rounds), goal=goal
    )


def print_table(title: str, figures: Sequence[Figure]) -> None:
    """Print one line a figure: name, value and unit, spread over the rounds, goal and whether it is met."""
    print(f"\n{title}\n{'figure':<31}{'value':>10} {'unit':<6}{'low - high':>17}  {'goal'}")
    for figure in figures:
        spread = ""
        if figure.low is not None and figure.high is not None:
            spread = f"{_short(figure.low)} - {_short(figure.high)}"
        verdict = {None: "", True: " yes", False: " NO"}[figure.met]
        line = f"{figure.name:<31}{_short(figure.value):>10} {figure.unit:<6}{spread:>17}"
        print(f"{line}  {figure.goal}{verdict}".rstrip()[:_WIDTH])


def _short(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def write_json(path: Path | None, figures: Sequence[Figure], packages: Sequence[str]) -> None:
    """Write figures with the commit, the machine and the versions they belong to; None writes nothing."""
    if path is None:
        return
    found = {figure.name: figure for figure in figures}
    content = {
        "figures": {name: figure.value for name, figure in found.items()},
        "spread": {name: [f.low, f.high] for name, f in found.items() if f.low is not None},
        "commit": commit(),
        "machine": machine(),
        "versions": versions(packages),
    }
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Return versions of Python and of packages; empty ones for those that are not installed."""
    return {"python": platform.python_version()} | {name: _version(name) for name in packages}


def commit() -> str:
    """Return the commit of the checkout, with ``+changes`` if files differ from it; empty without Git."""
    here = Path(__file__).parent
    try:
        head = _git(here, "rev-parse", "HEAD")
        changed = _git(here, "status", "--porcelain", "--", "../src", ".")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + ("+changes" if changed else "")


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def machine() -> dict[str, object]:
    """Return what the numbers depend on: processor, cores, memory. No names of hosts, no paths."""
    return {
        "processor": _processor(),
        "cores": num_cores(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def num_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
