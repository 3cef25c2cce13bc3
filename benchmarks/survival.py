"""Whether a study survives `kill -9`: real runs are killed at random moments, and go on by `wellfit resume`.

``python benchmarks/survival.py [--quick] [--json FILE] [--kills N] [--minutes N]``. A study on a small table
is run undisturbed first. Others like it are then killed, resumed, and the resumed ones killed too, each at a
moment drawn evenly from the time that the undisturbed one took. What counts in the end is the report: all of
it but its times.
"""

from __future__ import annotations

import argparse
import csv
import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from _figures import Figure, machine, print_table, write_json

PACKAGES = ("wellfit", "keras", "jax", "numpy", "scikit-learn", "optuna", "sqlalchemy")
_MOST_KILLS_A_STUDY = 6  # then it may come to its end
_STUDY = (
    "--target",
    "left",
    "--model",
    "dense:8",
    "--epochs",
    "3",
    "--budget",
    "230 members",
    "--out",
    "study",
)
_LIMIT_S = 1800.0


@dataclass(kw_only=True)
class Tally:
    """What became of the kills.

    Attributes:
        killed: times that a process was killed.
        survived: of these, in studies that ended at the report of the undisturbed one.
        differing: in studies that ended at another one, or could not go on.
        studies: that came to their end.
        stages: stored runs at the kills, for the spread.
    """

    killed: int = 0
    survived: int = 0
    differing: int = 0
    studies: int = 0
    stages: list[int]


def made_table(path: Path, num_rows: int = 300) -> None:
    """Write a table of numbers and categories that says something about its target."""
    rng = np.random.default_rng(0)
    numbers, kinds = rng.normal(size=(num_rows, 5)), rng.choice(["red", "green", "blue"], num_rows)
    value = numbers[:, 0] - numbers[:, 1] + (kinds == "red") + rng.normal(size=num_rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"number_{i}" for i in range(5)), "kind", "left"])
        for row, kind, one in zip(numbers, kinds, value, strict=True):
            writer.writerow([*(f"{x:.4f}" for x in row), kind, "yes" if one > 0.3 else "no"])


def start(table: Path, place: Path) -> subprocess.Popen[bytes]:
    """Start a study in a folder, or go on with the one that is there."""
    is_begun = (place / "study" / "study.json").exists()
    arguments = ["resume", "study"] if is_begun else ["improve", str(table), *_STUDY]
    with (place / "output.txt").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "wellfit", *arguments], cwd=place, stdout=output, stderr=output
        )


def report(place: Path) -> dict[str, object]:
    """Return a report without its times."""
    found = json.loads((place / "study" / "report.json").read_text("utf-8"))
    return {name: value for name, value in found.items() if name != "timing"}


def num_stored(place: Path) -> int:
    """Return how large the trial store is, in kilobytes: how far a study had come."""
    return sum(path.stat().st_size for path in (place / "study").glob("trials.db*")) // 1024


def undisturbed(table: Path, place: Path) -> float:
    """Run a study to its end and return its seconds."""
    place.mkdir()
    began = time.monotonic()
    status = start(table, place).wait(timeout=_LIMIT_S)
    if status not in (0, 3):
        raise RuntimeError(f"the undisturbed study ended with status {status}; see {place}/output.txt")
    return time.monotonic() - began


def disturbed(table: Path, place: Path, length_s: float, rng: np.random.Generator, tally: Tally) -> int:
    """Kill a study again and again until it comes to its end before that; return how often it was killed."""
    place.mkdir()
    kills = 0
    while True:
        process = start(table, place)
        may_kill = kills < _MOST_KILLS_A_STUDY
        try:
            status = process.wait(timeout=float(rng.uniform(0.0, length_s)) if may_kill else _LIMIT_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            tally.stages.append(num_stored(place))
            continue
        if status not in (0, 3):
            print(f"{place.name}: status {status} after {kills} kills", flush=True)
        return kills


def measure(options: argparse.Namespace, folder: Path) -> list[Figure]:
    """Return all figures."""
    table, tally = folder / "table.csv", Tally(stages=[])
    made_table(table)
    undisturbed(table, folder / "first")  # compiles, which later runs find in the cache
    length_s = undisturbed(table, folder / "calm")
    calm = report(folder / "calm")
    noise = report(folder / "first") != calm
    rng, began = np.random.default_rng(options.seed), time.monotonic()
    number = 0
    while tally.killed < options.kills and time.monotonic() - began < 60.0 * options.minutes:
        place = folder / f"study-{number}"
        kills = disturbed(table, place, length_s, rng, tally)
        is_same = (place / "study" / "report.json").exists() and report(place) == calm
        number += 1
        tally.killed += kills
        tally.studies += 1
        tally.survived += kills if is_same else 0
        tally.differing += 0 if is_same else max(kills, 1)
        print(f"{tally.killed} kills, {tally.studies} studies, {tally.differing} differing", flush=True)
    return [
        Figure(name="killed", value=tally.killed),
        Figure(name="survived", value=tally.survived),
        Figure(name="differing", value=tally.differing, goal="<= 0"),
        Figure(name="studies", value=tally.studies),
        Figure(name="undisturbed_differing", value=int(noise), goal="<= 0"),
        Figure(name="undisturbed_s", value=length_s, unit="s"),
        Figure(
            name="stored_at_kill_kb",
            value=float(np.median(tally.stages)) if tally.stages else 0.0,
            low=float(min(tally.stages, default=0)),
            high=float(max(tally.stages, default=0)),
        ),
    ]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few kills, same figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--kills", type=int, metavar="N", help="how many at least; 100, or 4 with --quick")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no other study after so long")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    options.kills = options.kills or (4 if options.quick else 100)
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(options, Path(folder))
    described = machine()
    print_table(f"{described['processor']}, {described['cores']} cores", figures)
    write_json(options.json, figures, PACKAGES)


if __name__ == "__main__":
    main()
