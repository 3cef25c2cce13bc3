"""How well wellfit predicts beside its peers: the same tables, splits, cores and wall-clock budgets.

``python benchmarks/quality.py [--quick] [--json FILE] [--data MANIFEST] [--answers FILE] [--budget 60]``.
The manifest is a JSON list of ``{"name", "file", "target", "task"}``, files relative to it; without it tables
that ship with scikit-learn, or are made, are used.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from _figures import Figure, machine, print_table, write_json
from _quality_diagram import write_diagram
from _quality_jobs import run_jobs
from _quality_methods import DEFAULT_METHODS, METHODS, OWN, judged
from _quality_path import path_figures
from _quality_published import NUM_SPLITS, PROTOCOL, RMSE, TEST_SHARE, print_published, published_figures
from _quality_record import Record, losses_folder, read_records
from _quality_score import board_figures, make_board, missing_methods
from _quality_tables import QUICK, table_names
from _quality_worker import Job

PACKAGES = ("wellfit", "keras", "keras-tuner", "jax", "scikit-learn", "pytabkit", "torch", "numpy")
_QUICK_BUDGET_S = 6.0
_QUICK_JOBS = 2  # they share the cores: a quick run shows that everything works, not how well


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="two small tables, one split, 6 s a method")
    add("--json", type=Path, metavar="FILE", help="where to write the figures")
    add("--data", type=Path, metavar="MANIFEST", help="JSON list of tables")
    add(
        "--answers",
        type=Path,
        metavar="FILE",
        help="where each result is kept; what is there is not run again",
    )
    add("--budget", type=float, action="append", metavar="S", help="seconds a method; may be repeated; 60")
    add("--tables", type=_names, metavar="NAME,...", help="only these")
    add("--methods", type=_names, metavar="NAME,...", help=f"only these of {', '.join(METHODS)}")
    add("--splits", type=int, default=3, metavar="N", help="outer splits of each table; 3")
    add("--half", choices=("tune", "report", "all"), default="all", help="which tables")
    add("--jobs", type=int, default=1, metavar="N", help="methods side by side, each on two cores of its own")
    add("--diagram", type=Path, metavar="FILE", help="where to draw the critical differences (.svg, .png)")
    add("--published", action="store_true", help="also 20 random splits beside published figures")
    add("--published-budget", type=float, default=30.0, metavar="S", help="seconds a split there; 30")
    add("--no-path", action="store_true", help="leave out the time of a regularization path")
    add("--score", action="store_true", help="run nothing: figures from the answers alone")
    options = parser.parse_args()
    unknown = {*(options.methods or ())} - {*METHODS}
    if unknown:
        parser.error(f"no method {', '.join(sorted(unknown))}; there are {', '.join(METHODS)}")
    options.budget = [_QUICK_BUDGET_S] if options.quick else options.budget or [60.0]
    options.jobs = max(options.jobs, _QUICK_JOBS) if options.quick else options.jobs
    options.methods = options.methods or list(DEFAULT_METHODS)
    return options


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def main_jobs(options: argparse.Namespace, answers: Path) -> list[Job]:
    """Return what is to be run: all methods of a split one after another, so that they meet one machine."""
    manifest = None if options.quick else options.data
    known = list(QUICK) if options.quick else table_names(manifest, options.half)
    return [
        Job(
            manifest=None if manifest is None else str(manifest),
            answers=str(answers),
            table=table,
            split=split,
            budget_s=budget_s,
            method=method,
        )
        for budget_s in options.budget
        for split in range(1 if options.quick else options.splits)
        for table in known
        if not options.tables or table in options.tables
        for method in options.methods
    ]


def published_jobs(options: argparse.Namespace, answers: Path) -> list[Job]:
    """Return the random splits of the tables with published figures."""
    if not options.published:
        return []
    known = [] if options.data is None else table_names(options.data, "all")
    return [
        Job(
            manifest=str(options.data),
            answers=str(answers),
            protocol=PROTOCOL,
            table=table,
            split=split,
            test_share=TEST_SHARE,
            budget_s=options.published_budget,
            method=OWN,
        )
        for table in RMSE
        if table in known
        for split in range(NUM_SPLITS)
    ]


def _wanted(jobs: list[Job], answers: Path) -> list[Record]:
    """Return the records of the jobs that are in the answers."""
    known = read_records(answers)
    keys = [(j.protocol, j.table, j.split, j.budget_s, name) for j in jobs for name in judged(j.method)]
    return [known[key] for key in keys if key in known]


def _figures(options: argparse.Namespace, records: list[Record], answers: Path) -> list[Figure]:
    figures: list[Figure] = []
    for budget_s in options.budget:
        board = make_board(records, budget_s)
        figures += board_figures(board, losses_folder(answers))
        if options.diagram and len(board.methods) > 1 and board.tables:
            mark = "" if len(options.budget) == 1 else f"-{budget_s:g}"
            write_diagram(board, options.diagram.with_stem(options.diagram.stem + mark))
    worse = [f.value for f in figures if f.name.startswith("num_worse_than_baseline_")]
    if worse:
        figures.append(Figure(name="num_worse_than_baseline", value=sum(worse), goal="<= 0"))
    return figures


def _run(options: argparse.Namespace, answers: Path) -> None:
    began = time.perf_counter()
    jobs = [*main_jobs(options, answers), *published_jobs(options, answers)]
    if not options.score:
        for record in run_jobs(jobs, options.jobs):
            print(record.line(), flush=True)
    records = _wanted(jobs, answers)
    figures = _figures(options, records, answers)
    beside = published_figures(records)
    if beside:
        print_published(beside)
    figures += beside
    if not (options.no_path or options.score):
        figures += path_figures()
    for method, reason in missing_methods(records).items():
        print(f"missing: {method}: {reason}")
    described = machine()
    title = f"{described['processor']}, {described['cores']} cores, {time.perf_counter() - began:.0f} s"
    print_table(title, figures)
    write_json(options.json, figures, PACKAGES)


def main() -> None:
    """Run what is missing, compare, print, draw, write."""
    options = _parsed()
    with tempfile.TemporaryDirectory() as folder:
        answers = (options.answers or Path(folder, "answers.jsonl")).absolute()
        answers.parent.mkdir(parents=True, exist_ok=True)
        _run(options, answers)


if __name__ == "__main__":
    main()
