"""Networks whose gradient is lost on the way: whole diagnoses name the layer, and prove the repair."""

from __future__ import annotations

import keras
import numpy as np

from wellfit.api._diagnose import diagnose
from wellfit.diagnosis.dead_units import VANISHING
from wellfit.records import Diagnosis, Verdict

NUM_ROWS, NUM_FEATURES = 240, 4


def told(*hidden: keras.layers.Layer) -> Diagnosis:
    """Return the diagnosis of a network with these hidden layers on rows that a line divides."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(NUM_ROWS, NUM_FEATURES)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] > 0).astype(np.int32)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((NUM_FEATURES,)), *hidden, keras.layers.Dense(1, activation="sigmoid", name="head")]
    )
    model.compile(keras.optimizers.SGD(0.05), "binary_crossentropy")
    return diagnose(model, x, y, validation_split=0.25, epochs=10, batch_size=16, seed=0)


def test_a_gradient_that_vanishes_is_named_and_normalization_mends_it() -> None:
    """Six layers of sigmoids: the first gets a thousandth of the last's gradient."""
    found = told(*[keras.layers.Dense(8, activation="sigmoid", name=f"layer{i}") for i in range(6)])
    assert found.verdict is Verdict.NOT_LEARNING
    finding = next(one for one in found.findings if one.code == "dead-units")
    assert finding.evidence["intervention"] == "normalization between layers"
    assert finding.effect is not None
    assert finding.effect.low > 0.2
    ratio, sizes = finding.evidence["gradient_ratio"], finding.evidence["gradient_by_layer"]
    assert isinstance(ratio, float)
    assert ratio < VANISHING
    assert isinstance(sizes, dict)
    assert list(sizes) == [*[f"layer{i}/kernel" for i in range(6)], "head/kernel"]


def test_weights_behind_a_rounding_are_named() -> None:
    """Nothing before a rounding learns, whatever the learning rate: that is wiring."""
    found = told(keras.layers.Dense(1, name="first"), keras.layers.Lambda(lambda x: keras.ops.round(0.1 * x)))
    assert found.findings[0].code == "wiring"
    assert "no gradient reaches first/kernel" in found.findings[0].evidence["read"]
