"""Penalties, weight decay and dropout that take effect, in a network that keeps its weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from wellfit.models._asked_penalties import AskedPenalties, regularizer_keys
from wellfit.models._chosen_layers import LayerChoice, chosen_layers, leaves
from wellfit.models._compiled_again import compile_again, decay_holders
from wellfit.models._drops import Drops
from wellfit.models._graph import check_model, why_no_graph
from wellfit.models._heads import heads
from wellfit.models._kinds import is_matrix
from wellfit.models._l2_sp import Strengths, set_anchors
from wellfit.models._probe import value_of
from wellfit.models._rebuild import Config, Edits, rebuild, set_weights, weight_sources
from wellfit.models._verified import verify
from wellfit.records import SettingsError, UnsupportedModelError


def regularize(
    model: keras.Model,
    *,
    l1: float | None = None,
    l2: float | None = None,
    l2_sp: float | None = None,
    weight_decay: float | None = None,
    dropout: float | None = None,
    spatial_dropout: float | None = None,
    layers: LayerChoice = None,
    exclude: LayerChoice = None,
    biases: bool = False,
    normalization: bool = False,
    verbose: bool = True,
) -> keras.Model:
    """Return the network with other penalties, weight decay and dropout, its weights kept bit for bit.

    Setting ``layer.kernel_regularizer`` on a built network changes nothing: Keras reads it when it makes the
    weight. Here the network is built anew from its configuration, nested models, wrappers and shared layers
    included, and verified each time: the penalties that were asked for are in effect, no weight and no
    prediction changed, and all is still so after saving and loading.

    What is None stays as it is; 0 removes it. Where the optimizer's state fits, it is kept too.

    Args:
        model: a built Sequential or functional network; it stays as it is.
        l1: strength of ``l1 * sum |w|`` on every kernel (embeddings and recurrent kernels are kernels).
        l2: strength of ``l2 * sum w^2``, likewise.
        l2_sp: strength of ``l2_sp * sum (w - w0)^2``, likewise, where w0 are the weights as they are now: for
            a pretrained network that learns another task. The last layer with a kernel on the way to each
            output, a head, is left out unless `layers` names it: it is new, and has nothing worth staying
            near to.
        weight_decay: decoupled decay of the optimizer, on kernels alone; Keras does not save which weights
            are left out of it, so that a loaded network decays biases too.
        dropout: rate after hidden `Dense` layers, before heads, and of dropout layers that are there. Dropout
            inside a layer (recurrent, attention, wrapped) gets the rate where it has one; what the settings
            of a layer of your own do not say stays, and is named.
        spatial_dropout: rate at which whole feature maps are dropped, after activations of convolutions: in
            residual networks after each block; and of spatial dropout layers that are there.
        layers: only these: names, patterns such as ``conv5_*``, class names, classes or layers; a nested
            model stands for all layers inside it. Decay is the optimizer's, and asks for nothing here.
        exclude: all but these.
        biases: whether biases get the penalties too.
        normalization: whether scales and offsets of normalization layers get them too.
        verbose: whether to print what was changed.

    Returns:
        A plain Keras network, compiled as `model` was. With L2-SP its ``.keras`` file holds the weights
        twice, once as text, and is loaded wherever `wellfit.models` has been imported;
        ``regularize(model, l2_sp=0)`` makes a network of it again whose file needs nothing but Keras.

    Raises:
        SettingsError: a number is out of range, nothing is asked for, a layer does not exist, or there is no
            optimizer to decay.
        UnsupportedModelError: the network has no known graph, or a weight cannot have the penalty: a kernel
            inside a layer of your own, or one with another regularizer. The error names the layers to pass
            as `exclude`, so that what is left out is your choice and stands in your code.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8), keras.layers.Dense(1)])
        >>> better = regularize(model, l2=1e-4, verbose=False)
        >>> len(model.losses), len(better.losses)
        (0, 2)

    Source:
        Krogh and Hertz, A Simple Weight Decay Can Improve Generalization, 1992; Loshchilov and Hutter,
        Decoupled Weight Decay Regularization, 2019; Srivastava et al., Dropout: A Simple Way to Prevent
        Neural Networks from Overfitting, 2014; Li, Grandvalet and Davoine, Explicit Inductive Bias for
        Transfer Learning with Convolutional Networks, 2018 (L2-SP); Tompson et al., Efficient Object
        Localization Using Convolutional Networks, 2015 (spatial dropout).
    """
    penalties = {"l1": l1, "l2": l2, "l2_sp": l2_sp}
    _check(model, **penalties, weight_decay=weight_decay, dropout=dropout, spatial_dropout=spatial_dropout)
    # Keras' regularizers take Python's numbers only.
    l1, l2, l2_sp = (None if value is None else float(value) for value in (l1, l2, l2_sp))
    asked = AskedPenalties(l1=l1, l2=l2, l2_sp=l2_sp, keys=regularizer_keys(biases, normalization))
    on = chosen_layers(model, layers, exclude)
    held = on if layers is not None else on - heads(model, _has_matrix)
    drops = Drops.plan(model, dropout, spatial_dropout, on)

    def change(layer: Any, config: Config) -> Config:
        config = drops.put(layer, config)
        return asked.put(config, is_held=id(layer) in held) if id(layer) in on else config

    changed = rebuild(model, Edits(change=change, inserted=drops.inserted, passed=drops.passed))
    sources = weight_sources(model, changed)
    values = [value_of(variable) for variable in sources]
    set_weights(changed, values)
    set_anchors(changed.weights, values)
    places = list(zip(sources, _are_in(model, sources, on), _are_in(model, sources, held), strict=True))
    expected = [asked.expected(*place) for place in places]
    anchors = [
        asked.anchor(place[0], place[2], wanted) for place, wanted in zip(places, expected, strict=True)
    ]
    _check_held(l2_sp, expected)
    unsaved = verify(model, changed, sources, expected, anchors)
    compile_again(model, changed, weight_decay=weight_decay)
    if verbose:
        told = [
            *asked.told(sources, changed.weights),
            *drops.told(changed),
            *_decay_told(changed, weight_decay),
        ]
        print("\n".join([f"regularize {model.name!r}:", *(f"  {line}" for line in [*told, *unsaved])]))
    return changed


def _are_in(model: keras.Model, weights: Sequence[Any], on: frozenset[int]) -> list[bool]:
    """Return for every weight whether its layer was chosen."""
    chosen = {id(v) for _, leaf in leaves(model) if id(leaf) in on for v in leaf.weights}
    return [id(variable) in chosen for variable in weights]


def _has_matrix(layer: Any) -> bool:
    return any(is_matrix(variable) for variable in layer.weights)


def _check_held(l2_sp: float | None, expected: Sequence[Strengths]) -> None:
    if l2_sp and not any(strength for _, _, strength in expected):
        raise SettingsError(
            "L2-SP would hold nothing.",
            received="no chosen layer before the last one has a kernel",
            expected="a network with layers before its head",
            fix="name the layers: layers=[...]",
        )


def _decay_told(model: keras.Model, weight_decay: float | None) -> list[str]:
    if weight_decay is None:
        return []
    held = len(decay_holders(model))
    return [f"weight decay {weight_decay:g}: {held} of {len(model.trainable_variables)} trainable weights"]


def _check(model: keras.Model, **numbers: float | None) -> None:
    if all(value is None for value in numbers.values()):
        raise SettingsError(
            "nothing is asked for.",
            received="no strength and no rate",
            expected=f"at least one of {', '.join(numbers)}",
            fix="for example: l2=1e-4, dropout=0.3",
        )
    for name, value in numbers.items():
        if value is None:
            continue
        high = 1.0 if "dropout" in name else np.inf
        is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not is_number or not 0 <= value < high:
            raise SettingsError(
                f"{name} is out of range.",
                received=f"{name}={value!r}",
                expected="at least 0" + (" and below 1" if high == 1.0 else ", and finite"),
            )
    check_model(model)
    if numbers["weight_decay"] is not None and not model.compiled:
        raise SettingsError(
            "weight decay belongs to the optimizer, and this network has none.",
            received="a network that is not compiled",
            expected="a compiled network",
            fix="compile it with keras.optimizers.AdamW(weight_decay=...), or ask for l2",
        )
    reason = why_no_graph(model)
    if reason:
        raise UnsupportedModelError(
            "this network cannot be regularized",
            received=reason,
            expected="a built Sequential or functional model",
            fix="write it with keras.Sequential or keras.Model(inputs, outputs)",
        )
