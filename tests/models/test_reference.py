"""The reference networks."""

import keras
import numpy as np
import pytest

from wellfit.models import (
    dense_stack,
    find_layout,
    output_activation,
    reference_width,
    residual_mlp,
    save_plain,
    training_setup,
)
from wellfit.records import SettingsError, Task

HEADS = [
    (Task.BINARY, 1, 1, "sigmoid", "binary_crossentropy"),
    (Task.MULTICLASS, 4, 4, "softmax", "sparse_categorical_crossentropy"),
    (Task.REGRESSION, 2, 2, "linear", "mean_squared_error"),
]


@pytest.mark.parametrize("make", [residual_mlp, dense_stack])
@pytest.mark.parametrize("head", HEADS)
def test_heads(make, head):
    """Units, activation and loss follow the task; Adam at 1e-3."""
    task, num_outputs, units, activation, loss = head
    model = make(5, task, num_outputs)
    setup = training_setup(model, task)
    assert model.output_shape == (None, units)
    assert output_activation(model) == activation
    assert (setup.loss_name, setup.optimizer, setup.learning_rate) == (loss, "Adam", 0.001)
    assert not setup.from_logits


def test_binary_always_has_one_unit():
    """Also where the number of classes is given as outputs."""
    assert residual_mlp(5, Task.BINARY, 2).output_shape == (None, 1)


def test_parameters_of_the_residual_network():
    """Stem, blocks with normalization, head."""
    model = residual_mlp(10, Task.BINARY, width=16, num_blocks=3)
    block = 2 * 16 + 2 * (16 * 16 + 16)
    assert model.count_params() == (10 * 16 + 16) + 3 * block + (16 + 1)


def test_its_blocks_can_be_gated():
    """All of them; the stem stays."""
    layout = find_layout(residual_mlp(10, Task.BINARY, num_blocks=3))
    assert [block.name for block in layout.blocks if block.gateable] == [
        "block1_dense1",
        "block2_dense1",
        "block3_dense1",
    ]
    assert [group.size for group in layout.groups] == [64] * 4


@pytest.mark.parametrize("normalization", ["layer", "batch", "none"])
def test_normalizations(normalization):
    """Each gives finite predictions."""
    model = residual_mlp(10, Task.REGRESSION, normalization=normalization)
    assert np.isfinite(np.asarray(model(np.ones((2, 10), np.float32)))).all()


def test_parameters_of_the_stack():
    """As written by hand, with dropout only where asked for."""
    model = dense_stack(20, Task.BINARY, units=(64, 32), dropout=0.2)
    assert model.count_params() == 20 * 64 + 64 + 64 * 32 + 32 + 32 + 1
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.2, 0.2]
    names = [type(layer).__name__ for layer in dense_stack(20, Task.BINARY).layers]
    assert "Dropout" not in names
    assert dense_stack(20, Task.BINARY, units=()).count_params() == 21


@pytest.mark.parametrize("make", [residual_mlp, dense_stack])
def test_category_inputs(make, tmp_path):
    """Float columns and one column of codes for each category; without float columns as well."""
    model = make(3, Task.BINARY, categories=(4, 1000))
    batch = [np.ones((2, 3), np.float32), np.array([[0], [3]]), np.array([[0], [999]])]
    assert model(batch).shape == (2, 1)
    assert [tensor.name for tensor in model.inputs] == ["features", "category1", "category2"]
    save_plain(model, tmp_path / "model.keras")
    assert make(0, Task.BINARY, categories=(4,))(np.array([[0], [3]])).shape == (2, 1)


def test_it_trains_in_keras():
    """A plain fit lowers the loss on separable rows."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(128, 5)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int32)
    losses = residual_mlp(5, Task.BINARY, width=16).fit(x, y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]


def test_width_grows_with_rows_and_columns():
    """64 for small tables, 128 for middle or wide ones, 256 for long ones."""
    widths = [reference_width(num_rows, 20) for num_rows in (0, 19_999, 20_000, 199_999, 200_000)]
    assert widths == [64, 64, 128, 128, 256]
    assert reference_width(100, 500) == 128


@pytest.mark.parametrize(
    "arguments",
    [
        {"num_features": 0},
        {"num_features": -1},
        {"num_features": 3, "width": 0},
        {"num_features": 3, "num_blocks": -1},
    ],
)
def test_sizes_out_of_range(arguments):
    """No input, no units, fewer than no blocks."""
    with pytest.raises(SettingsError):
        residual_mlp(task=Task.BINARY, **arguments)
