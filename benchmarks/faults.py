"""How often `wellfit.diagnose` names the cause of a planted fault, beside rules of thumb on the same cases.

``python benchmarks/faults.py [--quick] [--json FILE] [--data MANIFEST] [--half tune|report] [--cache DIR]``.
The manifest is a JSON list of ``{"name", "file", "target", "task"}``, files relative to it; without it only
data sets that ship with scikit-learn, or are made, are used.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from _fault_cases import FAMILIES, Case, Dropped, pair_cases, pair_names
from _fault_engine import forget_programs
from _fault_score import (
    Answer,
    answer,
    kept_answers,
    print_codes,
    print_confusion,
    print_rules,
    score_figures,
)
from _fault_shell import shell_figures
from _figures import machine, print_table, write_json
from wellfit.population import enable_compilation_cache

PACKAGES = ("wellfit", "keras", "jax", "jaxlib", "numpy", "scikit-learn")


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few cases, same figures, under two minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--data", type=Path, metavar="MANIFEST", help="JSON list of tables")
    parser.add_argument("--half", choices=("tune", "report"), default="report", help="which data sets")
    parser.add_argument("--only", nargs="*", default=(), metavar="CODE", help="cases with these codes")
    parser.add_argument("--limit", type=int, metavar="N", help="pairs of data set and network at most")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where cases are kept between runs")
    parser.add_argument("--cached", action="store_true", help="use only what is in the cache")
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="where each answer is kept; what is there is not asked again",
    )
    parser.add_argument(
        "--per-pair", type=int, metavar="N", help="faults of a pair at most, drawn at random; all controls"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes side by side")
    parser.add_argument("--build", action="store_true", help="only build the cases and say what they are")
    parser.add_argument("--no-rivals", action="store_true", help="leave out the rules of thumb")
    parser.add_argument("--no-shell", action="store_true", help="leave out the times from the shell")
    return parser.parse_args()


def work(options: argparse.Namespace, number: int) -> tuple[list[Case], list[Dropped], list[Answer]]:
    """Build one pair's cases and diagnose them."""
    enable_compilation_cache()
    cases, dropped = pair_cases(options, number)
    if options.build:
        for case in cases:
            print(case.line(), flush=True)
        for one in dropped:
            print(f"{one.name:<46} dropped: {one.reason}", flush=True)
        return cases, dropped, []
    answers = []
    cases = _drawn(cases, options.per_pair, number)
    kept = kept_answers(options.answers)
    for case in cases:
        one = kept.get(case.name) or answer(case, rivals=not options.no_rivals)
        answers.append(one)
        print(one.line(), flush=True)
        if options.answers and case.name not in kept:
            with options.answers.open("a") as file:
                file.write(one.to_json() + "\n")
    forget_programs()
    return cases, dropped, answers


def _drawn(cases: list[Case], most: int | None, number: int) -> list[Case]:
    """Return the controls and at most so many faults, drawn once and for all by the number of the pair."""
    faults = [place for place, case in enumerate(cases) if not case.is_healthy]
    if most is None or len(faults) <= most:
        return cases
    chosen = {faults[i] for i in np.random.default_rng(number).permutation(len(faults))[:most]}
    return [case for place, case in enumerate(cases) if case.is_healthy or place in chosen]


def _results(options: argparse.Namespace) -> Iterator[tuple[list[Case], list[Dropped], list[Answer]]]:
    numbers = range(len(pair_names(options)))
    if options.jobs == 1:
        yield from map(partial(work, options), numbers)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        yield from pool.map(partial(work, options), numbers)


def _print_counts(kept: Sequence[Case], refused: Sequence[Dropped]) -> None:
    counts = collections.Counter(code for case in kept for code in case.planted)
    missed = collections.Counter(code for one in refused for code in one.planted)
    print(f"\n{'planted':<24}{'kept':>6}{'dropped':>9}")
    for code in FAMILIES:
        print(f"{code:<24}{counts[code]:>6}{missed[code]:>9}")
    print(f"{len(kept)} cases, {len({(c.dataset, c.shape) for c in kept})} pairs")


def main() -> None:
    """Build, diagnose, compare, print, write."""
    options = _parsed()
    began = time.perf_counter()
    kept: list[Case] = []
    refused: list[Dropped] = []
    answers: list[Answer] = []
    for cases, dropped, said in _results(options):
        kept += cases
        refused += dropped
        answers += said
    _print_counts(kept, refused)
    if options.build or not answers:
        return
    print_codes(answers)
    print_confusion(answers)
    if not options.no_rivals:
        print_rules(answers)
    figures = score_figures(answers)
    if not options.no_shell:
        figures += shell_figures()
    described = machine()
    what = "quick" if options.quick else f"{options.half} half"
    title = f"{described['processor']}, {described['cores']} cores, {what}"
    print_table(f"{title}, {time.perf_counter() - began:.0f} s", figures)
    write_json(options.json, figures, PACKAGES)


if __name__ == "__main__":
    main()
