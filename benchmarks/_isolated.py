"""Measurements that need a process of their own: compile time, peak memory, growth of memory.

``python _isolated.py NAME ...`` prints one JSON object. Used by the benchmarks, not by hand.
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import _tasks as tasks
from wellfit.population import enable_compilation_cache

_SIZES = {"reference": tasks.REFERENCE, "long": tasks.LONG, "wide": tasks.WIDE, "classes": tasks.CLASSES}


def measure_isolated(*arguments: str) -> dict[str, float]:
    """Run this file in a fresh process and return what it measured."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure_compile(cache: str) -> dict[str, float]:
    """Return seconds from the first call of the population until its program is compiled."""
    enable_compilation_cache(Path(cache))
    trainer, members = tasks.population(replace(tasks.REFERENCE, epochs=1), 8)
    return {"compile_s": trainer.train(members).compile_s}


def measure_growth(cache: str) -> dict[str, float]:
    """Return how much the process grew over ten populations of 100 members, after a first one."""
    enable_compilation_cache(Path(cache))
    sizes = [_train_and_forget() for _ in range(11)]
    return {"growth_mb": sizes[-1] - sizes[0], "first_mb": sizes[0]}


def _train_and_forget() -> float:
    trainer, members = tasks.population(replace(tasks.REFERENCE, epochs=1), 100)
    trainer.train(members)
    del trainer, members
    gc.collect()
    return _resident_mb()


def measure_training(size: str, num_members: str, epochs: str) -> dict[str, float]:
    """Return seconds a member and the largest resident memory of a process that trains one population."""
    trainer, members = tasks.population(replace(_SIZES[size], epochs=int(epochs)), int(num_members))
    compile_s = trainer.train(members.replace(epochs=1)).compile_s
    began = time.perf_counter()
    trainer.train(members)
    return {
        "member_s": (time.perf_counter() - began) / len(members),
        "compile_s": compile_s,
        "peak_mb": _peak_mb(),
        "block_size": trainer.block_size,
    }


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # on Linux a new process starts with the `ru_maxrss` of the one that started it
        line = next(x for x in status.read_text(encoding="ascii").splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _resident_mb() -> float:
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return _peak_mb()
    return int(statm.read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    measures = {"compile": measure_compile, "growth": measure_growth, "training": measure_training}
    print(json.dumps(measures[sys.argv[1]](*sys.argv[2:])))
