"""What can be narrowed: width groups and the axes of every weight."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from model_samples import concatenated, layers, plain_chain, residual

from wellfit.models import Layout, Segment, find_layout


def _axes(layout: Layout, layer: str, index: int = 0):
    return next(v.axes for v in layout.variables if (v.layer, v.index) == (layer, index))


def _groups(layout: Layout) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {group.name: (group.size, group.layers) for group in layout.groups}


def test_each_hidden_dense_of_a_chain_is_a_group():
    """Inputs and the output layer are fixed, the rest are groups of their own."""
    layout = find_layout(plain_chain())
    assert _groups(layout) == {
        "first": (8, ("first",)),
        "second": (8, ("second",)),
        "third": (5, ("third",)),
    }
    assert _axes(layout, "first") == (None, (Segment(0, 8),))
    assert _axes(layout, "norm", 3) == ((Segment(1, 8),),)
    assert _axes(layout, "head") == ((Segment(2, 5),), None)
    assert _axes(layout, "head", 1) == (None,)


def test_variables_are_in_the_order_of_model_weights():
    """Paths and shapes agree with `model.weights`, one for one."""
    for model in (plain_chain(), residual(), concatenated()):
        layout = find_layout(model)
        assert [v.path for v in layout.variables] == [weight.path for weight in model.weights]
        assert [v.shape for v in layout.variables] == [tuple(weight.shape) for weight in model.weights]


def test_additions_unite_the_stream_of_a_residual_network():
    """Stem and the ends of all branches are one group; inner widths stay apart."""
    layout = find_layout(residual())
    assert _groups(layout) == {
        "stem": (8, ("stem", "outer0", "outer1")),
        "inner0": (4, ("inner0",)),
        "inner1": (4, ("inner1",)),
    }
    assert layout.output_axis("add1") == (Segment(0, 8),)


@pytest.mark.parametrize(
    "merge", [layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum]
)
def test_every_merge_unites(merge):
    """All elementwise merges tie their inputs together."""
    inputs = keras.Input((3,))
    merged = merge()([layers.Dense(4, name="a")(inputs), layers.Dense(4, name="b")(inputs)])
    layout = find_layout(keras.Model(inputs, layers.Dense(1)(merged)))
    assert _groups(layout) == {"a": (4, ("a", "b"))}


def test_operations_unite_as_layers_do():
    """`x + y` and `keras.ops.relu` are read like `Add` and `ReLU`."""
    inputs = keras.Input((3,))
    x = layers.Dense(4, name="a")(inputs)
    y = keras.ops.relu(x + layers.Dense(4, name="b")(x))
    layout = find_layout(keras.Model(inputs, layers.Dense(1, name="head")(y)))
    assert _groups(layout) == {"a": (4, ("a", "b"))}
    assert _axes(layout, "head") == ((Segment(0, 4),), None)


def test_concatenation_puts_segments_side_by_side():
    """The reader's input axis holds two groups with the fixed inputs between them."""
    layout = find_layout(concatenated())
    expected = (Segment(0, 7), Segment(None, 6), Segment(1, 5))
    assert layout.output_axis("join") == expected
    assert _axes(layout, "after") == (expected, (Segment(2, 4),))
    assert _axes(layout, "norm") == (expected,)


def test_concatenations_of_equal_parts_unite_part_by_part():
    """An addition of two concatenations ties the first parts and the second parts."""
    inputs = keras.Input((3,))
    a, b, c, d = (layers.Dense(n, name=name)(inputs) for n, name in ((4, "a"), (2, "b"), (4, "c"), (2, "d")))
    left, right = layers.Concatenate()([a, b]), layers.Concatenate()([c, d])
    layout = find_layout(keras.Model(inputs, layers.Dense(1)(layers.Add()([left, right]))))
    assert _groups(layout) == {"a": (4, ("a", "c")), "b": (2, ("b", "d"))}


def test_unequal_parts_cannot_be_changed():
    """Segments that do not line up are all fixed."""
    inputs = keras.Input((3,))
    left = layers.Concatenate()([layers.Dense(4)(inputs), layers.Dense(2)(inputs)])
    layout = find_layout(keras.Model(inputs, layers.Dense(1)(layers.Add()([left, layers.Dense(6)(inputs)]))))
    assert layout.groups == ()


@pytest.mark.parametrize(
    "unknown",
    [
        lambda: layers.Reshape((2, 2)),
        layers.Softmax,
        lambda: layers.RepeatVector(2),
        lambda: layers.GroupNormalization(2),
        lambda: keras.Sequential([keras.Input((4,)), layers.Dense(4)]),
    ],
)
def test_what_is_not_understood_fixes_its_inputs(unknown):
    """Reshapes, softmax over units, nested models and the like leave the units before them alone."""
    inputs = keras.Input((3,))
    x = layers.Dense(4, name="before")(inputs)
    x = layers.Flatten()(unknown()(x))
    x = layers.Dense(5, name="after")(x)
    layout = find_layout(keras.Model(inputs, layers.Dense(1)(x)))
    assert list(_groups(layout)) == ["after"]


def test_a_dense_over_softmax_units_is_fixed_but_reads_any_width():
    """A gating `Dense(softmax)` keeps its units; what it reads can still be narrowed."""
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(4, name="a"), layers.Dense(5, "softmax"), layers.Dense(1)]
    )
    assert list(_groups(find_layout(model))) == ["a"]


def test_layer_normalization_passes_units_on_over_the_last_axis_only():
    """Over all axes of a sequence it mixes positions: fixed."""
    inputs = keras.Input((7, 3))
    last = layers.LayerNormalization(axis=-1)(layers.Dense(4, name="a")(inputs))
    both = layers.LayerNormalization(axis=[1, 2])(layers.Dense(5, name="b")(inputs))
    joined = layers.Dense(1)(layers.Concatenate()([last, both]))
    assert list(_groups(find_layout(keras.Model(inputs, joined)))) == ["a"]


def test_broadcast_merges_are_fixed():
    """A gate of one unit that multiplies many is not tied to them."""
    inputs = keras.Input((3,))
    x = layers.Dense(4, name="x")(inputs)
    gate = layers.Dense(1, activation="sigmoid", name="gate")(inputs)
    layout = find_layout(keras.Model(inputs, layers.Dense(1)(layers.Multiply()([x, gate]))))
    assert layout.groups == ()


def test_a_shared_layer_ties_what_it_reads():
    """One `Dense` called on two hidden layers needs them equally wide."""
    inputs = keras.Input((3,))
    shared = layers.Dense(6, activation="relu", name="shared")
    a, b = layers.Dense(4, name="a")(inputs), layers.Dense(4, name="b")(inputs)
    merged = layers.Add()([shared(a), shared(b)])
    layout = find_layout(keras.Model(inputs, layers.Dense(1, name="head")(merged)))
    assert _groups(layout) == {"a": (4, ("a", "b")), "shared": (6, ("shared",))}
    assert _axes(layout, "shared") == ((Segment(0, 4),), (Segment(1, 6),))


def test_a_layer_shared_with_the_output_is_fixed():
    """Units that are put out anywhere cannot change."""
    inputs = keras.Input((3,))
    hidden = layers.Dense(4, name="hidden")(inputs)
    model = keras.Model(inputs, [layers.Dense(1)(hidden), hidden])
    assert find_layout(model).groups == ()


def test_several_inputs():
    """Embeddings and float inputs are fixed, what follows them is not."""
    codes, numbers = keras.Input((1,), dtype="int32", name="codes"), keras.Input((3,), name="numbers")
    x = layers.Concatenate()([layers.Flatten()(layers.Embedding(5, 2)(codes)), numbers])
    x = layers.Dense(4, name="hidden")(x)
    layout = find_layout(keras.Model([codes, numbers], layers.Dense(1)(x)))
    assert list(_groups(layout)) == ["hidden"]
    assert _axes(layout, "hidden") == (None, (Segment(0, 4),))


def test_prelu_slopes_follow_their_units():
    """The slope of each unit is narrowed with it."""
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.PReLU(name="p"), layers.Dense(1)])
    assert _axes(find_layout(model), "p") == ((Segment(0, 4),),)


def test_an_input_normalization_keeps_its_columns():
    """An adapted `Normalization` on the inputs has fixed axes."""
    normalization = layers.Normalization(name="n")
    normalization.adapt(np.arange(12.0).reshape(4, 3))
    model = keras.Sequential([keras.Input((3,)), normalization, layers.Dense(4), layers.Dense(1)])
    layout = find_layout(model)
    assert all(axis is None for v in layout.variables if v.layer == "n" for axis in v.axes)
    assert [group.size for group in layout.groups] == [4]


class Subclassed(keras.Model):
    """A network whose graph is known to its call() alone."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, inputs):
        """Return one number for each row."""
        return self.dense(inputs)


def test_a_subclassed_model_has_an_empty_layout_with_a_reason():
    """Nothing can be changed, every weight is listed as fixed."""
    model = Subclassed()
    model(np.zeros((1, 3), np.float32))
    layout = find_layout(model)
    assert layout.groups == ()
    assert layout.blocks == ()
    assert "Subclassed" in layout.reason
    assert [v.axes for v in layout.variables] == [(None, None), (None,)]


def test_an_unbuilt_model_says_so():
    """Without an input shape there is no graph."""
    assert "is not built" in find_layout(keras.Sequential([layers.Dense(1)])).reason


def test_a_layout_is_plain_data():
    """It can be written as JSON: nothing of Keras is in it."""
    layout = find_layout(residual())
    assert json.loads(json.dumps(dataclasses.asdict(layout)))["groups"][0]["size"] == 8
