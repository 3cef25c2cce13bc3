"""SavedModel: what TensorFlow and TensorFlow Serving load, by Keras' own exporter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wellfit.formats._format import Batch
from wellfit.formats._in_worker import worker_format
from wellfit.models import export_network, load_model

Array = Any


def convert(network: Path, target: Path) -> None:
    """Write a network; its endpoint is called ``serve``."""
    export_network(load_model(network), target, "tf_saved_model")


def run(path: Path, batches: Sequence[Batch]) -> list[Array]:
    """Return what TensorFlow says of each batch."""
    import tensorflow as tf  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

    loaded: Any = tf.saved_model.load(str(path))
    given = [[tf.constant(one) for one in batch.values()] for batch in batches]
    return [loaded.serve(one[0] if len(one) == 1 else one).numpy() for one in given]


SAVED_MODEL = worker_format(
    __name__,
    name="saved_model",
    file="saved_model",
    backend="tensorflow",
    packages=("tensorflow",),
    install="tensorflow-cpu",
)
