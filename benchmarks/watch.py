"""What `wellfit watch` costs a script: time of `fit` with and without it, and whether the weights stay equal.

``python benchmarks/watch.py [--quick] [--json FILE]``. Fits run in pairs, one after the other in one process,
watched first or second by turns. The ratio is of processor time, which other work on the machine disturbs
least; each kind of data has its median, ``watch_overhead`` is the worst of them, and ``watch_overhead_wall``
the median of all pairs by the clock. Weights are those of whole scripts, run by Python and by the command.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np

from _figures import Figure, machine, median_figure, print_table, write_json
from wellfit.models import Seizure

PACKAGES = ("wellfit", "keras", "jax", "torch", "tensorflow", "tensorflow-cpu", "numpy")
GOAL = "<= 1.02"
NUM_ROWS, NUM_FEATURES, BATCH_SIZE = 1600, 20, 32
KINDS = ("arrays", "generator", "pydataset")

SCRIPT = """
import sys
import keras, numpy as np
keras.utils.set_random_seed(1)
rng = np.random.default_rng(0)
x = rng.normal(size=(320, 20)).astype("float32")
y = (x[:, 0] > 0).astype("float32")
model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(16, "relu"), keras.layers.Dropout(0.3),
                          keras.layers.BatchNormalization(), keras.layers.Dense(1, "sigmoid")])
model.compile("adam", "binary_crossentropy")
def batches():
    while True:
        rows = np.random.randint(0, len(x), 32)
        yield x[rows], y[rows]
class Data(keras.utils.PyDataset):
    def __len__(self):
        return 10
    def __getitem__(self, i):
        return x[i * 32 : i * 32 + 32], y[i * 32 : i * 32 + 32]
kind = sys.argv[1]
if kind == "arrays":
    model.fit(x, y, epochs=3, validation_split=0.2, verbose=0)
elif kind == "generator":
    model.fit(batches(), steps_per_epoch=10, epochs=3, verbose=0)
else:
    model.fit(Data(), epochs=3, validation_data=(x, y), verbose=0)
np.savez(sys.argv[2], *model.get_weights(), np.random.random(4))
"""


class _Data(keras.utils.PyDataset):
    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        super().__init__()
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x) // BATCH_SIZE

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE)
        return self.x[rows], self.y[rows]


def made_network() -> Any:
    """Return a compiled network of the size that tables have."""
    layers = [keras.layers.Dense(64, "relu"), keras.layers.Dropout(0.2), keras.layers.Dense(32, "relu")]
    model = keras.Sequential([keras.Input((NUM_FEATURES,)), *layers, keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def overhead(kind: str, num_pairs: int, epochs: int) -> np.ndarray:
    """Return ``[pair, 2]`` ratios of a watched fit to a plain one: processor time, time by the clock."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(NUM_ROWS, NUM_FEATURES)).astype("float32")
    y = (x[:, 0] > 0).astype("float32")
    model, data = made_network(), _Data(x, y)

    def batches() -> Any:
        while True:
            yield from (data[i] for i in range(len(data)))

    def seconds(is_watched: bool) -> np.ndarray:
        seizure = Seizure()
        if is_watched:
            seizure.start()
        began = np.array([time.process_time(), time.perf_counter()])
        if kind == "arrays":
            model.fit(x, y, epochs=epochs, batch_size=BATCH_SIZE, verbose=0)
        elif kind == "generator":
            model.fit(batches(), steps_per_epoch=len(data), epochs=epochs, verbose=0)
        else:
            model.fit(data, epochs=epochs, verbose=0)
        duration_s = np.array([time.process_time(), time.perf_counter()]) - began
        seizure.stop()
        return duration_s

    for is_watched in (False, True):
        seconds(is_watched)  # compiles
    ratios = []
    for pair in range(num_pairs):
        first = seconds(pair % 2 == 0)
        second = seconds(pair % 2 == 1)
        ratios.append(first / second if pair % 2 == 0 else second / first)
    return np.array(ratios)


def weights_equal(kind: str) -> bool:
    """Return whether a script ends with the same weights and random state with and without the command."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "train.py")
        script.write_text(SCRIPT, encoding="utf-8")
        found = []
        for name, command in (("plain", []), ("watched", ["-m", "wellfit", "watch", "--no-diagnosis"])):
            result = Path(folder, f"{name}.npz")
            arguments = [sys.executable, *command, str(script), kind, str(result)]
            subprocess.run(arguments, check=True, capture_output=True)
            with np.load(result) as arrays:
                found.append([arrays[key] for key in arrays.files])
    return all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


def measure(options: argparse.Namespace) -> list[Figure]:
    """Return the figures."""
    num_pairs, epochs = (20, 10) if options.quick else (60, 20)
    ratios = {kind: overhead(kind, num_pairs, epochs) for kind in KINDS}
    kinds = [median_figure(f"watch_overhead_{kind}", list(ratios[kind][:, 0]), "x", GOAL) for kind in KINDS]
    wall = median_figure("watch_overhead_wall", list(np.concatenate(list(ratios.values()))[:, 1]), "x")
    worst = max(kinds, key=lambda figure: figure.value)
    equal = all(weights_equal(kind) for kind in KINDS)
    return [
        Figure(name="watch_overhead", value=worst.value, unit="x", low=worst.low, high=worst.high, goal=GOAL),
        *kinds,
        wall,
        Figure(name="weights_equal", value=float(equal), goal=">= 1"),
    ]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer pairs, same figures, under 2 min")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    options = parser.parse_args()
    figures = measure(options)
    described = machine()
    backend = keras.config.backend()
    print_table(f"{described['processor']}, {described['cores']} cores, Keras on {backend}", figures)
    write_json(options.json, figures, PACKAGES)


if __name__ == "__main__":
    main()
