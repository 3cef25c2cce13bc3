"""What pictures a network expects, and the layers that bring pixels there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from wellfit.models._backbones import PIXELS, Way, backbone_of
from wellfit.models._chosen_layers import leaves
from wellfit.models._compiled_again import compile_again
from wellfit.models._probe import value_of, weight_values
from wellfit.models._rebuild import Edits, rebuild, set_weights
from wellfit.models._way_in import WayIn, way_in
from wellfit.records import UnsupportedModelError

_NEAR = 0.02  # of the whole range: EfficientNetV2 divides by 128 where others divide by 127.5
_SIDE = 32  # of pictures that are looked at where a network takes any size
_CHANNELS = 3
_FROM_ZERO = ("bias", "beta", "moving_mean")


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """What pictures a network expects.

    Attributes:
        backbone: family of the pretrained networks that it is or holds; empty where none is known.
        way: how its first convolution wants pixels, by the name in Keras: ``caffe`` (blue, green, red, minus
            means), ``tf`` (-1 to 1), ``torch`` (minus means, over deviations); empty where none is known.
        is_inside: whether the network changes the values itself before its first layer with a kernel.
        is_right: whether a known backbone gets what it expects once the network is given `low` to `high`.
        low: ``[channel]`` what the network takes for black.
        high: ``[channel]`` what the network takes for white; like `low` empty where it is not known.
        order: of the channels that the network takes, ``RGB`` or ``BGR``.
    """

    backbone: str = ""
    way: str = ""
    is_inside: bool = False
    is_right: bool = True
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    order: str = "RGB"

    def __str__(self) -> str:
        """Return it as a sentence."""
        if not self.backbone:
            inside = "values are changed inside" if self.is_inside else "nothing inside changes values"
            return f"no known backbone; {inside}"
        if not self.is_right:
            return f"{self.backbone}: what is in front of it does not make {self.way!r} of pixels"
        if self.is_inside:
            return f"{self.backbone}: takes pixels from 0 to 255, the rest is inside"
        low, high = min(self.low), max(self.high)
        return f"{self.backbone}: takes {low:.4g} to {high:.4g} ({self.way}), {self.order}"


@dataclass(frozen=True, kw_only=True)
class PictureRange:
    """The range of values that a known backbone gets, and the one that it was trained on.

    Attributes:
        backbone: its family.
        expected: lowest and highest.
        received: lowest and highest.
        is_pretrained: whether weights before the head came with the network: neither new nor trained here.
    """

    backbone: str
    expected: tuple[float, float]
    received: tuple[float, float]
    is_pretrained: bool


def preprocessing(model: keras.Model) -> Preprocessing:
    """Return what pictures a network expects: of a known backbone its values and the order of its colors.

    Use it before you give pictures to a pretrained network: the families of `keras.applications` differ, and
    one that gets another range than it was trained on loses most of what it knows, without an error.

    Args:
        model: a built network: a backbone, or one that holds a backbone as a nested network or flat.

    Returns:
        The backbone's family, what the network itself takes, and whether the rest is done inside.

    Raises:
        UnsupportedModelError: the graph of the network is not known.

    Example:
        >>> backbone = keras.applications.MobileNet(weights=None, alpha=0.25, input_shape=(32, 32, 3),
        ...                                         include_top=False)
        >>> print(preprocessing(backbone))
        MobileNet: takes -1 to 1 (tf), RGB

    Source:
        He et al., Deep Residual Learning for Image Recognition, 2015 (means are subtracted); the table is
        that of ``keras.applications.imagenet_utils.preprocess_input``.
    """
    way, backbone = _known_way(model), backbone_of(model)
    is_inside = bool(way.changing)
    if backbone is None:
        return Preprocessing(is_inside=is_inside)
    named: dict[str, Any] = {"backbone": backbone.family, "way": backbone.way.name, "is_inside": is_inside}
    if not is_inside:
        expected = backbone.way
        order = "BGR" if expected.is_reversed else "RGB"
        return Preprocessing(**named, low=expected.low, high=expected.high, order=order)
    if backbone.is_own or _makes(model, way, backbone.way):
        return Preprocessing(**named, low=PIXELS.low, high=PIXELS.high)
    return Preprocessing(**named, is_right=False)


def with_preprocessing(model: keras.Model) -> keras.Model:
    """Return a network with a known backbone that takes pixels: red, green, blue, from 0 to 255.

    What the backbone expects is made by plain Keras layers behind the input (and behind layers of
    augmentation), which a `.keras` file holds without any code.

    Args:
        model: with a known backbone and nothing inside that changes values; it stays as it is.

    Raises:
        UnsupportedModelError: there is no known backbone, or its preparation is inside already.

    Example:
        >>> backbone = keras.applications.MobileNet(weights=None, alpha=0.25, input_shape=(32, 32, 3),
        ...                                         include_top=False)
        >>> print(preprocessing(with_preprocessing(backbone)))
        MobileNet: takes pixels from 0 to 255, the rest is inside
    """
    way, backbone = _known_way(model), backbone_of(model)
    if backbone is None or way.changing or model.inputs[0].shape[-1] != _CHANNELS:
        raise UnsupportedModelError(
            f"model {model.name!r} gets no preparation of pixels",
            received=", ".join(way.changing) or "no known backbone of three channels",
            expected="a known backbone without preparation inside",
            fix="see wellfit.preprocessing(model)",
        )

    def prepared(tensor: Any) -> Any:
        tensor = tensor[..., ::-1] if backbone.way.is_reversed else tensor
        return _rescaling(backbone.way)(tensor)

    changed = rebuild(model, Edits(continued={way.start: prepared}))
    set_weights(changed, weight_values(model))
    learns = {_path(around, leaf): leaf.trainable for around, leaf in leaves(model)}
    for around, leaf in leaves(changed):
        # Not by its config, which says nothing to the layers inside a wrapper.
        leaf.trainable = learns.get(_path(around, leaf), True)
    compile_again(model, changed)
    return changed


def picture_range(model: keras.Model, pictures: np.ndarray) -> PictureRange | None:
    """Return what a known backbone gets and what it expects; None where no backbone is known.

    Args:
        model: a built network.
        pictures: ``[picture, row, column, channel]`` as the network is given them; some are enough.
    """
    try:
        way, backbone = _known_way(model), backbone_of(model)
    except UnsupportedModelError:
        return None
    if backbone is None or pictures.ndim != 4:
        return None
    if backbone.is_own and way.changing:
        expected, received = PIXELS, np.asarray(pictures)
    else:
        expected, received = backbone.way, way.values(pictures)
    return PictureRange(
        backbone=backbone.family,
        expected=(min(expected.low), max(expected.high)),
        received=(float(received.min()), float(received.max())),
        is_pretrained=_is_pretrained(model),
    )


def _known_way(model: keras.Model) -> WayIn:
    way = way_in(model)
    if way is None:
        raise UnsupportedModelError(
            "what this network does with pictures cannot be read",
            received=f"model {model.name!r}",
            expected="a built Sequential or functional model of one input with convolutions",
        )
    return way


def _makes(model: keras.Model, way: WayIn, expected: Way) -> bool:
    """Return whether a network makes of pixels what its backbone expects."""
    shape = tuple(size or _SIDE for size in model.inputs[0].shape[1:])
    if shape[-1] != _CHANNELS:
        return False
    colors = np.concatenate([np.zeros((1, 3)), np.eye(3) * 255.0])  # black, then each channel alone at full
    found = way.values(np.broadcast_to(colors[:, None, None], (len(colors), *shape)))
    middle = found[:, found.shape[1] // 2, found.shape[2] // 2]  # a border may be padded
    colors = colors[:, ::-1] if expected.is_reversed else colors
    wanted = colors * np.asarray(expected.scale) + np.asarray(expected.offset)
    span = max(expected.high) - min(expected.low)
    return found.shape[-1] == _CHANNELS and bool(np.abs(middle - wanted).max() <= _NEAR * span)


def _is_pretrained(model: keras.Model) -> bool:
    """Return whether weights before the head came with the network.

    They do where some bias, or mean of a batch normalization, has left the zero that it starts from, and the
    network's own optimizer has not moved it.
    """
    optimizer: Any = model.optimizer if model.compiled else None
    is_moved = optimizer is not None and int(optimizer.iterations) > 0
    body = [leaf for _, leaf in leaves(model) if leaf.weights]
    for leaf in body[:-1]:
        if is_moved and leaf.trainable:
            continue
        for variable in leaf.weights:
            if variable.path.rpartition("/")[2] in _FROM_ZERO and np.any(value_of(variable)):
                return True
    return False


def _rescaling(way: Way) -> keras.layers.Layer:
    scale = list(way.scale) if len(set(way.scale)) > 1 else way.scale[0]
    offset: Any = list(way.offset) if len(set(way.offset)) > 1 else way.offset[0]
    return keras.layers.Rescaling(scale, offset=offset, name="preprocessing")


def _path(around: tuple[Any, ...], leaf: Any) -> str:
    return "/".join(part.name for part in (*around, leaf))
