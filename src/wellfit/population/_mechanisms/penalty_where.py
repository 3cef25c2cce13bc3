"""Which kernels `l1`, `l2` and `weight_decay` reach; the program multiplies the strengths by it."""

from __future__ import annotations

from typing import Any

import numpy as np

from wellfit.models import NetworkFunction, reached
from wellfit.population._masks import block_gates
from wellfit.population._mechanisms._base import Array, Mechanism
from wellfit.records import WHERES, Members


class PenaltyWhere(Mechanism):
    """Penalties on the first or the last layer alone."""

    name = "penalty_where"
    group = ""

    def numbers(self, network: NetworkFunction, members: Members) -> dict[str, Array]:
        """Return ``[member, variable]`` 1 where a kernel is reached; layers that are off do not count."""
        gates = block_gates(network, members.depth)
        paths = [info.path for info in network.trainable]
        known: dict[Any, list[bool]] = {}
        rows = []
        for where, gate in zip(members.penalty_where, gates, strict=True):
            key = (int(where), gate.tobytes())
            if key not in known:
                on = [i.is_kernel and (i.block < 0 or bool(gate[i.block])) for i in network.trainable]
                known[key] = reached(paths, on, WHERES[int(where)])
            rows.append(known[key])
        return {"reach": np.asarray(rows, np.float32).reshape(len(members), len(paths))}
