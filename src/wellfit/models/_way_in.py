"""What happens to a picture between the input of a network and its first layer with a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from wellfit.models._backbones import has_kernel
from wellfit.models._chosen import predict_plain
from wellfit.models._chosen_layers import leaves
from wellfit.models._graph import Call, Graph, read_graph, why_no_graph

# Layers that leave the unit of the pixels as it is when a network predicts; so do all ``Random...``.
_KEEPING = (
    "CenterCrop",
    "Cropping2D",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "InputLayer",
    "Resizing",
    "SpatialDropout2D",
    "ZeroPadding2D",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class WayIn:
    """Everything before the first layer with a kernel.

    Attributes:
        parts: networks that run one after the other.
        changing: names of layers and operations that change values.
        start: layer of the outermost network after which a preparation of pixels belongs: its input, or the
            last layer of augmentation behind it.
    """

    parts: tuple[keras.Model, ...]
    changing: tuple[str, ...]
    start: str

    def values(self, pictures: np.ndarray) -> np.ndarray:
        """Return what the first layer with a kernel gets of ``[picture, row, column, channel]``."""
        found = np.asarray(pictures, np.float32)
        for part in self.parts:
            found = np.asarray(predict_plain(part, [found]), np.float32)
        return found


def way_in(model: keras.Model) -> WayIn | None:
    """Return what a network does before its first layer with a kernel; None where that cannot be read.

    It cannot where the graph of a network is not known, or several inputs or tensors come together.
    """
    parts: list[keras.Model] = []
    changing: list[str] = []
    start = ""
    while True:
        if why_no_graph(model) or len(model.inputs) != 1:
            return None
        graph = read_graph(model)
        first = next((call for call in graph.calls if not call.is_input and has_kernel(call.operation)), None)
        if first is None or len(first.inputs) != 1:
            return None
        before = _before(graph, first.inputs)
        changing += [call.name for call in before if not _keeps(call.operation)]
        start = start or _last_augmentation(graph)
        if not graph.calls[first.inputs[0][0]].is_input:
            parts.append(keras.Model(model.inputs, _tensor(graph, first)))
        if not isinstance(first.operation, keras.Model):
            return WayIn(parts=tuple(parts), changing=tuple(changing), start=start)
        model = first.operation


def _before(graph: Graph, keys: Sequence[tuple[int, int]]) -> list[Call]:
    """Return the calls that some tensors are made by."""
    waiting, found = [key[0] for key in keys], set[int]()
    while waiting:
        index = waiting.pop()
        if index not in found:
            found.add(index)
            waiting.extend(key[0] for key in graph.calls[index].inputs)
    return [call for call in graph.calls if call.index in found]


def _tensor(graph: Graph, call: Call) -> Any:
    given = keras.tree.flatten((call.args, call.kwargs))
    return next(leaf for leaf in given if id(leaf) in graph.keys)


def _keeps(operation: Any) -> bool:
    if isinstance(operation, keras.Model):
        return all(_keeps(leaf) for _, leaf in leaves(operation))
    kind = type(operation).__name__
    return kind in _KEEPING or kind.startswith("Random")


def _last_augmentation(graph: Graph) -> str:
    """Return the last of the layers behind the input that keep the unit of pixels; borders come later."""
    call = next(call for call in graph.calls if call.is_input)
    while True:
        readers = graph.consumers.get((call.index, 0), ())
        following = graph.calls[readers[0]] if len(readers) == 1 else None
        if (
            following is None
            or not _keeps(following.operation)
            or "Padding" in type(following.operation).__name__
        ):
            return call.name
        call = following
