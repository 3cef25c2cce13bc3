"""What can be taken out or repeated: chains and residual blocks."""

import keras
from model_samples import concatenated, layers, plain_chain, residual

from wellfit.models import DepthBlock, find_layout


def _flags(model: keras.Model) -> dict[str, tuple[bool, bool]]:
    return {block.name: (block.gateable, block.removable) for block in find_layout(model).blocks}


def test_chains_of_a_plain_network():
    """A chain of equal width can be gated; others can only be rebuilt without."""
    blocks = find_layout(plain_chain()).blocks
    assert blocks == (
        DepthBlock(
            name="first",
            layers=("first", "drop"),
            kind="chain",
            source="features" if blocks[0].source == "features" else blocks[0].source,
            gateable=False,
            removable=True,
        ),
        DepthBlock(
            name="second",
            layers=("second", "norm", "relu"),
            kind="chain",
            source="drop",
            gateable=True,
            removable=True,
        ),
        DepthBlock(
            name="third", layers=("third",), kind="chain", source="relu", gateable=False, removable=True
        ),
    )


def test_residual_blocks():
    """Each addition closes a block; the stem can be neither gated nor taken out."""
    stem, first, second = find_layout(residual()).blocks
    assert (stem.name, stem.gateable, stem.removable) == ("stem", False, False)
    assert first == DepthBlock(
        name="inner0",
        layers=("norm0", "inner0", "drop0", "outer0"),
        kind="residual",
        source="stem",
        merge="add0",
        branch_index=1,
        gateable=True,
        removable=True,
    )
    assert (second.source, second.merge) == ("add0", "add1")


def test_the_branch_may_come_first():
    """`Add()([branch, x])` is read as well, and the branch's place noted."""
    inputs = keras.Input((4,))
    x = layers.Dense(4, name="stem")(inputs)
    x = layers.Add(name="add")([layers.Dense(4, activation="relu", name="branch")(x), x])
    blocks = find_layout(keras.Model(inputs, layers.Dense(1)(x))).blocks
    assert (blocks[1].kind, blocks[1].branch_index) == ("residual", 0)


def test_a_sum_operation_closes_a_block():
    """`x + branch` counts as an addition."""
    inputs = keras.Input((3,))
    x = layers.Dense(4)(inputs)
    x = x + layers.Dense(4, activation="relu", name="branch")(x)
    blocks = find_layout(keras.Model(inputs, layers.Dense(1)(x))).blocks
    assert [block.kind for block in blocks] == ["chain", "residual"]


def test_a_branch_that_others_read_is_no_block():
    """A tensor inside the branch that is used elsewhere keeps the branch in place."""
    inputs = keras.Input((3,))
    x = layers.Dense(4, name="stem")(inputs)
    inside = layers.Dense(4, activation="relu", name="inside")(x)
    added = layers.Add()([x, layers.Dense(4, name="outer")(inside)])
    model = keras.Model(inputs, layers.Dense(1)(layers.Concatenate()([added, inside])))
    assert "residual" not in {block.kind for block in find_layout(model).blocks}


def test_a_projection_shortcut_is_no_block():
    """Where both inputs of an addition are made anew, neither is the way around."""
    inputs = keras.Input((3,))
    x = layers.Dense(4, name="stem")(inputs)
    added = layers.Add()([layers.Dense(6, name="shortcut")(x), layers.Dense(6, name="branch")(x)])
    flags = _flags(keras.Model(inputs, layers.Dense(1)(added)))
    assert flags == {"stem": (False, True), "shortcut": (False, False), "branch": (False, False)}


def test_a_shared_layer_is_in_no_block():
    """A layer that is called twice is neither chain nor branch."""
    inputs = keras.Input((4,))
    shared = layers.Dense(4, name="shared")
    x = layers.Add()([inputs, shared(shared(inputs))])
    assert find_layout(keras.Model(inputs, layers.Dense(1)(x))).blocks == ()


def test_the_output_layer_is_never_a_block():
    """Nor is a `Dense` followed by the last activation, or a linear model."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Activation("softmax")])
    assert find_layout(model).blocks == ()
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Activation("sigmoid")])
    assert find_layout(model).blocks == ()


def test_equal_width_to_the_inputs_is_removable_but_not_gateable():
    """The inputs cannot be narrowed with it, so a gate would not equal the smaller network."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="a"), layers.Dense(1)])
    assert _flags(model) == {"a": (False, True)}


def test_chains_before_a_concatenation():
    """Its reader alone can take another width."""
    assert _flags(concatenated()) == {
        "left": (False, False),
        "right": (False, False),
        "after": (False, True),
    }


def test_a_nested_model_ends_a_chain():
    """What is inside is not touched."""
    nested = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="inside")], name="nested")
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="a"), nested, layers.Dense(1)])
    assert _flags(model) == {"a": (False, False)}
