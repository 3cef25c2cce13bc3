"""The size of a network's output, also of one that has no graph."""

from __future__ import annotations

from typing import Any

import keras

from wellfit.records import UnsupportedModelError


def num_outputs(model: keras.Model) -> int:
    """Return the size of the last output axis; a subclassed model is asked without running it."""
    outputs = getattr(model, "outputs", None)
    if not outputs and not model.built:
        raise UnsupportedModelError(
            f"model '{model.name}' is not built, so the size of its output is unknown.",
            received="a model without input shape",
            expected="a built model",
            fix="add keras.Input(shape) as its first layer, or call it once on a batch",
        )
    if not outputs:
        outputs = keras.tree.flatten(model(symbolic_inputs(model)))
    return int(outputs[0].shape[-1])


def symbolic_inputs(model: keras.Model) -> Any:
    """Return inputs without values for a subclassed model that has been built."""
    shapes = model._build_shapes_dict
    return _symbolic(shapes["input_shape"] if "input_shape" in shapes else dict(shapes))


def _symbolic(struct: Any) -> Any:
    if isinstance(struct, tuple) and all(size is None or isinstance(size, int) for size in struct):
        return keras.KerasTensor(struct)
    if isinstance(struct, dict):
        return {name: _symbolic(part) for name, part in struct.items()}
    return [_symbolic(part) for part in struct]
