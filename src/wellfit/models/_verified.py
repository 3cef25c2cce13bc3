"""Proof that a changed network is what it should be: weights, penalties, predictions, saved and loaded."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from wellfit.models._chosen_layers import leaves
from wellfit.models._l2_sp import Strengths, all_strengths
from wellfit.models._probe import predictions, probe_inputs, value_of
from wellfit.records import UnsupportedModelError

# Keras saves a kernel with LoRA merged into it, and loads the two small matrices as zeros.
_MERGE_LORA = (
    "merge LoRA first: model.save_weights('merged.weights.h5') writes merged kernels; build the same network "
    "without lora_rank and enable_lora(), and load them into it with load_weights()"
)
_TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


def verify(
    before: keras.Model,
    after: keras.Model,
    sources: Sequence[Any],
    expected: Sequence[Strengths],
    anchors: Sequence[Any],
) -> list[str]:
    """Refuse to hand out a network that lost weights, predicts otherwise, or lacks a penalty.

    Args:
        before: the network as it was.
        after: the changed one.
        sources: for every weight of `after`, in order, the one of `before` that it stands for.
        expected: L1, L2 and L2-SP strength of each of them.
        anchors: what L2-SP holds each of them to; None where it does not.

    Returns:
        What could not be verified, in words; usually nothing.

    Raises:
        UnsupportedModelError: something is not as it should be.
    """
    _same_weights(sources, after.weights)
    _has_penalties(after, expected)
    _is_anchored(after, anchors)
    inputs = probe_inputs(before, num_rows=2)
    own = predictions(before, inputs)
    if not np.allclose(own, predictions(after, inputs), **_TOLERANCE, equal_nan=True):
        raise UnsupportedModelError(
            f"model {before.name!r} predicts otherwise once it is rebuilt from its config",
            expected="layers whose get_config() and weights are all that they hold",
            fix="keep all state of custom layers in weights",
        )
    return _is_kept(after, expected, anchors, inputs, own)


def _same_weights(olds: Sequence[Any], news: Sequence[Any]) -> None:
    wrong = [
        old.path
        for old, new in zip(olds, news, strict=False)
        if tuple(old.shape) != tuple(new.shape)
        or not np.array_equal(value_of(old), value_of(new), equal_nan=True)
    ]
    if wrong or len(olds) != len(news):
        raise UnsupportedModelError(
            "weights were lost when the network was rebuilt",
            received=f"{len(news)} weights of {len(olds)}" + (f"; {wrong[0]!r} differs" if wrong else ""),
            expected="layers whose get_config() and weights are all that they hold",
            fix=_MERGE_LORA if any(variable.name.startswith("lora_") for variable in olds) else "",
        )


def _has_penalties(model: keras.Model, expected: Sequence[Strengths]) -> None:
    pairs = list(zip(model.weights, expected, strict=True))
    refused = [v for v, wanted in pairs if not np.allclose(all_strengths(v), wanted, rtol=1e-6, atol=0)]
    if refused:
        raise UnsupportedModelError(
            f"weight {refused[0].path!r} does not take the penalty",
            received=", ".join(variable.path for variable in refused[:5]),
            expected="layers with a kernel_regularizer argument of L1, L2, both or none",
            fix=_left_out(model, refused),
        )
    own = [v for v in model.trainable_variables if getattr(v, "regularizer", None) is not None]
    losses: list[Any] = list(model.losses)
    total = sum(float(np.asarray(keras.ops.convert_to_numpy(loss))) for loss in losses)
    values = [_norms(v) for v, wanted in pairs if any(wanted[:2]) and v.trainable]
    if len(losses) < len(own) or (any(values) and not total > 0):
        raise UnsupportedModelError(
            "the penalties are not in the loss of the rebuilt network",
            received=f"{len(losses)} penalties that sum to {total:g}, of {len(own)} weights",
            expected="one for each trainable weight with a regularizer",
        )


def _left_out(model: keras.Model, refused: Sequence[Any]) -> str:
    """Return how to leave out every layer that holds one of the weights."""
    held = {id(variable) for variable in refused}
    names = [leaf.name for _, leaf in leaves(model) if any(id(v) in held for v in leaf.weights)]
    return f"leave {'it' if len(names) == 1 else 'them'} out: exclude={list(dict.fromkeys(names))!r}"


def _is_anchored(model: keras.Model, anchors: Sequence[Any]) -> None:
    """Refuse L2-SP that holds a weight to other values than it should."""
    for variable, wanted in zip(model.weights, anchors, strict=True):
        if wanted is None:
            continue
        own: Any = variable.regularizer
        if own.anchor is None or not np.array_equal(own.anchor, wanted, equal_nan=True):
            raise UnsupportedModelError(
                f"weight {variable.path!r} is held to other values than its own",
                expected="a layer whose get_config() gives its regularizer as it is",
                fix=f"leave it out: exclude=[{variable.path.split('/')[0]!r}]",
            )


def _norms(variable: Any) -> float:
    return float(np.abs(value_of(variable).astype(np.float64)).sum())


def _is_kept(
    model: keras.Model,
    expected: Sequence[Strengths],
    anchors: Sequence[Any],
    inputs: list[Any],
    own: np.ndarray,
) -> list[str]:
    """Save and load the network, and look again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "network.keras")
        try:
            model.save(path)
            # The file was written a moment ago by this process: what code it holds is here already.
            loaded: Any = keras.saving.load_model(path, compile=False, safe_mode=False)
        except Exception as error:
            # Keras raises whatever a layer raises; a network that cannot be saved can still be trained.
            return [f"not verified after saving and loading: {type(error).__name__}: {error}"[:200]]
    _same_weights(model.weights, loaded.weights)
    _has_penalties(loaded, expected)
    _is_anchored(loaded, anchors)
    if not np.allclose(own, predictions(loaded, inputs), **_TOLERANCE, equal_nan=True):
        raise UnsupportedModelError(
            "the saved network predicts otherwise once it is loaded",
            expected="layers whose get_config() and weights are all that they hold",
        )
    return []
