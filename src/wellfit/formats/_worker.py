"""The worker's side of `_in_worker`: one job on the files of a folder.

Started as ``python -m wellfit.formats._worker FOLDER``; never imported.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from wellfit.formats._in_worker import FAILURE, INPUTS, JOB, OUTPUTS

_LENGTH = 600
"""Characters of an error that are handed back: those of converters hold whole graphs."""


def main(folder: Path) -> None:
    """Do the job, or write why not."""
    job = json.loads((folder / JOB).read_text("utf-8"))
    try:
        function = getattr(importlib.import_module(job["module"]), job["function"])
        path = Path(job["path"])
        if job["function"] == "convert":
            function(folder / job["network"], path)
        else:
            found = function(path, _batches(folder, job["names"]))
            outputs: dict[str, Any] = {str(number): np.asarray(one) for number, one in enumerate(found)}
            np.savez(folder / OUTPUTS, **outputs)
    except Exception as error:  # every runtime raises its own
        text = " ".join(f"{type(error).__name__}: {error}".split())
        (folder / FAILURE).write_text(text[:_LENGTH], "utf-8")


def _batches(folder: Path, names: list[str]) -> list[dict[str, np.ndarray]]:
    """Return the rows: for each batch the inputs by name, in order."""
    batches: dict[str, dict[str, np.ndarray]] = {}
    with np.load(folder / INPUTS, allow_pickle=False) as stored:
        for key in stored.files:
            number, _, place = key.partition("/")
            batches.setdefault(number, {})[names[int(place)]] = stored[key]
    return list(batches.values())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
