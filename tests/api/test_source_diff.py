"""The diff of the user's own script: what is certain is changed, the rest is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from code_samples import mlp, recipe, residual

from wellfit.api._code import source_diff
from wellfit.api._code._diff import changed_source
from wellfit.api._code._source import Source
from wellfit.records import FileReadError, Task

SEQUENTIAL = """import keras
from keras import layers

model = keras.Sequential([
    keras.Input((6,)),
    layers.Dense(8, activation="relu"),
    layers.Dropout(0.1),  # a guess
    layers.Dense(4, "relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, y, epochs=8, batch_size=16, validation_split=0.2)
"""
ADDED = """import tensorflow as tf
from tensorflow.keras.layers import Dense, Dropout

net = tf.keras.Sequential()
net.add(Dense(8, activation="relu", name="first"))
net.add(Dropout(0.1, name="drop"))
net.add(Dense(4, activation="relu", name="second"))
net.add(Dense(1, activation="sigmoid", name="head"))
net.compile("adam", "binary_crossentropy")
net.fit(x, y, epochs=8)
"""
FUNCTIONAL = """from keras import Input, Model, layers


def build():
    inputs = Input((6,), name="features")
    x = layers.Dense(8, name="stem")(inputs)
    for number in (1, 2):
        y = layers.LayerNormalization(name=f"norm{number}")(x)
        y = layers.Dense(8, activation="gelu", name=f"inner{number}")(y)
        x = layers.Add(name=f"add{number}")([x, y])
    return Model(inputs, layers.Dense(1, name="head")(x))


model = build()
model.compile(optimizer="adam", loss="mse")
"""


def _changed(text: str, changes: dict[str, Any]) -> str:
    return changed_source(recipe(mlp(), Task.BINARY, changes), text)


def test_arguments_and_layers_of_a_list() -> None:
    """Regularizers are added, rates replaced, and a layer is put behind another one."""
    text = _changed(SEQUENTIAL, {"l2": 1e-3, "dropout": 0.3})
    l2 = "kernel_regularizer=keras.regularizers.L2(0.001)"
    assert f'    layers.Dense(8, activation="relu", {l2}),\n' in text
    assert "    layers.Dropout(0.3),  # a guess\n" in text
    assert f'    layers.Dense(4, "relu", {l2}),\n    layers.Dropout(0.3, name="second_dropout"),\n' in text
    assert "by hand" not in text


def test_nothing_else_changes() -> None:
    """A network that is kept leaves the script byte for byte, and no diff."""
    assert _changed(SEQUENTIAL, {}) == SEQUENTIAL
    assert _changed(ADDED, {}) == ADDED


def test_layers_that_are_added_one_by_one() -> None:
    """A line is added for a new layer, and Keras is named as the script names it."""
    text = _changed(ADDED, {"dropout": 0.3, "l2": 1e-3})
    assert 'net.add(Dropout(0.3, name="drop"))\n' in text
    assert 'net.add(tf.keras.layers.Dropout(0.3, name="second_dropout"))\n' in text
    assert "kernel_regularizer=tf.keras.regularizers.L2(0.001)" in text


def test_training_is_changed() -> None:
    """Optimizer, loss, epochs and batch size are those of the study."""
    changes = {
        "learning_rate": 0.003,
        "weight_decay": 0.02,
        "schedule": "cosine",
        "label_smoothing": 0.05,
        "batch_size": 32,
        "epochs": 12,
    }
    text = _changed(SEQUENTIAL, changes)
    assert "optimizer = keras.optimizers.Adam(\n" in text or "optimizer = keras.optimizers.Adam(k" in text
    assert "CosineDecay(0.003, 24)" in text
    assert "exclude_from_weight_decay" in text
    assert (
        "model.compile(optimizer=optimizer, loss=keras.losses.BinaryCrossentropy(label_smoothing=0.05))"
        in text
    )
    assert "model.fit(x, y, epochs=12, batch_size=32, validation_split=0.2)" in text
    compile(text, "train.py", "exec")


def test_early_stopping_watches_the_data_loss() -> None:
    """The loss of a validation set holds penalties: what is watched is a metric without them."""
    text = _changed(SEQUENTIAL, {"patience": 3})
    assert 'keras.losses.BinaryCrossentropy(reduction="none"), name="data_loss"' in "".join(text.split("\n"))
    assert 'callbacks=[keras.callbacks.EarlyStopping("val_data_loss", patience=3' in text


def test_what_is_not_certain_is_said() -> None:
    """Layers that a loop makes are left alone, and a comment says what they get."""
    one = recipe(residual(), Task.REGRESSION, {"l2": 1e-3, "mixup": 0.2})
    text = changed_source(one, FUNCTIONAL)
    assert 'x = layers.Dense(8, name="stem", kernel_regularizer=keras.regularizers.L2(0.001))(inputs)' in text
    assert "import keras\n" in text
    assert 'name=f"inner{number}")(y)\n' in text
    said = text.replace("\n#   ", " ")
    assert "# - layer 'inner1': kernel_regularizer=keras.regularizers.L2(0.001)\n" in said
    assert "# - mixup=0.2: see `train`\n" in said
    compile(text, "train.py", "exec")


def test_layers_of_equal_kind_but_other_sizes_are_not_confused() -> None:
    """By order alone a layer is known only if its numbers agree."""
    text = _changed(SEQUENTIAL.replace("Dense(8", "Dense(80"), {"l2": 1e-3})
    assert (
        "kernel_regularizer=" not in text.partition("model.compile")[0].replace("# ", "").split("by hand")[0]
    )
    assert "layer 'first': kernel_regularizer=" in text


def test_a_diff_that_applies(tmp_path: Path) -> None:
    """The diff names the file, and its lines are those of the file."""
    path = tmp_path / "train.py"
    path.write_text(SEQUENTIAL)
    diff = source_diff(recipe(mlp(), Task.BINARY, {"dropout": 0.3}), path)
    assert diff.startswith(f"--- {path}\n+++ {path}\n@@")
    assert "-    layers.Dropout(0.1),  # a guess\n+    layers.Dropout(0.3),  # a guess\n" in diff


def test_a_source_that_is_no_python(tmp_path: Path) -> None:
    """The error names the file."""
    path = tmp_path / "train.py"
    path.write_text("model = (")
    with pytest.raises(FileReadError, match="cannot be read"):
        source_diff(recipe(mlp(), Task.BINARY, {}), path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f()", "f(a=1)"),
        ("f(\n    1,\n)", "f(\n    1, a=1,\n)"),
        ("f(g(2))  # )", "f(g(2), a=1)  # )"),
        ("f((2))", "f((2), a=1)"),
        ("f('é', a=0)", "f('é', a=1)"),
        ("f(**more)", "f(**more)"),
    ],
)
def test_arguments_are_put_where_they_belong(text: str, expected: str) -> None:
    """Brackets, comments, letters of several bytes and trailing commas are respected."""
    source = Source(text)
    source.set_argument(source.calls("f")[0], "a", "1")
    assert source.changed() == expected


def test_a_call_of_several_lines_is_indented_like_its_place() -> None:
    """What takes the place of an argument inside a function stays inside it for the eye, too."""
    script = (
        "import keras\n\n\ndef build():\n    net = keras.Sequential([keras.layers.Dense(1)])\n"
        "    net.compile(keras.optimizers.Adam(0.1), loss='mse')\n    return net\n"
    )
    source = Source(script)
    (call,) = source.calls("compile")
    assert source.set_argument(call, "optimizer", "keras.optimizers.Adam(\n    0.2,\n)", ("optimizer",))
    assert "    net.compile(keras.optimizers.Adam(\n        0.2,\n    ), loss='mse')\n" in source.changed()
