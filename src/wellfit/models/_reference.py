"""Reference networks: what a table is tried with when nobody brings a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras

from wellfit.records import SettingsError, Task

Normalization = Literal["layer", "batch", "none"]


def residual_mlp(
    num_features: int,
    task: Task,
    num_outputs: int = 1,
    *,
    num_rows: int = 0,
    width: int | None = None,
    num_blocks: int = 2,
    dropout: float = 0.1,
    normalization: Normalization = "layer",
    categories: Sequence[int] = (),
) -> keras.Model:
    """Return a residual multilayer perceptron, compiled with Adam and a learning rate of 1e-3.

    A linear stem, then blocks ``x + Dense(Dropout(relu(Dense(norm(x)))))``, then the head.

    Args:
        num_features: columns of the float input; 0 for none.
        task: what the head is for.
        num_outputs: classes of a multiclass target, or outputs of a regression; binary always has 1 unit.
        num_rows: training rows, which choose the width where none is given.
        width: units of the stem and of the blocks.
        num_blocks: residual blocks.
        dropout: rate inside the blocks.
        normalization: what comes first in a block; ``none`` leaves it out.
        categories: for each further integer input the number of its codes; each has an embedding.

    Returns:
        A functional model of plain Keras layers; its inputs are the float input and the integer ones.

    Raises:
        SettingsError: a size is out of range, or there is no input at all.

    Example:
        >>> residual_mlp(20, Task.BINARY, num_rows=1600).output_shape
        (None, 1)

    Source:
        Gorishniy et al., Revisiting Deep Learning Models for Tabular Data, 2021 (the ResNet baseline).
    """
    units = width if width is not None else reference_width(num_rows, num_features + len(categories))
    check_sizes(num_features=num_features, width=units, num_outputs=num_outputs, num_blocks=num_blocks)
    inputs, joined = table_inputs(num_features, categories)
    x = keras.layers.Dense(units, name="stem")(joined)
    for number in range(1, num_blocks + 1):
        x = _block(x, units, dropout, normalization, f"block{number}")
    model = keras.Model(inputs, head(x, task, num_outputs), name="residual_mlp")
    return compiled(model, task)


def dense_stack(
    num_features: int,
    task: Task,
    num_outputs: int = 1,
    *,
    units: Sequence[int] = (64, 32),
    dropout: float = 0.0,
    categories: Sequence[int] = (),
) -> keras.Model:
    """Return a plain stack of `Dense` (relu) and `Dropout` layers, compiled with Adam.

    Args:
        num_features: columns of the float input; 0 for none.
        task: what the head is for.
        num_outputs: classes of a multiclass target, or outputs of a regression; binary always has 1 unit.
        units: units of each hidden layer; empty for a linear model.
        dropout: rate after each hidden layer; 0 leaves the `Dropout` layers out.
        categories: for each further integer input the number of its codes; each has an embedding.

    Returns:
        A functional model of plain Keras layers.

    Raises:
        SettingsError: a size is out of range, or there is no input at all.

    Example:
        >>> dense_stack(20, Task.MULTICLASS, 3, units=(64, 32)).count_params()
        3523
    """
    check_sizes(num_features=num_features, width=min(units, default=1), num_outputs=num_outputs, num_blocks=0)
    inputs, x = table_inputs(num_features, categories)
    for number, count in enumerate(units, start=1):
        x = keras.layers.Dense(count, activation="relu", name=f"hidden{number}")(x)
        if dropout > 0:
            x = keras.layers.Dropout(dropout, name=f"dropout{number}")(x)
    model = keras.Model(inputs, head(x, task, num_outputs), name="dense_stack")
    return compiled(model, task)


def reference_width(num_rows: int, num_columns: int) -> int:
    """Return 64, 128 or 256 units: more for more rows, and 128 at least for more than 64 columns.

    Example:
        >>> reference_width(1000, 20), reference_width(50_000, 20), reference_width(500_000, 20)
        (64, 128, 256)
    """
    by_rows = 64 if num_rows < 20_000 else 128 if num_rows < 200_000 else 256
    by_columns = 64 if num_columns <= 64 else 128
    return max(by_rows, by_columns)


def embedding_size(num_codes: int) -> int:
    """Return the units of an embedding: 1.6 n^0.56, at least 1, at most 32.

    Example:
        >>> embedding_size(2), embedding_size(10), embedding_size(1000)
        (2, 6, 32)
    """
    return max(1, min(32, round(1.6 * num_codes**0.56)))


def table_inputs(
    num_features: int, categories: Sequence[int], prepared: Callable[[Any], Any] = lambda x: x
) -> tuple[Any, Any]:
    """Return the inputs (one tensor, or a list) and all their columns side by side, numbers prepared."""
    inputs: list[Any] = []
    columns: list[Any] = []
    if num_features > 0:
        inputs.append(keras.Input((num_features,), name="features"))
        columns.append(prepared(inputs[0]))
    for number, num_codes in enumerate(categories, start=1):
        codes = keras.Input((1,), dtype="int32", name=f"category{number}")
        inputs.append(codes)
        size = embedding_size(num_codes)
        embedded = keras.layers.Embedding(num_codes, size, name=f"embedding{number}")(codes)
        columns.append(keras.layers.Flatten(name=f"embedded{number}")(embedded))
    if not inputs:
        raise SettingsError("a network needs an input", received="no features and no categories")
    joined = columns[0] if len(columns) == 1 else keras.layers.Concatenate(name="columns")(columns)
    return (inputs[0] if len(inputs) == 1 else inputs), joined


def _block(x: Any, units: int, dropout: float, normalization: Normalization, name: str) -> Any:
    y = x
    if normalization == "layer":
        y = keras.layers.LayerNormalization(name=f"{name}_norm")(y)
    elif normalization == "batch":
        y = keras.layers.BatchNormalization(name=f"{name}_norm")(y)
    y = keras.layers.Dense(units, name=f"{name}_dense1")(y)
    y = keras.layers.ReLU(name=f"{name}_relu")(y)
    y = keras.layers.Dropout(dropout, name=f"{name}_dropout")(y)
    y = keras.layers.Dense(units, name=f"{name}_dense2")(y)
    return keras.layers.Add(name=f"{name}_add")([x, y])


def head(x: Any, task: Task, num_outputs: int, *, start: str = "glorot_uniform") -> Any:
    """Return the output layer of a task; `start` draws its kernel."""
    units = 1 if task is Task.BINARY else num_outputs
    activation = {Task.BINARY: "sigmoid", Task.MULTICLASS: "softmax"}.get(task)
    return keras.layers.Dense(units, activation=activation, kernel_initializer=start, name="head")(x)


def compiled(model: keras.Model, task: Task, optimizer: Any = None) -> keras.Model:
    """Return the network, compiled with the loss of its task and Adam unless told otherwise."""
    losses = {
        Task.BINARY: "binary_crossentropy",
        Task.MULTICLASS: "sparse_categorical_crossentropy",
        Task.REGRESSION: "mean_squared_error",
    }
    model.compile(optimizer=optimizer or keras.optimizers.Adam(1e-3), loss=losses[task])
    return model


def check_sizes(*, num_features: int, width: int, num_outputs: int, num_blocks: int) -> None:
    """Refuse sizes that no network has."""
    if num_features < 0 or width < 1 or num_outputs < 1 or num_blocks < 0:
        raise SettingsError(
            "a size of the reference network is out of range",
            received=f"{num_features} features, width {width}, {num_outputs} outputs, {num_blocks} blocks",
            expected="sizes of at least 1 (features and blocks: at least 0)",
        )
