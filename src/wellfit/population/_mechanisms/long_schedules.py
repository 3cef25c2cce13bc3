"""Schedules in several parts: warm restarts, one cycle, flat then cosine; see `models._schedules`."""

from __future__ import annotations

import numpy as np

from wellfit.models import LONG_SCHEDULES, NetworkFunction
from wellfit.population._mechanisms._base import Array, Mechanism
from wellfit.records import SCHEDULES, Members

POSITIONS = {name: SCHEDULES.index(name) for name in LONG_SCHEDULES}


class LongSchedules(Mechanism):
    """The program looks the factor up; it costs a few operations a member and update."""

    name = "long_schedules"
    group = ""

    def is_used(self, members: Members) -> Array:
        """Return who follows one of them."""
        return np.isin(members.schedule, list(POSITIONS.values()))

    def numbers(self, network: NetworkFunction, members: Members) -> dict[str, Array]:
        """Return nothing: `schedule` and `decay` are there already."""
        del network, members
        return {}
