"""How often `wellfit monitor` cries wolf, and what it finds, beside the default tests of Evidently.

``python benchmarks/drift.py [--quick] [--json FILE] [--no-evidently]``. Rows are drawn: twelve columns, some
tied, some missing, four of them categories (`_drift_rows.py`). Needs NumPy, SciPy and, as a peer, Evidently
(``pip install evidently``); no network is trained.

``false_alarms_N``: share of windows of N rows in which nothing changed and something is said to have
drifted, for references of 500 and 5,000 rows, independent and strongly correlated columns; the spread is that
over these four. ``detection_*``: share of windows with one planted change in which a column that was changed
is named, mean over five kinds of change, four strengths and five pairs of sizes. ``false_alarms_wellfit`` and
``false_alarms_evidently`` are of the same pairs of sizes without a change.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from _drift_judges import evidently_says, said_by, wellfit_says
from _drift_rows import PLANTED, STRENGTHS, drawn_rows
from _figures import Figure, machine, print_table, write_json
from wellfit.drift import make_reference
from wellfit.records import Task

PACKAGES = ("wellfit", "evidently", "numpy", "scipy", "pandas")
WINDOWS = (100, 1_000, 10_000, 1_000_000)
REFERENCES, RHOS = (500, 5_000), (0.0, 0.9)
SIZES = ((500, 100), (500, 1_000), (5_000, 100), (5_000, 1_000), (5_000, 10_000))
_SEED = 20_000  # nothing was chosen by these rows
_WINDOWS_OF_A_MILLION = 8


def false_alarm_figures(num_windows: int, seed: int) -> list[Figure]:
    """Return how often something is said to have drifted although nothing changed."""
    figures = []
    for size in WINDOWS:
        number = max(num_windows * 1_000 // max(size, 1_000), num_windows // 8)
        rates = [
            _false_alarm_rate(
                np.random.default_rng([seed, size, old, round(10 * rho)]), size, old, rho, number
            )
            for old in REFERENCES
            for rho in RHOS
        ]
        mean = float(np.mean(rates))
        name = f"false_alarms_{size}"
        figures.append(Figure(name=name, value=mean, low=min(rates), high=max(rates), goal="<= 0.05"))
        print(f"{name} {mean:.4f}, {4 * number} windows", flush=True)
    return figures


def _false_alarm_rate(
    rng: np.random.Generator, size: int, num_old: int, rho: float, num_windows: int
) -> float:
    # A window of a million rows hardly differs from the next one; what is drawn anew is the reference.
    num_drawn = num_windows if size < 1_000_000 else min(_WINDOWS_OF_A_MILLION, num_windows)
    alarms, done = 0, 0
    for _ in range(num_drawn):
        # Columns are counted one by one, and sorted numbers are counted faster.
        new = {
            name: (kind, np.sort(values) if kind == "number" else values)
            for name, (kind, values) in drawn_rows(rng, size, rho).items()
        }
        for _ in range(num_windows // num_drawn):
            reference = make_reference(drawn_rows(rng, num_old, rho), task=Task.REGRESSION)  # type: ignore[arg-type]
            alarms += bool(said_by(reference, new))
            done += 1
    return alarms / done


def detection_figures(num_pairs: int, seed: int, *, with_evidently: bool) -> tuple[list[Figure], list[str]]:
    """Return detections and false alarms of both, and a table of detections by kind and by sizes."""
    judges = ("wellfit", "evidently") if with_evidently else ("wellfit",)
    found = {judge: np.zeros((len(PLANTED), len(SIZES), 4)) for judge in judges}
    alarms = {judge: np.zeros(len(SIZES)) for judge in judges}
    for j, (num_old, num_new) in enumerate(SIZES):
        rng = np.random.default_rng([seed, 1, j])
        for _ in range(4 * num_pairs):
            old, new = drawn_rows(rng, num_old, 0.5), drawn_rows(rng, num_new, 0.5)
            for judge in judges:
                alarms[judge][j] += bool(_said(judge, old, new, tuple(old))) / (4 * num_pairs)
        for i, (kind, names) in enumerate(PLANTED.items()):
            for k, strength in enumerate(STRENGTHS[kind]):
                for _ in range(num_pairs):
                    old = drawn_rows(rng, num_old, 0.5)
                    new = drawn_rows(rng, num_new, 0.5, kind, strength)
                    for judge in judges:
                        hit = _said(judge, old, new, names) & set(names)
                        found[judge][i, j, k] += bool(hit) / num_pairs
    figures = [Figure(name=f"detection_{judge}", value=float(found[judge].mean())) for judge in judges]
    figures += [Figure(name=f"false_alarms_{judge}", value=float(alarms[judge].mean())) for judge in judges]
    return figures, _lines(judges, found, alarms)


def _said(judge: str, old: dict, new: dict, names: tuple[str, ...]) -> set[str]:
    # Evidently judges each column alone, so that the others need not be looked at.
    return wellfit_says(old, new) if judge == "wellfit" else evidently_says(old, new, names)


def _lines(judges: tuple[str, ...], found: dict[str, np.ndarray], alarms: dict[str, np.ndarray]) -> list[str]:
    """Return detections of each kind, and false alarms, for each pair of sizes, judge against judge."""
    heads = [f"{old} / {new}" for old, new in SIZES]
    lines = [f"{'reference / window rows':<24}" + "".join(f"{head:>14}" for head in heads)]
    for i, kind in enumerate(PLANTED):
        rates = [[f"{found[judge][i, j].mean():.2f}" for judge in judges] for j in range(len(SIZES))]
        lines.append(f"{kind:<24}" + "".join(f"{' : '.join(pair):>14}" for pair in rates))
    rates = [[f"{alarms[judge][j]:.2f}" for judge in judges] for j in range(len(SIZES))]
    return [*lines, f"{'nothing changed':<24}" + "".join(f"{' : '.join(pair):>14}" for pair in rates)]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer windows, same figures, under 2 min")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--seed", type=int, default=_SEED, metavar="N", help="of the rows")
    parser.add_argument("--pairs", type=int, metavar="N", help="detections alone, with so many pairs")
    parser.add_argument("--no-evidently", action="store_true", help="wellfit alone")
    options = parser.parse_args()
    began = time.perf_counter()
    num_pairs = options.pairs or (2 if options.quick else 16)
    figures, lines = detection_figures(num_pairs, options.seed, with_evidently=not options.no_evidently)
    print("\n".join(lines), flush=True)
    if not options.pairs:
        figures += false_alarm_figures(16 if options.quick else 320, options.seed)
    described = machine()
    print_table(f"{described['processor']}, {described['cores']} cores", figures)
    print(f"\n{time.perf_counter() - began:.0f} s")
    write_json(options.json, figures, PACKAGES)


if __name__ == "__main__":
    main()
