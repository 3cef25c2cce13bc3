"""Known backbones, how they are recognized, and what pictures their first layer was trained on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import keras

from wellfit.models._chosen_layers import leaves

_FEWEST_KERNELS = 10  # layers with kernels: a small network of one's own may well be called "resnet50"
_ONES, _ZEROS = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pixels from 0 to 1


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a picture is prepared: ``pixel * scale + offset``, channel by channel.

    Attributes:
        name: as Keras calls it; ``pixels`` for none.
        scale: of each channel, in the order that comes out.
        offset: likewise.
        is_reversed: whether blue comes first.
    """

    name: str
    scale: tuple[float, ...] = _ONES
    offset: tuple[float, ...] = _ZEROS
    is_reversed: bool = False

    @property
    def low(self) -> tuple[float, ...]:
        """What black becomes, channel by channel."""
        return self.offset

    @property
    def high(self) -> tuple[float, ...]:
        """What white becomes, channel by channel."""
        return tuple(255 * scale + offset for scale, offset in zip(self.scale, self.offset, strict=True))


PIXELS = Way(name="pixels")
CAFFE = Way(name="caffe", offset=(-103.939, -116.779, -123.68), is_reversed=True)
TF = Way(name="tf", scale=(1 / 127.5,) * 3, offset=(-1.0,) * 3)
TORCH = Way(
    name="torch",
    scale=tuple(1 / (255 * deviation) for deviation in _DEVIATION),
    offset=tuple(-mean / deviation for mean, deviation in zip(_MEAN, _DEVIATION, strict=True)),
)


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A family of networks that share a preparation.

    Attributes:
        family: its name.
        model: pattern of the names that Keras gives its networks.
        layers: patterns of layers, each of which it has.
        way: what its first convolution expects.
        is_own: whether Keras builds it with its preparation inside.
    """

    family: str
    model: str
    layers: tuple[str, ...]
    way: Way
    is_own: bool = False


# One entry a family; the first that fits counts.
BACKBONES = (
    Backbone(family="ResNetV2", model=r"resnet\d+v2", layers=("conv2_block1_preact_bn", "post_bn"), way=TF),
    Backbone(
        family="ResNet", model=r"resnet\d+", layers=("conv1_conv", "conv1_bn", "conv5_block3_out"), way=CAFFE
    ),
    Backbone(
        family="VGG", model=r"vgg1[69]", layers=("block1_conv1", "block5_conv3", "block5_pool"), way=CAFFE
    ),
    Backbone(family="Xception", model="xception", layers=("block1_conv1", "block14_sepconv2"), way=TF),
    Backbone(family="InceptionV3", model="inception_v3", layers=("mixed0", "mixed10"), way=TF),
    Backbone(
        family="InceptionResNetV2",
        model="inception_resnet_v2",
        layers=("mixed_5b", "mixed_7a", "conv_7b"),
        way=TF,
    ),
    Backbone(
        family="MobileNet",
        model=r"mobilenet_\d\.\d+_\d+",
        layers=("conv1", "conv_dw_1", "conv_pw_13"),
        way=TF,
    ),
    Backbone(
        family="MobileNetV2",
        model=r"mobilenetv2_\d\.\d+_\d+",
        layers=("Conv1", "bn_Conv1", "block_1_expand", "Conv_1"),
        way=TF,
    ),
    Backbone(
        family="MobileNetV3",
        model="MobileNetV3(Small|Large)",
        layers=("conv", "conv_bn", "expanded_conv_depthwise", "expanded_conv_1_expand"),
        way=TF,
        is_own=True,
    ),
    Backbone(
        family="DenseNet", model=r"densenet\d+", layers=("conv2_block1_concat", "pool2_conv"), way=TORCH
    ),
    Backbone(
        family="NASNet",
        model="nasnet(_mobile|_large)?",
        layers=("stem_conv1", "stem_bn1", "normal_*"),
        way=TF,
    ),
    Backbone(
        family="EfficientNet",
        model=r"efficientnetb\d",
        layers=("stem_conv", "block1a_dwconv", "top_conv"),
        way=TORCH,
        is_own=True,
    ),
    Backbone(
        family="EfficientNetV2",
        model="efficientnetv2-[sml]",
        layers=("stem_conv", "block1a_project_conv", "block6o_project_conv"),
        way=TF,
        is_own=True,
    ),
    Backbone(
        family="EfficientNetV2",
        model=r"efficientnetv2-b\d",
        layers=("stem_conv", "block1a_project_conv", "block2a_expand_conv", "top_conv"),
        way=TORCH,
        is_own=True,
    ),
    Backbone(
        family="ConvNeXt",
        model="convnext_(tiny|small|base|large|xlarge)",
        layers=("*_stem", "*_stage_0_block_0_depthwise_conv"),
        way=TORCH,
        is_own=True,
    ),
)


def backbone_of(model: keras.Model) -> Backbone | None:
    """Return the family that a network, or a network nested in it, belongs to; None if none is known.

    Names of networks are looked at first, then those of layers.
    """
    for candidate in _networks(model):
        if sum(has_kernel(layer) for _, layer in leaves(candidate)) < _FEWEST_KERNELS:
            continue
        for backbone in BACKBONES:
            if re.fullmatch(f"(?i:{backbone.model})([_-].*)?", candidate.name):
                return backbone
    names = {layer.name for _, layer in leaves(model)}
    for backbone in BACKBONES:
        if all(any(fnmatchcase(name, pattern) for name in names) for pattern in backbone.layers):
            return backbone
    return None


def has_kernel(layer: Any) -> bool:
    """Return whether a layer, or a layer of a nested network, multiplies by weights."""
    if isinstance(layer, keras.Model):
        return any(has_kernel(leaf) for _, leaf in leaves(layer))
    if isinstance(layer, keras.layers.Normalization | keras.layers.BatchNormalization):
        return False
    return any(len(weight.shape) > 1 for weight in getattr(layer, "weights", ()))


def _networks(model: keras.Model) -> Iterator[keras.Model]:
    """Yield a network and those nested in it."""
    yield model
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _networks(layer)
