"""A real study of a small table with columns of every kind, exported: whose bundle is damaged, or served."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl

import wellfit as wf

ROW = {"age": 41.5, "member": True, "plan": "gold", "since": "2025-03-01", "visits": 7}


def rows(num_rows: int, seed: int) -> pl.DataFrame:
    """Return rows of five columns and a target."""
    rng = np.random.default_rng(seed)
    age, plan = rng.normal(40, 12, num_rows).round(1), rng.choice(["basic", "gold", "Ünlimited, +"], num_rows)
    days = np.datetime64("2024-01-01") + rng.integers(0, 700, num_rows)
    value = (age - 40) / 12 + (plan == "gold") + rng.normal(size=num_rows)
    return pl.DataFrame({
        "age": [None if rng.random() < 0.05 else float(one) for one in age],
        "member": rng.random(num_rows) < 0.5,
        "plan": plan,
        "since": [str(one) for one in days],
        "visits": rng.integers(0, 12, num_rows),
        "left": np.where(value > 0.5, "yes", "no"),
    })  # fmt: skip


def write_study(folder: Path) -> Path:
    """Write a study with its graph, unless it is there already."""
    if not (folder / "bundle" / "model.onnx").exists():
        shutil.rmtree(folder, ignore_errors=True)
        options = {"model": "dense:4", "epochs": 2, "budget": "60 members", "out": folder}
        wf.improve(rows(200, 0), target="left", **options)  # type: ignore[arg-type]
        wf.export(folder, "onnx")
    return folder
