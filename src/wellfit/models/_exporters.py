"""What Keras' own exporters do; each works on one backend alone."""

from __future__ import annotations

import os
from typing import Any

import keras


def export_network(model: keras.Model, target: str | os.PathLike[str], format: str, **options: Any) -> None:
    """Write a network in a format of `keras.Model.export`.

    Args:
        model: loaded on the backend that the format needs.
        target: where to.
        format: "tf_saved_model", "litert" or "torch".
        **options: of the exporter.
    """
    exported: Any = model
    exported.export(str(target), format=format, verbose=False, **options)
