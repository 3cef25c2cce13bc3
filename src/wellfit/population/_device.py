"""What the program runs on, asked only when a population starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jax


def num_workers() -> int:
    """Return how many blocks to run side by side: one a core on a CPU, one on an accelerator.

    XLA runs the small products of a population on one core each, so that independent blocks in
    threads keep all cores busy without a second compilation or a second device.
    """
    if jax.default_backend() != "cpu":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def device_name() -> str:
    """Return what kind of device programs run on, such as ``cpu`` or ``gpu NVIDIA H100``."""
    device = jax.local_devices()[0]
    return " ".join(dict.fromkeys((device.platform, device.device_kind)))


def chunk_rows() -> int:
    """Return how many rows to evaluate at a time.

    On a CPU so few that their activations stay in the cache (measured: 128 costs a tenth less than 512);
    an accelerator wants large products.
    """
    return 128 if jax.default_backend() == "cpu" else 8192


def enable_compilation_cache(folder: Path | None = None) -> None:
    """Keep compiled programs between processes, unless the user has set JAX's cache already.

    Args:
        folder: where; ``$XDG_CACHE_HOME/wellfit/xla`` by default.
    """
    config: Any = jax.config
    if config.jax_compilation_cache_dir:
        return
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    target = folder or base / "wellfit" / "xla"
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # a read-only home must not stop a study; compiling anew only costs time
    config.update("jax_compilation_cache_dir", str(target))
    config.update("jax_persistent_cache_min_compile_time_secs", 0.3)
    config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that the device or the host ran out of memory."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)
