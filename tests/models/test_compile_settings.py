"""How a network is trained: its own compile settings, or defaults that are named."""

import keras
import numpy as np
import pytest
from model_samples import layers

from wellfit.models import output_activation, training_setup
from wellfit.records import ModelMismatchError, Task, UnsupportedModelError

L = keras.losses


def _model(units: int = 1, activation: str | None = None) -> keras.Model:
    return keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Dense(units, activation=activation)])


SUPPORTED = [
    ("binary_crossentropy", 1, Task.BINARY, "binary_crossentropy", False),
    ("bce", 1, Task.BINARY, "binary_crossentropy", False),
    ("BinaryCrossentropy", 1, Task.BINARY, "binary_crossentropy", False),
    (L.binary_crossentropy, 1, Task.BINARY, "binary_crossentropy", False),
    (L.BinaryCrossentropy(from_logits=True), 1, Task.BINARY, "binary_crossentropy", True),
    ("categorical_crossentropy", 3, Task.MULTICLASS, "categorical_crossentropy", False),
    (L.CategoricalCrossentropy(from_logits=True), 3, Task.MULTICLASS, "categorical_crossentropy", True),
    ("sparse_categorical_crossentropy", 2, Task.BINARY, "sparse_categorical_crossentropy", False),
    (
        L.SparseCategoricalCrossentropy(from_logits=True),
        3,
        Task.MULTICLASS,
        "sparse_categorical_crossentropy",
        True,
    ),
    (L.sparse_categorical_crossentropy, 3, Task.MULTICLASS, "sparse_categorical_crossentropy", False),
    ("mse", 1, Task.REGRESSION, "mean_squared_error", False),
    ("mean_squared_error", 2, Task.REGRESSION, "mean_squared_error", False),
    (L.MeanSquaredError(), 1, Task.REGRESSION, "mean_squared_error", False),
    (L.mean_squared_error, 1, Task.REGRESSION, "mean_squared_error", False),
    ("mae", 1, Task.REGRESSION, "mean_absolute_error", False),
    (L.MeanAbsoluteError(), 1, Task.REGRESSION, "mean_absolute_error", False),
    ("huber", 1, Task.REGRESSION, "huber", False),
    (L.Huber(delta=2.0), 1, Task.REGRESSION, "huber", False),
    (L.huber, 1, Task.REGRESSION, "huber", False),
    ([L.MeanSquaredError()], 1, Task.REGRESSION, "mean_squared_error", False),
    ("mse", 1, Task.BINARY, "mean_squared_error", False),
]


@pytest.mark.parametrize(("loss", "units", "task", "name", "from_logits"), SUPPORTED)
def test_supported_losses(loss, units, task, name, from_logits):
    """Strings, functions and objects alike, with and without logits."""
    model = _model(units)
    model.compile("adam", loss)
    setup = training_setup(model, task)
    assert (setup.loss_name, setup.from_logits, setup.notes) == (name, from_logits, ())
    assert isinstance(setup.loss, keras.losses.Loss)


def test_a_function_and_its_object_give_the_same_loss():
    """The object made from a string computes what Keras computes for the string."""
    model = _model(1, "sigmoid")
    model.compile("adam", "binary_crossentropy")
    x = np.random.default_rng(0).normal(size=(32, 3)).astype(np.float32)
    y = (x[:, :1] > 0).astype(np.float32)
    expected = model.evaluate(x, y, verbose=0)
    value = training_setup(model, Task.BINARY).loss(y, model(x))
    assert float(value) == pytest.approx(expected, rel=1e-5)


def test_options_of_losses_are_kept():
    """Label smoothing and Huber's delta are in the config."""
    model = _model()
    model.compile("adam", L.BinaryCrossentropy(label_smoothing=0.1))
    assert training_setup(model, Task.BINARY).loss_config["label_smoothing"] == 0.1
    model.compile("adam", L.Huber(delta=2.5))
    assert training_setup(model, Task.REGRESSION).loss_config["delta"] == 2.5


@pytest.mark.parametrize(
    ("units", "activation", "task", "name", "from_logits"),
    [
        (1, "sigmoid", Task.BINARY, "binary_crossentropy", False),
        (1, None, Task.BINARY, "binary_crossentropy", True),
        (2, "softmax", Task.BINARY, "sparse_categorical_crossentropy", False),
        (4, "softmax", Task.MULTICLASS, "sparse_categorical_crossentropy", False),
        (4, None, Task.MULTICLASS, "sparse_categorical_crossentropy", True),
        (1, None, Task.REGRESSION, "mean_squared_error", False),
    ],
)
def test_defaults_for_a_network_without_compile_settings(units, activation, task, name, from_logits):
    """By task, units and last activation; the notes say so."""
    setup = training_setup(_model(units, activation), task)
    assert (setup.loss_name, setup.from_logits) == (name, from_logits)
    assert (setup.optimizer, setup.learning_rate) == ("Adam", 0.001)
    assert len(setup.notes) == 2
    assert name in setup.notes[0]


@pytest.mark.parametrize(
    ("optimizer", "name", "learning_rate", "option"),
    [
        (keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), "SGD", 0.05, ("nesterov", True)),
        (keras.optimizers.RMSprop(0.002, rho=0.8), "RMSprop", 0.002, ("rho", 0.8)),
        (keras.optimizers.Adam(0.01, clipnorm=1.0), "Adam", 0.01, ("clipnorm", 1.0)),
        (keras.optimizers.AdamW(3e-4, weight_decay=0.1), "AdamW", 3e-4, ("weight_decay", 0.1)),
        ("sgd", "SGD", 0.01, ("momentum", 0.0)),
    ],
)
def test_optimizers(optimizer, name, learning_rate, option):
    """Class, learning rate and options are read."""
    model = _model()
    model.compile(optimizer, "mse")
    setup = training_setup(model, Task.REGRESSION)
    assert (setup.optimizer, setup.learning_rate) == (name, learning_rate)
    assert setup.optimizer_config[option[0]] == option[1]


def test_a_learning_rate_set_after_compiling_counts():
    """As it does for fit."""
    model = _model()
    model.compile("adam", "mse")
    model.optimizer.learning_rate = 0.25
    assert training_setup(model, Task.REGRESSION).learning_rate == 0.25


def test_a_schedule_gives_its_first_value_and_a_note():
    """The population has schedules of its own."""
    model = _model()
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    model.compile(keras.optimizers.SGD(schedule), "mse")
    setup = training_setup(model, Task.REGRESSION)
    assert setup.learning_rate == pytest.approx(0.1)
    assert "ExponentialDecay" in setup.notes[0]


def my_loss(y_true, y_pred):
    """Return a loss of the user's own."""
    return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** 3)


@pytest.mark.parametrize(
    ("loss", "word"),
    [
        ("hinge", "hinge"),
        (my_loss, "my_loss"),
        (L.Poisson(), "Poisson"),
        (L.MeanSquaredError(reduction="sum"), "reduction"),
        (L.SparseCategoricalCrossentropy(ignore_class=0), "ignore_class"),
    ],
)
def test_unsupported_losses_are_named(loss, word):
    """The message says which loss, or which option of it."""
    model = _model()
    model.compile("adam", loss)
    with pytest.raises(UnsupportedModelError, match=word):
        training_setup(model, Task.REGRESSION)


def test_an_unsupported_optimizer_is_named():
    """So that the user can compile with another."""
    model = _model()
    model.compile("adagrad", "mse")
    with pytest.raises(UnsupportedModelError, match="Adagrad"):
        training_setup(model, Task.REGRESSION)


@pytest.mark.parametrize(
    ("loss", "units", "task"),
    [
        ("mse", 3, Task.MULTICLASS),
        ("binary_crossentropy", 1, Task.REGRESSION),
        ("binary_crossentropy", 3, Task.MULTICLASS),
        ("sparse_categorical_crossentropy", 1, Task.BINARY),
    ],
)
def test_a_loss_that_does_not_fit_the_task(loss, units, task):
    """The message says what to compile with."""
    model = _model(units)
    model.compile("adam", loss)
    with pytest.raises(ModelMismatchError, match="compile with loss="):
        training_setup(model, task)


class OwnStep(keras.Model):
    """A network with a training step of its own."""

    def train_step(self, *args):
        """Do nothing special."""
        return super().train_step(*args)


class OwnLoss(keras.Model):
    """A network with a loss of its own."""

    def compute_loss(self, *args, **kwargs):
        """Do nothing special."""
        return super().compute_loss(*args, **kwargs)


@pytest.mark.parametrize(("kind", "word"), [(OwnStep, "train_step"), (OwnLoss, "compute_loss")])
def test_overrides_are_named(kind, word):
    """What the class overrides is in the message."""
    inputs = keras.Input((3,))
    model = kind(inputs, layers.Dense(1)(inputs))
    with pytest.raises(UnsupportedModelError, match=word):
        training_setup(model, Task.REGRESSION)


def test_several_losses_are_refused():
    """One output, one loss."""
    inputs = keras.Input((3,))
    model = keras.Model(inputs, [layers.Dense(1)(inputs), layers.Dense(1)(inputs)])
    model.compile("adam", ["mse", "mse"])
    with pytest.raises(UnsupportedModelError, match="several losses"):
        training_setup(model, Task.REGRESSION)


@pytest.mark.parametrize(
    ("tail", "name"),
    [
        ([layers.Dense(1)], "linear"),
        ([layers.Dense(2, activation="softmax")], "softmax"),
        ([layers.Dense(1), layers.Activation("sigmoid")], "sigmoid"),
        ([layers.Dense(2), layers.Softmax()], "softmax"),
        ([layers.Dense(1), layers.Activation("linear", dtype="float32")], "linear"),
        ([layers.Dense(1, activation="sigmoid"), layers.Activation("linear", dtype="float32")], "sigmoid"),
    ],
)
def test_the_last_activation(tail, name):
    """Seen through layers that change nothing."""
    assert output_activation(keras.Sequential([keras.Input((3,)), *tail])) == name
