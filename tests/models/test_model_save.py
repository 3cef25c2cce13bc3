"""Writing a network as a plain file."""

import keras
import numpy as np
import pytest
from model_samples import layers, outputs, plain_chain, residual, rows, shuffle_weights

from wellfit.models import save_plain, summary_lines, with_penalties
from wellfit.records import OutputError, UnsupportedModelError


def test_the_file_predicts_the_same(tmp_path):
    """Loaded without custom objects, in safe mode."""
    model = residual()
    shuffle_weights(model)
    save_plain(with_penalties(model, l2=1e-3), tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(outputs(loaded, rows(model)), outputs(model, rows(model)), rtol=1e-6)
    assert len(loaded.losses) == 6


def test_nothing_else_is_left_in_the_folder(tmp_path):
    """No draft, and an old file is replaced."""
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")
    save_plain(plain_chain(), path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
    assert path.stat().st_size > 1000


@keras.saving.register_keras_serializable(package="mine")
class Doubled(layers.Layer):
    """A registered layer of the user's own."""

    def call(self, inputs):
        """Return twice the inputs."""
        return 2 * inputs


@keras.saving.register_keras_serializable(package="mine")
class Forgetful(layers.Dense):
    """A layer that looks like Keras' own but loses a number."""

    factor = 1.0

    def call(self, inputs):
        """Return the units times a number that no config holds."""
        return super().call(inputs) * self.factor


@pytest.mark.parametrize("layer", [Doubled, lambda: Forgetful(3)])
def test_custom_layers_are_refused(layer, tmp_path):
    """The file would not load elsewhere; the old one stays."""
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")
    model = keras.Sequential([keras.Input((3,)), layer(), layers.Dense(1)])
    with pytest.raises(UnsupportedModelError, match="mine>"):
        save_plain(model, path)
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_network_that_changes_on_the_way_is_refused(tmp_path):
    """State that is neither in config nor in weights would be lost silently."""
    model = plain_chain()
    model.get_layer("third").activation = keras.activations.relu
    model.get_layer("third").get_config = lambda: {**layers.Dense(5).get_config(), "name": "third"}
    shuffle_weights(model)
    with pytest.raises(UnsupportedModelError, match="not the same"):
        save_plain(model, tmp_path / "model.keras")
    assert list(tmp_path.iterdir()) == []


class Subclassed(keras.Model):
    """A network without a graph."""

    def call(self, inputs):
        """Return the inputs."""
        return inputs


def test_subclassed_networks_are_refused(tmp_path):
    """They need their class to be loaded."""
    with pytest.raises(UnsupportedModelError, match="custom code"):
        save_plain(Subclassed(), tmp_path / "model.keras")


def test_a_place_that_cannot_be_written(tmp_path):
    """A folder that does not exist, and another kind of file."""
    with pytest.raises(OutputError, match="cannot write"):
        save_plain(plain_chain(), tmp_path / "absent" / "model.keras")
    with pytest.raises(OutputError, match=r"\.keras"):
        save_plain(plain_chain(), tmp_path / "model.h5")


def test_summary_lines():
    """One line for each layer, and the total."""
    assert summary_lines(plain_chain()) == (
        "first: Dense relu, 8 units, 56 parameters",
        "drop: Dropout 0.2",
        "second: Dense, 8 units, 72 parameters",
        "norm: BatchNormalization, 32 parameters",
        "relu: ReLU",
        "third: Dense tanh, 5 units, 45 parameters",
        "head: Dense sigmoid, 1 unit, 6 parameters",
        "total: 211 parameters",
    )
