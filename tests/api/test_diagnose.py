"""Whole diagnoses of small networks on small data: planted faults are named, and nothing is changed."""

from __future__ import annotations

import threading
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import polars as pl
import pytest

from wellfit.api._diagnose import diagnose
from wellfit.api._events import Event
from wellfit.diagnosis import CAUSES, class_imbalance, preprocessing_mismatch
from wellfit.records import DataError, Diagnosis, SettingsError, Task, Verdict

NUM_ROWS, NUM_TRAIN, NUM_FEATURES = 200, 150, 8
RATE = 0.02
CODES = [cause.code for cause in CAUSES]


def rows(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return normal inputs and two classes that mostly follow from them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(NUM_ROWS, NUM_FEATURES)).astype(np.float32)
    y = x[:, 0] - x[:, 1] + 0.5 * x[:, 2] + 0.5 * rng.normal(size=NUM_ROWS) > 0
    return x, y.astype(np.int32)


def network(rate: float = RATE, units: int = 1, activation: str = "sigmoid", loss: str = "") -> keras.Model:
    """Return a compiled network with one hidden layer."""
    keras.utils.set_random_seed(0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You are using a softmax over axis")
        model = keras.Sequential(
            [
                keras.Input((NUM_FEATURES,)),
                keras.layers.Dense(12, activation="relu", name="hidden"),
                keras.layers.Dense(units, activation=activation, name="head"),
            ]
        )
    model.compile(keras.optimizers.Adam(rate), loss or "binary_crossentropy")
    return model


def run(model: keras.Model, x: np.ndarray, y: np.ndarray, **rest: Any) -> Diagnosis:
    """Diagnose a network with eight epochs."""
    return diagnose(model, x, y, epochs=8, seed=1, **rest)


@cache
def too_slow() -> tuple[Diagnosis, list[np.ndarray], keras.Model]:
    """Return the diagnosis of a thousandth of the learning rate, the weights before it, and the network."""
    x, y = rows()
    model = network(RATE / 1000)
    before = [np.array(values) for values in model.get_weights()]
    return run(model, x, y), before, model


def test_a_learning_rate_that_is_a_thousandth_is_named() -> None:
    """Larger steps mend nearly all, on trials that nothing was chosen by."""
    found = too_slow()[0]
    assert found.verdict is Verdict.UNDERFITTING
    first = found.findings[0]
    assert first.code == "learning-rate-too-low"
    assert first.effect is not None
    assert first.effect.low > 0.5
    assert "learning-rate-too-low" in found.verdict_line


def test_a_diagnosis_is_complete() -> None:
    """Every cause was examined, numbers are finite, curves and effects are there."""
    found = too_slow()[0]
    assert [one.code for one in found.examined] == CODES
    assert found.task is Task.BINARY
    assert found.metric is not None
    assert found.metric.name == "binary_crossentropy"
    assert all(np.isfinite(value) for value in found.numbers.values())
    assert found.numbers["num_train"] + found.numbers["num_validation"] == NUM_ROWS
    assert found.numbers["best_reference"] < found.numbers["chance"] < found.numbers["validation_loss"] + 0.1
    assert len(found.curves) == 2
    assert found.members_trained > len(found.effects)
    assert "partial" not in found.environment
    assert found.environment["seed"] == "1"
    for finding in found.findings:
        assert (Path(__file__).parents[2] / finding.page).is_file()


def test_effects_are_those_of_what_could_be_done() -> None:
    """Questions that were asked by training (few rows, wrong labels) are no interventions."""
    found = too_slow()[0]
    assert any(name.startswith("learning rate") for name in found.effects)
    assert not [n for n in found.effects if "rows" in n or "permuted" in n or "memorize" in n]
    assert found.numbers["best_epoch"] <= found.numbers["epochs_trained"]
    assert found.numbers["epochs"] < found.numbers["epochs_trained"]


def test_the_network_is_not_changed() -> None:
    """Weights are bit-equal, the optimizer has made no step, and it is compiled as before."""
    _, before, model = too_slow()
    assert all((old == new).all() for old, new in zip(before, model.get_weights(), strict=True))
    assert model.compiled
    assert model.loss == "binary_crossentropy"
    assert int(model.optimizer.iterations) == 0
    assert float(model.optimizer.learning_rate) == pytest.approx(RATE / 1000)


def test_the_same_seed_gives_the_same_diagnosis() -> None:
    """Findings, effects and numbers are equal, digit by digit."""
    x, y = rows()
    one, two = too_slow()[0], run(network(RATE / 1000), x, y)
    assert two.findings == one.findings
    assert two.effects == one.effects
    assert two.numbers == one.numbers
    assert two.examined == one.examined
    assert two.verdict_line == one.verdict_line


def test_labels_of_other_rows_are_no_signal() -> None:
    """Permuted labels cannot be predicted, and nothing that training does is blamed."""
    x, y = rows()
    found = run(network(), x, np.random.default_rng(3).permutation(y))
    assert found.findings[0].code == "no-signal"
    assert found.verdict is Verdict.NOT_LEARNING
    assert not {"weak-regularization", "excess-capacity"} & {one.code for one in found.findings}


def test_validation_columns_in_another_unit_are_a_mismatch() -> None:
    """Rows times 100 are named, with all columns, and the rest is judged with them mended."""
    x, y = rows()
    found = run(network(), x[:NUM_TRAIN], y[:NUM_TRAIN], validation_data=(100 * x[NUM_TRAIN:], y[NUM_TRAIN:]))
    first = found.findings[0]
    assert first.code == "preprocessing-mismatch"
    own, mapped = (first.evidence[name] for name in preprocessing_mismatch.PATHS)
    assert mapped > 1.5 * own, "training rows in the other unit fail as well"
    assert found.verdict is Verdict.MISLEADING_EVALUATION
    columns = found.findings[0].evidence["columns"]
    assert isinstance(columns, list)
    assert len(columns) == NUM_FEATURES
    assert found.numbers["validation_loss"] < found.numbers["chance"]


def test_softmax_on_one_unit_is_wiring() -> None:
    """The fault is read, and the repair's effect is told."""
    x, y = rows()
    found = run(network(activation="softmax"), x, y)
    first = found.findings[0]
    assert (first.code, found.verdict) == ("wiring", Verdict.NOT_LEARNING)
    assert "softmax on one unit" in str(first.evidence["read"])
    assert first.evidence["intervention"] == "repaired output and loss"
    assert any("mend that first" in note for note in found.notes) == (len(found.findings) > 1)
    # Always class 1: the loss of the other rows is as large as it can be.
    assert first.evidence["chance_loss_uniform"] == pytest.approx(np.log(2))
    assert "times that of equal shares" in str(first.evidence["start"])
    assert first.effect is not None
    assert first.effect.low > 0.5


def test_too_few_output_units_are_wiring() -> None:
    """A network that cannot be trained on three classes is diagnosed all the same."""
    x, _ = rows()
    y = np.digitize(x[:, 0] - x[:, 1], [-0.7, 0.7])
    found = run(network(units=2, activation="softmax", loss="sparse_categorical_crossentropy"), x, y)
    assert found.findings[0].code == "wiring"
    assert "2 output units for 3 classes" in str(found.findings[0].evidence["read"])
    assert any("cannot be trained" in note for note in found.notes)
    assert found.task is Task.MULTICLASS


def test_a_network_that_diverges_is_diagnosed() -> None:
    """No run of the network as it stands reaches its last epoch: a smaller rate is named."""
    x, _ = rows()
    model = network(activation="linear", loss="mean_squared_error")
    model.compile(keras.optimizers.SGD(100.0), "mean_squared_error")
    found = run(model, x, x[:, 0] - x[:, 1] + 0.3 * x[:, 2] ** 2)
    codes = [one.code for one in found.findings]
    assert codes[0] == "learning-rate-too-high"
    assert found.verdict is Verdict.NOT_LEARNING
    assert [one.code for one in found.examined] == CODES
    assert found.numbers.pop("validation_loss") == np.inf  # as it was measured: nothing is capped
    assert found.numbers.pop("train_loss") == np.inf
    assert "diverged" in found.verdict_line
    assert all(np.isfinite(value) for value in found.numbers.values())


@pytest.mark.parametrize("labels", [(1, 2), (-1, 1)])
def test_labels_that_the_loss_does_not_take_are_wiring(labels: tuple[int, int]) -> None:
    """Keras trains on them without a word; they are named, and coded for the other experiments."""
    x, y = rows()
    found = run(network(), x, np.where(y == 1, labels[1], labels[0]))
    assert found.verdict is Verdict.NOT_LEARNING
    assert found.findings[0].code == "wiring"
    assert found.findings[0].evidence["read"] == [
        f"labels {labels[0]} to {labels[1]}, and binary_crossentropy on one unit takes 0 and 1"
    ]
    assert "for the experiments the labels are coded 0 to 1" in found.notes


def test_an_output_bias_is_tried_on_rare_classes() -> None:
    """The network starts from the class shares in one more experiment, which is confirmed as weights are."""
    x, _ = rows()
    y = (x[:, 0] + 0.3 * x[:, 1] > 1.25).astype(np.int32)
    assert 5 * y.sum() < len(y)
    found = run(network(), x, y)
    tried = {name: found.effects[name] for name in class_imbalance.NAMES}
    assert len({effect.num_pairs for effect in tried.values()}) == 1
    # It trains as the network as it stands does, from another bias: close to it, and not the same.
    bias = tried["output bias at the class shares"]
    assert bias.estimate != 0.0
    assert abs(bias.estimate) < 0.5


def test_a_table_and_a_built_in_network(tmp_path: Path) -> None:
    """A CSV file, its target and a network by name give a diagnosis with names of columns."""
    x, y = rows()
    frame = pl.DataFrame({f"f{i}": x[:, i] for i in range(NUM_FEATURES)})
    frame.with_columns(pl.Series("label", np.where(y, "yes", "no"))).write_csv(tmp_path / "data.csv")
    events: list[Event] = []
    found = diagnose(
        str(tmp_path / "data.csv"),
        target="label",
        model="dense:16",
        epochs=8,
        seed=1,
        listener=events.append,
        command="wellfit diagnose data.csv",
    )
    assert found.task is Task.BINARY
    assert [one.code for one in found.examined] == CODES
    assert found.numbers["validation_loss"] < found.numbers["chance"]
    assert found.command == "wellfit diagnose data.csv"
    assert {"baseline", "screen", "confirm"} <= {event.stage for event in events}
    assert all(event.done <= event.total for event in events)


def test_a_stop_before_the_start_is_inconclusive() -> None:
    """What was not trained is not judged, and the record says that it is partial."""
    stop = threading.Event()
    stop.set()
    x, y = rows()
    found = run(network(), x, y, stop=stop)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.environment["partial"]
    assert found.findings == ()
    assert found.unknown


def test_a_stop_before_the_start_tells_what_was_read() -> None:
    """A fault of output and loss needs no training."""
    stop = threading.Event()
    stop.set()
    x, y = rows()
    found = run(network(activation="softmax"), x, y, stop=stop)
    assert (found.verdict, [one.code for one in found.findings]) == (Verdict.NOT_LEARNING, ["wiring"])
    assert found.members_trained == 0
    assert found.environment["partial"] in found.verdict_line


def test_curves_alone_are_judged() -> None:
    """A history needs no data, and the command is kept."""
    history = {"loss": [0.69, 0.5, 0.3, 0.1], "val_loss": [0.69, 0.6, 0.7, 0.9]}
    found = diagnose(history=history, command="wellfit diagnose --history h.csv")
    assert found.verdict is Verdict.OVERFITTING
    assert found.command == "wellfit diagnose --history h.csv"


X, Y = np.zeros((20, NUM_FEATURES), np.float32), np.arange(20) % 2
TABLE = pl.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) % 7, "label": ["yes", "no"] * 20})


@pytest.mark.parametrize(
    ("data", "options"),
    [
        ((), {}),
        ((X, Y), {}),
        ((X,), {"model": "dense:16"}),
        ((X, Y, X), {"model": "dense:16"}),
        ((X, Y), {"history": {"loss": [1.0, 0.5]}}),
        ((), {"history": {"loss": [1.0, 0.5]}, "target": "label"}),
        ((X, Y), {"model": "dense:16", "validation": TABLE}),
        ((X, Y), {"model": "dense:16", "group": "a"}),
        ((X, Y), {"model": "dense:16", "columns": {"a": "number"}}),
        ((X, Y), {"model": "dense:16", "reading": {"separator": ";"}}),
        ((X, Y), {"model": "dense:16", "validation_data": X}),
        ((TABLE,), {"target": "label"}),
        ((TABLE, TABLE), {"target": "label", "model": "dense:16"}),
        ((TABLE,), {"target": "label", "model": "dense:16", "validation_data": (X, Y)}),
        ((TABLE,), {"target": "label", "model": "dense:16", "sample_weight": np.ones(40)}),
        ((X, Y), {"model": "dense:16", "budget": "soon"}),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(
    data: tuple[Any, ...], options: dict[str, Any]
) -> None:
    """Each is told what was received, before anything is trained."""
    with pytest.raises(SettingsError, match="Received"):
        diagnose(*data, **options)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_inputs_that_are_not_finite_are_refused(value: float) -> None:
    """The loss would be NaN from the first update: the cells are counted."""
    x, y = rows()
    x[3, 2] = value
    with pytest.raises(DataError, match="1 NaN or infinite"):
        run(network(), x, y)


def test_validation_rows_of_another_width_are_refused() -> None:
    """Training and validation inputs must have the same columns."""
    x, y = rows()
    with pytest.raises(DataError, match="differ in shape"):
        run(network(), x, y, validation_data=(x[:, :3], y))
