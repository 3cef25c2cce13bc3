"""Whole maps of convolutions that are dropped."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from wellfit.models import dropout_points, find_layout, restructured, small_cnn, structure_facts
from wellfit.records import Structure, Task, UnsupportedModelError

layers = keras.layers
DROPPED = Structure(map_dropout=0.3)


def built() -> keras.Model:
    """Return the network that is built for pictures, with two stages."""
    return small_cnn((8, 8, 3), Task.MULTICLASS, 4, filters=4)


def dropped(model: keras.Model, structure: Structure = DROPPED) -> keras.Model:
    """Return the changed network."""
    return restructured(model, find_layout(model), structure)


def test_every_activation_of_maps_is_followed_by_dropout_of_maps() -> None:
    """With the rate that is asked for; own dropout before the head stays."""
    model = built()
    assert structure_facts(model, find_layout(model)).can_drop_maps
    other = dropped(model)
    kinds = [type(one).__name__ for one in other.layers]
    places = [place for place, kind in enumerate(kinds) if kind == "SpatialDropout2D"]
    assert len(places) == kinds.count("ReLU") == 2
    assert all(kinds[place - 1] == "ReLU" for place in places)
    rates = [point.own_rate for point in dropout_points(other, find_layout(other))]
    assert rates == [0.3, 0.3, 0.2]
    assert not structure_facts(other, find_layout(other)).can_drop_maps


def test_maps_are_dropped_as_a_whole() -> None:
    """In training a map is zero everywhere or nowhere; in inference nothing is."""
    inputs = keras.Input((6, 6, 1))
    maps = layers.Conv2D(16, 3, padding="same", activation="sigmoid", name="conv")(inputs)
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(maps)))
    other = dropped(model, Structure(map_dropout=0.5))
    rows = np.random.default_rng(0).random((4, 6, 6, 1)).astype(np.float32)
    probe = keras.Model(other.input, other.get_layer("conv_map_dropout").output)
    trained = np.asarray(probe(rows, training=True))
    zeros = (trained == 0).mean(axis=(1, 2))
    assert set(np.unique(zeros)) == {0.0, 1.0}
    assert not (np.asarray(probe(rows, training=False)) == 0).any()


def test_it_goes_with_other_changes() -> None:
    """Fewer stages, other normalization."""
    other = dropped(built(), Structure(depth=-1, normalization="layer", map_dropout=0.1))
    kinds = [type(one).__name__ for one in other.layers]
    assert kinds.count("SpatialDropout2D") == kinds.count("LayerNormalization") == 1


def test_networks_without_maps_are_refused() -> None:
    """And those whose maps are dropped already."""
    flat = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(2)])
    for model in (flat, dropped(built())):
        with pytest.raises(UnsupportedModelError, match="Fix: "):
            dropped(model)
