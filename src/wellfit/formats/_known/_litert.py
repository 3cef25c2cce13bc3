"""LiteRT (TensorFlow Lite): a `.tflite` file for phones and small devices, by Keras' own exporter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wellfit.formats._format import Batch
from wellfit.formats._in_worker import worker_format
from wellfit.models import export_network, load_model

Array = Any


def convert(network: Path, target: Path) -> None:
    """Write a network with the operations that every LiteRT has; where those do not do, TensorFlow's too."""
    import tensorflow as tf  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

    model = load_model(network)
    built_in = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    try:
        export_network(model, target, "litert", target_spec=built_in)
    except Exception:  # the converter's errors have no common base
        export_network(model, target, "litert")


def run(path: Path, batches: Sequence[Batch]) -> list[Array]:
    """Return what the interpreter says of each batch."""
    interpreter = _interpreter(path)
    (signature,) = interpreter.get_signature_list()
    runner = interpreter.get_signature_runner(signature)
    taken = list(runner.get_input_details())
    found: list[Array] = []
    for batch in batches:
        # A single input may have lost its name on the way.
        given = dict(batch) if set(taken) == set(batch) else dict(zip(taken, batch.values(), strict=True))
        (output,) = runner(**given).values()
        found.append(np.array(output))
    return found


def _interpreter(path: Path) -> Any:
    import tensorflow as tf  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

    return tf.lite.Interpreter(model_path=str(path))


LITERT = worker_format(
    __name__,
    name="litert",
    file="model.tflite",
    backend="tensorflow",
    packages=("tensorflow",),
    install="tensorflow-cpu",
)
