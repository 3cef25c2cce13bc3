"""From records to figures: ranks, wins and losses, and whether anything became worse."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from _figures import Figure
from _quality_methods import OWN, REFERENCE, TUNERS
from _quality_paired import Paired, Verdict, paired_difference, verdict
from _quality_ranks import critical_difference, friedman_p, mean_ranks, ranks
from _quality_record import Record, read_losses


@dataclass(frozen=True, kw_only=True, eq=False)
class Board:
    """All methods on the tables on which all of them have run, within one budget.

    Attributes:
        budget_s: seconds.
        methods: names.
        tables: names.
        runs: by table and method, one record a split, in the same order for all methods.
    """

    budget_s: float
    methods: tuple[str, ...]
    tables: tuple[str, ...]
    runs: dict[tuple[str, str], tuple[Record, ...]]

    @property
    def scores(self) -> NDArray[np.float64]:
        """``[table, method]`` means over the splits; infinite where a method failed on one."""
        rows = [[self.score(table, method) for method in self.methods] for table in self.tables]
        return np.array(rows).reshape(len(self.tables), len(self.methods))

    def score(self, table: str, method: str) -> float:
        """Return the mean over the splits."""
        return float(np.mean([record.score for record in self.runs[table, method]]))

    def num_failed(self, method: str) -> int:
        """Return on how many splits of all tables a method had no prediction."""
        return sum(record.status != "ok" for table in self.tables for record in self.runs[table, method])

    @property
    def mean_ranks(self) -> dict[str, float]:
        """Mean rank by method, best first."""
        return mean_ranks(self.methods, self.scores) if self.tables else {}

    @property
    def critical_difference(self) -> float:
        """Of two mean ranks; see `critical_difference`."""
        if len(self.methods) < 2 or not self.tables:
            return float("nan")
        return critical_difference(len(self.methods), len(self.tables))


def make_board(records: Sequence[Record], budget_s: float) -> Board:
    """Return what can be compared: splits on which every method that can run here has a record."""
    within = [r for r in records if r.protocol == "main" and r.budget_s == budget_s and r.status != "missing"]
    methods = tuple(dict.fromkeys(record.method for record in within))
    by_place: dict[tuple[str, int], dict[str, Record]] = collections.defaultdict(dict)
    for record in within:
        by_place[record.table, record.split][record.method] = record
    runs: dict[tuple[str, str], tuple[Record, ...]] = {}
    for (table, _), found in sorted(by_place.items()):
        if len(found) == len(methods):
            for method in methods:
                runs[table, method] = (*runs.get((table, method), ()), found[method])
    tables = tuple(dict.fromkeys(table for table, _ in runs))
    return Board(budget_s=budget_s, methods=methods, tables=tables, runs=runs)


def board_figures(board: Board, folder: Path) -> list[Figure]:
    """Return the figures of one budget; `folder` holds the losses of the test rows."""
    mark = f"{board.budget_s:g}"
    figures = [Figure(name=f"num_tables_{mark}", value=len(board.tables))]
    figures += [
        Figure(name=f"mean_rank_{name}_{mark}", value=rank) for name, rank in board.mean_ranks.items()
    ]
    if board.tables:
        figures += [
            Figure(name=f"friedman_p_{mark}", value=friedman_p(ranks(board.scores))),
            Figure(name=f"critical_difference_{mark}", value=board.critical_difference),
        ]
    figures += [
        Figure(name=f"num_failed_{name}_{mark}", value=board.num_failed(name)) for name in board.methods
    ]
    own = [name for name in board.methods if name == OWN or name.startswith(f"{OWN}_")]
    for one in (name for name in own if name != REFERENCE):
        for peer in (name for name in board.methods if name != one):
            counts = collections.Counter(compare(board, table, one, peer, folder) for table in board.tables)
            of = "" if one == OWN else f"{one.removeprefix(f'{OWN}_')}_"
            for what, plural in (("win", "wins"), ("tie", "ties"), ("loss", "losses")):
                figures.append(Figure(name=f"{of}{plural}_{peer}_{mark}", value=counts[what]))
    return figures + _goals(board, folder, mark)


def _goals(board: Board, folder: Path, mark: str) -> list[Figure]:
    figures = []
    if {OWN, REFERENCE} <= {*board.methods} and board.tables:
        worse = sum(compare(board, t, OWN, REFERENCE, folder) == "loss" for t in board.tables)
        figures.append(Figure(name=f"num_worse_than_baseline_{mark}", value=worse, goal="<= 0"))
    tuners = [name for name in TUNERS if name in board.methods]
    if OWN in board.methods and tuners and board.tables:
        kept = [compare(board, t, OWN, _best(board, t, tuners), folder) != "loss" for t in board.tables]
        figures.append(Figure(name=f"share_not_below_keras_tuner_{mark}", value=float(np.mean(kept))))
    return figures


def _best(board: Board, table: str, methods: Sequence[str]) -> str:
    return min(methods, key=lambda method: board.score(table, method))


def compare(board: Board, table: str, one: str, other: str, folder: Path) -> Verdict:
    """Return whether `one` is better on a table; the method that failed on more splits is worse."""
    ours, theirs = board.runs[table, one], board.runs[table, other]
    num_failed = [sum(record.status != "ok" for record in side) for side in (ours, theirs)]
    if num_failed[0] != num_failed[1]:
        return "loss" if num_failed[0] > num_failed[1] else "win"
    both = [pair for pair in zip(ours, theirs, strict=True) if all(r.status == "ok" for r in pair)]
    if not both:
        return "tie"
    splits = []
    for pair in both:
        (rows, mine), (_, other_losses) = read_losses(folder, pair)
        splits.append(Paired(rows=rows, ours=mine, theirs=other_losses))
    return verdict(paired_difference(splits, is_rooted=both[0][0].metric == "rmse"))


def missing_methods(records: Sequence[Record]) -> dict[str, str]:
    """Return the methods that cannot run here, and why."""
    return {record.method: record.reason for record in records if record.status == "missing"}
