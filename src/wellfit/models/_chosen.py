"""From a trained member to the plain Keras network that stands for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from wellfit.data import computable
from wellfit.models._branches import with_stochastic_depth
from wellfit.models._compile import TrainingSetup
from wellfit.models._cost import outputs_per_row
from wellfit.models._layout import find_layout
from wellfit.models._penalties import with_bounds, with_penalties
from wellfit.models._points import points_at
from wellfit.models._rebuild import set_weights
from wellfit.models._resize import narrow
from wellfit.models._restructure import restructured, with_input_width
from wellfit.models._surgery import with_activity_penalty, with_dropout, with_input_noise
from wellfit.records import Settings, Structure, UnsupportedModelError

_BATCH = 1024  # rows at a time, at most: a power of two
_INPUTS = 2**24  # numbers that go in at a time, at most: of large pictures fewer rows fit
_OUTPUTS = 2**27  # numbers that all layers put out at a time, at most
_EMA_MOMENTUM = 0.99  # Keras' own; that of a member depends on how many updates it took

Model = keras.Model
"""A Keras network; named here so that other packages need not import Keras."""


def chosen_model(
    model: Model,
    structure: Structure,
    weights: Sequence[np.ndarray],
    settings: Settings,
    setup: TrainingSetup,
    *,
    target_center: np.ndarray | None = None,
    target_scale: np.ndarray | None = None,
    groups: Sequence[Sequence[int]] = (),
    num_features: int | None = None,
) -> Model:
    """Return a member as a plain, compiled Keras network.

    Args:
        model: the network that the study started from.
        structure: with which the member's network was built from it; `Structure()` is `model`.
        weights: the member's, in the order of its network's ``weights``.
        settings: the member's.
        setup: loss and optimizer of the study.
        target_center: ``[output]`` what was subtracted from a regression target; put back in the last layer.
        target_scale: ``[output]`` what it was divided by.
        groups: one-hot columns of each category, as for `restructured`.
        num_features: width of the float input if features were added to it.

    Raises:
        UnsupportedModelError: the last layer cannot take the target's scale over.
    """
    if num_features is not None:
        model = with_input_width(model, num_features)
    layout = find_layout(model)
    if structure != Structure():
        model = restructured(model, layout, structure, groups=groups)
        layout = find_layout(model)
    by_gate = settings.depth if structure.depth == 0 else 0
    if settings.width < 1 or by_gate < 0:
        built = narrow(model, layout, weights, width=min(settings.width, 1.0), depth=min(by_gate, 0))
    else:
        built = _copy(model)
        set_weights(built, [np.asarray(value) for value in weights])
    if settings.dropout is not None or settings.dropout_scale != 1 or settings.dropout_kind != "dropout":
        built = with_dropout(
            built,
            settings.dropout,
            scale=settings.dropout_scale,
            points=points_at(model, layout, settings.dropout_where),
            kind=settings.dropout_kind,
        )
    built = _penalized(built, settings)
    if target_scale is not None and target_center is not None:
        _restore_target(built, target_center, target_scale)
    _compile(built, settings, setup)
    return built


def _penalized(built: Model, settings: Settings) -> Model:
    """Return the network with penalties, bounds and noise that plain Keras can go on training with.

    Mixed and moved rows are no part of a network, and are left out.
    """
    if settings.l1 or settings.l2 or settings.penalty_scale != 1:
        built = with_penalties(
            built,
            l1=settings.l1,
            l2=settings.l2,
            scale=settings.penalty_scale,
            where=settings.penalty_where,
        )
    if settings.orthogonality or settings.max_norm:
        built = with_bounds(built, orthogonality=settings.orthogonality, max_norm=settings.max_norm)
    if settings.activity_l2:
        built = with_activity_penalty(built, settings.activity_l2)
    if settings.stochastic_depth:
        built = with_stochastic_depth(built, settings.stochastic_depth)
    if settings.input_noise or settings.input_dropout:
        built = with_input_noise(built, noise=settings.input_noise, dropout=settings.input_dropout)
    return built


def _copy(model: Model) -> Model:
    try:
        return keras.models.clone_model(model, recursive=True)
    except (ValueError, TypeError):
        copy = type(model).from_config(model.get_config())
        copy.build_from_config(model.get_build_config())
        return copy


def _restore_target(model: Model, center: np.ndarray, scale: np.ndarray) -> None:
    """Let the last layer put out the target in its own unit: w * scale, b * scale + center."""
    last = model.layers[-1]
    if (
        type(last) is not keras.layers.Dense
        or last.activation is not keras.activations.linear
        or not last.use_bias
    ):
        raise UnsupportedModelError(
            f"layer '{last.name}' cannot put out the target in its own unit.",
            received=f"{type(last).__name__} as the last layer",
            expected="a linear Dense layer with a bias",
            fix="end the network in keras.layers.Dense(outputs)",
        )
    kernel, bias = last.get_weights()
    last.set_weights([kernel * scale, bias * scale + center])


def _compile(model: Model, settings: Settings, setup: TrainingSetup) -> None:
    config: dict[str, Any] = {**setup.optimizer_config, "learning_rate": settings.learning_rate}
    if settings.weight_decay:
        config["weight_decay"] = (config.get("weight_decay") or 0.0) + settings.weight_decay
    if settings.averaging == "ema":
        config |= {"use_ema": True, "ema_momentum": _EMA_MOMENTUM}
    optimizer = keras.optimizers.deserialize({"class_name": setup.optimizer, "config": config})
    loss_config = dict(setup.loss_config)
    if "label_smoothing" in loss_config:
        loss_config["label_smoothing"] = settings.label_smoothing
    loss = type(setup.loss).from_config(loss_config)
    model.compile(optimizer=optimizer, loss=loss)
    # Built now, so that a saved file holds as many optimizer variables as the loaded network expects.
    optimizer.build(model.trainable_variables)


def predict_plain(model: Model, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Return ``[row, output]`` outputs of a network in inference mode.

    Args:
        model: the network.
        inputs: one array for each of its inputs, ``[row, ...]``.
    """
    structure = getattr(model, "_inputs_struct", None)
    count = len(inputs[0])
    size = _batch_size(model, inputs)
    parts = []
    for start in range(0, max(count, 1), size):
        rows = [_filled(computable(np.asarray(values[start : start + size]))) for values in inputs]
        given = (
            keras.tree.pack_sequence_as(structure, rows)
            if structure is not None
            else rows[0]
            if len(rows) == 1
            else rows
        )
        parts.append(keras.ops.convert_to_numpy(model(given, training=False)))
    return np.concatenate(parts)[:count]


def _batch_size(model: Model, inputs: Sequence[np.ndarray]) -> int:
    cells = sum(int(np.prod(values.shape[1:])) for values in inputs)
    # An asynchronous backend allocates the outputs of later layers before it has freed those of earlier ones.
    rows = min(_INPUTS // max(cells, 1), _OUTPUTS // max(outputs_per_row(model), 1))
    return min(_BATCH, 1 << max(rows, 1).bit_length() - 1)


def _filled(rows: np.ndarray) -> np.ndarray:
    """Return rows with the last one repeated up to a power of two: backends compile for each number anew."""
    missing = (1 << (len(rows) - 1).bit_length()) - len(rows) if len(rows) else 0
    return np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)]) if missing else rows
