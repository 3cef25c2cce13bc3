"""The network that pictures are tried with when nobody brings one."""

from __future__ import annotations

import keras

from wellfit.models._reference import compiled, head
from wellfit.records import SettingsError, Task

_SMALLEST = 4  # places along an axis of the maps: below that, nothing is left to be pooled
_MOST_STAGES = 4


def small_cnn(
    shape: tuple[int, int, int],
    task: Task,
    num_outputs: int,
    *,
    filters: int = 16,
    dropout: float = 0.2,
) -> keras.Model:
    """Return a small convolutional network for pictures from 0 to 255, compiled with Adam.

    Pixels are brought to -1 to 1. Each stage is a convolution of 3 by 3 places, batch normalization and ReLU,
    then the maximum of 2 by 2 places; the next one has twice the filters. The mean over the last maps,
    dropout and a linear head follow: no layer depends on the size of the pictures.

    Args:
        shape: rows, columns and channels.
        task: what the head is for.
        num_outputs: classes of a multiclass target, or outputs of a regression; binary always has 1 unit.
        filters: of the first stage.
        dropout: rate before the head.

    Raises:
        SettingsError: a number is out of range.

    Example:
        >>> small_cnn((32, 32, 3), Task.MULTICLASS, 5).output_shape
        (None, 5)

    Source:
        Ioffe and Szegedy, Batch Normalization, 2015; Lin, Chen and Yan, Network In Network, 2014 (the mean).
    """
    if min(*shape, filters) < 1:
        raise SettingsError(
            "this network cannot be made.",
            received=f"shape={shape}, filters={filters}",
            expected="numbers above 0",
        )
    inputs = keras.Input(shape, name="picture")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scaled")(inputs)
    size = min(shape[:2])
    for stage in range(1, _MOST_STAGES + 1):
        x = keras.layers.Conv2D(
            filters * 2 ** (stage - 1),
            3,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"conv{stage}",
        )(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"norm{stage}")(x)
        x = keras.layers.ReLU(name=f"relu{stage}")(x)
        if size < 2 * _SMALLEST:
            break
        x = keras.layers.MaxPooling2D(2, name=f"pool{stage}")(x)
        size //= 2
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    model = keras.Model(inputs, head(x, task, num_outputs), name="small_cnn")
    return compiled(model, task, keras.optimizers.Adam(2e-3))
