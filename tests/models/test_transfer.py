"""Weights by name: from a network alone into one that holds it, with another head."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from wellfit.models import transfer_weights
from wellfit.records import SettingsError, UnsupportedModelError


def backbone() -> keras.Model:
    """Return a small network with a moving average among its weights."""
    inputs = keras.Input((4,))
    x = keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(3, name="deep")(inputs))
    return keras.Model(inputs, x, name="backbone")


def with_head(classes: int, name: str = "head") -> keras.Model:
    """Return the network with a head behind it."""
    inner, outer = backbone(), keras.Input((4,))
    return keras.Model(outer, keras.layers.Dense(classes, name=name)(inner(outer)))


def test_a_backbone_goes_into_a_model() -> None:
    """Moments included; the head of another size keeps its own weights and is listed."""
    source, target = with_head(10), with_head(2)
    source.get_layer("backbone").get_layer("norm").moving_mean.assign(np.arange(3.0))
    head = target.get_layer("head").get_weights()
    found = transfer_weights(source, target)
    assert found.copied == ("deep", "norm")
    assert found.mismatched == (("head", "(3, 10), (10,)", "(3, 2), (2,)"),)
    rows = np.ones((2, 4), np.float32)
    inner = [np.asarray(m.get_layer("backbone")(rows)) for m in (source, target)]
    assert np.allclose(*inner)
    for old, new in zip(head, target.get_layer("head").get_weights(), strict=True):
        assert np.array_equal(old, new)


def test_what_is_only_on_one_side_is_listed() -> None:
    """By name, on both sides."""
    found = transfer_weights(with_head(2, "old"), with_head(2, "new"))
    assert (found.missing, found.unused) == (("new",), ("old",))
    assert "not there: new" in str(found)


def test_layers_of_one_name_in_two_nested_models_are_told_apart() -> None:
    """By their paths; from a network that has one of them, both get it."""

    def pair() -> keras.Model:
        parts = [keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="deep")]) for _ in "ab"]
        parts[0].name, parts[1].name = "a", "b"
        inputs = keras.Input((4,))
        return keras.Model(inputs, keras.layers.Add()([part(inputs) for part in parts]))

    def kernels(model: keras.Model) -> list[np.ndarray]:
        return [np.asarray(model.get_layer(name).layers[0].kernel) for name in "ab"]

    source, target = pair(), pair()
    assert transfer_weights(source, target).copied == ("a/deep", "b/deep")
    assert all(map(np.array_equal, kernels(source), kernels(target)))
    one = backbone()
    assert transfer_weights(one, target).copied == ("a/deep", "b/deep")
    assert all(np.array_equal(np.asarray(one.get_layer("deep").kernel), own) for own in kernels(target))


def test_what_is_no_network_is_refused() -> None:
    """On either side."""
    for source, target in ((3, backbone()), (backbone(), None)):
        with pytest.raises(SettingsError, match="not a network"):
            transfer_weights(source, target)  # pyright: ignore[reportArgumentType]


def test_nothing_in_common_is_refused() -> None:
    """Otherwise nobody would notice."""
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="other")])
    with pytest.raises(UnsupportedModelError, match="no layer"):
        transfer_weights(backbone(), other)
