"""One method on one split within one budget: what became of it, on one line of a file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Key = tuple[str, str, int, float, str]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is kept of one method's run.

    Attributes:
        protocol: main, or published (20 random splits of 90 and 10 %).
        table: name.
        split: number, also the seed of the split.
        budget_s: what the method was given.
        method: name.
        status: ok, failed (an error, no network, or ended by force), or missing (cannot run here).
        reason: why it is not ok.
        duration_s: from the start of the training, imports included, to its end.
        predict_s: of the test rows.
        metrics: log_loss, error, balanced_accuracy; or rmse.
        note: how far the method came.
        losses: name of the side file with the loss of each test row; empty if there is none.
        versions: of packages.
        machine: of which the seconds are true.
        commit: of the checkout.
    """

    protocol: str = "main"
    table: str
    split: int
    budget_s: float
    method: str
    status: str
    reason: str = ""
    duration_s: float = 0.0
    predict_s: float = 0.0
    metrics: dict[str, float] = field(default_factory=dict)
    note: str = ""
    losses: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, object] = field(default_factory=dict)
    commit: str = ""

    @property
    def key(self) -> Key:
        """What is not run again."""
        return self.protocol, self.table, self.split, self.budget_s, self.method

    @property
    def metric(self) -> str:
        """Name of the metric that counts."""
        return "rmse" if "rmse" in self.metrics else "log_loss"

    @property
    def score(self) -> float:
        """The metric that counts; infinite where the method failed."""
        return self.metrics[self.metric] if self.status == "ok" else float("inf")

    def line(self) -> str:
        """Return one line for the terminal."""
        what = f"{self.metric} {self.score:.4g}" if self.status == "ok" else f"{self.status}: {self.reason}"
        where = f"{self.table[:20]:<20} {self.split:>3} {self.budget_s:>5g} s"
        return f"{where} {self.method:<28} {self.duration_s:>6.1f} s  {what}"[:110]


def read_records(path: Path | None) -> dict[Key, Record]:
    """Return what is in the file by its key; a later line replaces an earlier one.

    Lines of another kind are passed over, such as one that a killed run left half written.
    """
    found: dict[Key, Record] = {}
    if path is None or not path.exists():
        return found
    for line in path.read_text("utf-8").splitlines():
        try:
            record = Record(**json.loads(line))
        except (ValueError, TypeError):
            continue
        found[record.key] = record
    return found


def append_record(path: Path, record: Record) -> None:
    """Write one more line; a line that was cut off is ended first."""
    with path.open("ab") as file:
        is_cut = file.tell() > 0 and path.read_bytes()[-1:] != b"\n"
        file.write(b"\n" * is_cut + json.dumps(asdict(record)).encode() + b"\n")


def losses_folder(answers: Path) -> Path:
    """Return the folder of the side files, next to the answers."""
    return answers.with_name(answers.stem + "_losses")


def losses_name(record_key: Key) -> str:
    """Return the name of a side file.

    Example:
        >>> losses_name(("main", "adult", 0, 60.0, "mlp"))
        'main-adult-0-60-mlp.npz'
    """
    protocol, table, split, budget_s, method = record_key
    return f"{protocol}-{table}-{split}-{budget_s:g}-{method}.npz"


def write_losses(folder: Path, name: str, rows: NDArray[np.int32], losses: NDArray[np.float64]) -> None:
    """Write ``[row]`` positions in the table and losses: log losses, or squared errors."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{os.getpid()}-{name}"
    with part.open("wb") as file:
        np.savez_compressed(file, rows=rows, losses=losses)
    part.replace(folder / name)


def read_losses(folder: Path, records: Sequence[Record]) -> list[tuple[NDArray, NDArray]]:
    """Return rows and losses of each record."""
    found = []
    for record in records:
        with np.load(folder / record.losses) as stored:
            found.append((stored["rows"], stored["losses"]))
    return found
