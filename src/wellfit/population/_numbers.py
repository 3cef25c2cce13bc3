"""From `Members` to the arrays that the compiled program takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from wellfit.models import NetworkFunction, OptimizerFunction, held_kernels, scaled_rate
from wellfit.population._initial import given_weights, initial_weights
from wellfit.population._masks import block_gates, member_units
from wellfit.population._mechanisms import mechanism_numbers, used
from wellfit.population._program import RUNNING, Numbers, State, Traits
from wellfit.records import WHERES, Members

Array = Any  # NumPy on the host, JAX on the device


def member_rates(network: NetworkFunction, members: Members) -> Array:
    """Return ``[member, point]`` dropout rates below 1."""
    own = np.asarray(network.own_rates, np.float32)
    scales, which = np.unique(members.dropout_scale, return_inverse=True)
    table = [[scaled_rate(float(rate), float(scale)) for rate in own] for scale in scales]
    scaled = np.asarray(table, np.float32).reshape(len(scales), len(own))[which]
    absolute = np.broadcast_to(members.dropout[:, None], scaled.shape)
    absolute = np.where(_reached_points(network, members), absolute, np.nan)
    return np.clip(np.where(np.isnan(absolute), scaled, absolute), 0.0, 0.999).astype(np.float32)


def _reached_points(network: NetworkFunction, members: Members) -> Array:
    """Return ``[member, point]`` which points a member's own rate is for."""
    table = np.ones((len(WHERES), len(network.own_rates)), bool)
    for where, point in zip(("first", "last"), network.end_points, strict=False):
        table[WHERES.index(where)] = np.arange(len(network.own_rates)) == point
    return table[members.dropout_where]


def member_numbers(network: NetworkFunction, members: Members) -> Numbers:
    """Return the program's numbers, leading axis member."""
    direct = {f.name: getattr(members, f.name) for f in dataclasses.fields(members)}
    computed: dict[str, Any] = {
        "rates": member_rates(network, members),
        "units": member_units(network, members.width),
        "gates": block_gates(network, members.depth),
        "own": mechanism_numbers(network, members),
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
        mechanisms=used(members),
        batch_size=int(members.batch_size[0]),
        measured_rows=measured_rows,
    )


def initial_state(
    network: NetworkFunction,
    optimizer: OptimizerFunction,
    members: Members,
    weights: Sequence[Array] | None = None,
    *,
    averaged: bool = False,
    anchored: bool = False,
) -> State:
    """Return the state of members that have not trained yet, as NumPy arrays.

    Args:
        network: the network.
        optimizer: the optimiser.
        members: who starts.
        weights: initial weights in the order of the network's variables, each with or without a
            leading member axis; drawn from the seeds if None.
        averaged: whether the program keeps averages of the weights.
        anchored: whether it keeps the kernels that members start from.
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
        average=(trainable, other) if averaged else (),
        anchor=_anchor(network, trainable) if anchored else (),
        best_loss=full(np.inf, np.float32),
        best_epoch=full(-1, np.int32),
        wait=full(0, np.int32),
        rate_factor=full(1.0, np.float32),
        plateau_best=full(np.inf, np.float32),
        plateau_wait=full(0, np.int32),
        running_loss=full(0.0, np.float32),
        updates=full(0, np.int32),
        epoch=full(0, np.int32),
        status=full(RUNNING, np.int32),
    )


def _anchor(network: NetworkFunction, trainable: Sequence[Array]) -> list[Array | None]:
    """Return the values of the kernels that L2-SP reaches, and None for the other variables."""
    infos = network.trainable
    reach = held_kernels([info.path for info in infos], [info.is_kernel for info in infos])
    return [value if is_held else None for value, is_held in zip(trainable, reach, strict=True)]


def take(tree: object, rows: Array) -> object:
    """Return the rows of every leaf of a state, on the host."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[rows], tree)


def join(trees: Sequence[object]) -> object:
    """Return states put one after the other, on the host."""
    return jax.tree.map(lambda *leaves: np.concatenate([np.asarray(leaf) for leaf in leaves]), *trees)
