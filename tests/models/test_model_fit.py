"""Whether a network fits the data, and what is said if not."""

import keras
import numpy as np
import pytest
from model_samples import layers

from wellfit.models import check_fit
from wellfit.records import Dataset, ModelMismatchError, Task


def _data(
    task: Task = Task.BINARY, num_classes: int = 2, num_columns: int = 3, num_targets: int = 1
) -> Dataset:
    count = 12
    target = np.zeros((count, num_targets), np.float32)
    if task is not Task.REGRESSION:
        target = (np.arange(count) % num_classes).astype(np.int32)
    names = tuple(str(i) for i in range(num_classes)) if task is not Task.REGRESSION else ()
    inputs = (np.zeros((count, num_columns), np.float32),)
    return Dataset(inputs=inputs, target=target, task=task, class_names=names)


def _model(num_columns: int, units: int) -> keras.Model:
    return keras.Sequential([keras.Input((num_columns,), name="columns"), layers.Dense(units)])


@pytest.mark.parametrize(
    ("task", "num_classes", "units", "num_targets"),
    [
        (Task.BINARY, 2, 1, 1),
        (Task.BINARY, 2, 2, 1),
        (Task.MULTICLASS, 5, 5, 1),
        (Task.REGRESSION, 0, 1, 1),
        (Task.REGRESSION, 0, 3, 3),
    ],
)
def test_networks_that_fit(task, num_classes, units, num_targets):
    """Nothing is raised, and nothing changed."""
    model = _model(3, units)
    assert check_fit(model, _data(task, num_classes, num_targets=num_targets)) is None


@pytest.mark.parametrize(
    ("task", "num_classes", "units", "num_targets", "expected"),
    [
        (Task.BINARY, 2, 3, 1, "1 or 2"),
        (Task.MULTICLASS, 5, 1, 1, "5 for 5 classes"),
        (Task.MULTICLASS, 5, 4, 1, r"Dense\(5, activation='softmax'\)"),
        (Task.REGRESSION, 0, 2, 1, r"Dense\(1\)"),
        (Task.REGRESSION, 0, 1, 3, "3 for the numbers"),
    ],
)
def test_wrong_output_units(task, num_classes, units, num_targets, expected):
    """The message has both numbers and the layer that would do."""
    with pytest.raises(ModelMismatchError, match=expected):
        check_fit(_model(3, units), _data(task, num_classes, num_targets=num_targets))


def test_wrong_input_width():
    """Columns received and expected."""
    with pytest.raises(ModelMismatchError) as caught:
        check_fit(_model(7, 1), _data())
    assert "3 columns in 'features'" in caught.value.received
    assert caught.value.expected == "7 columns"


def test_wrong_number_of_inputs():
    """Names on both sides."""
    inputs = [keras.Input((3,), name="a"), keras.Input((2,), name="b")]
    model = keras.Model(inputs, layers.Dense(1)(layers.Concatenate()(inputs)))
    with pytest.raises(ModelMismatchError, match="2 inputs, the data 1") as caught:
        check_fit(model, _data())
    assert "a, b" in caught.value.expected


def test_several_inputs_that_fit():
    """A column of codes may come with or without its axis of size 1, as Keras takes both."""
    inputs = [keras.Input((3,), name="a"), keras.Input((1,), dtype="int32", name="b")]
    embedded = layers.Flatten()(layers.Embedding(4, 2)(inputs[1]))
    model = keras.Model(inputs, layers.Dense(1)(layers.Concatenate()([inputs[0], embedded])))
    for codes in (np.zeros(6, np.int32), np.zeros((6, 1), np.int32)):
        data = Dataset(
            inputs=(np.zeros((6, 3), np.float32), codes),
            input_names=("a", "b"),
            feature_names=((), ()),
            target=np.array([0, 1] * 3, np.int32),
            task=Task.BINARY,
        )
        assert check_fit(model, data) is None


def test_several_outputs():
    """One target needs one output."""
    inputs = keras.Input((3,))
    model = keras.Model(inputs, [layers.Dense(1)(inputs), layers.Dense(1)(inputs)])
    with pytest.raises(ModelMismatchError, match="2 outputs"):
        check_fit(model, _data())


def test_an_output_for_each_step():
    """Units for each of several positions are no prediction for a row."""
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Dense(1)(layers.Reshape((3, 1))(inputs)))
    with pytest.raises(ModelMismatchError, match="one row of units"):
        check_fit(model, _data())


def test_a_fixed_batch_size():
    """Such a network can take its own batches only."""
    model = keras.Sequential([keras.Input((3,), batch_size=4), layers.Dense(1)])
    with pytest.raises(ModelMismatchError, match="4 rows only"):
        check_fit(model, _data())


def test_an_unbuilt_network_is_built_for_the_data():
    """As fit would."""
    model = keras.Sequential([layers.Dense(4), layers.Dense(1)])
    check_fit(model, _data())
    assert model.input_shape == (None, 3)


class Subclassed(keras.Model):
    """A network without a graph."""

    def __init__(self, units):
        super().__init__()
        self.dense = layers.Dense(units)

    def call(self, inputs):
        """Return units for each row."""
        return self.dense(inputs)


def test_a_subclassed_network_is_asked_by_example():
    """Its output is seen by calling it on a row."""
    assert check_fit(Subclassed(1), _data()) is None
    with pytest.raises(ModelMismatchError, match="3 output units"):
        check_fit(Subclassed(3), _data())


def test_a_network_that_cannot_be_built():
    """The reason that Keras gives is passed on."""
    model = keras.Sequential([layers.Conv2D(4, 3), layers.Dense(1)])
    with pytest.raises(ModelMismatchError, match="cannot be built"):
        check_fit(model, _data())
