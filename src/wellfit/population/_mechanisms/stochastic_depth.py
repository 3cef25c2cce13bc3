"""Residual branches that rows go past at random in training: the network is shallower for them.

Source: Huang et al., Deep Networks with Stochastic Depth, 2016.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wellfit.models import NetworkFunction, depth_shares
from wellfit.population._masks import block_gates
from wellfit.population._mechanisms._base import Array, Mechanism
from wellfit.records import Members


class StochasticDepth(Mechanism):
    """The last branch is dropped at the member's rate, those before it at shares that fall to the input.

    Beside others a member without it trains bit for bit as alone; but where a product meets the sum directly
    (dropout at the end of a branch, a head of one unit behind the last sum), the compiler may round both at
    once in the program that does not hold this, and then the last bit differs.
    """

    name = "stochastic_depth"

    def numbers(self, network: NetworkFunction, members: Members) -> dict[str, Array]:
        """Return ``[member, branch]`` rates; branches in blocks that are off do not count."""
        blocks = np.asarray(network.branches, np.int64)
        # Behind the last block there is one that is always on, for branches that lie in none.
        gates = np.pad(block_gates(network, members.depth), ((0, 0), (0, 1)), constant_values=True)
        rates = members.stochastic_depth[:, None] * depth_shares(gates[:, blocks])
        return {"branch_rates": np.asarray(rates, np.float32)}

    def scope(self, numbers: Any) -> dict[str, Any]:
        """Return the rates."""
        return {"branch_rates": numbers.own["branch_rates"]}
