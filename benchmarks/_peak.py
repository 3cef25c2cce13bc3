"""The machine's best float32 matrix product, as NumPy and JAX reach it."""

from __future__ import annotations

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np


def peak_flops_per_s(repeats: int = 5) -> float:
    """Return operations a second of the fastest square product, best of sizes and libraries."""
    on_cpu = jax.default_backend() == "cpu"
    sizes = (512, 1024, 2048) if on_cpu else (2048, 4096, 8192)
    product = jax.jit(jnp.matmul)
    best = 0.0
    for size in sizes:
        host = np.random.default_rng(0).random((size, size), np.float32)
        device = jnp.asarray(host)
        runs: list[Callable[[], object]] = [lambda a=device: product(a, a).block_until_ready()]
        if on_cpu:  # what a host's library reaches says nothing about an accelerator
            runs.append(lambda a=host: a @ a)
        for run in runs:
            run()
            best = max(best, 2 * size**3 / min(_timed(run) for _ in range(repeats)))
    return best


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
