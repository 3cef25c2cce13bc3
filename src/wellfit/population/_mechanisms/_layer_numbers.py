"""Numbers for each variable that depend on which of a member's layers are on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wellfit.models import NetworkFunction
from wellfit.population._masks import block_gates
from wellfit.population._mechanisms._base import Array
from wellfit.records import Members


def layer_numbers(
    network: NetworkFunction,
    members: Members,
    values: Sequence[Any],
    found: Callable[[list[str], list[bool], Any], Sequence[float]],
) -> Array:
    """Return ``[member, variable]`` numbers of trainable variables; each distinct case is computed once.

    Args:
        network: the network.
        members: whose layers are on or off.
        values: ``[member]`` what the numbers depend on beside that.
        found: from the variables' paths, whether each is a kernel that is on, and a value to the numbers.
    """
    paths = [info.path for info in network.trainable]
    known: dict[tuple[Any, bytes], Sequence[float]] = {}
    rows = []
    for value, gate in zip(values, block_gates(network, members.depth), strict=True):
        key = (value, gate.tobytes())
        if key not in known:
            on = [i.is_kernel and (i.block < 0 or bool(gate[i.block])) for i in network.trainable]
            known[key] = found(paths, on, value)
        rows.append(known[key])
    return np.asarray(rows, np.float32).reshape(len(members), len(paths))
