"""Facts of the rows: suspects are named as the reader finds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.api._patient import Patient, array_patient, table_patient
from wellfit.api._row_facts import RowFacts, find_suspects

NUM_ROWS, NUM_HELD = 120, 30
WRONG = (0, 7, 60)
"""Rows of the file, counted from 0, whose label is the other one."""
LINES = np.arange(NUM_ROWS)
UNKNOWN = (LINES % 10 == 3) | (LINES == 1)
TRUTH = (LINES % 2 == 0).astype(np.int32)


def labels() -> np.ndarray:
    """Return the labels as they are given."""
    given = TRUTH.copy()
    given[list(WRONG)] = 1 - given[list(WRONG)]
    return given


def from_table(folder: Path) -> Patient:
    """Return a patient from a file with a blank line, in which some rows have no target."""
    names = np.array(["no", "yes"])
    cells = [f"{0.37 * i:.2f},{'' if UNKNOWN[i] else names[label]}" for i, label in enumerate(labels())]
    held = [f"{0.37 * i + 0.1:.2f},{names[label]}" for i, label in enumerate(TRUTH[:NUM_HELD])]
    (folder / "people.csv").write_text("\n".join(["age,bought", *cells[:5], "", *cells[5:]]) + "\n")
    (folder / "held.csv").write_text("\n".join(["age,bought", *held]) + "\n")
    options: dict[str, Any] = {"columns": None, "preparation": None, "unsafe": False, "reading": None}
    return table_patient(
        str(folder / "people.csv"),
        target="bought",
        model="dense:4",
        validation=str(folder / "held.csv"),
        epochs=1,
        batch_size=8,
        seed=0,
        task="auto",
        features="auto",
        group=None,
        **options,
    )


def suspects(patient: Patient, truth: np.ndarray) -> dict[str, object]:
    """Return what is told of the suspects where models out of fold know the truth."""
    facts = RowFacts()
    find_suspects(facts, patient, np.where(truth[:, None] == np.arange(2), 0.9, 0.1))
    return facts.data


def rows_of(data: dict[str, object]) -> list[int]:
    """Return the rows that are named."""
    found: Any = data["suspects"]
    return sorted(one["row"] for one in found)


def test_suspects_of_a_table_are_rows_of_the_file(tmp_path: Path) -> None:
    """Counted from 1, rows without a target included, as in every message about a row."""
    patient = from_table(tmp_path)
    data = suspects(patient, np.concatenate([TRUTH[~UNKNOWN], TRUTH[:NUM_HELD]]))
    assert rows_of(data) == [row + 1 for row in WRONG]
    assert data["suspects_are"] == "rows of people.csv, counted from 1 without header and blank lines"


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_suspects_of_arrays_are_indices(share: float) -> None:
    """As NumPy takes them, whether validation rows are drawn or the last ones."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    x = np.arange(NUM_ROWS, dtype=np.float32)[:, None]
    options: dict[str, Any] = {"validation_data": None, "validation_split": share, "unsafe": False}
    patient = array_patient(model, x, labels(), epochs=1, batch_size=8, seed=0, task="auto", **options)
    data = suspects(patient, TRUTH)
    assert rows_of(data) == [row for row in WRONG if row in patient.train]
    assert rows_of(data)
    assert data["suspects_are"] == "indices of x, counted from 0"
