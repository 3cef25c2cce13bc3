"""Frames out: results, predictions, and the untidy example table."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.datasets import load_breast_cancer

from wellfit.files import written_whole
from wellfit.records import OutputError

Array = np.ndarray


def frame_of(columns: Mapping[str, type], rows: Iterable[Sequence[object]]) -> pl.DataFrame:
    """Return rows as a frame, which polars, narwhals and whatever reads Arrow can go on with.

    NaN becomes null: in a comparison of polars, NaN is larger than any number.

    Args:
        columns: name to type of its cells; holds for a frame without rows too.
        rows: as many cells as there are columns, each.

    Example:
        >>> frame_of({"epoch": int, "loss": float}, [(1, 0.5)]).columns
        ['epoch', 'loss']
    """
    return pl.DataFrame(list(rows), schema=dict(columns), orient="row").fill_nan(None)


def predictions_frame(values: Array, class_names: tuple[str, ...]) -> pl.DataFrame:
    """Return predictions as a frame: ``prediction``, and for classes ``probability_<class>``.

    Args:
        values: ``[row, class]`` probabilities, or ``[row, output]`` values.
        class_names: labels in code order; empty for regression.
    """
    if not class_names:
        if values.shape[1] == 1:
            return pl.DataFrame({"prediction": values[:, 0]})
        return pl.DataFrame({f"prediction_{i}": values[:, i] for i in range(values.shape[1])})
    names = np.asarray(class_names)
    columns = {"prediction": names[values.argmax(axis=1)].tolist()}
    return pl.DataFrame(columns | {f"probability_{name}": values[:, i] for i, name in enumerate(class_names)})


def with_paths(frame: pl.DataFrame, paths: Sequence[Path]) -> pl.DataFrame:
    """Return predictions with the paths of what was predicted in front."""
    return frame.insert_column(0, pl.Series("path", [str(path) for path in paths]))


def write_frame(frame: pl.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write a frame as CSV, TSV, Parquet or JSON lines, by the ending of `path`; whole or not at all.

    Raises:
        OutputError: unknown ending, or the place cannot be written.
    """
    target = Path(path)
    writers = {
        ".csv": frame.write_csv,
        ".tsv": lambda file: frame.write_csv(file, separator="\t"),
        ".parquet": frame.write_parquet,
        ".jsonl": frame.write_ndjson,
        ".ndjson": frame.write_ndjson,
    }
    if target.suffix.lower() not in writers:
        raise OutputError(
            f"cannot tell the format of {target.name}.",
            received=target.suffix or "no ending",
            expected=", ".join(writers),
            fix="for example: predictions.csv",
        )
    with written_whole(target) as draft:
        writers[target.suffix.lower()](draft)


def breast_cancer_frame(rng: np.random.Generator) -> pl.DataFrame:
    """Return scikit-learn's breast cancer table with the dirt that real tables have.

    An identifier, a constant column, missing cells written in three ways, a sentinel, a percentage as
    text, duplicated rows. The measurements themselves are not changed.
    """
    bunch: Any = load_breast_cancer()
    values = bunch.data.astype(float)
    columns: dict[str, list[object]] = {"patient": [f"P{i:05d}" for i in rng.permutation(len(values))]}
    for index, name in enumerate(bunch.feature_names):
        columns[str(name).replace(" ", "_")] = values[:, index].tolist()
    columns["site"] = ["Madison"] * len(values)
    smoothness = columns["mean_smoothness"]
    columns["mean_smoothness"] = [f"{100 * float(v):.3f} %" for v in smoothness]  # type: ignore[arg-type]
    for name, blank in (("mean_texture", "?"), ("mean_area", ""), ("worst_area", "NA")):
        cells = [str(v) for v in columns[name]]
        for row in rng.choice(len(cells), 12, replace=False):
            cells[row] = blank
        columns[name] = list(cells)
    for row in rng.choice(len(values), 9, replace=False):
        columns["worst_texture"][row] = -999.0
    columns["diagnosis"] = ["malignant" if t == 0 else "benign" for t in bunch.target]
    frame = pl.DataFrame(columns)
    return pl.concat([frame, frame[:5]])
