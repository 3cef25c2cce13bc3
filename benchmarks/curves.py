"""Verdicts from curves alone, and when to stop, beside rules of thumb, on runs whose truth is measured.

``python benchmarks/curves.py [--quick] [--json FILE] [--data MANIFEST] [--runs FOLDER] [--fit]``. Needs
``pip install '.[bench]'``. The manifest is a JSON list of ``{"name", "file", "target", "rows"}``, files
relative to it; without it only the data sets that scikit-learn brings or makes are used. Runs are kept in
FOLDER and used again.

Data sets are split in halves by name. Every weight and threshold in `wellfit.diagnosis` was fitted to the one
half (``--fit`` prints them); all figures are from the other. Which verdict is true, and what is left out as
doubtful, stands in `_curve_cases.py`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score

from _curve_cases import Case, cases
from _curve_fit import print_weights
from _curve_keras import running_mean_error
from _curve_runs import Cell, cells, load, save, sources
from _figures import Figure, machine, print_table, write_json
from wellfit.diagnosis import judge_curves, read_history
from wellfit.diagnosis._stopping import MIN_WAIT, THRESHOLD, chance_of_better
from wellfit.population import enable_compilation_cache

PACKAGES = ("wellfit", "keras", "jax", "numpy", "scikit-learn")
VERDICTS = ("healthy", "overfitting", "underfitting", "not-learning")
LONG = 500  # epochs of the runs on which stopping rules are compared: patience 100 must be able to act
QUICK_SOURCES = 4

Curve = np.ndarray
Rival = Callable[[Curve, Curve], bool]


def trained(half: str, options: argparse.Namespace, folder: Path) -> list[Cell]:
    """Return the cells of one half of the data sets, trained or read from the folder."""
    found = []
    for place, source in enumerate(sources(options.data, half=half)):
        if options.quick and place >= QUICK_SOURCES:
            break
        if not list(folder.glob(f"{source.name}-*.npz")):
            for cell in cells(source, quick=options.quick):
                save(cell, folder)
        found += [load(path) for path in sorted(folder.glob(f"{source.name}-*.npz"))]
    return found


def verdict_figures(corpus: Sequence[Case]) -> list[Figure]:
    """Return how often the verdicts are right, beside the rivals on overfitting or not."""
    clear = [case for case in corpus if case.truth]
    truth = np.array([case.truth for case in clear])
    found = [judge_curves(read_history(case.history)) for case in clear]
    said = np.array([diagnosis.verdict.value for diagnosis in found])
    confidence = np.array([diagnosis.confidence for diagnosis in found])
    answered = said != "inconclusive"
    _print_confusion(truth, said)
    overfits = truth == "overfitting"
    sure = answered & (confidence >= 0.8)
    figures = [
        Figure(name="num_cases", value=len(clear)),
        Figure(name="share_in_doubt", value=1.0 - len(clear) / len(corpus)),
        Figure(name="curves_macro_f1", value=_macro(truth, said), goal=">= 0.95"),
        Figure(name="curves_accuracy", value=float((truth == said).mean())),
        Figure(name="curves_abstained", value=float((~answered).mean())),
        Figure(name="curves_answered_macro_f1", value=_macro(truth[answered], said[answered])),
        Figure(name="curves_sure", value=float(sure.mean())),
        Figure(name="curves_sure_accuracy", value=float((truth == said)[sure].mean())),
        Figure(name="curves_sure_confidence", value=float(confidence[sure].mean())),
        Figure(name="overfitting_macro_f1", value=_yes_no(overfits, said == "overfitting")),
    ]
    ends = [(np.array(case.history["loss"]), np.array(case.history["val_loss"])) for case in clear]
    for name, rival in RIVALS.items():
        flags = np.array([rival(*pair) for pair in ends])
        figures.append(Figure(name=f"rival_{name}_macro_f1", value=_yes_no(overfits, flags)))
    return figures


def _macro(truth: np.ndarray, said: np.ndarray) -> float:
    """Return macro-F1 over the verdicts; no verdict is a wrong one."""
    return float(f1_score(truth, said, labels=list(VERDICTS), average="macro", zero_division=0))


def _yes_no(truth: np.ndarray, said: np.ndarray) -> float:
    return float(f1_score(truth, said, average="macro"))


def _print_confusion(truth: np.ndarray, said: np.ndarray) -> None:
    names = [*VERDICTS, "inconclusive"]
    table = confusion_matrix(truth, said, labels=names)
    print(f"\n{'true, down; said, across':<25}" + "".join(f"{name[:12]:>13}" for name in names))
    for name, row in zip(VERDICTS, table, strict=False):
        print(f"{name:<25}" + "".join(f"{count:>13}" for count in row))


def _gap(share: float) -> Rival:
    return lambda loss, held: bool(held[-1] > (1.0 + share) * loss[-1])


def _late_rise(loss: Curve, held: Curve) -> bool:
    return bool(held[-max(1, len(held) // 20) :].mean() > 1.042 * np.nanmin(held))


RIVALS: dict[str, Rival] = {
    "final_gap": _gap(0.0),
    "gap_5": _gap(0.05),
    "gap_10": _gap(0.10),
    "gap_20": _gap(0.20),
    "1042": _late_rise,
}


def stop_figures(trained_cells: Sequence[Cell]) -> list[Figure]:
    """Return how often each rule keeps the best epoch of the whole run, and how long after it it stops."""
    runs = [
        (held.astype(float), test.astype(float))
        for cell in trained_cells
        for held, test in zip(cell.validation_loss, cell.test_loss, strict=True)
        if np.isfinite(held).all() and np.isfinite(test).all()
    ]
    runs = [run for run in runs if len(run[0]) >= LONG] or runs
    chances = [chance_of_better(held) for held, _ in runs]
    figures = [Figure(name="num_stopped_runs", value=len(runs))]
    rules = {"stop": [_wait(run[0]) >= MIN_WAIT for run in runs]}
    rules["stop"] = [late & (chance < THRESHOLD) for late, chance in zip(rules["stop"], chances, strict=True)]
    for patience in (10, 20, 50, 100):
        rules[f"patience_{patience}"] = [_wait(held) >= patience for held, _ in runs]
    for name, stops in rules.items():
        figures += _stopped(name, runs, stops)
    value = {figure.name: figure.value for figure in figures}
    ratio = value["stop_delay"] / value["patience_100_delay"]
    lead = value["stop_best_epoch_share"] - value["patience_100_best_epoch_share"]
    return [
        *figures,
        Figure(name="stop_delay_over_patience_100", value=ratio, goal="<= 0.5"),
        Figure(name="stop_share_minus_patience_100", value=lead, goal=">= 0"),
    ]


def _wait(held: Curve) -> np.ndarray:
    count = np.arange(len(held))
    lowest = np.minimum.accumulate(held)
    is_best = np.concatenate([[True], held[1:] < lowest[:-1]])
    return count - np.maximum.accumulate(np.where(is_best, count, 0))


def _stopped(name: str, runs: Sequence[tuple[Curve, Curve]], stops: Sequence[np.ndarray]) -> list[Figure]:
    kept, delays, excess = [], [], []
    for (held, test), stop in zip(runs, stops, strict=True):
        end = int(stop.argmax()) if stop.any() else len(held) - 1
        best = int(held[: end + 1].argmin())
        kept.append(best == int(held.argmin()))
        delays.append(end - best)
        excess.append(test[best] / test[int(held.argmin())] - 1.0)
    return [
        Figure(name=f"{name}_best_epoch_share", value=float(np.mean(kept))),
        Figure(name=f"{name}_delay", value=float(np.mean(delays)), unit="epochs"),
        Figure(name=f"{name}_test_excess", value=float(np.mean(np.clip(excess, -1.0, 1.0)))),
    ]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="four data sets, same figures, under 2 minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--data", type=Path, metavar="MANIFEST", help="further tables")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="where runs are kept")
    parser.add_argument(
        "--fit", action="store_true", help="fit the weights to the tuning half and print them"
    )
    options = parser.parse_args()
    began = time.perf_counter()
    enable_compilation_cache()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.runs or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        half = trained("tune" if options.fit else "report", options, folder)
    corpus = [case for cell in half for case in cases(cell)]
    if options.fit:
        print_weights(corpus)
        return
    figures = [*verdict_figures(corpus), *stop_figures(half)]
    figures.append(Figure(name="history_error", value=running_mean_error()))
    figures.append(Figure(name="benchmark_s", value=time.perf_counter() - began, unit="s"))
    described = machine()
    print_table(f"{described['processor']}, {described['cores']} cores", figures)
    write_json(options.json, figures, PACKAGES)


if __name__ == "__main__":
    main()
