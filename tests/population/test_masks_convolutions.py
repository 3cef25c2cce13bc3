"""Members with fewer maps train as the narrower convolutional network does."""

from __future__ import annotations

import keras
import numpy as np
from population_samples import fitted, members, population, split

from wellfit.models import find_layout, narrow
from wellfit.records import Dataset, Task

layers = keras.layers


def pictures() -> Dataset:
    """Return noise whose brighter half is one class."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 6, 6, 2)).astype(np.float32)
    target = (values[:, :, :3].sum(axis=(1, 2, 3)) > 0).astype(np.int32)
    return Dataset(
        inputs=(values,),
        input_names=("picture",),
        feature_names=((),),
        target=target,
        task=Task.BINARY,
        class_names=("a", "b"),
    )


def network() -> keras.Model:
    """Return a network with normalization, pooling and a flattening behind its convolutions."""
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, padding="same", use_bias=False, name="first"),
            layers.BatchNormalization(momentum=0.8, name="norm"),
            layers.ReLU(name="relu"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(6, 3, padding="same", activation="relu", name="second"),
            layers.Flatten(name="flat"),
            layers.Dense(1, activation="sigmoid", name="head"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    return model


def test_a_member_with_fewer_maps_equals_the_narrower_network() -> None:
    """Same sliced weights at the start: the same weights in the end, and the same predictions."""
    keras.utils.set_random_seed(0)
    data, model = pictures(), network()
    layout, initial = find_layout(model), model.get_weights()
    chosen = members(1, learning_rate=0.1, width=[0.5])
    pop = population(model, data)
    curves = pop.train(chosen, weights=initial, shuffle=False)
    small = narrow(model, layout, initial, width=0.5)
    fitted(small, data)
    same = narrow(model, layout, [value[0] for value in curves.weights], width=0.5)
    for received, wanted in zip(same.get_weights(), small.get_weights(), strict=True):
        np.testing.assert_allclose(received, wanted, rtol=1e-3, atol=2e-5)
    rows = split(data).validation
    predicted = pop.predict(curves, chosen, rows)
    np.testing.assert_allclose(
        predicted[0][:, 1:], np.asarray(small(data.inputs[0][rows])), rtol=1e-3, atol=1e-4
    )
