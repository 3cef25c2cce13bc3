"""How much memory members take, and how much there is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jax
import numpy as np

from wellfit.models import NetworkFunction, OptimizerFunction

SHARE = 0.5
"""Share of the free memory that the states of members may take at once."""

_NUM_CURVES = 6
_CGROUP = Path("/sys/fs/cgroup")


def member_bytes(
    network: NetworkFunction, optimizer: OptimizerFunction, num_epochs: int, *, more_copies: int = 0
) -> int:
    """Return what one member's state takes while it trains.

    Weights and best weights, the optimizer's variables, and all of these once more, for a call of the
    program returns a new state before the old one goes; then the curves.

    Args:
        network: the network.
        optimizer: the optimizer.
        num_epochs: epochs at most.
        more_copies: of the weights that are kept as well: a mean of them, those that training started from.
    """
    weights = sum(_size(info.shape, info.dtype) for info in network.variables)
    moments = sum(value.nbytes for value in optimizer.initial)
    return 2 * ((2 + more_copies) * weights + moments) + 4 * _NUM_CURVES * num_epochs


def free_bytes() -> int:
    """Return the memory that is free where members' states live: on the accelerator, or in the machine.

    A container's limit counts where it is lower. Where nothing can be found out, 4 GiB are assumed.
    """
    device = jax.local_devices()[0]
    stats: dict[str, Any] = (device.memory_stats() or {}) if device.platform != "cpu" else {}
    if "bytes_limit" in stats:
        return max(0, int(stats["bytes_limit"]) - int(stats.get("bytes_in_use", 0)))
    known = [size for size in (_machine_bytes(), _container_bytes()) if size is not None]
    return min(known) if known else 1 << 32


def _size(shape: tuple[int, ...], dtype: str) -> int:
    return int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize


def _machine_bytes() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found = next(line for line in lines if line.startswith("MemAvailable:"))
        return int(found.split()[1]) * 1024
    except (OSError, StopIteration, ValueError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _container_bytes() -> int | None:
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
        return None if limit == "max" else max(0, int(limit) - used)
    except (OSError, ValueError):
        return None
