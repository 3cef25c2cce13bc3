"""Which kernels `l1`, `l2` and `weight_decay` reach; the program multiplies the strengths by it."""

from __future__ import annotations

from wellfit.models import NetworkFunction, reached
from wellfit.population._mechanisms._base import Array, Mechanism
from wellfit.population._mechanisms._layer_numbers import layer_numbers
from wellfit.records import WHERES, Members


class PenaltyWhere(Mechanism):
    """Penalties on the first or the last layer alone."""

    name = "penalty_where"
    group = ""

    def numbers(self, network: NetworkFunction, members: Members) -> dict[str, Array]:
        """Return ``[member, variable]`` 1 where a kernel is reached; layers that are off do not count."""
        places = [WHERES[int(where)] for where in members.penalty_where]
        return {"reach": layer_numbers(network, members, places, reached)}
