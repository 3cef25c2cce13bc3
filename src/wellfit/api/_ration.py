"""A budget in members or epochs: what a study may train, whatever the machine."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wellfit.api._clock import parse_budget
from wellfit.records import Settings, SettingsError

_COUNTED = re.compile(r"(\d+(?:\.\d+)?(?:e\d+)?)\s*(members?|epochs?|[a-z]{5,})")


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a study may use.

    Attributes:
        seconds: in all; infinite where work is counted.
        amount: members or epochs in all; None where time is what counts.
        unit: what `amount` counts.
    """

    seconds: float
    amount: float | None = None
    unit: Literal["seconds", "members", "epochs"] = "seconds"

    def __str__(self) -> str:
        return f"{self.seconds:g} s" if self.amount is None else f"{self.amount:g} {self.unit}"


def read_budget(budget: str | float) -> Budget:
    """Return a budget of time, members or epochs.

    Args:
        budget: seconds, or text such as ``5m``, ``500 members`` or ``20000 epochs``.

    Raises:
        SettingsError: it is none of these.

    Example:
        >>> read_budget("500 members").amount, read_budget("5m").seconds
        (500.0, 300.0)
    """
    text = str(budget).strip().lower().replace(",", "").replace("_", "")
    counted = _COUNTED.fullmatch(text)
    if counted is None:
        return Budget(seconds=parse_budget(budget))
    amount, word = float(counted[1]), counted[2].rstrip("s") + "s"
    if word not in ("members", "epochs") or amount < 1:
        raise SettingsError(
            "the budget is not one that can be kept.",
            received=f"budget={budget!r}",
            expected="a time such as '5m', or at least 1 of 'members' or 'epochs', such as '500 members'",
            fix="for example: --budget '500 members'",
        )
    unit: Literal["members", "epochs"] = "members" if word == "members" else "epochs"
    return Budget(seconds=math.inf, amount=amount, unit=unit)


class Ration:
    """Counts what a study trains, and says how much of it is left; the same on every machine.

    Args:
        budget: of members or epochs; one of time sets no limit here.
        reserve: members (or epochs) kept back for the final networks.
    """

    def __init__(self, budget: Budget, reserve: float = 0.0) -> None:
        self.budget = budget
        self._total = budget.amount
        self._counts_epochs = budget.unit == "epochs"
        self._reserve = reserve
        self._share = 1.0
        self._used = 0.0

    @property
    def in_epochs(self) -> bool:
        """Whether epochs are counted rather than members."""
        return self._counts_epochs

    def open(self, share: float) -> None:
        """Let a stage use the budget up to this share of it."""
        self._share = share

    def hold(self, reserve: float) -> None:
        """Keep back another amount for what comes at the end."""
        self._reserve = reserve

    def use(self, members: int, epochs: int) -> None:
        """Count what was trained."""
        self._used += epochs if self._counts_epochs else members

    def affordable(self, settings: Sequence[Settings], num_trials: int) -> int:
        """Return how many of the settings, from the first one on, can be trained on all trials."""
        if self._total is None:
            return len(settings)
        left = self._share * max(self._total - self._reserve, 0.0) - self._used
        for count, one in enumerate(settings):
            # What stops early uses less than it may: so the budget is never exceeded.
            left -= num_trials * (one.epochs if self._counts_epochs else 1)
            if left < 0:
                return count
        return len(settings)
