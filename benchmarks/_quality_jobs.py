"""Jobs of the quality benchmark, each in a process of its own, so that methods cannot disturb one another."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from _quality_methods import judged
from _quality_record import Key, Record, append_record, read_records
from _quality_worker import NUM_CORES, Job

_WORKER = Path(__file__).with_name("_quality_worker.py")
_KEPT_LINES = 3  # of what a failed process said


def run_jobs(jobs: Sequence[Job], num_together: int = 1) -> Iterator[Record]:
    """Run what is not in the answers yet, and yield the records of all in order.

    Args:
        jobs: what to do.
        num_together: jobs side by side, each with cores of its own.
    """
    places: queue.Queue[tuple[int, ...]] = queue.Queue()
    for cores in _core_groups(num_together):
        places.put(cores)

    def run(job: Job) -> list[Record]:
        cores = places.get()
        try:
            return _answered(replace(job, cores=cores))
        finally:
            places.put(cores)

    with ThreadPoolExecutor(num_together) as pool:
        for records in pool.map(run, jobs):
            yield from records


def _core_groups(count: int) -> list[tuple[int, ...]]:
    """Return as many groups of cores; they share cores only where the machine has too few."""
    if not hasattr(os, "sched_getaffinity"):
        return [()] * count
    cores = sorted(os.sched_getaffinity(0))
    size = min(NUM_CORES, len(cores))
    starts = [number * size % (len(cores) - size + 1) for number in range(count)]
    return [tuple(cores[start : start + size]) for start in starts]


def _answered(job: Job) -> list[Record]:
    keys = [_key(job, name) for name in judged(job.method)]
    known = read_records(Path(job.answers))
    if not all(_is_settled(known.get(key)) for key in keys):
        ended = _run(job)
        known = read_records(Path(job.answers))
        for key in keys:
            if key not in known and not _is_missing(known.get(keys[0])):
                append_record(Path(job.answers), _failed(job, key, ended))
        known = read_records(Path(job.answers))
    return [known[key] for key in keys if key in known]


def _key(job: Job, method: str) -> Key:
    return job.protocol, job.table, job.split, job.budget_s, method


def _is_settled(record: Record | None) -> bool:
    """Whether there is an answer; a method that was missing is tried again."""
    return record is not None and not _is_missing(record)


def _is_missing(record: Record | None) -> bool:
    return record is not None and record.status == "missing"


def _failed(job: Job, key: Key, reason: str) -> Record:
    protocol, table, split, budget_s, method = key
    return Record(
        protocol=protocol,
        table=table,
        split=split,
        budget_s=budget_s,
        method=method,
        status="failed",
        reason=reason,
    )


def _run(job: Job) -> str:
    """Run a job and return how it ended, for the case that it wrote nothing."""
    limit_s = 1.5 * job.budget_s + 30
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, str(_WORKER), job.to_json()],
            stdout=said,
            stderr=subprocess.STDOUT,
            env=_environment(folder),
            start_new_session=True,
        )
        try:
            status = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return f"ended by force after {limit_s:g} s"
        finally:
            _end(process)
        said.seek(0)
        lines = said.read().decode(errors="replace").splitlines()
    return f"exit status {status}: " + " / ".join(lines[-_KEPT_LINES:])


def _end(process: subprocess.Popen) -> None:
    """End the process and the ones that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment(folder: str) -> dict[str, str]:
    """Return the environment of a first use: no program that an earlier one has compiled is at hand.

    OpenMP's threads wait without spinning: where anything else runs, spinning slows boosting down many times.
    """
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    cold = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XDG_CACHE_HOME": folder}
    kept = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    return (
        kept
        | cold
        | {"CUDA_VISIBLE_DEVICES": "", "OMP_WAIT_POLICY": "PASSIVE"}
        | dict.fromkeys(threads, str(NUM_CORES))
    )
