"""Tables of the quality benchmark and their outer splits: rows of text cells, the same for every method."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn import datasets as sklearn_sets
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from _fault_tables import LEFT_OUT, MADE, REPORT, TUNE

SHIPPED = (
    "breast_cancer",
    "digits",
    "sklearn_wine",
    "sklearn_diabetes",
    "made_rings",
    "made_classes",
    "friedman1",
)
QUICK = ("breast_cancer", "sklearn_diabetes")
TEST_SHARE = 0.2
_MISSING = ["", "NA", "?", " "]
_FEWEST = 10  # rows of a class: fewer cannot be split into training, validation and test rows

# Identifiers, and columns that are known only after the outcome.
_LEFT_OUT = LEFT_OUT | {
    "bank_marketing": ("duration",),
    "horse_colic": ("v3", "v25", "v26", "v27", "v28"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """One table, cut into what a method may see and what it is judged on.

    Attributes:
        name: of the table.
        target: the column to predict.
        classes: labels in code order; empty for regression.
        train: rows with the target, cells as text, missing ones null.
        test: likewise.
        numbers: input columns whose cells are all numbers.
        words: the other input columns; those without any cell are in neither.
        test_rows: ``[row]`` positions of the test rows in the table.
    """

    name: str
    target: str
    classes: tuple[str, ...]
    train: pl.DataFrame
    test: pl.DataFrame
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    test_rows: NDArray[np.int32]

    @property
    def is_classification(self) -> bool:
        """Whether classes are predicted."""
        return bool(self.classes)

    def truth(self, rows: pl.DataFrame) -> NDArray:
        """Return ``[row]`` class codes, or values."""
        if not self.classes:
            return rows[self.target].cast(pl.Float64).to_numpy()
        codes = {label: code for code, label in enumerate(self.classes)}
        return np.array([codes[label] for label in rows[self.target]], np.int32)


def table_names(manifest: Path | None, half: str) -> list[str]:
    """Return the tables of one half; those that are in neither list belong to both.

    Example:
        >>> "breast_cancer" in table_names(None, "tune"), "breast_cancer" in table_names(None, "report")
        (True, False)
    """
    names = list(SHIPPED) if manifest is None else [entry["name"] for entry in _entries(manifest)]
    other = {"tune": REPORT, "report": TUNE, "all": ()}[half]
    return [name for name in names if name not in other]


def load_split(manifest: Path | None, name: str, seed: int, test_share: float = TEST_SHARE) -> Split:
    """Return the table, split at random by `seed`; classes keep their shares."""
    frame, target, task = _shipped(name) if manifest is None else _from_manifest(manifest, name)
    frame = frame.filter(pl.col(target).is_not_null())
    classes: tuple[str, ...] = ()
    if task == "regression":
        splitter = ShuffleSplit(1, test_size=test_share, random_state=seed)
        train, test = next(splitter.split(np.zeros(len(frame))))
    else:
        counts = frame[target].value_counts(name="rows").filter(pl.col("rows") >= _FEWEST)
        classes = tuple(sorted(counts[target]))
        frame = frame.filter(pl.col(target).is_in(classes))
        splitter = StratifiedShuffleSplit(1, test_size=test_share, random_state=seed)
        train, test = next(splitter.split(np.zeros(len(frame)), frame[target].to_numpy()))
    inputs = [c for c in frame.columns if c != target and frame[c].null_count() < len(frame)]
    numbers = tuple(column for column in inputs if _is_number(frame[column]))
    return Split(
        name=name,
        target=target,
        classes=classes,
        train=frame[np.sort(train)],
        test=frame[np.sort(test)],
        numbers=numbers,
        words=tuple(column for column in inputs if column not in numbers),
        test_rows=np.sort(test).astype(np.int32),
    )


def _is_number(column: pl.Series) -> bool:
    return column.cast(pl.Float64, strict=False).null_count() == column.null_count()


def _entries(manifest: Path) -> list[dict]:
    return json.loads(manifest.read_text("utf-8"))


def _from_manifest(manifest: Path, name: str) -> tuple[pl.DataFrame, str, str]:
    entry = next(entry for entry in _entries(manifest) if entry["name"] == name)
    frame = pl.read_csv(manifest.parent / entry["file"], infer_schema=False, null_values=_MISSING)
    left_out = [column for column in _LEFT_OUT.get(name, ()) if column in frame.columns]
    return frame.drop(left_out), entry["target"], entry["task"]


def _shipped(name: str) -> tuple[pl.DataFrame, str, str]:
    """Return a table that comes with scikit-learn, or is made, as the text that its file would hold."""
    if name.startswith("sklearn_"):
        found = getattr(sklearn_sets, f"load_{name.removeprefix('sklearn_')}")()
        x, y, task = (
            found.data,
            found.target,
            "regression" if name == "sklearn_diabetes" else "classification",
        )
    else:
        x, y, task = MADE[name]()
    columns = {f"x{i}": values for i, values in enumerate(x.T)} | {"target": y}
    frame = pl.DataFrame(columns).with_columns(pl.all().cast(pl.String))
    return frame, "target", "regression" if task == "regression" else "classification"
