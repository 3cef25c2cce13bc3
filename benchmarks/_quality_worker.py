"""Runs one method in this process: ``python _quality_worker.py JOB``, a JSON object. Not used by hand.

It appends one record to the answers for the method, and for each that was judged in the same run.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

NUM_CORES = 2
_PACKAGES = ("wellfit", "keras", "keras-tuner", "jax", "scikit-learn", "pytabkit", "torch")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a process is to do.

    Attributes:
        manifest: of tables; None for those that need no file.
        answers: file that records are appended to.
        protocol: see `Record`, as all that follow.
        table: name.
        split: number.
        test_share: of the rows.
        budget_s: for the training.
        method: name.
        cores: numbers of the cores it may use; empty for as many as there are, two at most.
    """

    manifest: str | None
    answers: str
    protocol: str = "main"
    table: str
    split: int
    test_share: float = 0.2
    budget_s: float
    method: str
    cores: tuple[int, ...] = ()

    def to_json(self) -> str:
        """Return the command's argument."""
        return json.dumps(asdict(self))


def _confine(job: Job) -> None:
    """Keep to a few cores, and be what the system ends first where memory runs out."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job.cores or sorted(os.sched_getaffinity(0))[:NUM_CORES])
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


def _run(job: Job) -> list:
    # Imported here: the cores must be set before a library starts its threads.
    from _figures import commit, machine, versions  # noqa: PLC0415
    from _quality_methods import Clock, UnavailableError, fit, judged  # noqa: PLC0415
    from _quality_record import Record  # noqa: PLC0415
    from _quality_tables import load_split  # noqa: PLC0415

    about = {"protocol": job.protocol, "table": job.table, "split": job.split, "budget_s": job.budget_s}
    about |= {"versions": versions(_PACKAGES), "machine": machine(), "commit": commit()}
    split = load_split(Path(job.manifest) if job.manifest else None, job.table, job.split, job.test_share)
    clock = Clock(budget_s=job.budget_s, began=time.monotonic())
    try:
        fitted = fit(job.method, split, clock)
        duration_s = clock.elapsed_s
        values = {job.method: fitted.predict(split.test), **fitted.along}
    except UnavailableError as error:
        return [Record(**about, method=job.method, status="missing", reason=str(error))]
    except Exception as error:
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        spent = {"duration_s": clock.elapsed_s, "status": "failed", "reason": reason}
        return [Record(**about, method=name, **spent) for name in judged(job.method)]
    spent = {"duration_s": duration_s, "predict_s": clock.elapsed_s - duration_s, "note": fitted.note}
    return [
        _judged(job, split, Record(**about, **spent, method=name, status="ok"), prediction)
        for name, prediction in values.items()
    ]


def _judged(job: Job, split, record, prediction):
    """Return the record with its metrics, and write the loss of each test row."""
    from _quality_record import losses_folder, losses_name, write_losses  # noqa: PLC0415
    from wellfit.evaluation import evaluate, per_row_loss  # noqa: PLC0415
    from wellfit.records import Task  # noqa: PLC0415

    task, metric = Task.REGRESSION, "rmse"
    if split.is_classification:
        task, metric = (Task.BINARY if len(split.classes) == 2 else Task.MULTICLASS), "log_loss"
    truth = split.truth(split.test)
    scores = evaluate(task, truth, prediction)
    if scores[metric] != scores[metric]:
        return replace(record, status="failed", reason="a prediction is not finite")
    metrics = {"rmse": scores["rmse"]} if metric == "rmse" else _class_metrics(scores)
    name = losses_name(record.key)
    losses = per_row_loss(metric, task, truth, prediction)
    write_losses(losses_folder(Path(job.answers)), name, split.test_rows, losses)
    return replace(record, metrics=metrics, losses=name)


def _class_metrics(scores: dict[str, float]) -> dict[str, float]:
    return {
        "log_loss": scores["log_loss"],
        "error": 1.0 - scores["accuracy"],
        "balanced_accuracy": scores["balanced_accuracy"],
    }


def main() -> None:
    """Run the job of the command line."""
    content = json.loads(sys.argv[1])
    job = Job(**content | {"cores": tuple(content["cores"])})
    _confine(job)
    from _quality_record import append_record  # noqa: PLC0415

    for record in _run(job):
        append_record(Path(job.answers), record)


if __name__ == "__main__":
    main()
