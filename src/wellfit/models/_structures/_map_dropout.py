"""Whole maps of convolutions that are dropped in training.

Source: Tompson et al., Efficient Object Localization Using Convolutional Networks, 2015.
"""

from __future__ import annotations

from collections.abc import Callable

import keras

from wellfit.models._dropout_places import Place, map_places, spatial_dropout
from wellfit.models._rebuild import Edits, rebuild
from wellfit.records import UnsupportedModelError


def with_map_dropout(model: keras.Model, rate: float) -> keras.Model:
    """Return the network with spatial dropout after the activations of its convolutions.

    Neighboring places of a map say much the same: what plain dropout takes away at one place is still there
    beside it. So a map is dropped as a whole.

    Raises:
        UnsupportedModelError: there are no maps that are not dropped already.
    """
    places = map_places(model)
    if not places:
        raise UnsupportedModelError(
            "there are no maps to drop",
            received="no activation of a convolution without dropout behind it",
            expected="at least one convolution with an activation",
            fix="leave the network as it is",
        )
    return rebuild(model, Edits(inserted={place.path: _maker(place, rate) for place in places}))


def _maker(place: Place, rate: float) -> Callable[[str], keras.layers.Layer]:
    return lambda suffix: spatial_dropout(place.rank, rate, f"{place.layer.name}{suffix}_map_dropout")
