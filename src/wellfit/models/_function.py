"""A Keras model as a pure function whose regularisation can differ from call to call.

Keras layers hold their dropout rate as a Python float, and a compiled program would freeze it. Here a
private clone of the model is instrumented instead: each layer that a member may vary asks the `Scope`
that is active while the program is traced. The scope answers with traced values (a rate, a mask, a
gate), so that one trace serves all members, under `vmap` and `grad` alike. Outside a scope the clone
behaves as Keras made it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from wellfit.models._branches import branch_places
from wellfit.models._convolutions import convolution_call
from wellfit.models._cost import products_per_row
from wellfit.models._initializers import initializer_config, noted_initializers, starting_value, uncompiled
from wellfit.models._kinds import is_kernel
from wellfit.models._lambda import clone_layer
from wellfit.models._layout import Axis, Layout, Segment, find_layout
from wellfit.models._outputs import num_outputs, symbolic_inputs
from wellfit.models._points import dropout_points, hidden_ends, input_places
from wellfit.models._rebuild import assign
from wellfit.models._scope import ACTIVE, TRAINING, Scope, activated, note, scope_of
from wellfit.records import UnsupportedModelError

Tensor = Any
ops: Any = keras.ops  # whose annotations leave out what its functions return


@dataclass(frozen=True, kw_only=True)
class VariableInfo:
    """What the population must know of one variable.

    Attributes:
        path: Keras' path, such as ``dense/kernel``.
        shape: as in Keras.
        dtype: as in Keras.
        initializer: Keras' initializer config (class name and arguments); None for a function.
        start: from a seed to the initial value; the network's own value where that is to be kept: of a
            frozen layer, and what a `Normalization` was adapted to.
        is_drawn: whether `start` depends on the seed.
        is_kernel: whether weight penalties and decay apply (not a bias, not normalisation).
        own_l1: strength of the L1 penalty that the model itself declares.
        own_l2: strength of its L2 penalty.
        axes: for each axis None if it is fixed, or its segments.
        constraint: Keras' constraint, applied after every update, or None.
        block: index of the depth block that the variable belongs to, or -1.
        is_seed: whether it is the state of a random number generator.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    initializer: dict[str, Any] | None
    start: Callable[[int], np.ndarray]
    is_drawn: bool
    is_kernel: bool
    own_l1: float = 0.0
    own_l2: float = 0.0
    axes: tuple[tuple[Segment, ...] | None, ...] = ()
    constraint: Any = None
    block: int = -1
    is_seed: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkFunction:
    """A network as data and one pure function.

    Attributes:
        trainable: one entry for each trainable variable.
        non_trainable: one entry for each other variable.
        values: current values of both, trainable first.
        order: position of each of ``model.weights`` in `values`.
        layout: what can be narrowed or left out.
        own_rates: ``[point]`` the model's own dropout rate; 0 where dropout can be inserted.
        end_points: positions in `own_rates` of the points nearest to input and output; empty if there are
            none.
        apply: ``(trainable, non_trainable, inputs, training, scope) -> (outputs, non_trainable, extra)``,
            where `extra` is the sum of losses that layers add themselves (activity penalties).
        num_outputs: size of the last output axis.
        has_convolutions: whether a layer asks the scope how to convolve.
        num_products: products that a row takes, about.
        starts_given: whether members start from given weights where these were learned.
        branches: ``[branch]`` depth block that a residual branch lies in, or -1.
    """

    trainable: tuple[VariableInfo, ...]
    non_trainable: tuple[VariableInfo, ...]
    values: tuple[np.ndarray, ...]
    order: tuple[int, ...]
    layout: Layout
    own_rates: tuple[float, ...]
    end_points: tuple[int, ...]
    apply: Callable[..., tuple[Tensor, list[Tensor], Tensor]]
    num_outputs: int
    has_convolutions: bool = False
    num_products: int = 0
    starts_given: bool = False
    branches: tuple[int, ...] = ()

    @property
    def variables(self) -> tuple[VariableInfo, ...]:
        """All variables, trainable ones first."""
        return (*self.trainable, *self.non_trainable)


def network_function(
    model: keras.Model, *, any_training: bool = False, kept: Collection[int] | None = None
) -> NetworkFunction:
    """Turn a Keras model into a pure function with per-member dropout, masks and gates.

    The model itself is not touched: a clone with the same weights is instrumented.

    Args:
        model: a built Sequential, functional or clonable subclassed model with one output.
        any_training: take a model with its own training step as well; the function is its forward pass.
        kept: positions among ``model.weights`` of those that members start from as they are, others are drawn
            anew (see `learned_weights`); None draws all.

    Raises:
        UnsupportedModelError: if the model cannot be cloned, has several outputs, or holds a layer
            that keeps state between batches; the message names the layer.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> [variable.path.split("/")[-1] for variable in network_function(model).trainable]
        ['kernel', 'bias']
    """
    _refuse_unsupported(model, any_training=any_training)
    clone, initializers = cloned(model)
    layout = find_layout(model)
    places = input_places(model)
    has_convolutions = _instrument_convolutions(clone)
    rates, ends = _instrument(clone, layout)
    _instrument_inputs(clone, places)
    branches = _instrument_branches(clone, model, layout)
    penalties = _take_penalties(clone)
    axes = _axes_of_variables(clone, layout)
    blocks = _block_of_layers(clone, layout)
    owner = {
        id(variable): layer
        for layer in clone._flatten_layers()
        for variable in [*layer._trainable_variables, *layer._non_trainable_variables]
    }

    starts = {id(clone.weights[position]) for position in kept or ()}

    def info(variable: Any) -> VariableInfo:
        layer = owner.get(id(variable))
        l1, l2 = penalties.get(id(variable), (0.0, 0.0))
        shape, dtype = tuple(variable.shape), str(variable.dtype)
        is_kept = id(variable) in starts or _keeps_value(layer)
        initializer = None if is_kept else initializers.get(id(variable))
        config = None if initializer is None else initializer_config(initializer)
        own = np.asarray(ops.convert_to_numpy(variable.value))
        return VariableInfo(
            path=variable.path,
            shape=shape,
            dtype=dtype,
            initializer=config,
            start=(lambda seed: own)
            if initializer is None
            else starting_value(initializer, variable.path, shape, dtype),
            is_drawn=config is not None and "seed" in config["config"],
            is_kernel=is_kernel(variable),
            own_l1=l1,
            own_l2=l2,
            axes=axes.get(id(variable), (None,) * len(variable.shape)),
            constraint=variable.constraint,
            block=blocks.get(id(layer), -1),
            is_seed="seed_generator" in variable.path,
        )

    trainable, other = clone.trainable_variables, clone.non_trainable_variables
    position = {id(v): i for i, v in enumerate([*trainable, *other])}

    def apply(
        trainable: Sequence[Tensor],
        non_trainable: Sequence[Tensor],
        inputs: Any,
        training: bool,
        scope: Scope,
    ) -> tuple[Tensor, list[Tensor], Tensor]:
        with activated(scope, clone, training) as noted:
            called: Any = clone.stateless_call(
                list(trainable),
                list(non_trainable),
                packed_inputs(clone, _perturbed(inputs, places, scope) if training else inputs),
                return_losses=True,
                **({"training": training} if clone._call_has_training_arg else {}),
            )
        outputs, state, losses = called
        extra = sum([*losses, *noted]) if losses or noted else 0.0
        return outputs, state, extra

    return NetworkFunction(
        trainable=tuple(info(v) for v in trainable),
        non_trainable=tuple(info(v) for v in other),
        values=tuple(np.asarray(ops.convert_to_numpy(v.value)) for v in [*trainable, *other]),
        order=tuple(position[id(v)] for v in clone.weights),
        layout=layout,
        own_rates=tuple(rates),
        end_points=ends,
        apply=apply,
        num_outputs=num_outputs(model),
        has_convolutions=has_convolutions,
        num_products=products_per_row(model),
        starts_given=kept is not None,
        branches=branches,
    )


def _keeps_value(layer: Any) -> bool:
    """Whether members start from what a layer holds: it is frozen, or was adapted to data."""
    return layer is not None and (not layer.trainable or isinstance(layer, keras.layers.Normalization))


def _axes_of_variables(model: keras.Model, layout: Layout) -> dict[int, tuple[Axis, ...]]:
    """Return the axes of each variable, by identity: a loaded model's paths are not those of its clone."""
    if layout.reason:
        return {}  # all fixed, and a subclassed model's layers may have other names in its clone
    layers = {layer.name: layer for layer in model.layers}
    return {id(layers[v.layer].weights[v.index]): v.axes for v in layout.variables}


def _block_of_layers(model: keras.Model, layout: Layout) -> dict[int, int]:
    """Return the depth block of each layer that belongs to one, also inside nested models, by identity."""
    layers = {layer.name: layer for layer in model.layers}
    return {
        id(part): index
        for index, block in enumerate(layout.blocks)
        for name in block.layers
        if name in layers
        for part in layers[name]._flatten_layers()
    }


def packed_inputs(model: keras.Model, inputs: Sequence[Tensor]) -> Any:
    """Return inputs as the model was built to take them: one tensor, a list, or a dict by name."""
    structure = getattr(model, "_inputs_struct", None)
    if structure is not None:
        return keras.tree.pack_sequence_as(structure, list(inputs))
    return inputs[0] if len(inputs) == 1 else list(inputs)


def _refuse_unsupported(model: keras.Model, *, any_training: bool) -> None:
    for method in () if any_training else ("train_step", "compute_loss", "test_step"):
        if getattr(type(model), method, None) is not getattr(_plain_base(model), method, None):
            raise UnsupportedModelError(
                f"{type(model).__name__} has its own {method}, which cannot be compiled per member.",
                received=f"a model with its own {method}",
                expected="a model that is trained by Keras' standard step",
                fix=f"remove {method}, or train it with the sequential executor",
            )
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False) and isinstance(layer, keras.layers.RNN):
            raise UnsupportedModelError(
                f"layer '{layer.name}' keeps its state between batches.",
                received=f"{type(layer).__name__}(stateful=True)",
                expected="layers whose output depends on the current batch only",
                fix=f"build '{layer.name}' with stateful=False",
            )
    outputs = getattr(model, "outputs", None)
    if outputs is not None and len(outputs) != 1:
        raise UnsupportedModelError(
            f"the network has {len(outputs)} outputs.",
            received=", ".join(str(output.name) for output in outputs),
            expected="one output",
            fix="build a model of one output: keras.Model(model.inputs, model.outputs[0])",
        )


def _plain_base(model: keras.Model) -> type:
    if isinstance(model, keras.Sequential):
        return keras.Sequential
    return keras.Model


def cloned(model: keras.Model) -> tuple[keras.Model, dict[int, Any]]:
    """Return a copy with its own layers and the same weights, and the initializer of each variable.

    The message of a failure names the layer.
    """
    if not model.built:
        raise UnsupportedModelError(
            f"model '{model.name}' is not built, so the shapes of its weights are unknown.",
            received="a model without input shape",
            expected="a built model",
            fix="add keras.Input(shape) as its first layer, or call it once on a batch",
        )
    try:
        with uncompiled(model), noted_initializers() as noted:
            if isinstance(model, keras.Sequential) or _is_functional(model):
                has_code = any(isinstance(layer, keras.layers.Lambda) for layer in model._flatten_layers())
                clone = keras.models.clone_model(
                    model, clone_function=clone_layer if has_code else None, recursive=True
                )
            else:
                clone = type(model).from_config(model.get_config())
                clone.build_from_config(model.get_build_config())
            initializers = noted(clone)
        if not clone.built:
            clone(symbolic_inputs(model))  # in a stateless scope a build makes variables, and says not so
        assign(clone, model.get_weights())
    except Exception as error:
        name = _first_unclonable(model)
        raise UnsupportedModelError(
            f"{name} cannot be cloned.",
            received=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            expected="layers that from_config(get_config()) rebuilds",
            fix="give the layer a get_config that returns its constructor's arguments",
        ) from error
    _copy_state(model, clone)
    return clone, initializers


def _is_functional(model: keras.Model) -> bool:
    return bool(getattr(model, "_is_graph_network", False)) or type(model).__name__ == "Functional"


def _copy_state(model: keras.Model, clone: keras.Model) -> None:
    for layer, copy in zip(model._flatten_layers(), clone._flatten_layers(), strict=False):
        copy.trainable = layer.trainable if not getattr(layer, "_layers", None) else copy.trainable


def _first_unclonable(model: keras.Model) -> str:
    for layer in model._flatten_layers(include_self=False):
        try:
            clone_layer(layer)
        except Exception:
            return f"layer '{layer.name}' ({type(layer).__name__})"
    return f"model '{model.name}' ({type(model).__name__})"


def _take_penalties(model: keras.Model) -> dict[int, tuple[float, float]]:
    """Read the model's own L1 and L2 strengths and switch them off in the clone.

    The population adds them back per member, where their strength can differ. Other regularisers stay
    with Keras and are added as they are.
    """
    strengths: dict[int, tuple[float, float]] = {}
    for variable in model.trainable_variables:
        regularizer = variable.regularizer
        if isinstance(regularizer, keras.regularizers.L1L2 | keras.regularizers.L1 | keras.regularizers.L2):
            l1, l2 = getattr(regularizer, "l1", 0.0), getattr(regularizer, "l2", 0.0)
            strengths[id(variable)] = (float(l1), float(l2))
            variable.regularizer = None
    return strengths


def _instrument(model: keras.Model, layout: Layout) -> tuple[list[float], tuple[int, ...]]:
    """Let every layer that a member may vary ask the active scope.

    Returns:
        Own dropout rates by point, and which points are nearest to input and output.
    """
    rates: list[float] = []
    names: list[str] = []
    num_noises = 0
    for layer in model._flatten_layers():
        if type(layer) is keras.layers.Dense:
            _replace_call(layer, _dense_call(layer))
        elif isinstance(layer, keras.layers.GaussianNoise):
            num_noises += 1
            _replace_call(layer, _gaussian_noise_call(layer, -num_noises))
        elif isinstance(layer, keras.layers.BatchNormalization):
            _replace_call(layer, _batch_norm_call(layer))
        for kind, make in _DROPOUT_CALLS:
            if isinstance(layer, kind):
                _replace_call(layer, make(layer, len(rates)))
                rates.append(float(layer.rate))
                names.append(layer.name)
    _instrument_hidden(model, layout)
    operations = _operations(model)
    points = dropout_points(model, layout)
    for point in points:
        if point.own_rate is None:
            operation = operations[point.layer]
            _replace_call(operation, _with_dropout_after(operation.call, len(rates), model))
            rates.append(0.0)
            names.append(point.layer)
    _instrument_layout(model, layout)
    _instrument_activity(model, layout)
    return rates, tuple(names.index(points[at].layer) for at in (0, -1)) if points else ()


def _instrument_convolutions(model: keras.Model) -> bool:
    """Let convolutions and poolings ask the scope how to compute; return whether there are any."""
    calls = [(layer, convolution_call(layer)) for layer in model._flatten_layers()]
    for layer, call in calls:
        if call is not None:
            _replace_call(layer, call)
    return any(call is not None for _, call in calls)


def _instrument_hidden(model: keras.Model, layout: Layout) -> None:
    """Let hidden layers tell the scope what they put out, before dropout, as a penalty may want it."""
    operations = _operations(model)
    blocks = {
        name: index for index, block in enumerate(layout.blocks) if block.gateable for name in block.layers
    }
    for name in hidden_ends(model, layout):
        call = _with_noted_activity(
            operations[name].call, layout.output_axis(name), blocks.get(name, -1), model
        )
        _replace_call(operations[name], call)


def _instrument_inputs(model: keras.Model, places: Sequence[str | None]) -> None:
    operations = _operations(model)
    for place, name in enumerate(places):
        if name:
            _replace_call(operations[name], _with_noise_after(operations[name].call, place, model))


def _instrument_branches(clone: keras.Model, model: keras.Model, layout: Layout) -> tuple[int, ...]:
    """Let the ends of residual branches ask the scope which rows go past them; return their depth blocks."""
    places = branch_places(model, layout)
    for number, place in enumerate(places):
        within, owner = place.path.split("/"), clone
        for name in within[:-1]:
            owner = _operations(owner)[name]
        operation = _operations(owner)[within[-1]]
        _replace_call(operation, _with_branch_dropped(operation.call, number, clone))
    return tuple(place.block for place in places)


def _perturbed(inputs: Sequence[Tensor], places: Sequence[str | None], scope: Scope) -> list[Tensor]:
    """Return inputs with noise where it acts on the input itself."""
    return [
        scope.perturbed(place, values) if name == "" else values
        for place, (values, name) in enumerate(zip(inputs, places, strict=True))
    ]


def _operations(model: keras.Model) -> dict[str, Any]:
    """Return layers and operations such as ``x + y`` by name."""
    graph = getattr(model, "_functional", None) or model
    return {operation.name: operation for operation in getattr(graph, "operations", model.layers)}


def _instrument_activity(model: keras.Model, layout: Layout) -> None:
    """Keep rows that only fill a batch, and blocks that are off, out of activity penalties."""
    blocks = _block_of_layers(model, layout)
    for layer in model._flatten_layers():
        own = layer.activity_regularizer
        if own is not None:
            gated = blocks.get(id(layer), -1)
            gated = gated if gated >= 0 and layout.blocks[gated].gateable else -1
            layer.activity_regularizer = _activity_penalty(own, gated)


def _instrument_layout(model: keras.Model, layout: Layout) -> None:
    operations = _operations(model)
    for output in layout.outputs:
        operation = operations.get(output.layer)
        if operation is None or output.axis is None or all(part.group is None for part in output.axis):
            continue
        if isinstance(operation, keras.layers.LayerNormalization):
            _replace_call(operation, _masked_layer_norm(operation, output.axis))
        _replace_call(operation, _with_mask(operation.call, output.axis, model))
    for index, block in enumerate(layout.blocks):
        if not block.gateable:
            continue
        if block.merge is not None:
            merge = operations[block.merge]
            _replace_call(merge, _with_gated_branch(merge.call, index, block.branch_index, model))
        else:
            for name in block.layers:
                _replace_call(operations[name], _with_bypass(operations[name].call, index, model))


def _replace_call(layer: Any, call: Callable[..., Tensor]) -> None:
    # Keras looks `call` up on the instance at every call, so an instance attribute is enough; plain
    # object.__setattr__ keeps Keras' attribute tracker out of it.
    object.__setattr__(layer, "call", call)


def _dense_call(layer: Any) -> Callable[..., Tensor]:
    original = layer.call

    def call(inputs: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        scope = ACTIVE.get()
        if scope is None or len(inputs.shape) != 2:
            return original(inputs, *args, **kwargs)
        outputs = scope.matmul(inputs, ops.convert_to_tensor(layer.kernel))
        if layer.bias is not None:
            outputs = outputs + ops.convert_to_tensor(layer.bias)
        return outputs if layer.activation is None else layer.activation(outputs)

    return call


def _dropout_call(layer: Any, point: int) -> Callable[..., Tensor]:
    original = layer.call

    def call(inputs: Tensor, training: bool = False) -> Tensor:
        scope = ACTIVE.get()
        if scope is None:
            return original(inputs, training=training)
        if not training:
            return inputs
        shape = layer._get_noise_shape(inputs) if hasattr(layer, "_get_noise_shape") else layer.noise_shape
        if type(layer) is not keras.layers.Dropout:
            return scope.dropout(point, inputs, shape)
        return scope.drop(point, inputs, shape)

    return call


def _gaussian_dropout_call(layer: Any, point: int) -> Callable[..., Tensor]:
    original = layer.call

    def call(inputs: Tensor, training: bool = False) -> Tensor:
        scope = ACTIVE.get()
        if scope is None:
            return original(inputs, training=training)
        if not training:
            return inputs
        rate = scope.scaled_rate(point)
        return inputs * (1.0 + ops.sqrt(rate / (1.0 - rate)) * scope.gaussian(point, inputs))

    return call


_ALPHA_DROPPED = -1.6732632423543772 * 1.0507009873554805  # what SELU tends to (Klambauer et al., 2017)


def alpha_dropped(inputs: Tensor, kept: Tensor, rate: Tensor) -> Tensor:
    """Return units with SELU's limit where `kept` is 0, and mean and variance restored."""
    slope = ops.rsqrt((1.0 - rate) * (1.0 + rate * _ALPHA_DROPPED**2))
    changed = inputs * kept + _ALPHA_DROPPED * (1.0 - kept)
    return slope * changed - slope * _ALPHA_DROPPED * rate


def _alpha_dropout_call(layer: Any, point: int) -> Callable[..., Tensor]:
    """AlphaDropout: dropped units get SELU's lower limit, and mean and variance are restored."""
    original = layer.call

    def call(inputs: Tensor, training: bool = False) -> Tensor:
        scope = ACTIVE.get()
        if scope is None:
            return original(inputs, training=training)
        if not training:
            return inputs
        rate = scope.scaled_rate(point)
        kept = scope.dropout(point, ops.ones_like(inputs), layer.noise_shape) * (1.0 - rate)
        return alpha_dropped(inputs, kept, rate)

    return call


_DROPOUT_CALLS = (
    (keras.layers.Dropout, _dropout_call),
    (keras.layers.GaussianDropout, _gaussian_dropout_call),
    (keras.layers.AlphaDropout, _alpha_dropout_call),
)


def _gaussian_noise_call(layer: Any, point: int) -> Callable[..., Tensor]:
    """Noise is no dropout: its size is the network's own for every member, its numbers are not."""
    original = layer.call

    def call(inputs: Tensor, training: bool = False) -> Tensor:
        scope = ACTIVE.get()
        if scope is None:
            return original(inputs, training=training)
        return inputs + layer.stddev * scope.gaussian(point, inputs) if training else inputs

    return call


def _batch_norm_call(layer: Any) -> Callable[..., Tensor]:
    original, moments = layer.call, layer._moments

    def shaped(inputs: Tensor, mask: Tensor | None) -> tuple[Tensor, ...]:
        # With a mask and a single channel Keras drops the axis of the channels as well.
        return tuple(ops.reshape(value, (inputs.shape[layer.axis],)) for value in moments(inputs, mask))

    object.__setattr__(layer, "_moments", shaped)

    def call(inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        scope = ACTIVE.get()
        rows = scope.row_mask() if scope is not None and training else None
        if rows is not None and mask is None:
            shape = (inputs.shape[0],) + (1,) * (len(inputs.shape) - 2)
            mask = ops.broadcast_to(ops.reshape(rows, shape), inputs.shape[:-1])
        return original(inputs, training=training, mask=mask)

    return call


def _activity_penalty(own: Callable[[Tensor], Tensor], block: int) -> Callable[[Tensor], Tensor]:
    def penalty(outputs: Tensor) -> Tensor:
        scope = ACTIVE.get()
        rows = scope.row_mask() if scope is not None else None
        if scope is None or rows is None:
            return own(outputs)
        shape = (outputs.shape[0],) + (1,) * (len(outputs.shape) - 1)
        value = own(outputs * ops.reshape(rows, shape))
        gate = scope.gate(block) if block >= 0 else None
        value = value if gate is None else ops.where(gate, value, 0.0)
        # Keras divides by the rows of the batch, of which some only fill it.
        return value * (outputs.shape[0] / ops.sum(rows))

    return penalty


def _with_dropout_after(original: Callable[..., Tensor], point: int, owner: Any) -> Callable[..., Tensor]:
    def call(*args: Any, **kwargs: Any) -> Tensor:
        scope, training = scope_of(owner), TRAINING.get()
        outputs = original(*args, **kwargs)
        return scope.drop(point, outputs, None) if scope is not None and training else outputs

    return call


def _with_branch_dropped(original: Callable[..., Tensor], branch: int, owner: Any) -> Callable[..., Tensor]:
    def call(*args: Any, **kwargs: Any) -> Tensor:
        scope, training = scope_of(owner), TRAINING.get()
        outputs = original(*args, **kwargs)
        return scope.branch(branch, outputs) if scope is not None and training else outputs

    return call


def _with_noise_after(original: Callable[..., Tensor], place: int, owner: Any) -> Callable[..., Tensor]:
    def call(*args: Any, **kwargs: Any) -> Tensor:
        scope, training = scope_of(owner), TRAINING.get()
        outputs = original(*args, **kwargs)
        return scope.perturbed(place, outputs) if scope is not None and training else outputs

    return call


def _with_noted_activity(
    original: Callable[..., Tensor], axis: Axis, block: int, owner: Any
) -> Callable[..., Tensor]:
    def call(*args: Any, **kwargs: Any) -> Tensor:
        scope, training = scope_of(owner), TRAINING.get()
        outputs = original(*args, **kwargs)
        if scope is not None and training:
            mask = None if axis is None else scope.feature_mask(axis)
            penalty = scope.activity(outputs if mask is None else outputs * mask, block)
            if penalty is not None:
                note(penalty)
        return outputs

    return call


def _with_mask(
    original: Callable[..., Tensor], axis: tuple[Segment, ...], owner: Any
) -> Callable[..., Tensor]:
    def call(*args: Any, **kwargs: Any) -> Tensor:
        scope = scope_of(owner)
        outputs = original(*args, **kwargs)
        mask = scope.feature_mask(axis) if scope is not None else None
        return outputs if mask is None else outputs * mask

    return call


def _with_bypass(original: Callable[..., Tensor], block: int, owner: Any) -> Callable[..., Tensor]:
    def call(inputs: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        scope = scope_of(owner)
        outputs = original(inputs, *args, **kwargs)
        gate = scope.gate(block) if scope is not None else None
        return outputs if gate is None else ops.where(gate, outputs, inputs)

    return call


def _with_gated_branch(
    original: Callable[..., Tensor], block: int, branch: int, owner: Any
) -> Callable[..., Tensor]:
    """A layer takes its inputs as one list, an operation such as ``x + y`` as arguments."""

    def call(*args: Any, **kwargs: Any) -> Tensor:
        scope = scope_of(owner)
        gate = scope.gate(block) if scope is not None else None
        if gate is None:
            return original(*args, **kwargs)
        listed = isinstance(args[0], list | tuple)
        inputs = list(args[0] if listed else args)
        inputs[branch] = ops.where(gate, inputs[branch], 0.0)
        return original(inputs, *args[1:], **kwargs) if listed else original(*inputs, **kwargs)

    return call


def _masked_layer_norm(layer: Any, segments: Any) -> Callable[..., Tensor]:
    """LayerNormalization whose mean and variance leave masked units out, as the narrower layer would."""
    original = layer.call

    def call(inputs: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        scope = ACTIVE.get()
        mask = scope.feature_mask(segments) if scope is not None else None
        if mask is None:
            return original(inputs, *args, **kwargs)
        count = ops.sum(mask)
        mean = ops.sum(inputs * mask, axis=-1, keepdims=True) / count
        centered = (inputs - mean) * mask
        variance = ops.sum(centered * centered, axis=-1, keepdims=True) / count
        outputs = centered * ops.rsqrt(variance + layer.epsilon)
        if layer.scale:
            outputs = outputs * ops.convert_to_tensor(layer.gamma)
        return outputs + ops.convert_to_tensor(layer.beta) if layer.center else outputs

    return call
