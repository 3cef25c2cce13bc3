"""What pictures a backbone expects: one of each kind against Keras' own functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.models import (
    picture_range,
    predict_plain,
    preprocessing,
    save_plain,
    way_in,
    with_preprocessing,
)
from wellfit.models._backbones import BACKBONES, CAFFE, TF, TORCH, backbone_of
from wellfit.records import UnsupportedModelError

SHAPE = (32, 32, 3)
PICTURES = np.random.default_rng(0).integers(0, 256, (3, *SHAPE)).astype(np.float32)
layers, applications = keras.layers, keras.applications


def mobilenet() -> keras.Model:
    """Return the smallest backbone without preparation inside."""
    return applications.MobileNet(weights=None, alpha=0.25, include_top=False, input_shape=SHAPE)


def with_head(backbone: keras.Model, *before: Any) -> keras.Model:
    """Return a network of two classes around a backbone, with layers before it."""
    parts = [keras.Input(SHAPE), *before, backbone, layers.GlobalAveragePooling2D(), layers.Dense(1)]
    model = keras.Sequential(parts)
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


@pytest.mark.parametrize(
    ("make", "options", "module", "way"),
    [
        (applications.VGG16, {}, applications.vgg16, "caffe"),
        (applications.MobileNet, {"alpha": 0.25}, applications.mobilenet, "tf"),
        (applications.DenseNet121, {}, applications.densenet, "torch"),
    ],
)
def test_layers_do_what_keras_does(make: Any, options: Any, module: Any, way: str, tmp_path: Path) -> None:
    """The network of pixels gives what the backbone gives of prepared pictures, also after saving."""
    backbone = make(weights=None, include_top=False, input_shape=SHAPE, **options)
    found = preprocessing(backbone)
    assert (found.way, found.is_inside) == (way, False)
    model = with_head(backbone)
    changed = with_preprocessing(model)
    prepared = module.preprocess_input(PICTURES.copy())
    inside = way_in(changed)
    assert inside is not None
    # Behind the layers in front there may be a border of zeros.
    border = (inside.values(PICTURES).shape[1] - SHAPE[0]) // 2
    values = inside.values(PICTURES)[:, border : border + 32, border : border + 32]
    np.testing.assert_allclose(values, prepared, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        predict_plain(changed, [PICTURES]), predict_plain(model, [prepared]), rtol=1e-3, atol=1e-5
    )
    assert np.allclose([min(found.low), max(found.high)], _range_of(way))
    assert preprocessing(changed).is_inside
    if way == "caffe":
        save_plain(changed, tmp_path / "model.keras")
        loaded: Any = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(predict_plain(loaded, [PICTURES]), predict_plain(changed, [PICTURES]))
    with pytest.raises(UnsupportedModelError, match="preparation"):
        with_preprocessing(changed)


def _range_of(way: str) -> tuple[float, float]:
    found = {one.name: one for one in (CAFFE, TF, TORCH)}[way]
    return min(found.low), max(found.high)


def test_a_preparation_inside_is_seen() -> None:
    """Whether Keras builds it in, or layers or operations of the user stand in front."""
    own = applications.MobileNetV3Small(
        weights=None, alpha=0.35, minimalistic=True, include_top=False, input_shape=SHAPE
    )
    assert preprocessing(own).is_inside
    assert preprocessing(own).high == (255.0, 255.0, 255.0)
    by_layer = with_head(mobilenet(), layers.Rescaling(1 / 127.5, offset=-1.0))
    assert preprocessing(by_layer).is_right
    assert preprocessing(by_layer).high == (255.0, 255.0, 255.0)
    inputs = keras.Input(SHAPE)
    by_operations = keras.Model(inputs, mobilenet()(applications.mobilenet.preprocess_input(inputs)))
    assert preprocessing(by_operations).is_inside
    assert preprocessing(by_operations).is_right
    wrong = with_head(mobilenet(), layers.Rescaling(1 / 255))
    assert not preprocessing(wrong).is_right
    assert "does not make" in str(preprocessing(wrong))


def test_augmentation_comes_before_the_layers_and_flags_stay() -> None:
    """Augmented pictures are pixels; what was frozen is frozen, what was compiled is compiled."""
    model = with_head(mobilenet(), layers.RandomFlip(name="flip"))
    model.layers[1].trainable = False
    changed = with_preprocessing(model)
    assert [layer.name for layer in changed.layers][1:3] == ["flip", "preprocessing"]
    assert len(changed.trainable_variables) == len(model.trainable_variables) == 2
    assert changed.compiled
    assert changed.output_shape == (None, 1)


def test_backbones_are_known_by_layers_where_the_name_says_nothing() -> None:
    """A flat network under a name of its own; and a small one that only has the name."""
    backbone = mobilenet()
    flat = keras.Model(backbone.input, layers.Dense(2)(layers.Flatten()(backbone.output)), name="mine")
    found = backbone_of(flat)
    assert found is not None
    assert found.family == "MobileNet"
    small = keras.Sequential([keras.Input(SHAPE), layers.Conv2D(2, 3), layers.Flatten()], name="resnet50")
    assert backbone_of(small) is None
    assert preprocessing(small).backbone == ""
    assert not preprocessing(small).is_inside
    with pytest.raises(UnsupportedModelError, match="no known backbone"):
        with_preprocessing(small)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("resnet50", "ResNet"),
        ("resnet101v2", "ResNetV2"),
        ("vgg19", "VGG"),
        ("inception_v3", "InceptionV3"),
        ("mobilenetv2_1.00_224", "MobileNetV2"),
        ("MobileNetV3Large", "MobileNetV3"),
        ("efficientnetb7", "EfficientNet"),
        ("efficientnetv2-b0", "EfficientNetV2"),
        ("convnext_tiny", "ConvNeXt"),
        ("nasnet_mobile", "NASNet"),
        ("resnet50_encoder", "ResNet"),
    ],
)
def test_names_of_keras_are_in_the_table(name: str, family: str) -> None:
    """A deep network of that name is taken for one of the family."""
    blocks = [layers.Conv2D(1, 1) for _ in range(10)]
    found = backbone_of(keras.Sequential([keras.Input((4, 4, 3)), *blocks], name=name))
    assert found is not None
    assert found.family == family


def test_the_range_that_a_backbone_gets_is_measured() -> None:
    """At its first convolution, wherever it is prepared; a new network is not pretrained."""
    model = with_head(mobilenet())
    found = picture_range(model, PICTURES / 255)
    assert found is not None
    assert found.expected == (-1.0, 1.0)
    assert found.received == (0.0, 1.0)
    assert not found.is_pretrained
    model.layers[0].get_layer("conv1_bn").moving_mean.assign(np.full(8, 0.5, np.float32))
    ready = with_head(model.layers[0], layers.Rescaling(1 / 127.5, offset=-1.0))
    found = picture_range(ready, PICTURES)
    assert found is not None
    assert found.is_pretrained
    assert found.received == pytest.approx((-1.0, 1.0))
    dense = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    assert picture_range(dense, np.zeros((2, 4), np.float32)) is None


def test_what_cannot_be_read_is_said() -> None:
    """A network whose graph only its own code knows."""

    class Own(keras.Model):
        def call(self, inputs: Any) -> Any:
            return inputs

    with pytest.raises(UnsupportedModelError, match="cannot be read"):
        preprocessing(Own())
    assert picture_range(Own(), PICTURES) is None


def test_each_family_is_told_apart() -> None:
    """No entry is covered by an earlier one, by name."""
    assert len({entry.model for entry in BACKBONES}) == len(BACKBONES)
