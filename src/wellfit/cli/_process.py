"""What the command decides for its own process: backend, silence, start time, text encoding."""

from __future__ import annotations

import ctypes
import io
import logging
import os
import sys
import time
import warnings
from pathlib import Path

# A process that has lived longer when it gets here was not started for this command.
_OLDEST_START_S = 30.0


def process_age_s() -> float:
    """Return the seconds since the operating system started this process; 0 where that is not known.

    A budget counts from the shell prompt, and starting Python and importing are part of it.
    """
    try:
        # Field 22 of proc(5), counted after the command's name, which may itself hold blanks.
        start_ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - start_ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0
    return age_s if 0 <= age_s < _OLDEST_START_S else 0.0


def _keep_freed_memory() -> None:
    """Let the C library keep what is freed for the next time, before threads have memory of their own.

    A program of one update asks for the same tens of megabytes each time, and a system that takes them back
    has to clear them again page by page (measured: 7,000 pages an update of pictures of 48 by 48, and 1.6
    times the time). Only the GNU library has these settings; their numbers are those of ``malloc.h``.
    """
    top_trim, mmap_from, most_arenas = -1, -3, -8
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    for name, value in ((most_arenas, 1), (mmap_from, 2**30), (top_trim, 2**31 - 1)):
        mallopt(name, value)


def prepare_process(*, debug: bool = False) -> None:
    """Choose Keras' backend and keep libraries from writing over the progress; call before Keras is imported.

    The process belongs to the command, so it may decide what the library must leave to its caller.

    Args:
        debug: let warnings and logs through.
    """
    os.environ["KERAS_BACKEND"] = "jax"
    _keep_freed_memory()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if debug:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Keras imports TensorFlow where it is there, which greets with this setting whatever the level; no
    # network is trained by it.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    for name in ("jax", "absl", "optuna", "matplotlib"):
        logging.getLogger(name).setLevel(logging.ERROR)
