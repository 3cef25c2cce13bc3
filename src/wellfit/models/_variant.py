"""One member as a Keras network of its own, compiled for `fit`: what a population does by numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np

from wellfit.models._branches import with_stochastic_depth
from wellfit.models._compile import LOSSES, TrainingSetup
from wellfit.models._function import cloned
from wellfit.models._graph import why_no_graph
from wellfit.models._initializers import uncompiled
from wellfit.models._kernels import Both, MemberPenalty, held_kernels, hidden_kernels, reached
from wellfit.models._kinds import is_dropout, is_kernel
from wellfit.models._layout_types import Layout
from wellfit.models._optimizer import reference_rate
from wellfit.models._penalties import strengths
from wellfit.models._points import points_at
from wellfit.models._probe import value_of
from wellfit.models._rebuild import set_weights
from wellfit.models._resize import group_units, narrow, narrowing_indices
from wellfit.models._schedules import LONG_SCHEDULES, long_schedule
from wellfit.models._surgery import scaled_rate, with_activity_penalty, with_dropout, with_input_noise
from wellfit.records import UnsupportedModelError

ops: Any = keras.ops  # whose annotations leave out what its functions return


_CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What is different about one member; see `Settings` for the meaning.

    Attributes:
        learning_rate: initial.
        schedule: a name in `SCHEDULES`.
        decay: final share of the rate, for exponential and cosine.
        num_updates: updates in all epochs, over which the rate decays.
        warmup: share of the updates over which the rate rises.
        clip_norm: largest norm of all gradients together; 0 for none.
        soft_labels: whether the labels will be smoothed or mixed (they then come one-hot).
        l1: added on kernels.
        l2: likewise.
        weight_decay: decoupled, on kernels.
        penalty_scale: factor on the network's own penalties.
        dropout: at every dropout point, or None for the network's own rates.
        dropout_scale: factor on the own rates.
        width: share of units.
        depth: 0 or fewer.
        seed: of its random layers.
        orthogonality: on hidden kernels.
        max_norm: of the weights into a hidden unit; 0 for none.
        activity_l2: on outputs of hidden layers.
        l2_sp: on the distance of kernels from the first weights.
        penalty_where: which kernels penalties reach.
        dropout_where: which points `dropout` is for.
        dropout_kind: what plain dropout becomes.
        input_noise: standard deviation.
        input_dropout: share of the inputs.
        stochastic_depth: rate of the last residual branch.
    """

    learning_rate: float
    schedule: str
    decay: float
    num_updates: int
    warmup: float
    clip_norm: float
    soft_labels: bool
    l1: float
    l2: float
    weight_decay: float
    penalty_scale: float
    dropout: float | None
    dropout_scale: float
    width: float
    depth: int
    seed: int
    orthogonality: float = 0.0
    max_norm: float = 0.0
    activity_l2: float = 0.0
    l2_sp: float = 0.0
    penalty_where: str = "all"
    dropout_where: str = "all"
    dropout_kind: str = "dropout"
    input_noise: float = 0.0
    input_dropout: float = 0.0
    stochastic_depth: float = 0.0


def build_variant(
    model: keras.Model, layout: Layout, weights: Sequence[np.ndarray], setup: TrainingSetup, variant: Variant
) -> keras.Model:
    """Return a compiled network of its own that `fit` trains as a population would train the member.

    Args:
        model: the network that the members share.
        layout: its layout.
        weights: the member's first weights, in the order of ``model.weights``.
        setup: loss and optimizer.
        variant: the member's numbers.

    Raises:
        UnsupportedModelError: a network without a graph cannot be made smaller, or get dropout where it has
            none.
    """
    # Compile settings are made below; copying them would fail for a loss that is a plain function.
    with uncompiled(model):
        built = _structured(model, layout, weights, variant)
    for variable, reach in _kernels(built, variant.penalty_where):
        _penalize(variable, variant, reach)
        if variant.max_norm and reach.is_hidden:
            largest: Any = variant.max_norm  # which Keras declares as an integer
            bound = keras.constraints.MaxNorm(largest, axis=0)
            variable.constraint = bound if variable.constraint is None else Both(variable.constraint, bound)
    _seed(built, variant.seed)
    _compile(built, model, setup, variant)
    return built


def weights_of_variant(
    layout: Layout, built: keras.Model, before: Sequence[np.ndarray], variant: Variant
) -> list[np.ndarray]:
    """Return a variant's weights in the shapes and order of the full network: zeros where it is narrower.

    Args:
        layout: of the full network.
        built: the variant.
        before: the member's first weights in the full network, kept for layers that the variant leaves out.
        variant: the member's numbers.
    """
    if layout.reason:
        return [np.asarray(value) for value in built.get_weights()]
    units = group_units(layout, variant.width)
    layers = {layer.name: layer for layer in built.layers}
    found = []
    for variable, first in zip(layout.variables, before, strict=True):
        if variable.layer not in layers:
            found.append(np.asarray(first))
            continue
        small = np.asarray(ops.convert_to_numpy(layers[variable.layer].weights[variable.index].value))
        kept = [
            narrowing_indices(axis, size, units)
            for axis, size in zip(variable.axes, variable.shape, strict=True)
        ]
        full = np.zeros(variable.shape, small.dtype)
        full[np.ix_(*kept)] = small.reshape([len(indices) for indices in kept])
        found.append(full)
    return found


def row_losses(loss: keras.losses.Loss, target: np.ndarray, output: np.ndarray) -> np.ndarray:
    """Return ``[row]`` losses of a Keras loss object.

    Raises:
        UnsupportedModelError: it does not give one number for each row.
    """
    values = np.asarray(ops.convert_to_numpy(loss.call(ops.convert_to_tensor(target), output)))
    if values.shape != (len(target),):
        raise UnsupportedModelError(
            f"loss {loss.name!r} does not give one number for each row.",
            received=f"an array of shape {values.shape} for {len(target)} rows",
            expected="a loss that averages over the outputs of a row only",
        )
    return values


def _structured(
    model: keras.Model, layout: Layout, weights: Sequence[np.ndarray], variant: Variant
) -> keras.Model:
    """Return the network with the member's size and dropout, of the class that the model has."""
    if why_no_graph(model):
        return _without_graph(model, weights, variant)
    if variant.width < 1 or variant.depth < 0:
        built = narrow(model, layout, weights, width=min(variant.width, 1.0), depth=min(variant.depth, 0))
    else:
        built = narrow(model, layout, weights)
    if variant.dropout is not None or variant.dropout_scale != 1 or variant.dropout_kind != "dropout":
        built = with_dropout(
            built,
            variant.dropout,
            scale=variant.dropout_scale,
            points=points_at(model, layout, variant.dropout_where),
            kind=variant.dropout_kind,
        )
    if variant.activity_l2:
        built = with_activity_penalty(built, variant.activity_l2)
    if variant.stochastic_depth:
        built = with_stochastic_depth(built, variant.stochastic_depth)
    if variant.input_noise or variant.input_dropout:
        built = with_input_noise(built, noise=variant.input_noise, dropout=variant.input_dropout)
    return _with_class(model, built)


class _Reach(NamedTuple):
    """What reaches a variable: L1 and L2; what is for hidden kernels; L2-SP."""

    is_reached: bool
    is_hidden: bool
    is_held: bool


def _kernels(built: Any, where: str) -> list[tuple[Any, _Reach]]:
    """Return each trainable variable, and what reaches it."""
    variables = built.trainable_variables
    paths, kernels = [v.path for v in variables], [is_kernel(v) for v in variables]
    hidden = hidden_kernels(paths, kernels, [tuple(v.shape) for v in variables])
    rows = zip(reached(paths, kernels, where), hidden, held_kernels(paths, kernels), strict=True)
    return list(zip(variables, (_Reach(*row) for row in rows), strict=True))


def _with_class(model: keras.Model, built: Any) -> keras.Model:
    """Return a rebuilt network as an object of the model's own class, for its training step's sake."""
    kind: Any = type(model)
    if type(built) is kind:
        return built
    try:
        if isinstance(model, keras.Sequential):
            made = kind(built._layers, name=built.name)
        else:
            made = kind(built.input, built.output, name=built.name)
    except TypeError as error:
        raise UnsupportedModelError(
            f"{kind.__name__} cannot be made anew from layers, so its training step cannot be used.",
            received=str(error).partition("\n")[0],
            expected=f"{kind.__name__}(inputs, outputs), or {kind.__name__}(layers) for a Sequential model",
            fix="take the arguments of keras.Model in its constructor",
        ) from error
    for name, value in vars(model).items():
        if name not in vars(made) and isinstance(value, int | float | str | bool):
            object.__setattr__(made, name, value)
    return made


def _without_graph(model: keras.Model, weights: Sequence[np.ndarray], variant: Variant) -> keras.Model:
    if variant.width < 1 or variant.depth < 0:
        raise UnsupportedModelError(
            f"model '{model.name}' cannot be made smaller: its graph is known only to its own code.",
            received=f"width={variant.width:g}, depth={variant.depth}",
            expected="width=1 and depth=0",
            fix="write it with keras.Sequential or keras.Model(inputs, outputs)",
        )
    if variant.input_noise or variant.input_dropout or variant.dropout_kind != "dropout":
        raise UnsupportedModelError(
            f"model '{model.name}' cannot get other layers: its graph is known only to its own code.",
            received="noise on inputs, or another kind of dropout",
            expected="input_noise=0, input_dropout=0 and dropout_kind='dropout'",
            fix="write it with keras.Sequential or keras.Model(inputs, outputs)",
        )
    built, _ = cloned(model)
    set_weights(built, list(weights))
    points = points_at(built, Layout(reason="no graph"), variant.dropout_where)
    for layer in built._flatten_layers():
        if is_dropout(layer):
            rate = variant.dropout if layer.name in points else None
            layer.rate = scaled_rate(layer.rate, variant.dropout_scale) if rate is None else rate
            if layer.rate > 0 and not hasattr(layer, "seed_generator"):
                layer.seed_generator = keras.random.SeedGenerator(variant.seed)
    return built


def _penalize(variable: Any, variant: Variant, reach: _Reach) -> None:
    """Set a variable's regularizer, which Keras reads from the variable whenever it sums up losses."""
    own_l1, own_l2 = strengths(variable)
    if variable.regularizer is not None and own_l1 == own_l2 == 0:
        return  # another kind of penalty stays as it is
    l1 = own_l1 * variant.penalty_scale + (variant.l1 if reach.is_reached else 0.0)
    l2 = own_l2 * variant.penalty_scale + (variant.l2 if reach.is_reached else 0.0)
    variable.regularizer = keras.regularizers.L1L2(l1, l2) if l1 or l2 else None
    factor = variant.orthogonality if reach.is_hidden and variable.shape[1] > 1 else 0.0
    l2_sp = variant.l2_sp if reach.is_held else 0.0
    if factor or l2_sp:
        variable.regularizer = MemberPenalty(l1, l2, factor, l2_sp, value_of(variable) if l2_sp else None)


def _seed(model: keras.Model, seed: int) -> None:
    states = [v for v in model.variables if "seed_generator" in v.path]
    for index, state in enumerate(states):
        rng = np.random.default_rng([seed, index])
        state.assign(rng.integers(0, 2**31, state.shape).astype(state.dtype))


def _compile(built: keras.Model, model: keras.Model, setup: TrainingSetup, variant: Variant) -> None:
    optimizer = _optimizer(model, setup, variant)
    if variant.weight_decay:
        decayed = {v.path for v, reach in _kernels(built, variant.penalty_where) if reach.is_reached}
        _decay_kernels(optimizer, decayed, variant.weight_decay)
    own_loss: Any = getattr(model, "loss", None) if model.compiled else setup.loss
    loss = None if own_loss is None else _loss(setup, variant)
    built.compile(optimizer=optimizer, loss=loss, run_eagerly=bool(getattr(model, "run_eagerly", False)))


def _loss(setup: TrainingSetup, variant: Variant) -> keras.losses.Loss:
    """Return the loss without smoothing, which the labels bring along, so that it can be any number."""
    if setup.loss_name not in LOSSES:
        return setup.loss
    name = setup.loss_name
    if name == "sparse_categorical_crossentropy" and variant.soft_labels:
        name = "categorical_crossentropy"
    options = {key: setup.loss_config[key] for key in ("from_logits", "delta") if key in setup.loss_config}
    return LOSSES[name](**options)


def _optimizer(model: keras.Model, setup: TrainingSetup, variant: Variant) -> Any:
    config: dict[str, Any] = dict(setup.optimizer_config)
    own = None
    if variant.clip_norm:
        config = {name: value for name, value in config.items() if name not in _CLIPPING}
        config["global_clipnorm"] = variant.clip_norm
    kind = type(model.optimizer) if model.compiled and model.optimizer is not None else None
    make = kind.from_config if kind else _from_name(setup.optimizer)
    rate = make(dict(config))._learning_rate
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        own = rate
    if own is None and not variant.warmup and variant.schedule in ("constant", "plateau"):
        return make({**config, "learning_rate": variant.learning_rate})
    if variant.schedule == "plateau":
        raise UnsupportedModelError(
            "a rate that falls on plateaus cannot be put on top of another schedule.",
            received=f"schedule='plateau' with {type(own).__name__ if own is not None else 'a warm-up'}",
            expected="another schedule, or an optimizer with a plain learning rate and no warm-up",
        )
    optimizer = make({**config, "learning_rate": variant.learning_rate})
    optimizer.learning_rate = MemberSchedule(variant, own)
    return optimizer


def _from_name(name: str) -> Any:
    return lambda config: keras.optimizers.deserialize({"class_name": name, "config": config})


class MemberSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A member's rate at an update: its own decay times that of the optimizer's schedule.

    Args:
        variant: the member's numbers.
        own: the optimizer's schedule, or None.
    """

    def __init__(self, variant: Variant, own: Any) -> None:
        self.variant, self.own = variant, own
        # Read now: inside the compiled step the schedule would give a traced value.
        self.own_first = reference_rate(own) if own is not None else 1.0

    def __call__(self, step: Any) -> Any:
        """Return the rate at an update."""
        variant = self.variant
        progress = ops.cast(step, "float32") / max(variant.num_updates, 1)
        factor: Any = 1.0
        if variant.schedule == "exponential":
            factor = ops.power(max(variant.decay, 1e-12), progress)
        elif variant.schedule == "cosine":
            wave = 0.5 * (1.0 + ops.cos(np.pi * ops.minimum(progress, 1.0)))
            factor = (1.0 - variant.decay) * wave + variant.decay
        elif variant.schedule in LONG_SCHEDULES:
            factor = long_schedule(variant.schedule, progress, variant.decay)
        if variant.warmup:
            steps = max(float(np.float32(variant.warmup * variant.num_updates)), 1.0)
            factor = factor * ops.minimum((ops.cast(step, "float32") + 1.0) / steps, 1.0)
        if self.own is not None:
            factor = factor * self.own(step) / self.own_first
        return variant.learning_rate * factor

    def get_config(self) -> Mapping[str, Any]:
        """Return nothing that would rebuild it: it lives as long as one member trains."""
        return {}


def _decay_kernels(optimizer: Any, kernels: set[str], strength: float) -> None:
    """Let an optimizer shrink kernels by ``learning_rate * strength`` before each of its updates.

    Keras' own ``weight_decay`` would also shrink biases and normalization, at one strength for all.
    """
    own = optimizer._apply_weight_decay

    def apply(variables: Sequence[Any]) -> None:
        for variable in variables:
            if variable.path in kernels:
                rate = ops.cast(optimizer.learning_rate, variable.dtype)
                variable.assign(variable * (1.0 - rate * strength))
        own(variables)

    object.__setattr__(optimizer, "_apply_weight_decay", apply)
