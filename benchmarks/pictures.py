"""Pictures: how fast small networks and heads on frozen ones train, and what `improve` makes of a transfer.

``python benchmarks/pictures.py [--quick] [--data DIR] [--weights FILE] [--answers FILE] [--json FILE]``.
Needs ``pip install '.[bench]'``; peers are all backends of Keras that are installed. Accuracies are compared
where there is ``--data``, a folder of pictures of five classes with a sub-folder each, and ``--weights``, a
small pretrained network.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import mean

import numpy as np

from _figures import Figure, machine, print_table, write_json
from _picture_accuracy import METHODS, Job, run
from _picture_speed import cnn_figures, frozen_figures

PACKAGES = ("wellfit", "keras", "jax", "jaxlib", "numpy", "tensorflow-cpu", "torch")
_SHARES = (0.2, 0.5, 1.0)


def accuracies(jobs: list[Job], path: Path | None) -> dict[str, dict[str, object]]:
    """Return the answer of each job; those in the file of answers are not run again."""
    known: dict[str, dict[str, object]] = {}
    if path is not None and path.exists():
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        known = {line["key"]: line for line in lines}
    for job in jobs:
        if job.key not in known:
            known[job.key] = {"key": job.key, **run(job)}
            if path is not None:
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(known[job.key]) + "\n")
        found = known[job.key]
        print(f"{job.key:<24} accuracy {found['accuracy']:.4f}  {found['seconds']:.0f} s", flush=True)
    return {job.key: known[job.key] for job in jobs}


def accuracy_figures(found: dict[str, dict[str, object]], splits: int) -> list[Figure]:
    """Return means over the splits, and what `improve` gains over plain fine-tuning."""
    figures = []
    for share in _SHARES:
        for method in METHODS:
            answers = [found[key] for n in range(splits) if (key := f"{method} {share:g} {n}") in found]
            for what in ("accuracy", "macro_f1", "gap", "seconds") if answers else ():
                name = f"{what}_{method}_{round(100 * share)}pct"
                figures.append(Figure(name=name, value=mean(float(a[what]) for a in answers)))
        figures += _gain(found, splits, share)
    return figures


def _gain(found: dict[str, dict[str, object]], splits: int, share: float) -> list[Figure]:
    """Return the gain in accuracy with a 95 % interval by a bootstrap of test pictures, paired."""
    pairs = []
    for split in range(splits):
        keys = [f"{method} {share:g} {split}" for method in ("improve", "fine_tuning")]
        if all(key in found for key in keys):
            pairs.append([np.asarray(found[key]["right"]) for key in keys])
    if not pairs:
        return []
    difference = np.concatenate([one - other for one, other in pairs])
    rng = np.random.default_rng(0)
    drawn = rng.choice(difference, (2000, len(difference))).mean(1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    name = f"accuracy_gain_{round(100 * share)}pct"
    return [Figure(name=name, value=float(difference.mean()), low=float(low), high=float(high), goal=">= 0")]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--budget", type=float, default=300.0)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--shares", default=",".join(f"{share:g}" for share in _SHARES))
    parser.add_argument("--no-speed", action="store_true")
    chosen = parser.parse_args()
    figures = [] if chosen.no_speed else [*cnn_figures(chosen.quick), *frozen_figures(chosen.quick)]
    if chosen.data and chosen.weights and not chosen.quick:
        jobs = [
            Job(
                method=method,
                share=float(share),
                split=split,
                budget_s=chosen.budget,
                pictures=str(chosen.data),
                weights=str(chosen.weights),
            )
            for share in chosen.shares.split(",")
            for split in range(chosen.splits)
            for method in chosen.methods.split(",")
        ]
        figures += accuracy_figures(accuracies(jobs, chosen.answers), chosen.splits)
    print_table(f"pictures on {machine()['processor']}", figures)
    write_json(chosen.json, figures, PACKAGES)


if __name__ == "__main__":
    main()
