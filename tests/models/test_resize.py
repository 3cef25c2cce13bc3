"""Networks of other sizes: parameter counts, names, and the weights of masked networks in them."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_samples import (
    concatenated,
    layers,
    mask_weights,
    outputs,
    plain_chain,
    residual,
    rows,
    shuffle_weights,
)

from wellfit.models import (
    Segment,
    find_layout,
    group_units,
    last_blocks,
    narrow,
    narrowing_indices,
    resize,
    set_weights,
    slice_weights,
    weight_values,
)
from wellfit.records import SettingsError, UnsupportedModelError


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (1.0, 6 * 8 + 8 + 8 * 8 + 8 + 4 * 8 + 8 * 5 + 5 + 5 + 1),
        (0.5, 6 * 4 + 4 + 4 * 4 + 4 + 4 * 4 + 4 * 3 + 3 + 3 + 1),
        (2.0, 6 * 16 + 16 + 16 * 16 + 16 + 4 * 16 + 16 * 10 + 10 + 10 + 1),
        (0.01, 6 + 1 + 1 + 1 + 4 + 1 + 1 + 1 + 1),
    ],
)
def test_parameter_counts_of_a_chain(width, expected):
    """Exactly the parameters of the network one would write by hand."""
    model = plain_chain()
    assert resize(model, find_layout(model), width=width).count_params() == expected


def test_parameter_counts_of_a_residual_network():
    """Width and depth together: half the units, one block more."""
    model = residual()
    resized = resize(model, find_layout(model), width=0.5, depth=1)
    block = 4 * 4 + (4 * 2 + 2) + (2 * 4 + 4)
    assert resized.count_params() == (6 * 4 + 4) + 3 * block + (4 * 3 + 3)


def test_parameter_counts_with_a_concatenation():
    """Only the hidden parts of the joined axis shrink."""
    model = concatenated()
    resized = resize(model, find_layout(model), width={"left": 2, "right": 3})
    assert resized.count_params() == (6 * 2 + 2) + (6 * 3 + 3) + 4 * 11 + (11 * 4 + 4) + (4 + 1)


def test_fewer_layers_of_a_chain():
    """The last hidden chains go first, with the elementwise layers behind them."""
    model = plain_chain()
    layout = find_layout(model)
    names = [[layer.name for layer in resize(model, layout, depth=-count).layers] for count in range(4)]
    assert names == [
        ["first", "drop", "second", "norm", "relu", "third", "head"],
        ["first", "drop", "second", "norm", "relu", "head"],
        ["first", "drop", "head"],
        ["head"],
    ]


def test_fewer_residual_blocks():
    """The last block and its addition are gone."""
    model = residual()
    names = {layer.name for layer in resize(model, find_layout(model), depth=-1).layers}
    assert names == {"features", "stem", "norm0", "inner0", "drop0", "outer0", "add0", "head"}


def test_more_layers_repeat_the_last_chain():
    """Copies follow it, under names of their own; it reads the width that it puts out."""
    model = plain_chain()
    deeper = resize(model, find_layout(model), depth=2)
    assert [layer.name for layer in deeper.layers][-4:] == ["third", "third_repeat1", "third_repeat2", "head"]
    assert deeper.get_layer("third_repeat1").kernel.shape == (5, 5)


def test_more_residual_blocks_add_to_what_they_read():
    """A repeated block with a silent branch changes nothing."""
    model = residual(1)
    layout = find_layout(model)
    deeper = resize(model, layout, depth=2)
    for layer in model.layers:
        deeper.get_layer(layer.name).set_weights(weight_values(layer))
    for number in (1, 2):
        outer = deeper.get_layer(f"outer0_repeat{number}")
        outer.set_weights([np.zeros_like(weight) for weight in weight_values(outer)])
    np.testing.assert_allclose(outputs(deeper, rows(model)), outputs(model, rows(model)), atol=1e-6)
    inner = deeper.get_layer("outer0_repeat1")
    inner.set_weights([np.ones_like(weight) for weight in weight_values(inner)])
    assert not np.allclose(outputs(deeper, rows(model)), outputs(model, rows(model)), atol=1e-3)


def test_everything_else_is_kept():
    """Activations, regularizers, rates, dtypes, initializers, frozen layers, names, compile settings."""
    model = keras.Sequential(
        [
            keras.Input((3,), name="columns"),
            layers.Dense(
                8,
                activation="elu",
                kernel_regularizer=keras.regularizers.L2(0.01),
                kernel_initializer=keras.initializers.HeNormal(seed=3),
                dtype="mixed_bfloat16",
                name="a",
            ),
            layers.Dropout(0.3, name="b"),
            layers.Dense(1, trainable=False, name="c"),
        ],
        name="mine",
    )
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse")
    resized = resize(model, find_layout(model), width=0.5)
    first = resized.get_layer("a")
    assert (resized.name, resized.inputs[0].name) == ("mine", "columns")
    assert first.kernel_regularizer.l2 == pytest.approx(0.01)
    assert first.kernel_initializer.get_config()["seed"] == 3
    assert first.dtype_policy.name == "mixed_bfloat16"
    assert first.activation is keras.activations.elu
    assert resized.get_layer("b").rate == 0.3
    assert len(resized.trainable_weights) == 2
    assert resized.optimizer.momentum == 0.9
    assert resized.loss == "mse"


def test_the_structure_of_inputs_is_kept():
    """A network with a dictionary of inputs still takes a dictionary."""
    inputs = {"a": keras.Input((2,), name="a"), "b": keras.Input((3,), name="b")}
    hidden = layers.Dense(4)(layers.Concatenate()([inputs["b"], inputs["a"]]))
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    resized = resize(model, find_layout(model), width=0.5)
    batch = {"a": np.ones((2, 2), np.float32), "b": np.ones((2, 3), np.float32)}
    assert resized(batch).shape == (2, 1)
    assert resized.count_params() == 5 * 2 + 2 + 2 + 1


def test_the_original_is_left_alone():
    """Resizing neither changes weights nor adds calls to the user's layers."""
    model = residual()
    before, calls = shuffle_weights(model), len(model.get_layer("stem")._inbound_nodes)
    resize(model, find_layout(model), width=0.5, depth=1)
    assert all(np.array_equal(old, new) for old, new in zip(before, weight_values(model), strict=True))
    assert len(model.get_layer("stem")._inbound_nodes) == calls


@pytest.mark.parametrize("make", [plain_chain, residual, concatenated])
@pytest.mark.parametrize("width", [0.25, 0.5, 0.8, 1.0])
def test_narrow_equals_the_masked_network(make, width):
    """The smaller network predicts what the full one does when the units beyond are not read."""
    model = make()
    layout = find_layout(model)
    weights = shuffle_weights(model)
    small = narrow(model, layout, weights, width=width)
    model.set_weights(mask_weights(layout, weights, group_units(layout, width)))
    np.testing.assert_allclose(outputs(small, rows(model)), outputs(model, rows(model)), rtol=1e-5, atol=1e-6)


@settings(max_examples=6, deadline=None)
@given(units=st.tuples(st.integers(1, 7), st.integers(1, 5), st.integers(1, 4)))
def test_narrow_equals_the_masked_network_for_any_units(units):
    """Each group may have units of its own."""
    model = concatenated()
    layout = find_layout(model)
    weights = shuffle_weights(model)
    small = narrow(model, layout, weights, width=units)
    model.set_weights(mask_weights(layout, weights, units))
    np.testing.assert_allclose(outputs(small, rows(model)), outputs(model, rows(model)), rtol=1e-5, atol=1e-6)


def test_narrow_masks_matter():
    """Without the mask the full network predicts something else, so the tests above can fail."""
    model = residual()
    layout = find_layout(model)
    small = narrow(model, layout, shuffle_weights(model), width=0.5)
    assert not np.allclose(outputs(small, rows(model)), outputs(model, rows(model)), atol=1e-3)


def test_layer_normalization_is_narrowed_over_the_kept_units():
    """The smaller network normalizes over its own units, as NumPy does."""
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(6, name="a"), layers.LayerNormalization(name="n"), layers.Dense(1)]
    )
    layout = find_layout(model)
    weights = shuffle_weights(model)
    small = narrow(model, layout, weights, width=0.5)
    kernel, bias, gamma, beta, head, offset = weights
    hidden = (rows(model) @ kernel + bias)[:, :3]
    centered = hidden - hidden.mean(axis=1, keepdims=True)
    scaled = centered / np.sqrt(hidden.var(axis=1, keepdims=True) + 1e-3) * gamma[:3] + beta[:3]
    np.testing.assert_allclose(outputs(small, rows(model)), scaled @ head[:3] + offset, rtol=1e-4, atol=1e-5)


def test_narrow_with_fewer_blocks_equals_the_gated_network():
    """A branch that adds nothing is the same as no branch, also at half the width."""
    model = residual()
    layout = find_layout(model)
    weights = shuffle_weights(model)
    small = narrow(model, layout, weights, width=0.5, depth=-1)
    gated = mask_weights(layout, weights, group_units(layout, 0.5))
    for index, variable in enumerate(layout.variables):
        if variable.layer == "outer1":
            gated[index] = np.zeros_like(gated[index])
    model.set_weights(gated)
    np.testing.assert_allclose(outputs(small, rows(model)), outputs(model, rows(model)), rtol=1e-5, atol=1e-6)


def test_narrow_with_fewer_chains_equals_the_bypassed_network():
    """An identity in place of the chain is the same as no chain."""
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, activation="relu", name="a"),
            layers.Dense(4, activation="relu", name="b"),
            layers.Dense(1, name="c"),
        ]
    )
    layout = find_layout(model)
    weights = shuffle_weights(model)
    small = narrow(model, layout, weights, depth=-1)
    model.get_layer("b").set_weights([np.eye(4), np.zeros(4)])  # relu of a relu is itself
    np.testing.assert_allclose(outputs(small, rows(model)), outputs(model, rows(model)), rtol=1e-5, atol=1e-6)


def test_narrow_keeps_adapted_normalization():
    """Mean and variance of the inputs are in use, not just in the weights."""
    normalization = layers.Normalization()
    normalization.adapt(np.random.default_rng(0).normal(5, 3, (50, 3)))
    model = keras.Sequential([keras.Input((3,)), normalization, layers.Dense(4), layers.Dense(1)])
    small = narrow(model, find_layout(model), weight_values(model), width=1.0)
    np.testing.assert_allclose(outputs(small, rows(model)), outputs(model, rows(model)), rtol=1e-5, atol=1e-6)


def test_set_weights_reaches_adapted_normalization():
    """Keras' own `set_weights` leaves such a layer with the mean and variance it had before."""
    normalization = layers.Normalization()
    normalization.adapt(np.random.default_rng(0).normal(5, 3, (50, 3)))
    model = keras.Sequential([keras.Input((3,)), normalization, layers.Dense(1)])
    clone = keras.models.clone_model(model)
    clone.set_weights(weight_values(model))
    assert not np.allclose(outputs(clone, rows(model)), outputs(model, rows(model)), atol=1e-3)
    set_weights(clone, weight_values(model))
    np.testing.assert_allclose(outputs(clone, rows(model)), outputs(model, rows(model)), rtol=1e-6)


def test_a_shared_layer_stays_shared():
    """It has one set of weights after resizing too."""
    inputs = keras.Input((3,))
    shared = layers.Dense(6, activation="relu", name="shared")
    a, b = layers.Dense(4, name="a")(inputs), layers.Dense(4, name="b")(inputs)
    model = keras.Model(inputs, layers.Dense(1)(layers.Add()([shared(a), shared(b)])))
    layout = find_layout(model)
    weights = shuffle_weights(model)
    small = narrow(model, layout, weights, width=0.5)
    assert small.count_params() == 2 * (3 * 2 + 2) + (2 * 3 + 3) + (3 + 1)
    model.set_weights(mask_weights(layout, weights, group_units(layout, 0.5)))
    np.testing.assert_allclose(outputs(small, rows(model)), outputs(model, rows(model)), rtol=1e-5, atol=1e-6)


def test_a_nested_model_is_carried_over():
    """It keeps its size and its weights."""
    nested = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="inside")], name="nested")
    inputs = keras.Input((3,))
    x = layers.Dense(5, activation="relu")(nested(layers.Dense(4)(inputs)))
    model = keras.Model(inputs, layers.Dense(1)(x))
    layout = find_layout(model)
    weights = shuffle_weights(model)
    small = narrow(model, layout, weights, width=0.4)
    model.set_weights(mask_weights(layout, weights, group_units(layout, 0.4)))
    np.testing.assert_allclose(outputs(small, rows(model)), outputs(model, rows(model)), rtol=1e-5, atol=1e-6)


def test_slice_weights_keeps_the_first_units():
    """On every axis of every weight."""
    model = plain_chain()
    layout = find_layout(model)
    small = slice_weights(layout, weight_values(model), (3, 2, 1))
    assert [value.shape for value in small] == [
        (6, 3),
        (3,),
        (3, 2),
        (2,),
        *[(2,)] * 4,
        (2, 1),
        (1,),
        (1, 1),
        (1,),
    ]
    np.testing.assert_array_equal(small[2], weight_values(model)[2][:3, :2])


def test_narrowing_indices_of_a_composite_axis():
    """Fixed segments stay whole."""
    axis = (Segment(0, 3), Segment(None, 2), Segment(1, 2))
    assert narrowing_indices(axis, 7, [2, 1]).tolist() == [0, 1, 3, 4, 5]
    assert narrowing_indices(None, 3, [2, 1]).tolist() == [0, 1, 2]


def test_rounding_is_half_up_and_at_least_one():
    """Not to even: 5 units at half width are 3, as 3 are 2."""
    layout = find_layout(plain_chain())
    assert group_units(layout, 0.5) == (4, 4, 3)
    assert group_units(layout, 0.05) == (1, 1, 1)
    assert group_units(layout, {"second": 2}) == (8, 2, 5)
    assert group_units(layout, [1, 2, 3]) == (1, 2, 3)


@pytest.mark.parametrize("width", [0, -1.0, float("nan"), float("inf"), [1, 2], [0, 1, 1], {"secnd": 2}])
def test_impossible_widths(width):
    """Each is refused, and a misspelled group is guessed."""
    with pytest.raises(SettingsError) as caught:
        group_units(find_layout(plain_chain()), width)
    assert not isinstance(width, dict) or "second" in str(caught.value)


def test_too_few_layers_to_take_out():
    """The message says how many there are."""
    with pytest.raises(SettingsError, match="at most 2"):
        last_blocks(find_layout(residual()), 3)


def test_nothing_to_repeat():
    """A linear model has no hidden layer."""
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    with pytest.raises(SettingsError, match="no hidden layer"):
        resize(model, find_layout(model), depth=1)


def test_narrow_refuses_a_larger_network():
    """There are no weights for more units or more layers."""
    model = plain_chain()
    layout = find_layout(model)
    with pytest.raises(SettingsError, match="narrower"):
        narrow(model, layout, weight_values(model), width=2.0)
    with pytest.raises(SettingsError, match="deeper"):
        narrow(model, layout, weight_values(model), depth=1)


class Uncloneable(layers.Layer):
    """A layer whose config does not give its arguments."""

    def __init__(self, secret, **kwargs):
        super().__init__(**kwargs)
        self.secret = secret

    def call(self, inputs):
        """Return the inputs, multiplied."""
        return inputs * self.secret

    def get_config(self):
        """Forget the argument."""
        return super().get_config()


def test_a_layer_that_cannot_be_cloned_is_named():
    """So that its author can mend it."""
    model = keras.Sequential([keras.Input((3,)), Uncloneable(2.0, name="odd"), layers.Dense(1)])
    with pytest.raises(UnsupportedModelError, match="'odd'"):
        resize(model, find_layout(model))
