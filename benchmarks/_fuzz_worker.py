"""Gives one input after the other to a reader, in a process that may be killed by any of them.

``python _fuzz_worker.py TARGET SEED FIRST FOLDER``. Writes the number of the input that is being read into
``FOLDER/at``, and a line of JSON for each crash; the input of the first of its kind is kept. With ``--keep``
the one input FIRST is written down and not read.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import sys
import time
import traceback
import warnings
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _fuzz_target import Case, Target

TARGETS = {
    "tables": "_fuzz_tables:Tables",
    "histories": "_fuzz_histories:Histories",
    "bundles": "_fuzz_bundles:Bundles",
    "networks": "_fuzz_networks:Networks",
    "server": "_fuzz_server:Server",
}
_MOST_BYTES = 2 * 2**30
_NUM_WARM, _BOUND_EVERY = 40, 100
_PROJECT = f"{os.sep}wellfit{os.sep}"


def target_of(name: str, folder: Path) -> Target:
    """Return a target; `folder` keeps its samples from one process to the next."""
    module, _, kind = TARGETS[name].partition(":")
    made = getattr(import_module(module), kind)
    samples = folder / "samples"
    samples.mkdir(exist_ok=True)
    return made(samples) if name not in ("tables", "histories") else made()


def place_of(error: BaseException) -> str:
    """Return the innermost line of the project that an error passed, or of anything if it passed none."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _PROJECT in frame.filename] or list(frames)
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "nowhere"


def write_case(case: Case, folder: Path) -> None:
    """Write the files of an input into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in case.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def keep(case: Case, kept: Path, text: str) -> None:
    """Write an input down, with how it was read and what came of it."""
    write_case(case, kept / "input")
    (kept / "call.json").write_text(json.dumps(case.call, default=repr), "utf-8")
    (kept / "what.txt").write_text(text, "utf-8")


def bound_memory(pids: tuple[int, ...]) -> None:
    """Let processes ask for so much more memory than they have, and no more."""
    for pid in (os.getpid(), *pids):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + _MOST_BYTES
        resource.prlimit(pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def outcome(target: Target, case: Case, folder: Path) -> tuple[str, BaseException | None]:
    """Return read, refused or crashed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.call(case, folder)
    except target.refusals as error:
        return ("refused", None) if str(error).strip() else ("crashed", error)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # panics of native code are no Exception
        return "crashed", error
    return "read", None


def main() -> None:
    """Read inputs until killed."""
    name, seed, first, place = sys.argv[1:5]
    folder = Path(place)
    target = target_of(name, folder)
    case_folder, seen, number = folder / "case", set(), int(first)
    counts = {"read": 0, "refused": 0, "crashed": 0}
    if "--keep" in sys.argv:
        case = target.draw(random.Random(f"{name} {seed} {number}"))
        keep(case, folder / f"input-{number}", sys.argv[-1])
        target.close()
        return
    os.chdir(folder)
    at = os.open(folder / "at", os.O_RDWR | os.O_CREAT)
    for warm in range(_NUM_WARM):  # loads what is loaded late
        case = target.draw(random.Random(f"{name} warm {warm}"))
        write_case(case, case_folder)
        outcome(target, case, case_folder)
    told = time.monotonic()
    while True:
        if number % _BOUND_EVERY == 0 or number == int(first):  # what allocators keep is no input's fault
            bound_memory(target.pids())
        case = target.draw(random.Random(f"{name} {seed} {number}"))
        write_case(case, case_folder)
        os.pwrite(at, f"{number:020}".encode(), 0)
        before = set(os.listdir(folder))
        ended, error = outcome(target, case, case_folder)
        if (written := set(os.listdir(folder)) - before) and error is None:
            ended, error = "crashed", RuntimeError(f"files were written: {sorted(written)}")
        counts[ended] += 1
        if error is not None:
            key = f"{type(error).__name__} at {place_of(error)}"
            if key not in seen:
                seen.add(key)
                keep(case, folder / f"input-{number}", "".join(traceback.format_exception(error)))
            said = {"number": number, "crash": key, "message": str(error)[:300]}
            print(json.dumps(said), flush=True)
        if time.monotonic() - told > 2.0:
            told = time.monotonic()
            print(json.dumps({"counts": counts}), flush=True)
        number += 1


if __name__ == "__main__":
    main()
