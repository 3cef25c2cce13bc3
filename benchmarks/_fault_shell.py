"""How long `wellfit diagnose` takes from the shell, on made tables."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import polars as pl
from sklearn.datasets import make_classification

from _figures import Figure

_HIDDEN_UNITS = (64, 32)
_TIMEOUT_S = 900


def shell_figures() -> list[Figure]:
    """Return seconds of the command on 2,000 x 20 and on 50,000 x 50 rows and columns."""
    return [
        Figure(name="diagnose_2000x20_s", value=_diagnose_s(2000, 20), unit="s", goal="<= 15"),
        Figure(name="diagnose_50000x50_s", value=_diagnose_s(50_000, 50), unit="s", goal="<= 60"),
    ]


def _diagnose_s(num_rows: int, num_features: int) -> float:
    """Return seconds from starting the command to its end, or NaN where it fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_tables(folder, num_rows, num_features)
        _write_network(folder / "net.keras", num_features)
        command = [sys.executable, "-m", "wellfit", "diagnose", "train.csv", "--target", "y"]
        command += ["--model", "net.keras", "--validation", "valid.csv"]
        command += ["--epochs", "20", "--batch-size", "32", "--json", "out.json"]
        began = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_TIMEOUT_S, check=False)
        duration_s = time.perf_counter() - began
        if done.returncode or not (folder / "out.json").exists():
            print(done.stderr.decode(errors="replace")[-2000:], file=sys.stderr)
            return float("nan")
        verdict = json.loads((folder / "out.json").read_text("utf-8")).get("verdict", "")
        print(f"# {num_rows} x {num_features}: {duration_s:.1f} s, {verdict}", flush=True)
    return duration_s


def _write_tables(folder: Path, num_rows: int, num_features: int) -> None:
    """Write training rows, and a quarter as many for validation."""
    x, y = make_classification(
        num_rows * 5 // 4, num_features, n_informative=num_features // 2, flip_y=0.05, random_state=0
    )
    frame = pl.DataFrame({f"x{i}": column.astype(np.float32) for i, column in enumerate(x.T)})
    frame = frame.with_columns(y=pl.Series(y.astype(np.int64)))
    frame[:num_rows].write_csv(folder / "train.csv")
    frame[num_rows:].write_csv(folder / "valid.csv")


def _write_network(path: Path, num_features: int) -> None:
    model = keras.Sequential([keras.Input((num_features,))])
    for units in _HIDDEN_UNITS:
        model.add(keras.layers.Dense(units, activation="relu"))
        model.add(keras.layers.Dropout(0.2))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    model.save(path)
