"""L2-SP for plain Keras: a regularizer that holds a kernel to the values which it was made with.

Source: Li, Grandvalet and Davoine, Explicit Inductive Bias for Transfer Learning with Convolutional Networks,
2018.
"""

from __future__ import annotations

import base64
from typing import Any

import keras
import numpy as np

from wellfit.models._penalties import strengths
from wellfit.records import UnsupportedModelError

ops: Any = keras.ops  # whose annotations leave out what its functions return

PACKAGE = "wellfit"


@keras.saving.register_keras_serializable(package=PACKAGE)
class L2SP(keras.regularizers.Regularizer):
    """``l1 * sum |w| + l2 * sum w^2 + l2_sp * sum (w - anchor)^2`` of one kernel.

    Its config holds the anchor, so that a saved network still has it when it is loaded.

    Args:
        l2_sp: strength of the pull towards the anchor.
        anchor: array of the kernel's shape, or its config; None for zeros.
        l1: strength of the sum of absolute weights.
        l2: strength of the sum of squares.
    """

    def __init__(self, l2_sp: float, anchor: Any = None, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l2_sp, self.l1, self.l2 = float(l2_sp), float(l1), float(l2)
        self.anchor: np.ndarray | None = _array(anchor) if isinstance(anchor, dict) else anchor

    def __call__(self, x: Any) -> Any:
        """Return the penalty on a kernel."""
        moved = x if self.anchor is None else x - ops.cast(ops.convert_to_tensor(self.anchor), x.dtype)
        total = self.l2_sp * ops.sum(ops.square(moved))
        if self.l1:
            total = total + self.l1 * ops.sum(ops.abs(x))
        return total + self.l2 * ops.sum(ops.square(x)) if self.l2 else total

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, the anchor as text."""
        anchor = None if self.anchor is None else _text(self.anchor)
        return {"l2_sp": self.l2_sp, "anchor": anchor, "l1": self.l1, "l2": self.l2}


Strengths = tuple[float, float, float]
"""L1, L2 and L2-SP of one weight."""


def all_strengths(variable: Any) -> Strengths:
    """Return L1, L2 and L2-SP in effect on a variable; zeros for another regularizer.

    Example:
        >>> all_strengths(keras.Variable([[1.0]]))
        (0.0, 0.0, 0.0)
    """
    own = getattr(variable, "regularizer", None)
    return (own.l1, own.l2, own.l2_sp) if isinstance(own, L2SP) else (*strengths(variable), 0.0)


def anchor_of(variable: Any) -> np.ndarray | None:
    """Return what L2-SP holds a variable to; None where it does not."""
    own = getattr(variable, "regularizer", None)
    return own.anchor if isinstance(own, L2SP) else None


def set_anchors(variables: list[Any], values: list[np.ndarray]) -> None:
    """Let every regularizer that has no anchor yet hold its variable to a value.

    Raises:
        UnsupportedModelError: two weights share a regularizer, so that it cannot hold both.
    """
    owners: dict[int, str] = {}
    for variable, value in zip(variables, values, strict=True):
        own = getattr(variable, "regularizer", None)
        if not isinstance(own, L2SP):
            continue
        if id(own) in owners:
            raise UnsupportedModelError(
                f"weights {owners[id(own)]!r} and {variable.path!r} share one regularizer",
                received="L2-SP, which holds a single kernel to its values",
                expected="layers with one kernel for each regularizer; attention and wrappers have more",
                fix=f"leave the layer out: exclude=[{variable.path.split('/')[0]!r}]",
            )
        owners[id(own)] = variable.path
        if own.anchor is None:
            own.anchor = np.array(value)


def _text(values: np.ndarray) -> dict[str, Any]:
    kept = np.ascontiguousarray(values, "<f8" if values.dtype == np.float64 else "<f4")
    data = base64.b64encode(kept.tobytes()).decode("ascii")
    return {"shape": list(kept.shape), "dtype": kept.dtype.str, "data": data}


def _array(config: dict[str, Any]) -> np.ndarray:
    dtype = {"<f4": "<f4", "<f8": "<f8"}[config["dtype"]]
    return np.frombuffer(base64.b64decode(config["data"]), dtype).reshape(config["shape"]).copy()
