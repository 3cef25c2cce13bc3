"""A network anew, with its weights, and what learns in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from wellfit.models._chosen_layers import leaves
from wellfit.models._probe import weight_values
from wellfit.models._rebuild import Edits, rebuild, set_weights


def copied(model: keras.Model, learns: Callable[[Any], bool] | None = None) -> keras.Model:
    """Return an uncompiled copy that shares no layer with the network, so that no change of it shows there.

    Args:
        model: a built Sequential or functional network.
        learns: from a layer of `model`, nested models opened, to whether it learns in the copy; None for what
            learns now.

    Raises:
        UnsupportedModelError: the graph is not known, or a layer cannot be made again.
    """
    copy = rebuild(model, Edits())
    set_weights(copy, weight_values(model))
    # Not by configs, which say nothing to the layers inside a wrapper.
    if learns is not None:
        for (_, old), (_, new) in zip(leaves(model), leaves(copy), strict=True):
            new.trainable = bool(learns(old))
        return copy
    for old, new in zip(model._flatten_layers(), copy._flatten_layers(), strict=True):
        if not isinstance(old, keras.Model):
            new.trainable = old.trainable
    return copy
