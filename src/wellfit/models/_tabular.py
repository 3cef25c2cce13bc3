"""The network that a table is tried with when nobody brings one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from wellfit.models._reference import check_sizes, compiled, head, reference_width, table_inputs
from wellfit.records import Task

_CLIP = 3.0  # where the smooth clip begins to bend, in standard deviations
_SCALE_RATE = 6.0  # the learned input scale moves this many times as fast as other weights
_FREQUENCIES = 4  # periodic features of a number
_SPREAD = 0.2  # standard deviation of the frequencies at the start, in periods a standard deviation
# Names by which the periodic features are found again.
PHASES, NUMBERS = "phases", "numbers"
_DROPOUT, _FEW_ROWS = 0.3, 5000
_MOST_EMBEDDED = 64  # columns; with more, periodic features would be most of the network


def tabular_mlp(
    num_features: int,
    task: Task,
    num_outputs: int = 1,
    *,
    num_rows: int = 0,
    width: int | None = None,
    num_hidden: int = 3,
    dropout: float | None = None,
    embedded: bool | None = None,
    categories: Sequence[int] = (),
) -> keras.Model:
    """Return a multilayer perceptron with the defaults that serve tables well, compiled with Adam.

    Standardized columns are clipped smoothly, ``x / sqrt(1 + (x / 3)^2)``, and multiplied by a learned factor
    each. Beside each number stand a few waves ``sin(2 pi (w x + b))``, so that a step or a bump in one
    column need not be built from many hidden units. Hidden layers use SiLU and dropout; the head starts at
    zero.

    Args:
        num_features: columns of the float input, standardized; 0 for none.
        task: what the head is for.
        num_outputs: classes of a multiclass target, or outputs of a regression; binary always has 1 unit.
        num_rows: training rows, which choose the width where none is given.
        width: units of each hidden layer.
        num_hidden: hidden layers.
        dropout: rate after each hidden layer; None for 0.3 with classes (0.15 beyond 5,000 rows), and none in
            regression.
        embedded: whether numbers get periodic features; None for up to 64 columns.
        categories: for each further integer input the number of its codes; each has an embedding.

    Returns:
        A functional model of plain Keras layers and operations; its inputs are the float input and the
        integer ones.

    Raises:
        SettingsError: a size is out of range, or there is no input at all.

    Example:
        >>> tabular_mlp(20, Task.BINARY, num_rows=1600).output_shape
        (None, 1)

    Source:
        Holzmueller, Grinsztajn and Steinwart, Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
        Tabular Data, 2024 (RealMLP); Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features in
        Tabular Deep Learning, 2022 (periodic features).
    """
    units = width if width is not None else reference_width(num_rows, num_features + len(categories))
    check_sizes(num_features=num_features, width=units, num_outputs=num_outputs, num_blocks=num_hidden)
    usual = _DROPOUT if num_rows <= _FEW_ROWS else 0.5 * _DROPOUT
    rate = dropout if dropout is not None else usual if task.is_classification else 0.0
    periodic = num_features <= _MOST_EMBEDDED if embedded is None else embedded

    def prepared(features: Any) -> Any:
        clipped = _smoothly_clipped(features, num_features)
        return _embedded(clipped, num_features) if periodic else clipped

    inputs, x = table_inputs(num_features, categories, prepared)
    for number in range(1, num_hidden + 1):
        x = keras.layers.Dense(units, kernel_initializer="he_normal", name=f"hidden{number}")(x)
        x = keras.layers.Activation("silu", name=f"activation{number}")(x)
        if rate > 0:
            x = keras.layers.Dropout(rate, name=f"dropout{number}")(x)
    model = keras.Model(inputs, head(x, task, num_outputs, start="zeros"), name="tabular_mlp")
    return compiled(model, task, keras.optimizers.Adam(4e-3, beta_2=0.95))


def _smoothly_clipped(x: Any, num_features: int) -> Any:
    """Return ``s x / sqrt(1 + (x / 3)^2)`` with a learned factor s for each column, 1 at the start."""
    bent = keras.ops.rsqrt(keras.ops.add(keras.ops.square(keras.ops.multiply(x, 1.0 / _CLIP)), 1.0))
    clipped = keras.ops.multiply(x, bent)
    # A weight of 1/6 that is multiplied by 6 moves six times as far in an update of Adam.
    start: Any = keras.initializers.Constant(1.0 / _SCALE_RATE)
    scale = keras.layers.EinsumDense(
        "bf,f->bf", output_shape=(num_features,), kernel_initializer=start, name="scale"
    )
    return keras.layers.Rescaling(_SCALE_RATE, name="scaled")(scale(clipped))


def _embedded(x: Any, num_features: int) -> Any:
    """Return the columns, and beside each its periodic features ``wave(w x + b)``."""
    initializers: Any = keras.initializers  # which layers' annotations take for text
    phases = keras.layers.EinsumDense(
        "bf,fk->bfk",
        output_shape=(num_features, _FREQUENCIES),
        bias_axes="fk",
        kernel_initializer=initializers.RandomNormal(stddev=_SPREAD),
        bias_initializer=initializers.RandomUniform(-0.5, 0.5),
        name=PHASES,
    )(x)
    flat = keras.layers.Flatten(name="periodic")(_wave(phases))
    return keras.layers.Concatenate(name=NUMBERS)([x, flat])


def _wave(phase: Any) -> Any:
    """Return a wave of period 1 made of parabolas, within 0.06 of ``sin(2 pi phase)``.

    A CPU takes several times as long for the sine of all these numbers as for the rest of the network.
    """
    ops: Any = keras.ops
    part = ops.subtract(phase, ops.round(phase))
    return ops.multiply(part, ops.subtract(8.0, ops.multiply(16.0, ops.abs(part))))
