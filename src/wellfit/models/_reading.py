"""What can be read off a network without running it: output, loss, layers, optimizer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras

from wellfit.models._compile import compiled_loss, loss_arguments, loss_name, output_activation
from wellfit.models._kinds import is_dropout, is_kernel
from wellfit.models._optimizer import reference_rate
from wellfit.models._outputs import num_outputs


@dataclass(frozen=True, kw_only=True)
class NetworkFacts:
    """A network as it is written and compiled.

    Attributes:
        num_outputs: units of its output.
        activation: of the output, such as ``sigmoid``, or ``unknown``.
        loss_name: of the compiled loss; ``none`` if there is none, ``other`` if it is not a known one.
        from_logits: whether the loss takes the outputs as logits.
        label_smoothing: of the loss.
        optimizer: its name; ``none`` if there is none.
        learning_rate: its learning rate, NaN without an optimizer.
        weight_decay: the optimizer's own decoupled decay.
        num_parameters: trainable weights.
        frozen_layers: layers with weights of which none is trainable.
        batch_normalizations: name and momentum of each.
        dropout: the highest own dropout rate.
        penalty: the highest own L1 or L2 strength.
        has_graph: whether layers can be listed and changed.
        is_compiled: whether the network was compiled.
        clips: whether the optimizer clips gradients.
    """

    num_outputs: int
    activation: str
    loss_name: str
    from_logits: bool
    label_smoothing: float
    optimizer: str
    learning_rate: float
    weight_decay: float
    num_parameters: int
    frozen_layers: tuple[str, ...] = ()
    batch_normalizations: tuple[tuple[str, float], ...] = ()
    dropout: float = 0.0
    penalty: float = 0.0
    has_graph: bool = True
    is_compiled: bool = True
    clips: bool = False


def read_network(model: keras.Model) -> NetworkFacts:
    """Return what can be read off a built network, also off one that could not be trained.

    Args:
        model: the network, compiled or not.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="softmax")])
        >>> model.compile("sgd", "binary_crossentropy")
        >>> facts = read_network(model)
        >>> facts.activation, facts.loss_name, facts.num_outputs
        ('softmax', 'binary_crossentropy', 1)
    """
    loss: Any = compiled_loss(model, any_training=True)
    arguments = loss_arguments(loss) if loss is not None else {}
    optimizer: Any = model.optimizer if model.compiled else None
    layers = model._flatten_layers(include_self=False)
    leaves = [layer for layer in layers if not getattr(layer, "_layers", None)]
    return NetworkFacts(
        num_outputs=num_outputs(model),
        activation=output_activation(model),
        loss_name="none" if loss is None else loss_name(loss),
        from_logits=bool(arguments.get("from_logits", False)),
        label_smoothing=float(arguments.get("label_smoothing", 0.0)),
        optimizer="none" if optimizer is None else type(optimizer).__name__,
        learning_rate=float("nan") if optimizer is None else reference_rate(optimizer._learning_rate),
        weight_decay=float(getattr(optimizer, "weight_decay", None) or 0.0),
        clips=any(getattr(optimizer, name, None) for name in ("clipnorm", "clipvalue", "global_clipnorm")),
        num_parameters=sum(math.prod(v.shape) for v in model.trainable_variables),
        frozen_layers=tuple(layer.name for layer in leaves if _is_frozen(layer)),
        batch_normalizations=tuple(
            (layer.name, float(layer.momentum))
            for layer in leaves
            if isinstance(layer, keras.layers.BatchNormalization)
        ),
        dropout=max((float(layer.rate) for layer in leaves if is_dropout(layer)), default=0.0),
        penalty=max((_strength(v) for v in model.trainable_variables), default=0.0),
        has_graph=output_activation(model) != "unknown",
        is_compiled=bool(model.compiled),
    )


def trainable_paths(model: keras.Model) -> list[str]:
    """Return the path of each of ``model.weights``; empty text for those that are not trained.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization()])
        >>> [path.split("/")[-1] for path in trainable_paths(model)]
        ['gamma', 'beta', '', '']
    """
    trained = {id(variable) for variable in model.trainable_variables}
    return [variable.path if id(variable) in trained else "" for variable in model.weights]


def _is_frozen(layer: Any) -> bool:
    """Whether a layer holds kernels that training would change, and may not."""
    if isinstance(layer, keras.layers.BatchNormalization | keras.layers.Normalization):
        return False
    kernels = [v for v in layer.weights if len(v.shape) >= 2 and v.name != "seed_generator_state"]
    return bool(kernels) and not any(is_kernel(v) for v in kernels)


def _strength(variable: Any) -> float:
    own = variable.regularizer
    return max(float(getattr(own, "l1", 0.0) or 0.0), float(getattr(own, "l2", 0.0) or 0.0)) if own else 0.0
