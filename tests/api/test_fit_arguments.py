"""Arguments as for `keras.Model.fit`: what they stand for, and what is refused before anything is trained."""

from __future__ import annotations

import doctest
import re
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.api import _fit_arguments
from wellfit.api._diagnose import diagnose
from wellfit.api._experiments import Experiments
from wellfit.api._fit_arguments import class_weights, validation_pair
from wellfit.api._patient import Patient, array_patient
from wellfit.api._trial_plan import plan_trials
from wellfit.diagnosis import BASELINE, Probe
from wellfit.records import SettingsError, Task

NUM_ROWS, NUM_FEATURES, EPOCHS = 64, 4, 3
X = np.random.default_rng(0).normal(size=(NUM_ROWS, NUM_FEATURES)).astype(np.float32)
Y = (np.arange(NUM_ROWS) % 2).astype(np.int32)
HELD = (X[:16] + 0.1, Y[:16])


def network(loss: str = "binary_crossentropy", activation: str = "sigmoid") -> keras.Model:
    """Return a compiled network."""
    keras.utils.set_random_seed(0)
    layers = [keras.Input((NUM_FEATURES,)), keras.layers.Dense(1, activation=activation)]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.SGD(0.1), loss)
    return model


def patient(model: keras.Model, **rest: Any) -> Patient:
    """Return what would be diagnosed, all rows in one batch."""
    options: dict[str, Any] = {"validation_data": HELD, "validation_split": 0.0, "unsafe": False, **rest}
    return array_patient(model, X, Y, epochs=EPOCHS, batch_size=NUM_ROWS, seed=0, task="auto", **options)


def test_the_network_as_it_stands_is_trained_with_the_class_weights_that_were_given() -> None:
    """From the same weights it ends where `fit` ends; in a batch of all rows their order does not matter."""
    model, weights = network(), {0: 1.0, 1: 50.0}
    one = patient(model, class_weight=weights)
    experiments = Experiments(one, plan_trials(one, 0, None))
    _, snapshot = experiments.run([Probe(name=BASELINE)], {BASELINE: [experiments.plan.start]})
    experiments.close()
    assert snapshot is not None
    model.fit(X, Y, epochs=EPOCHS, batch_size=NUM_ROWS, class_weight=weights, verbose=0)
    expected = model.get_weights()
    assert not np.allclose(expected[1], network().get_weights()[1], atol=0.1)
    for mine, theirs in zip(snapshot.weights, expected, strict=True):
        assert np.allclose(mine[0], theirs, rtol=1e-4, atol=1e-5)


def test_every_probe_but_that_of_balanced_weights_keeps_the_class_weights() -> None:
    """They are no part of what a probe changes."""
    one = patient(network(), class_weight={1: 50})
    experiments = Experiments(one, plan_trials(one, 0, None))
    probes = [
        Probe(name=BASELINE),
        Probe(name="learning rate x10", changes={"learning_rate": 1.0}),
        Probe(name="permuted labels", labels="permuted"),
        Probe(name="balanced class weights", changes={"class_weight": "balanced"}),
    ]
    found = experiments._members([(probe, 1) for probe in probes], 1).class_weight
    assert found[:3].tolist() == [[1.0, 50.0]] * 3
    assert found[3].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("given", "names", "expected"),
    [
        (None, ("0", "1"), None),
        ({}, ("0", "1"), None),
        ({1: 50}, ("0", "1"), [1, 50]),
        ({np.int64(0): np.float32(0.5), True: 2}, ("0", "1"), [0.5, 2]),
        ({2: 3.0}, ("1", "2", "4"), [1, 3, 1]),
        ({0: 2, 1: 3}, ("0.0", "1.0"), [2, 3]),
        ({"yes": 4}, ("no", "yes"), [1, 4]),
        ({1: 4}, ("no", "yes"), [1, 4]),
    ],
)
def test_class_weights_go_by_label(given: Any, names: tuple[str, ...], expected: list[float] | None) -> None:
    """A number is the label; of labels that are text, the code."""
    found = class_weights(given, Task.MULTICLASS, names)
    assert found is None if expected is None else found is not None and found.tolist() == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({0: 1, 7: 2, "maybe": 3}, "class_weight for 7, 'maybe'"),
        ({1: "much"}, "{1: 'much'}"),
        ({1: -1.0}, "{1: -1.0}"),
        ({1: float("nan")}, "{1: nan}"),
        ({0: 0, 1: 0}, "nothing to learn from"),
        ("balanced", "class_weight='balanced'"),
        ([1.0, 5.0], "class_weight=[1.0, 5.0]"),
    ],
)
def test_class_weights_that_mean_nothing_are_refused(given: Any, message: str) -> None:
    """What was received is shown, and nothing is trained."""
    with pytest.raises(SettingsError, match=re.escape(message)):
        diagnose(network(), X, Y, class_weight=given)


def test_class_weights_of_a_regression_are_refused() -> None:
    """There are no classes to weigh."""
    model = network("mean_squared_error", "linear")
    with pytest.raises(SettingsError, match="does not go with a regression"):
        diagnose(model, X, X[:, 0], class_weight={0: 1.0, 1: 5.0})


@pytest.mark.parametrize("weights", [None, np.ones(16), [2] * 16, np.ones((16, 1))])
def test_validation_weights_that_are_all_alike_change_nothing(weights: Any) -> None:
    """A mean is the same under any weight that all rows have."""
    x, y = validation_pair((*HELD, weights))
    assert x is HELD[0]
    assert y is HELD[1]


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ((X,), "a tuple of 1"),
        ((X, Y, Y, Y), "a tuple of 4"),
        (X, "ndarray"),
        ((*HELD, np.arange(16.0)), "weights from 0 to 15"),
        ((*HELD, np.zeros(16)), "weights from 0 to 0"),
        ((*HELD, np.full(16, np.nan)), "weights from nan to nan"),
        ((*HELD, np.ones(3)), "shape (3,) for 16 rows"),
        ((*HELD, "all"), "shape () for 16 rows"),
        ((*HELD, {0: 1.0}), "shape () for 16 rows"),
    ],
)
def test_validation_data_that_is_no_pair_is_refused(held: Any, message: str) -> None:
    """Weights that differ are not passed over: what was received is shown."""
    with pytest.raises(SettingsError, match=re.escape(message)):
        diagnose(network(), X, Y, validation_data=held)


def test_examples_are_true() -> None:
    """Every example of the module runs and shows what it says."""
    assert doctest.testmod(_fit_arguments).failed == 0
