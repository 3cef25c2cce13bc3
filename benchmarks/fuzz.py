"""What damaged and odd input does to the readers of files of strangers, and to the server.

``python benchmarks/fuzz.py [--target NAME ...] [--minutes N] [--seed N] [--keep DIR] [--json FILE]``.
Targets: tables, histories, bundles, networks (``.keras`` and ``.h5``), server. Each input is drawn from the
seed and its number (`_fuzz_*.py`). A reader may read it, or refuse it by an error that it documents; the
server may answer anything below 500. All else is a crash, and so are 20 seconds of processor time (or two
minutes of waiting) without an end and more than 2 GiB of memory. Crashes are told apart by error and
innermost line of the project; the first input of each is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from _figures import Figure, machine, print_table, write_json
from _fuzz_worker import TARGETS

PACKAGES = ("wellfit", "polars", "keras", "onnxruntime", "h5py", "tensorboard", "uvicorn")
_HANG_S = 20.0  # of processor time: what else the machine does is no fault of the input
_WAIT_S = 120.0
_START_S = 600.0  # samples are made, and packages imported, before the first input


@dataclass(kw_only=True)
class Found:
    """What came of one target.

    Attributes:
        counts: inputs read, refused and crashed.
        crashes: to how often each came, and one of its inputs.
        minutes: that it took.
    """

    counts: dict[str, int] = field(default_factory=lambda: {"read": 0, "refused": 0, "crashed": 0})
    crashes: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    minutes: float = 0.0

    def crashed(self, crash: str, number: int, message: str) -> None:
        """Count a crash; say it the first time."""
        if crash not in self.crashes:
            print(f"  {crash}, input {number}: {message[:200]}", flush=True)
        self.crashes.setdefault(crash, []).append(number)


class Worker:
    """The process that reads; it is started again where it was if an input ends it."""

    def __init__(self, name: str, seed: int, first: int, folder: Path) -> None:
        self._at, self._first = folder / "at", first
        self._at.unlink(missing_ok=True)
        self._command = [sys.executable, str(Path(__file__).with_name("_fuzz_worker.py")), name, str(seed)]
        self._folder, self.lines = folder, queue.Queue[str]()
        with (folder / "errors.txt").open("wb") as errors:
            self.process = subprocess.Popen(
                [*self._command, str(first), str(folder)],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                env={
                    **os.environ,
                    "KERAS_BACKEND": "jax",
                    "JAX_PLATFORMS": "cpu",
                    "TF_CPP_MIN_LOG_LEVEL": "3",
                },
            )
        self._moved, self._used, self._number = time.monotonic(), 0.0, -1
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    @property
    def number(self) -> int:
        """The input that is being read, -1 before the first."""
        try:
            return int(self._at.read_bytes() or b"-1")
        except OSError:
            return -1

    def hangs(self) -> bool:
        """Return whether the same input has been read for too long; to be asked often."""
        now, used, number = time.monotonic(), _processor_s(self.process.pid), self.number
        if number != self._number:
            self._number, self._moved, self._used = number, now, used
        if number < 0:
            return now - self._moved > _START_S
        return used - self._used > _HANG_S or now - self._moved > _WAIT_S

    def keep(self, what: str) -> None:
        """Write down the input that ended it."""
        subprocess.run([*self._command, str(self.number), str(self._folder), "--keep", what], check=False)

    def end(self) -> None:
        """End it and what it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def last_words(self) -> str:
        """Return the last line that it wrote."""
        lines = (self._folder / "errors.txt").read_text("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else ""


def _processor_s(pid: int) -> float:
    """Return the seconds of processor time that all threads of a process have used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fuzz(name: str, minutes: float, seed: int, folder: Path) -> Found:
    """Read inputs for so long."""
    found, first, began = Found(), 0, time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    while time.monotonic() - began < 60 * minutes:
        worker, counts = Worker(name, seed, first, folder), dict(found.counts)
        try:
            ended = _watched(worker, found, counts, began + 60 * minutes)
        finally:
            worker.end()
        if ended:
            if worker.number < 0:
                raise RuntimeError(f"the worker of {name} does not start: {worker.last_words()}")
            found.counts["crashed"] += 1
            found.crashed(ended, worker.number, worker.last_words())
            worker.keep(ended)
        first = worker.number + 1
    found.minutes = (time.monotonic() - began) / 60
    return found


def _watched(worker: Worker, found: Found, counts: dict[str, int], until: float) -> str:
    """Return how an input ended the worker; nothing where it was the time."""
    while time.monotonic() < until:
        try:
            said = json.loads(worker.lines.get(timeout=0.5))
        except queue.Empty:
            if worker.process.poll() is not None:
                return f"the process ended with status {worker.process.returncode}"
            if worker.hangs():
                return "no end"
            continue
        if "counts" in said:
            found.counts = {key: counts[key] + value for key, value in said["counts"].items()}
        else:
            found.crashed(said["crash"], said["number"], said["message"])
    return ""


def figures_of(name: str, found: Found) -> list[Figure]:
    """Return the figures of a target."""
    total = max(sum(found.counts.values()), 1)
    return [
        Figure(name=f"{name}_inputs", value=sum(found.counts.values())),
        Figure(name=f"{name}_read_share", value=found.counts["read"] / total),
        Figure(name=f"{name}_minutes", value=found.minutes, unit="min"),
        Figure(name=f"{name}_crashes", value=len(found.crashes), goal="<= 0"),
    ]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="15 seconds a target, same figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--target", nargs="+", choices=TARGETS, default=list(TARGETS), help="all if left out")
    parser.add_argument("--minutes", type=float, default=60.0, metavar="N", help="for each target")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the inputs")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where inputs that crash are kept")
    options = parser.parse_args()
    kept = options.keep or Path(tempfile.mkdtemp(prefix="fuzz-"))
    figures = []
    for name in options.target:
        print(f"{name}: inputs that crash are kept in {kept / name}", flush=True)
        found = fuzz(name, 0.25 if options.quick else options.minutes, options.seed, (kept / name).absolute())
        figures += figures_of(name, found)
        for crash, numbers in found.crashes.items():
            print(f"  {len(numbers)} times {crash}", flush=True)
    described = machine()
    print_table(f"{described['processor']}, {described['cores']} cores", figures)
    write_json(options.json, figures, PACKAGES)


if __name__ == "__main__":
    main()
