"""Diagnoses of odd data, networks and endings: a clear error or a sensible verdict, nothing in between."""

from __future__ import annotations

import re
import threading
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.api._diagnose import diagnose
from wellfit.api._events import Event
from wellfit.api._fit_arguments import in_order, joined_targets
from wellfit.api._patient import array_patient
from wellfit.records import DataError, Diagnosis, SettingsError, TargetError, Verdict

NUM_ROWS, NUM_FEATURES = 80, 4


def rows(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return normal inputs and two classes that follow from the first."""
    x = np.random.default_rng(seed).normal(size=(NUM_ROWS, NUM_FEATURES)).astype(np.float32)
    return x, (x[:, 0] > 0).astype(np.int32)


def network() -> keras.Model:
    """Return the network that all tests share."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((NUM_FEATURES,)),
            keras.layers.Dense(6, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    return model


def run(x: np.ndarray, y: np.ndarray, **rest: Any) -> Diagnosis:
    """Diagnose the network with three epochs."""
    return diagnose(network(), x, y, epochs=3, seed=1, **rest)


@pytest.mark.parametrize(("stage", "done"), [("baseline", 0), ("screen", 1), ("screen", 10), ("confirm", 1)])
def test_a_stop_on_the_way_never_judges_what_was_cut(stage: str, done: int) -> None:
    """A run that was stopped is no run that diverged: there is a verdict only from what reached its end."""
    stop = threading.Event()

    def listen(event: Event) -> None:
        if event.stage == stage and event.done >= done:
            stop.set()

    found = run(*rows(), stop=stop, listener=listen)
    assert found.environment["partial"]
    assert found.verdict is not Verdict.NOT_LEARNING
    assert not any(one.code == "learning-rate-too-high" for one in found.findings)
    if found.examined:
        assert found.numbers["validation_loss"] < 1.0
    else:
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.unknown


X, Y = rows()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"validation_split": 1.0}, SettingsError, "validation_split=1.0"),
        ({"validation_split": "0.2"}, SettingsError, "validation_split='0.2'"),
        ({"validation_split": 0.95}, DataError, "4 training rows"),
        ({"batch_size": 0}, SettingsError, "batch_size=0"),
        ({"batch_size": 2.5}, SettingsError, "batch_size=2.5"),
        ({"seed": -1}, SettingsError, "seed=-1"),
        ({"epochs": 0}, SettingsError, "epochs=0"),
        ({"task": "guess"}, SettingsError, "task='guess'"),
        ({"sample_weight": np.ones(3)}, DataError, "80 finite numbers"),
        ({"sample_weight": np.full(NUM_ROWS, np.nan)}, DataError, "80 finite numbers"),
        ({"sample_weight": np.zeros(NUM_ROWS)}, DataError, "some above"),
        ({"validation_data": (X, np.eye(2)[Y])}, TargetError, "shape (80, 2)"),
        ({"validation_data": (X, np.array(["no", "yes"])[Y])}, TargetError, "text of shape"),
        ({"y": np.eye(4)[:, [0, 1, 1]][np.arange(NUM_ROWS) % 4]}, TargetError, "several labels"),
        ({"y": np.ones(NUM_ROWS), "task": "regression"}, TargetError, "only [1.0]"),
        ({"y": np.sort(Y), "validation_split": 0.8}, TargetError, "only '0'"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    """Before anything is trained, and with what was received."""
    options = {"x": X, "y": Y, "epochs": 3, **options}
    with pytest.raises(error, match=re.escape(message)):
        diagnose(network(), options.pop("x"), options.pop("y"), **options)


def test_what_is_no_network_is_refused() -> None:
    """Its type is named."""
    with pytest.raises(SettingsError, match="type int"):
        diagnose(3, X, Y)


def test_validation_labels_may_be_a_column() -> None:
    """One column of labels is the same as labels, on either side."""
    assert joined_targets([Y, Y[:, None]]).tolist() == [*Y, *Y]


def test_a_dict_of_inputs_goes_by_name() -> None:
    """As in `fit`: the order of the dict has no meaning, and a name that lacks is named."""
    left, right = keras.Input((2,), name="left"), keras.Input((2,), name="right")
    model = keras.Model([left, right], keras.layers.Add()([left, right]))
    assert in_order({"right": 2, "other": 3, "left": 1}, model) == [1, 2]
    with pytest.raises(DataError, match="left, right"):
        in_order({"left": 1, "rigth": 2}, model)


def test_columns_that_never_vary_hold_no_signal() -> None:
    """Nothing can be learned from them, and nothing fails at it."""
    found = run(np.ones_like(X), Y)
    assert found.findings[0].code == "no-signal"


def test_a_new_network_is_not_taken_for_a_trained_one() -> None:
    """Its training loss is held against chance on training rows, however odd the validation rows are."""
    train = (np.arange(NUM_ROWS) % 20 == 0).astype(np.int32)
    found = run(X, train, validation_data=(X[:20] + 0.1, np.ones(20, np.int32)))
    assert not any("came trained" in note for note in found.notes)


def test_a_row_of_one_number_is_a_row_of_one_column() -> None:
    """As in `fit`."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    options: dict[str, Any] = {"validation_data": None, "validation_split": 0.0, "unsafe": False}
    patient = array_patient(model, X[:, 0], Y, epochs=1, batch_size=8, seed=0, task="auto", **options)
    assert patient.dataset.inputs[0].shape == (NUM_ROWS, 1)


@pytest.mark.parametrize("updates", [0, 1])
def test_a_lucky_draw_is_not_taken_for_a_trained_network(updates: int) -> None:
    """A network that was never updated is not called trained for being a little better than chance."""
    model = network()
    kernel, bias = np.zeros((NUM_FEATURES, 6), np.float32), np.zeros(6, np.float32)
    kernel[0, 0] = 1.0
    head = np.zeros((6, 1), np.float32)
    head[0] = 1.0
    model.set_weights([kernel, bias, head, np.full(1, -0.25, np.float32)])
    model.optimizer.iterations.assign(updates)
    found = diagnose(model, X, Y, epochs=3, seed=1)
    assert any("came trained" in note for note in found.notes) is (updates > 0)


def test_a_lambda_layer_in_memory_is_trained_like_any_other() -> None:
    """Its function is the user's own and at hand, with the names that it refers to."""
    keras.utils.set_random_seed(0)
    layers = [keras.Input((NUM_FEATURES,)), keras.layers.Lambda(lambda v: keras.ops.abs(v) - 0.5)]
    model = keras.Sequential([*layers, keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    found = diagnose(model, X, (np.abs(X[:, 0]) > 0.7).astype(np.int32), epochs=3, seed=1)
    assert found.examined
    assert found.members_trained > 10


def test_classes_too_rare_for_a_network_without_probabilities() -> None:
    """Balanced accuracy is left open where the output is no probability; the wiring is what is named."""
    x = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    y = (x[:, 0] > 1.2).astype(np.int32)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "binary_crossentropy")
    found = diagnose(model, x, y, epochs=4)
    assert found.findings[0].code == "wiring"
