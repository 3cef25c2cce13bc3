"""The main job on a data set that ships with scikit-learn, made as untidy as real tables are."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from wellfit.api._events import Listener
from wellfit.api._improve import improve
from wellfit.api._study import Study
from wellfit.data import breast_cancer_frame, write_frame


@contextmanager
def demo_table() -> Iterator[Path]:
    """Write the table of the demo to a file, which goes at the end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "breast_cancer.csv"
        write_frame(breast_cancer_frame(np.random.default_rng(0)), path)
        yield path


def demo(
    *,
    out: str | Path | None = None,
    budget: str | float = "30s",
    overwrite: bool = True,
    listener: Listener | None = None,
    stop: threading.Event | None = None,
    began: float | None = None,
    command: str = "",
) -> Study:
    """Run `improve` on the breast cancer table, written as a CSV with some dirt in it first.

    Args:
        out: output folder, which the table is put into as well; or None.
        budget: seconds in all.
        overwrite: whether an earlier study in `out` is replaced.
        listener: called with every event; None as in `improve`.
        stop: set it to end early.
        began: `time.monotonic` value from which the budget counts.
        command: how it was started.

    Source:
        Street, Wolberg and Mangasarian, Nuclear Feature Extraction for Breast Tumor Diagnosis, 1993
        (the data, from scikit-learn).
    """
    with demo_table() as path:
        study = improve(
            path,
            target="diagnosis",
            model="dense:64-32",
            epochs=60,
            budget=budget,
            out=out,
            overwrite=overwrite,
            listener=listener,
            stop=stop,
            began=began,
            command=command,
            origin="demo",
        )
        if study.folder is not None:
            # Whoever tries more than the study itself needs rows.
            shutil.copyfile(path, study.folder / path.name)
        return study
