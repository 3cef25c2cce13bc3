"""Pictures stay a byte a pixel, mapped from a file, until a batch is computed with."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from population_samples import assert_same, layers, members, split

from wellfit.models import predict_plain
from wellfit.population import _shared, open_executor
from wellfit.population._messages import receive, send
from wellfit.population._shared import shared_data
from wellfit.records import Dataset, Task


def pictures(folder: Path, rows: int = 64) -> Dataset:
    """Return bright and dark pictures of 6 by 6 pixels, mapped from a file."""
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, rows).astype(np.int32)
    noise = rng.normal(0, 30, (rows, 6, 6, 3)) + np.where(target, 150, 100)[:, None, None, None]
    np.save(folder / "images.npy", np.clip(noise, 0, 255).astype(np.uint8))
    mapped = np.load(folder / "images.npy", mmap_mode="r")
    return Dataset(inputs=(mapped,), target=target, task=Task.BINARY, class_names=("dark", "bright"))


def network() -> keras.Model:
    """Return a convolution, a mean and a unit, for pixels from 0 to 255."""
    model = keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return model


@pytest.mark.parametrize("measured_rows", [2048, 8])
@pytest.mark.parametrize("kind", ["inline", "worker", "fit"])
def test_bytes_train_like_real_numbers(kind: Any, measured_rows: int, tmp_path: Path) -> None:
    """Curves, weights and predictions are equal, whether all rows are measured or some."""
    bytes_, model = pictures(tmp_path), network()
    real = replace(bytes_, inputs=(np.asarray(bytes_.inputs[0], np.float32),))
    who = members(2, mixup=[0.0, 0.3], random_flip=[0.0, 0.5])
    found = []
    for data in (bytes_, real):
        executor = open_executor(kind, model, data, [split(data)], measured_rows=measured_rows)
        try:
            curves = executor.train(who)
            found.append((curves, executor.predict(curves, who, np.arange(5))))
        finally:
            executor.close()
    assert_same(found[0][0], found[1][0], [0, 1], [0, 1])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_the_device_holds_a_byte_a_pixel(tmp_path: Path) -> None:
    """And no row is copied only to make their number even, where not all rows are measured."""
    data = pictures(tmp_path, rows=200)
    options: dict[str, Any] = {"num_label_orders": 1, "measured_rows": 8}
    shared = shared_data(1, data, [split(data)], (), None, **options)
    assert shared.inputs[0].dtype == jnp.uint8
    assert shared.inputs[0].shape == data.inputs[0].shape


def test_a_cpu_reads_the_mapped_file_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No copy of the rows is made: what does not fit the memory stays on disk, also in uneven chunks."""
    data = pictures(tmp_path, rows=200)
    monkeypatch.setattr(_shared, "_MOST_COPIED", 0)
    options: dict[str, Any] = {"num_label_orders": 1, "measured_rows": 2048}
    monkeypatch.setattr(_shared, "num_chunks_of", lambda num_rows: 3)
    shared = shared_data(1, data, [split(data)], (), None, **options)
    assert shared.membership is None
    if jax.default_backend() == "cpu":
        mapped = data.inputs[0]
        assert shared.inputs[0].unsafe_buffer_pointer() == mapped.ctypes.data  # pyright: ignore


def test_rows_that_are_not_copied_train_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows that are measured are gathered instead of passed in order; results are the same."""
    data, model, who = pictures(tmp_path, rows=201), network(), members(2)
    found = []
    for most in (_shared._MOST_COPIED, 0):
        monkeypatch.setattr(_shared, "_MOST_COPIED", most)
        executor = open_executor("inline", model, data, [split(data)])
        found.append(executor.train(who))
        executor.close()
    np.testing.assert_allclose(found[0].validation_loss, found[1].validation_loss, rtol=1e-5)
    np.testing.assert_allclose(found[0].train_loss, found[1].train_loss, rtol=1e-5)
    for own, other in zip(found[0].weights, found[1].weights, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-6)


def test_a_network_predicts_bytes_and_real_numbers_alike(tmp_path: Path) -> None:
    """Large pictures are taken in smaller batches."""
    values, model = pictures(tmp_path).inputs[0], network()
    expected = predict_plain(model, [np.asarray(values, np.float32)])
    np.testing.assert_array_equal(predict_plain(model, [values]), expected)
    large = keras.Sequential([keras.Input((3000, 3000, 1)), layers.GlobalAveragePooling2D()])
    means = predict_plain(large, [np.full((3, 3000, 3000, 1), 7, np.uint8)])
    np.testing.assert_allclose(means, 7.0, rtol=1e-5)


def test_a_mapped_array_is_sent_by_its_name(tmp_path: Path) -> None:
    """Whole maps only: a part has no offset of its own, and an array in memory no file."""
    whole = pictures(tmp_path, rows=500).inputs[0]
    for values, is_small in ((whole, True), (whole[10:], False), (np.array(whole), False)):
        stream = io.BytesIO()
        send(stream, {"images": values})
        assert (len(stream.getvalue()) < values.nbytes / 10) == is_small
        stream.seek(0)
        np.testing.assert_array_equal(receive(stream)["images"], values)


def test_a_network_of_own_code_gets_real_numbers(tmp_path: Path) -> None:
    """Keras casts only for inputs that it knows."""

    class Own(keras.Model):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.head = layers.Dense(1, activation="sigmoid")

        def call(self, inputs: Any) -> Any:
            assert "float" in str(inputs.dtype)
            return self.head(inputs[:, 0, 0])

    data, model = pictures(tmp_path), Own()
    model.compile("sgd", "binary_crossentropy")
    model(np.zeros((1, 6, 6, 3), np.float32))
    executor = open_executor("fit", model, data, [split(data)])
    curves = executor.train(members(1, epochs=1))
    assert np.isfinite(curves.train_loss).all()
