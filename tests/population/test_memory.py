"""Memory stays flat over many members, and a population that is dropped leaves nothing behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path

import jax
import keras
import pytest
from population_samples import dataset, members, network, population

from wellfit.population import enable_compilation_cache

GROWTH_MB = 24

SCRIPT = """
import os, sys; sys.path.insert(0, {folder!r})
import keras
from population_samples import dataset, members, network, population

def resident_mb():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

model = network(units=256)
model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
pop = population(model, dataset(), block_size=8)
sizes = []
for number in range(10):
    seeds = range(100 * number, 100 * number + 100)
    curves = pop.train(members(seeds=seeds, epochs=2, dropout=0.1))
    assert len(curves.results) == 100
    sizes.append(resident_mb())
print(sizes[-1] - sizes[1])
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads resident memory from /proc")
def test_flat_over_a_thousand_members() -> None:
    """Ten populations of 100 members grow the process by less than 24 MiB after the second.

    A population's state is 100 members x 1,793 weights x 4 bytes x 5 copies = 3.4 MiB, so that one that
    was kept each time would show as 27 MiB.
    """
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(folder=os.path.dirname(__file__))],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < GROWTH_MB


def test_dropped_population_is_collected() -> None:
    """Nothing global holds a population, its programs or its clone of the network."""
    model = network()
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    pop = population(model, dataset())
    pop.train(members(1, epochs=1))
    held = [weakref.ref(pop), weakref.ref(pop.network), weakref.ref(pop._programs[0])]
    pop.close()
    del pop
    gc.collect()
    assert [reference() for reference in held] == [None, None, None]


def test_compilation_cache_is_the_user_s_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache is a folder of ours unless JAX has one; one that cannot be made is no error."""
    before = jax.config.jax_compilation_cache_dir
    try:
        jax.config.update("jax_compilation_cache_dir", None)
        (tmp_path / "file").write_text("")
        enable_compilation_cache(tmp_path / "file" / "cache")
        assert jax.config.jax_compilation_cache_dir is None
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        enable_compilation_cache()
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "wellfit" / "xla")
        enable_compilation_cache(tmp_path / "other")
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "wellfit" / "xla")
    finally:
        jax.config.update("jax_compilation_cache_dir", before)
