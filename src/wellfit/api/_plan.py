"""How a budget is shared out: by arithmetic before anything runs, so that the same seed gives the same study.

The clock only cuts off what takes longer than planned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from wellfit.api._ration import Budget

# Measured on two cores for planning only; a wrong guess costs budget, never truth. One update of one
# member takes a fixed part (the calls of a block, shared by its members) and its arithmetic.
_UPDATE_S = 3e-6
_RATE = 1.2e11
COMPILE_S = 4.0
_START_S = 4.0  # imports, reading, preparing
_END_S = 6.0  # compiling for one member, scoring by plain Keras, writing

_TYPICAL_CANDIDATES = 60
_BATCH = 16
_BLOCK = 16  # members at most in a block
_MAX_BATCHES = 500  # beyond that a sampler has seen the space
_MAX_CONFIRMING = 20  # further splits of the same rows hardly narrow the interval
_MAX_FINALISTS = 4
MIN_CONFIRMING = 3  # splits below which an interval says nothing
_CURVES = 5  # trials with a learning curve
_MAX_PROGRAMS = 40
_MIN_ROWS = 1000
_BAG_SHARE = 0.4  # of the time, where networks are averaged
_MIN_FOLDS, _MAX_FOLDS = 4, 8
_AVERAGE_S = 4.0  # building the networks that are averaged
_MAX_SLOWDOWN = 4.0
_MOST_CONFIRMING = 0.75  # of the time, for the least that is useful
_SLACK = 0.75  # of the time that is planned for; machines are rarely idle


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which trials a stage uses, how much it tries, and until when it may last.

    Attributes:
        num_look: trials of screen and search.
        num_confirm: fresh trials of the confirmation.
        num_finalists: candidates that go to the confirmation.
        num_batches: batches of settings in the search.
        num_programs: compilations beyond the baseline's that the screen may ask for.
        max_rows: working rows that screen and search use, or None for all.
        is_long: whether training one network alone takes longer than compiling a program for it.
        first_s: seconds that start and baseline should take.
        reserve_s: seconds kept back for the end.
        budget_s: seconds in all.
        least_confirm_s: seconds that the least useful confirmation of one candidate takes.
        num_folds: folds that the networks of an average train on; 0 for no average.
        range_rate: learning rate that a range test found, 0 for none.
        screen_share: share of a counted budget that is used up when the screen ends.
        search_share: likewise of the search.
    """

    num_look: int
    num_confirm: int
    num_finalists: int
    num_batches: int
    num_programs: int
    max_rows: int | None
    is_long: bool
    first_s: float
    reserve_s: float
    budget_s: float
    least_confirm_s: float = 0.0
    num_folds: int = 0
    range_rate: float = 0.0
    screen_share: float = 0.55
    search_share: float = 0.7

    @property
    def bag_until_s(self) -> float:
        """Seconds since the start at which the networks to average must be trained."""
        return self.budget_s - self.reserve_s

    @property
    def confirm_until_s(self) -> float:
        """Seconds since the start at which the confirmation must end."""
        return self.bag_until_s * (1.0 - _BAG_SHARE if self.num_folds else 1.0)

    @property
    def search_until_s(self) -> float:
        """Seconds since the start at which the search must end, so that something can be confirmed."""
        until_s = self.confirm_until_s
        # Where even the least confirmation takes nearly everything, looking is all that can be done.
        can_confirm = self.least_confirm_s < _MOST_CONFIRMING * until_s
        return min(0.75 * until_s, until_s - self.least_confirm_s if can_confirm else until_s)

    @property
    def screen_until_s(self) -> float:
        """Seconds since the start at which the screen must end: where no search follows, that of its end."""
        until_s = self.search_until_s
        return min(0.6 * self.confirm_until_s, until_s) if self.num_batches else until_s

    def slowed(self, first_s: float) -> Plan:
        """Return the plan with as much more time kept back as start and baseline took longer than planned.

        What is tried stays as it is: the clock may cut a study off, but not change it.
        """
        factor = min(max(first_s / self.first_s, 1.0), _MAX_SLOWDOWN)
        return replace(self, reserve_s=min(0.5 * self.budget_s, self.reserve_s * factor))

    @property
    def look(self) -> tuple[int, ...]:
        """Positions of the trials for screen and search."""
        return tuple(range(self.num_look))

    @property
    def confirm(self) -> tuple[int, ...]:
        """Positions of the trials for confirmation, which nothing was chosen on."""
        return tuple(range(self.num_look, self.num_look + self.num_confirm))

    @property
    def curve(self) -> tuple[int, ...]:
        """Positions of the trials that get a learning curve: some of the confirmation's."""
        return self.confirm[:_CURVES]

    @property
    def final(self) -> int:
        """Position of the trial that trains on all working rows."""
        return self.num_look + self.num_confirm

    @property
    def watched(self) -> int:
        """Position of the trial that keeps some working rows to watch while it trains."""
        return self.final + 1

    @property
    def bag(self) -> tuple[int, ...]:
        """Positions of the folds that the networks of an average train on."""
        return tuple(range(self.watched + 1, self.watched + 1 + self.num_folds))


def member_cost(
    num_products: int,
    num_rows: int,
    *,
    epochs: int,
    batch_size: int,
    num_workers: int,
    slowdown: float = 1.0,
) -> float:
    """Return about how many seconds one member takes when all cores are busy with members.

    Args:
        num_products: that one row takes on its way through the network.
        num_rows: rows it trains on.
        epochs: passes over them.
        batch_size: rows in an update.
        num_workers: blocks that run side by side.
        slowdown: how many times slower than a compiled population the executor is.
    """
    updates = epochs * -(-num_rows // batch_size)
    training = updates * (_UPDATE_S + 6.0 * num_products * batch_size / _RATE)
    measuring = epochs * 2.0 * num_products * min(num_rows, 2500) / _RATE
    return slowdown * (training + measuring) * 2.0 / num_workers


def make_plan(
    budget_s: float,
    num_products: int,
    num_rows: int,
    *,
    epochs: int,
    batch_size: int,
    num_workers: int,
    slowdown: float = 1.0,
    ensemble: bool = False,
) -> Plan:
    """Share a budget out between the stages.

    Args:
        budget_s: seconds in all.
        num_products: that one row takes on its way through the network.
        num_rows: working rows; three quarters of them are trained on at a time.
        epochs: of the baseline.
        batch_size: of the baseline.
        num_workers: blocks that run side by side.
        slowdown: how many times slower than a compiled population the executor is.
        ensemble: whether time is kept to train networks to average.

    Example:
        >>> plan = make_plan(90, 20_000, 1_600, epochs=50, batch_size=32, num_workers=2)
        >>> plan.num_look, plan.num_confirm, plan.max_rows
        (5, 10, None)
    """

    def cost(rows: float) -> float:
        return member_cost(
            num_products,
            int(rows),
            epochs=epochs,
            batch_size=batch_size,
            num_workers=num_workers,
            slowdown=slowdown,
        )

    rows = 0.75 * num_rows
    # The two final networks train one by one on a core each.
    end_s = _END_S + (_AVERAGE_S if ensemble else 0.0)
    reserve_s = min(0.5 * budget_s, end_s + 1.5 * num_workers * cost(num_rows))
    free_s = max(0.0, budget_s - reserve_s - _START_S - 2 * COMPILE_S)
    bag_s = _BAG_SHARE * free_s if ensemble else 0.0
    free_s -= bag_s
    num_programs = min(_MAX_PROGRAMS, int(0.25 * free_s / COMPILE_S))
    work_s = _SLACK * (free_s - num_programs * COMPILE_S)
    num_look, max_rows = _look(0.4 * work_s, rows, cost)
    look_s = cost(min(rows, 0.75 * max_rows if max_rows else rows))
    # Halving leaves about half of a batch's work to be done.
    num_batches = int(min(_MAX_BATCHES, 0.25 * work_s / max(0.5 * _BATCH * num_look * look_s, 1e-9)))
    num_finalists, num_confirm = _confirming(0.35 * work_s, cost(rows))
    return Plan(
        num_look=num_look,
        num_confirm=num_confirm,
        num_finalists=num_finalists,
        num_batches=num_batches,
        num_programs=num_programs,
        max_rows=max_rows,
        is_long=_BLOCK * num_workers * cost(num_rows) > COMPILE_S,
        first_s=_START_S + 2 * COMPILE_S + _BLOCK * num_workers * look_s,
        reserve_s=reserve_s,
        budget_s=budget_s,
        least_confirm_s=2 * MIN_CONFIRMING * cost(rows),
        num_folds=int(min(_MAX_FOLDS, max(_MIN_FOLDS, bag_s / cost(num_rows)))) if ensemble else 0,
    )


def make_counted_plan(
    budget: Budget,
    num_products: int,
    num_rows: int,
    *,
    epochs: int,
    batch_size: int,
    num_workers: int,
    ensemble: bool = False,
) -> Plan:
    """Share a budget of members or epochs out; a member is a run of the baseline's length.

    Args:
        budget: of members or epochs.
        num_products: that one row takes on its way through the network.
        num_rows: working rows.
        epochs: of the baseline.
        batch_size: of the baseline.
        num_workers: blocks that run side by side.
        ensemble: whether networks are averaged at the end.

    Example:
        >>> budget = Budget(seconds=1e6, amount=500, unit="members")
        >>> plan = make_counted_plan(budget, 1000, 1000, epochs=50, batch_size=32, num_workers=2)
        >>> plan.num_look, plan.num_batches, plan.num_finalists, plan.num_confirm
        (5, 1, 4, 20)
    """
    amount = budget.amount or 0.0
    members = amount / epochs if budget.unit == "epochs" else amount
    num_look = next((n for n in (5, 3, 2) if _TYPICAL_CANDIDATES * n <= 0.5 * members), 2)
    num_finalists, num_confirm = _confirming(0.3 * members, 1.0)
    cost = member_cost(num_products, num_rows, epochs=epochs, batch_size=batch_size, num_workers=num_workers)
    return Plan(
        num_look=num_look,
        num_confirm=num_confirm,
        num_finalists=num_finalists,
        # Batches end by the ration; halving makes more of them affordable where epochs are counted.
        num_batches=int(min(_MAX_BATCHES, max(0.3 * members / (_BATCH * num_look), 1))),
        num_programs=_MAX_PROGRAMS,
        max_rows=None,
        is_long=_BLOCK * num_workers * cost > COMPILE_S,
        first_s=budget.seconds,
        reserve_s=0.0,
        budget_s=budget.seconds,
        num_folds=_MAX_FOLDS if ensemble else 0,
    )


def _look(work_s: float, rows: float, cost: Callable[[float], float]) -> tuple[int, int | None]:
    """Return how many trials the screen can afford, and on how many rows."""
    for num_trials in (5, 3, 2):
        if _TYPICAL_CANDIDATES * num_trials * cost(rows) <= work_s:
            return num_trials, None
    affordable = rows * work_s / max(_TYPICAL_CANDIDATES * 2 * cost(rows), 1e-9)
    is_less = affordable < rows and rows > _MIN_ROWS
    return 2, max(_MIN_ROWS, int(affordable / 0.75)) if is_less else None


def _confirming(work_s: float, member_s: float) -> tuple[int, int]:
    """Return finalists and fresh trials: enough trials for a narrow interval come before more finalists."""
    runs = work_s / max(member_s, 1e-9)
    for num_finalists in range(_MAX_FINALISTS, 1, -1):
        num_trials = int(runs / (num_finalists + 1))
        if num_trials >= 6:
            return num_finalists, min(num_trials, _MAX_CONFIRMING)
    return 1, max(MIN_CONFIRMING, min(int(runs / 2), _MAX_CONFIRMING))
