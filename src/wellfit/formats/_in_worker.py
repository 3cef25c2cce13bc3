"""Formats whose exporter needs another backend of Keras: they work in a process of their own.

The user's process keeps its backend, and two runtimes that do not go well beside each other never meet. What
goes over is files: a network as `.keras`, rows as `.npz`, the job as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wellfit.formats._features import network_of
from wellfit.formats._format import Batch, Format
from wellfit.formats._predictor import Predictor
from wellfit.models import save_plain
from wellfit.records import OutputError, UnsupportedModelError, WorkerError

Array = Any
JOB, INPUTS, OUTPUTS, FAILURE = "job.json", "inputs.npz", "outputs.npz", "failure.txt"


def _keras_draft(predictor: Predictor, folder: Path) -> str:
    save_plain(network_of(predictor), folder / "network.keras")
    return "network.keras"


def worker_format(
    module: str,
    *,
    name: str,
    file: str,
    packages: tuple[str, ...],
    install: str,
    backend: str = "numpy",
    draft: Callable[[Predictor, Path], str] = _keras_draft,
) -> Format:
    """Return a format that is written and read in a worker process.

    Args:
        module: name of a module with ``convert(network, target)``, from a draft to the format, and
            ``run(path, batches)``, from what was written and rows to predictions.
        name: see `Format`.
        file: see `Format`.
        packages: see `Format`.
        install: see `Format`.
        backend: of Keras, while `convert` works.
        draft: writes what `convert` begins with into a folder, and returns the file's name; a `.keras` file
            if not given.
    """

    def write(predictor: Predictor, path: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            network = draft(predictor, Path(folder))
            failure = _call(module, "convert", Path(folder), path, backend=backend, network=network)
        if failure:
            raise UnsupportedModelError(
                f"this network cannot be written as {name}.",
                received=failure,
                expected=f"layers whose operations {name} has",
                fix="export it as onnx or keras, or replace that layer",
            )

    def predict(path: Path, batches: Sequence[Batch]) -> list[Array]:
        with tempfile.TemporaryDirectory() as folder:
            arrays = {
                f"{number}/{place}": values
                for number, batch in enumerate(batches)
                for place, values in enumerate(batch.values())
            }
            np.savez(Path(folder) / INPUTS, **arrays)
            names = list(batches[0])
            failure = _call(module, "run", Path(folder), path, backend=backend, names=names)
            if failure:
                raise OutputError(
                    f"what was written as {name} cannot be run, so it was removed.",
                    received=failure,
                    expected="predictions for any number of rows",
                    fix="export it as onnx or keras, and report the network's layers as a bug",
                )
            with np.load(Path(folder) / OUTPUTS, allow_pickle=False) as stored:
                return [stored[str(number)] for number in range(len(batches))]

    return Format(
        name=name,
        file=file,
        takes="features",
        packages=packages,
        install=install,
        write=write,
        predict=predict,
    )


def _call(module: str, function: str, folder: Path, path: Path, *, backend: str, **more: Any) -> str:
    """Let the worker do a job on the files of a folder, and return why it could not; empty if it could."""
    job = {"module": module, "function": function, "path": str(path.absolute()), **more}
    (folder / JOB).write_text(json.dumps(job), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "wellfit.formats._worker", str(folder)],
        env=_environment(backend),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    failure = folder / FAILURE
    if failure.is_file():
        return failure.read_text("utf-8")
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise WorkerError(
            f"the process that exports ended with exit status {done.returncode}.",
            received=" | ".join(lines[-3:]) or "nothing on its standard error",
            expected="a process that comes to its end",
            fix="repeat the export; where memory ran out, close other programs first",
        )
    return ""


def _environment(backend: str) -> dict[str, str]:
    """Return the worker's environment: its backend, the same modules, no device but the processor."""
    return {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        # What is written on an accelerator may ask for one where it is run.
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
