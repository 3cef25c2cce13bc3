"""Penalties, weight decay and dropout that take effect, in a network that keeps its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from wellfit.models._chosen_layers import LayerChoice, chosen_layers, leaves
from wellfit.models._compiled_again import compile_again, decay_holders
from wellfit.models._dropout_places import (
    inner_dropouts,
    is_spatial,
    map_places,
    own_dropouts,
    spatial_dropout,
    unit_places,
)
from wellfit.models._graph import check_model, why_no_graph
from wellfit.models._heads import heads
from wellfit.models._l2_sp import L2SP, Strengths, all_strengths, anchor_of, set_anchors
from wellfit.models._probe import value_of
from wellfit.models._rebuild import Config, Edits, rebuild, set_weights, weight_sources
from wellfit.models._verified import verify
from wellfit.records import SettingsError, UnsupportedModelError

_KERNEL_KEYS = frozenset(
    {
        "kernel_regularizer",
        "recurrent_regularizer",
        "depthwise_regularizer",
        "pointwise_regularizer",
        "embeddings_regularizer",
    }
)
_BIAS_KEYS = frozenset({"bias_regularizer"})
_NORMALIZATION_KEYS = frozenset({"gamma_regularizer", "beta_regularizer"})
_NORMALIZATION_WEIGHTS = ("gamma", "beta")
# The last is what `SpectralNormalization` measures the kernel inside it by.
_NO_KERNELS = ("bias", "alpha", *_NORMALIZATION_WEIGHTS, "vector_u")
_KNOWN = ("L1", "L2", "L1L2", "L2SP")


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
            inside a layer (recurrent, attention, wrapped) stays, and is named.
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
        UnsupportedModelError: the network has no known graph, or a weight cannot have the penalty.

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
    asked = _Asked(l1=l1, l2=l2, l2_sp=l2_sp, keys=_keys(biases, normalization))
    on = chosen_layers(model, layers, exclude)
    held = on if layers is not None else on - heads(model, _has_matrix)
    drops = _Drops.plan(model, dropout, spatial_dropout, on)

    def change(layer: Any, config: Config) -> Config:
        if id(layer) in drops.rates:
            config = {**config, "rate": drops.rates[id(layer)]}
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
        told = [*asked.told(sources, changed.weights), *drops.told(), *_decay_told(changed, weight_decay)]
        print("\n".join([f"regularize {model.name!r}:", *(f"  {line}" for line in [*told, *unsaved])]))
    return changed


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The penalties that were asked for.

    Attributes:
        l1: see `regularize`.
        l2: likewise.
        l2_sp: likewise.
        keys: names of the regularizers in a layer's config that they are for.
    """

    l1: float | None
    l2: float | None
    l2_sp: float | None
    keys: frozenset[str]

    @property
    def strengths(self) -> tuple[float | None, float | None, float | None]:
        """L1, L2 and L2-SP; None for what stays as it is."""
        return self.l1, self.l2, self.l2_sp

    def put(self, config: Any, *, is_held: bool) -> Any:
        """Return a config with the regularizers of a layer replaced, and of what it wraps."""
        if self.strengths == (None, None, None):
            return config
        if isinstance(config, list | tuple):
            return type(config)(self.put(part, is_held=is_held) for part in config)
        if not isinstance(config, dict):
            return config
        changed: Config = {}
        for key, value in config.items():
            is_own = key in self.keys
            changed[key] = self._replaced(value, is_held) if is_own else self.put(value, is_held=is_held)
        return changed

    def expected(self, variable: Any, is_on: bool, is_held: bool) -> Strengths:
        """Return the strengths that a weight is to have."""
        own = all_strengths(variable)
        if not is_on or not self._reaches(variable):
            return own
        l1, l2, l2_sp = (
            mine if asked is None else asked for mine, asked in zip(own, self.strengths, strict=True)
        )
        return l1, l2, l2_sp if is_held else own[2]

    def anchor(self, variable: Any, is_held: bool, wanted: Strengths) -> Any:
        """Return what a weight is to be held to; None where it is not."""
        if not wanted[2]:
            return None
        is_new = self.l2_sp is not None and is_held and self._reaches(variable)
        return value_of(variable) if is_new else anchor_of(variable)

    def told(self, before: Sequence[Any], after: Sequence[Any]) -> list[str]:
        """Return in words what became of the penalties of these weights."""
        if self.strengths == (None, None, None):
            return []
        pairs = list(zip(before, after, strict=True))
        had = sum(any(all_strengths(old)) for old, _ in pairs)
        has = sum(any(all_strengths(new)) for _, new in pairs)
        moved = sum(all_strengths(old) != all_strengths(new) for old, new in pairs)
        frozen = sum(any(all_strengths(new)) and not new.trainable for _, new in pairs)
        names = zip(("L1", "L2", "L2-SP"), self.strengths, strict=True)
        named = ", ".join(f"{name} {value:g}" for name, value in names if value is not None)
        lines = [f"penalties ({named}): {has} weights have one, {had} had; {moved} changed"]
        if frozen:
            lines.append(f"{frozen} of them are frozen: their penalty takes effect when they are trained")
        return lines

    def _reaches(self, variable: Any) -> bool:
        if variable.name in _NORMALIZATION_WEIGHTS:
            return "gamma_regularizer" in self.keys
        if variable.name == "bias":
            return "bias_regularizer" in self.keys
        return is_matrix(variable)

    def _replaced(self, own: Any, is_held: bool) -> Any:
        if own is not None and not (isinstance(own, dict) and own.get("class_name") in _KNOWN):
            return own
        asked = self.l2_sp if is_held else None
        config = own["config"] if own is not None else {}
        l1 = float(config.get("l1", 0.0)) if self.l1 is None else self.l1
        l2 = float(config.get("l2", 0.0)) if self.l2 is None else self.l2
        l2_sp = float(config.get("l2_sp", 0.0)) if asked is None else asked
        if l2_sp:
            # The values of a new anchor are not known to a config; they are set on the rebuilt network.
            anchor = config.get("anchor") if asked is None else None
            return keras.regularizers.serialize(L2SP(l2_sp, anchor, l1, l2))
        if not l1 and not l2:
            return None
        made = keras.regularizers.L1L2(l1, l2) if l1 and l2 else None
        made = made or (keras.regularizers.L2(l2) if l2 else keras.regularizers.L1(l1))
        return keras.regularizers.serialize(made)


@dataclass(frozen=True, kw_only=True)
class _Drops:
    """What becomes of dropout.

    Attributes:
        rates: identity of a layer to its new rate.
        inserted: path of a layer to what makes the dropout after it.
        passed: path of a dropout layer that is taken out to 0, its only input.
        moved: (path, old rate, new rate) of layers that were there.
        inner: (path, rate) of layers that drop inside, which stay as they are.
    """

    rates: Mapping[int, float]
    inserted: Mapping[str, Callable[[str], keras.layers.Layer]]
    passed: Mapping[str, int]
    moved: tuple[tuple[str, float, float], ...]
    inner: tuple[tuple[str, float], ...] = ()

    @classmethod
    def plan(
        cls, model: keras.Model, rate: float | None, spatial_rate: float | None, on: frozenset[int]
    ) -> _Drops:
        """Return what to do for the rates that were asked for, at the chosen layers."""
        rates: dict[int, float] = {}
        inserted: dict[str, Callable[[str], keras.layers.Layer]] = {}
        passed: dict[str, int] = {}
        moved: list[tuple[str, float, float]] = []
        for path, layer in own_dropouts(model):
            new = spatial_rate if is_spatial(layer) else rate
            if new is None or id(layer) not in on:
                continue
            moved.append((path, float(layer.rate), new))
            if new:
                rates[id(layer)] = new
            else:
                passed[path] = 0
        if rate:
            for place in unit_places(model):
                if id(place.layer) in on or _holds(place.layer, on):
                    inserted[place.path] = _unit_dropout(place.layer.name, rate)
        if spatial_rate:
            for place in map_places(model):
                # What is no layer, such as ``x + y``, is neither chosen nor left out.
                is_layer = isinstance(place.layer, keras.layers.Layer)
                if place.path not in inserted and (not is_layer or id(place.layer) in on):
                    inserted[place.path] = _map_dropout(place.layer.name, place.rank, spatial_rate)
        inner = () if rate is None else tuple(inner_dropouts(model))
        return cls(rates=rates, inserted=inserted, passed=passed, moved=tuple(moved), inner=inner)

    def told(self) -> list[str]:
        """Return in words what became of dropout."""
        lines = []
        for path, old, new in self.moved:
            lines.append(
                f"dropout {path}: {old:g} -> {new:g}" if new else f"dropout {path} ({old:g}): removed"
            )
        lines += [f"dropout inside {path} ({rate:g}): stays as it is" for path, rate in self.inner]
        if self.inserted:
            paths = list(self.inserted)
            shown = ", ".join(paths[:4]) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
            lines.append(f"dropout put after {shown}")
        return lines


def is_matrix(variable: Any) -> bool:
    """Whether a weight is a kernel: at least two axes, and neither bias nor normalization nor slope."""
    return len(variable.shape) >= 2 and variable.name not in _NO_KERNELS


def _keys(biases: bool, normalization: bool) -> frozenset[str]:
    wanted = _KERNEL_KEYS | (_BIAS_KEYS if biases else frozenset())
    return wanted | (_NORMALIZATION_KEYS if normalization else frozenset())


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


def _holds(layer: Any, on: frozenset[int]) -> bool:
    """Whether a nested model holds a chosen layer: what it puts out may be dropped."""
    return isinstance(layer, keras.Model) and any(id(leaf) in on for _, leaf in leaves(layer))


def _unit_dropout(name: str, rate: float) -> Callable[[str], keras.layers.Layer]:
    return lambda suffix: keras.layers.Dropout(rate, name=f"{name}{suffix}_dropout")


def _map_dropout(name: str, rank: int, rate: float) -> Callable[[str], keras.layers.Layer]:
    return lambda suffix: spatial_dropout(rank, rate, f"{name}{suffix}_spatial_dropout")


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
