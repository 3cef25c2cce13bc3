"""From `Members` to the arrays that the compiled program takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from wellfit.models import NetworkFunction, OptimizerFunction, group_units, scaled_rate
from wellfit.population._initial import given_weights, initial_weights
from wellfit.population._program import RUNNING, Numbers, State, Traits
from wellfit.records import Members

Array = Any  # NumPy on the host, JAX on the device


def member_units(network: NetworkFunction, width: Array) -> Array:
    """Return ``[member, group]`` units that are on for each member's share."""
    shares, member_share = np.unique(width, return_inverse=True)
    table = [group_units(network.layout, float(share)) for share in shares]
    return np.asarray(table, np.int32).reshape(len(shares), -1)[member_share]


def block_gates(network: NetworkFunction, depth: Array) -> Array:
    """Return ``[member, block]`` booleans: the last ``-depth`` gateable blocks are off."""
    blocks = network.layout.blocks
    gateable = [index for index, block in enumerate(blocks) if block.gateable]
    gates = np.ones((len(depth), len(blocks)), bool)
    for member, change in enumerate(depth):
        for index in gateable[len(gateable) + int(change) :] if change < 0 else ():
            gates[member, index] = False
    return gates


def member_rates(network: NetworkFunction, members: Members) -> Array:
    """Return ``[member, point]`` dropout rates below 1."""
    own = np.asarray(network.own_rates, np.float32)
    scales, which = np.unique(members.dropout_scale, return_inverse=True)
    table = [[scaled_rate(float(rate), float(scale)) for rate in own] for scale in scales]
    scaled = np.asarray(table, np.float32).reshape(len(scales), len(own))[which]
    absolute = np.broadcast_to(members.dropout[:, None], scaled.shape)
    return np.clip(np.where(np.isnan(absolute), scaled, absolute), 0.0, 0.999).astype(np.float32)


def member_numbers(network: NetworkFunction, members: Members) -> Numbers:
    """Return the program's numbers, leading axis member."""
    direct = {f.name: getattr(members, f.name) for f in dataclasses.fields(members)}
    computed: dict[str, Any] = {
        "rates": member_rates(network, members),
        "units": member_units(network, members.width),
        "gates": block_gates(network, members.depth),
    }
    every = {**direct, **computed}
    return Numbers(**{name: every[name] for name in Numbers._fields})


def needed_traits(network: NetworkFunction, members: Members, *, shuffle: bool, measured_rows: int) -> Traits:
    """Return what the program must hold for these members, all of one batch size."""
    return Traits(
        dropout=bool((member_rates(network, members) > 0).any()),
        width=bool((members.width < 1).any()),
        depth=bool((members.depth < 0).any()),
        label_order=bool((members.label_order != 0).any()),
        clipping=bool((members.clip_norm > 0).any()),
        smoothing=bool((members.label_smoothing != 0).any()),
        class_weight=bool((members.class_weight != 1).any()) if members.class_weight.size else False,
        shuffle=shuffle,
        batch_size=int(members.batch_size[0]),
        measured_rows=measured_rows,
    )


def initial_state(
    network: NetworkFunction,
    optimizer: OptimizerFunction,
    members: Members,
    weights: Sequence[Array] | None = None,
) -> State:
    """Return the state of members that have not trained yet, as NumPy arrays.

    Args:
        network: the network.
        optimizer: the optimiser.
        members: who starts.
        weights: initial weights in the order of the network's variables, each with or without a
            leading member axis; drawn from the seeds if None.
    """
    count = len(members)
    units = member_units(network, members.width) if (members.width < 1).any() else None
    if weights is None:
        values = initial_weights(network, members.seed, units)
    else:
        values = given_weights(network, weights, members.seed, units)
    num_trainable = len(network.trainable)
    trainable, other = values[:num_trainable], values[num_trainable:]

    def full(value: float, dtype: type) -> Array:
        return np.full(count, value, dtype)

    return State(
        trainable=trainable,
        other=other,
        optimizer=[np.broadcast_to(v, (count, *v.shape)).copy() for v in optimizer.initial],
        best=(trainable, other),
        best_loss=full(np.inf, np.float32),
        best_epoch=full(-1, np.int32),
        wait=full(0, np.int32),
        rate_factor=full(1.0, np.float32),
        plateau_best=full(np.inf, np.float32),
        plateau_wait=full(0, np.int32),
        updates=full(0, np.int32),
        epoch=full(0, np.int32),
        status=full(RUNNING, np.int32),
    )


def take(tree: object, rows: Array) -> object:
    """Return the rows of every leaf of a state, on the host."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[rows], tree)


def join(trees: Sequence[object]) -> object:
    """Return states put one after the other, on the host."""
    return jax.tree.map(lambda *leaves: np.concatenate([np.asarray(leaf) for leaf in leaves]), *trees)
