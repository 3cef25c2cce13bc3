"""A network for pictures that also looks at them mirrored and shifted, and puts out the mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
from numpy.typing import NDArray

from wellfit.models._average import mean_outputs
from wellfit.models._function import packed_inputs
from wellfit.models._graph import why_no_graph
from wellfit.models._repair import fresh_optimizer
from wellfit.records import SettingsError, Task, TestViews, UnsupportedModelError

ops: Any = keras.ops  # whose annotations leave out what its functions return

_SHIFT = 1 / 16  # of the sides: as far as crops of 224 move in pictures of 256
_NETWORK = "network_of_each_view"
_CHANNELS = (1, 3)


@dataclass(frozen=True, kw_only=True)
class View:
    """A picture as it is shown to a network.

    Attributes:
        is_flipped: whether left and right are exchanged.
        down: steps by which it is moved down, -1 for up; what leaves is gone, and the edge is repeated.
        right: likewise.
    """

    is_flipped: bool = False
    down: int = 0
    right: int = 0

    def places(self, height: int, width: int) -> tuple[list[int], list[int]]:
        """Return the row and the column of the picture that each row and column of the view shows.

        Example:
            >>> View(is_flipped=True, down=1).places(4, 3)
            ([0, 0, 1, 2], [2, 1, 0])
        """
        rows, columns = _moved(height, self.down), _moved(width, self.right)
        return rows, columns[::-1] if self.is_flipped else columns


_OWN, _FLIPPED = View(), View(is_flipped=True)
_CORNERS = tuple(View(down=down, right=right) for down in (-1, 1) for right in (-1, 1))
_BOTH = tuple(
    View(is_flipped=turned, down=one.down, right=one.right)
    for turned in (False, True)
    for one in (_OWN, *_CORNERS)
)
VIEWS: Mapping[TestViews, tuple[View, ...]] = {
    "none": (_OWN,),
    "flip": (_OWN, _FLIPPED),
    "shift": (_OWN, *_CORNERS),
    "flip-shift": _BOTH,
}
"""Views by their setting, the picture as it is first."""


def seen_in(pictures: NDArray[Any], view: View) -> NDArray[Any]:
    """Return pictures in a view, in their own unit.

    Args:
        pictures: ``[picture, row, column, channel]``.
        view: which one.

    Example:
        >>> seen_in(np.arange(3).reshape(1, 1, 3, 1), View(is_flipped=True)).ravel().tolist()
        [2, 1, 0]
    """
    rows, columns = view.places(*pictures.shape[1:3])
    return pictures[:, rows][:, :, columns]


def with_test_views(
    model: keras.Model, views: TestViews, task: Task, *, from_logits: bool = False
) -> keras.Model:
    """Return a network whose output is the mean over views of its pictures, compiled as it was.

    Classes: the mean of the probabilities, put out as logits again if the network puts out logits.
    Regression: the mean of the outputs. Views are made by Keras' own operations, so that a saved file needs
    nothing but Keras; a prediction takes as many times as long as there are views. The network stays whole
    inside, as a layer that all views share.

    Args:
        model: a network of pictures of one size; other inputs are the same in all views. It stays as it is.
        views: which ones; "none" returns the network.
        task: what the network is for.
        from_logits: whether its outputs are logits.

    Raises:
        SettingsError: there are no such views.
        UnsupportedModelError: the network is subclassed, or has no input of pictures of one size.

    Example:
        >>> layers = keras.layers
        >>> model = keras.Sequential([keras.Input((1, 2, 1)), layers.Flatten(), layers.Dense(1)])
        >>> model.layers[-1].set_weights([np.array([[1.0], [3.0]]), np.zeros(1)])
        >>> both = with_test_views(model, "flip", Task.REGRESSION)
        >>> float(model(np.array([[[[1.0], [0.0]]]]))[0, 0]), float(both(np.array([[[[1.0], [0.0]]]]))[0, 0])
        (1.0, 2.0)

    Source:
        Krizhevsky, Sutskever and Hinton, ImageNet Classification with Deep Convolutional Neural Networks,
        2012.
    """
    if views not in VIEWS:
        raise SettingsError(
            "there are no such views", received=repr(views), expected=", ".join(map(repr, VIEWS))
        )
    if views == "none":
        return model
    _refuse_others(model)
    inputs = [keras.Input(one.shape[1:], dtype=one.dtype, name=one.name) for one in model.inputs]
    network: Any = keras.Model(packed_inputs(model, model.inputs), model.outputs[0], name=_NETWORK)
    outputs = [
        network(packed_inputs(model, [_seen(one, view) if _is_picture(one) else one for one in inputs]))
        for view in VIEWS[views]
    ]
    total = mean_outputs(outputs, from_logits=task.is_classification and from_logits)
    whole = keras.Model(packed_inputs(model, inputs), total, name=model.name)
    if model.compiled:
        loss: Any = model.loss
        whole.compile(optimizer=fresh_optimizer(model), loss=loss)
        # Built now, so that a saved file holds as many optimizer variables as the loaded network expects.
        whole.optimizer.build(whole.trainable_variables)
    return whole


def without_test_views(model: keras.Model) -> keras.Model:
    """Return the network that looks at each view, or the network itself where it has none."""
    inside = [layer for layer in model.layers if layer.name == _NETWORK]
    return inside[0] if inside and isinstance(inside[0], keras.Model) else model


def can_view(model: keras.Model) -> bool:
    """Return whether `with_test_views` can show a network views.

    Example:
        >>> can_view(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]))
        False
    """
    try:
        _refuse_others(model)
    except UnsupportedModelError:
        return False
    return True


def _refuse_others(model: keras.Model) -> None:
    reason = why_no_graph(model)
    shapes = [] if reason else [tuple(one.shape[1:]) for one in model.inputs]
    if reason or not any(map(_is_picture, model.inputs)):
        raise UnsupportedModelError(
            "views of pictures cannot be shown to this network",
            received=reason or f"inputs of shape {', '.join(map(str, shapes))}",
            expected="pictures of one size, with one or three channels",
            fix="build the network with keras.Input((height, width, channels))",
        )


def _is_picture(tensor: Any) -> bool:
    shape = tensor.shape[1:]
    return len(shape) == 3 and None not in shape and shape[-1] in _CHANNELS


def _seen(pictures: Any, view: View) -> Any:
    rows, columns = view.places(*pictures.shape[1:3])
    if view.down:
        pictures = ops.take(pictures, rows, axis=1)
    return ops.take(pictures, columns, axis=2) if view.right or view.is_flipped else pictures


def _moved(length: int, steps: int) -> list[int]:
    """Return where in a side its places come from once it is moved by so many steps."""
    far = steps * max(1, round(_SHIFT * length))
    return [min(max(place - far, 0), length - 1) for place in range(length)]
