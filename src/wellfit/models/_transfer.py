"""Weights that go from one network to another, layer by layer, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from wellfit.models._chosen_layers import leaves
from wellfit.models._probe import weight_values
from wellfit.models._rebuild import assign
from wellfit.records import UnsupportedModelError


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """What became of the weights of a network.

    Attributes:
        copied: layers that got their weights.
        mismatched: (layer, shapes there, shapes here) of layers that do not fit; they keep their own weights.
        missing: layers that the other network does not have; they keep their own.
        unused: layers of the other network that this one does not have.
    """

    copied: tuple[str, ...]
    mismatched: tuple[tuple[str, str, str], ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as text, a line for each kind."""
        lines = [f"weights of {len(self.copied)} layers copied"]
        lines += [
            f"{name}: {there} there, {here} here, kept as it was" for name, there, here in self.mismatched
        ]
        lines += [f"not there: {', '.join(self.missing)}"] if self.missing else []
        lines += [f"not used: {', '.join(self.unused)}"] if self.unused else []
        return "\n".join(lines)


def transfer_weights(source: keras.Model, target: keras.Model) -> Transfer:
    """Give a network the weights of another one, wherever layers of one name have weights of equal shapes.

    Nested models are opened on both sides, so that a backbone inside a model fits the same one by itself.

    Args:
        source: a built network; it stays as it is.
        target: a built network, which is changed.

    Returns:
        What was copied, and what was not and why.

    Raises:
        UnsupportedModelError: no layer fits at all; nothing was changed.

    Example:
        >>> def network(classes):
        ...     return keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, name="body"),
        ...                              keras.layers.Dense(classes, name="head")])
        >>> print(transfer_weights(network(10), network(2)))
        weights of 1 layers copied
        head: (8, 10), (10,) there, (8, 2), (2,) here, kept as it was

    Source:
        Yosinski et al., How Transferable Are Features in Deep Neural Networks?, 2014.
    """
    given = {leaf.name: leaf for _, leaf in leaves(source) if leaf.weights}
    own = {leaf.name: leaf for _, leaf in leaves(target) if leaf.weights}
    both = [name for name in own if name in given]
    fitting = [name for name in both if _shapes(given[name]) == _shapes(own[name])]
    if not fitting:
        raise UnsupportedModelError(
            f"no layer of {source.name!r} fits {target.name!r}",
            received=f"layers {', '.join(list(given)[:5])} for {', '.join(list(own)[:5])}",
            expected="layers of equal names and shapes on both sides",
            fix="give the layers of the new network the names of those whose weights they shall have",
        )
    for name in fitting:
        assign(own[name], weight_values(given[name]))
    return Transfer(
        copied=tuple(fitting),
        mismatched=tuple(
            (name, _shown(given[name]), _shown(own[name])) for name in both if name not in fitting
        ),
        missing=tuple(name for name in own if name not in given),
        unused=tuple(name for name in given if name not in own),
    )


def _shapes(layer: Any) -> list[tuple[int, ...]]:
    return [tuple(variable.shape) for variable in layer.weights]


def _shown(layer: Any) -> str:
    return ", ".join(str(shape) for shape in _shapes(layer))
