"""What is measured of a network without training it again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np

from wellfit.api._confidence_facts import confidence_facts
from wellfit.api._diagnose import diagnose
from wellfit.diagnosis.batchnorm_mode import MODES
from wellfit.diagnosis.overconfidence import CALIBRATION

layers = keras.layers


def test_the_same_rows_in_both_modes() -> None:
    """Training rows do well with their own moments and badly with averages that have hardly moved."""
    rng = np.random.default_rng(0)
    x = (3.0 + rng.normal(size=(240, 4))).astype(np.float32)
    y = (x[:, 0] + x[:, 1] + 0.7 * rng.normal(size=240) > 6).astype(np.int32)
    keras.utils.set_random_seed(0)
    slow = [layers.Dense(12), layers.BatchNormalization(momentum=0.9999), layers.ReLU()]
    model = keras.Sequential([keras.Input((4,)), *slow, layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    found = diagnose(model, x, y, validation_split=0.25, epochs=8, batch_size=16, seed=0)
    evidence = next(one for one in found.findings if one.code == "batchnorm-mode").evidence
    inference, training = (evidence[name] for name in MODES)
    assert isinstance(inference, float)
    assert isinstance(training, float)
    assert training < 0.8 * inference


def test_probabilities_are_held_against_hits() -> None:
    """Odds to the third power promise more than the share of hits; one temperature mends that."""
    rng = np.random.default_rng(0)
    true = rng.uniform(0.02, 0.98, 3000)
    target = (rng.random(3000) < true).astype(np.intp)
    sharp = true**3 / (true**3 + (1 - true) ** 3)
    split = SimpleNamespace(validation=np.arange(3000))
    experiments: Any = SimpleNamespace(
        patient=SimpleNamespace(dataset=SimpleNamespace(target=target)), plan=SimpleNamespace(splits=[split])
    )
    facts: dict[str, Any] = confidence_facts(experiments, {0: np.stack([1 - sharp, sharp], axis=1)})
    assert set(CALIBRATION) <= set(facts)
    assert 2.5 < facts["temperature"] < 3.5
    assert facts["calibration_error_at_temperature"] < 0.03 < facts["calibration_error"]
    assert facts["share_of_hits"]["said 98%"] < 0.95
    assert facts["accuracy"] == np.mean((true > 0.5) == target)
