"""`wellfit improve` on many tables, as a user runs it: exit status, time, and what it did to the holdout.

``python benchmarks/tables.py MANIFEST [--quick] [--budget 100s] [--json FILE] [--only NAME ...]``. The
manifest is a JSON list of ``{"name", "file", "target"}``, files relative to it. Peers are the network as it
stood and a linear model, both on the same holdout rows.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from _figures import Figure, print_table, write_json

PACKAGES = ("wellfit", "keras", "jax", "numpy", "polars", "scikit-learn", "optuna")
_ALLOWANCE_S = 120  # beyond the budget, before a run counts as hanging


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One table's study.

    Attributes:
        name: of the table.
        status: exit status of the command.
        duration_s: from start to end of the process.
        report: the content of report.json, empty if there is none.
    """

    name: str
    status: int
    duration_s: float
    report: dict

    @property
    def difference(self) -> tuple[float, float, float]:
        """Improvement on the holdout with its interval, NaN where there is none."""
        holdout = self.report.get("holdout") or {}
        return tuple(
            math.nan if holdout.get(key) is None else holdout[key] for key in ("difference", "low", "high")
        )

    @property
    def is_worse(self) -> bool:
        """Whether the chosen network is significantly worse than the baseline."""
        return self.difference[2] < 0

    @property
    def is_better(self) -> bool:
        """Whether it is significantly better."""
        return self.difference[1] > 0

    def line(self) -> str:
        """Return the table's row, 80 columns at most."""
        difference, low, high = self.difference
        metric = (self.report.get("metric") or {}).get("name", "")
        holdout = self.report.get("holdout") or {}
        before = (holdout.get("baseline") or {}).get(metric) or math.nan
        after = (holdout.get("improved") or {}).get(metric) or math.nan
        verdict = self.report.get("verdict", "")[:13]
        return (
            f"{self.name[:17]:<17} {self.status} {self.duration_s:>5.0f} {verdict:<13}"
            f"{before:>8.4g} {after:>8.4g} {difference:>+8.3g} [{low:+.3g}, {high:+.3g}]"
        )


def study(entry: dict, folder: Path, budget: str, timeout_s: float) -> Outcome:
    """Run the command on one table."""
    with tempfile.TemporaryDirectory() as out:
        target = Path(out, "report.json")
        command = [sys.executable, "-m", "wellfit", "improve", str(folder / entry["file"])]
        command += ["--target", entry["target"], "--budget", budget, "--seed", "0"]
        command += ["--out", str(Path(out, "study")), "--json", str(target)]
        began = time.perf_counter()
        try:
            done = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)
            status = done.returncode
            if status not in (0, 3):
                print(done.stderr.decode(errors="replace"), file=sys.stderr)
        except subprocess.TimeoutExpired:
            status = 124
        duration_s = time.perf_counter() - began
        report = json.loads(target.read_text("utf-8")) if target.exists() else {}
    return Outcome(name=entry["name"], status=status, duration_s=duration_s, report=report)


def figures(outcomes: list[Outcome], budget_s: float) -> list[Figure]:
    """Return what all tables say together."""
    times = [outcome.duration_s for outcome in outcomes]
    return [
        Figure(name="num_tables", value=len(outcomes)),
        Figure(name="num_failed", value=sum(o.status not in (0, 3) for o in outcomes), goal="<= 0"),
        Figure(name="num_partial", value=sum(o.status == 3 for o in outcomes)),
        Figure(name="num_better_than_baseline", value=sum(o.is_better for o in outcomes)),
        Figure(name="num_worse_than_baseline", value=sum(o.is_worse for o in outcomes), goal="<= 0"),
        Figure(name="median_s", value=statistics.median(times), unit="s"),
        Figure(name="longest_s", value=max(times), unit="s", goal="<= 120"),
        Figure(name="longest_over_budget", value=max(times) / budget_s, goal="<= 1.1"),
    ]


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--quick", action="store_true", help="three tables, 30 s each")
    parser.add_argument("--budget", type=float, default=90.0, help="seconds a table")
    parser.add_argument("--only", nargs="*", default=())
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    budget_s = 30.0 if arguments.quick else arguments.budget
    entries = json.loads(arguments.manifest.read_text("utf-8"))
    entries = [e for e in entries if not arguments.only or e["name"] in arguments.only]
    entries = entries[:3] if arguments.quick else entries
    outcomes = []
    for entry in entries:
        outcome = study(entry, arguments.manifest.parent, f"{budget_s:g}s", budget_s + _ALLOWANCE_S)
        outcomes.append(outcome)
        print(outcome.line(), flush=True)
    found = figures(outcomes, budget_s)
    print_table("wellfit improve, one network a table", found)
    write_json(arguments.json, found, PACKAGES)


if __name__ == "__main__":
    main()
