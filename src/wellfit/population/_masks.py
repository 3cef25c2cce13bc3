"""Which units and blocks of a network are on for each member."""

from __future__ import annotations

from typing import Any

import numpy as np

from wellfit.models import NetworkFunction, group_units

Array = Any


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
