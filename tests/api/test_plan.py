"""Sharing out a budget."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.api._plan import make_plan, member_cost


@given(
    budget=st.floats(1, 1e5),
    parameters=st.integers(1, 10**7),
    rows=st.integers(20, 10**6),
    epochs=st.integers(1, 300),
    batch=st.sampled_from([16, 32, 256]),
)
def test_any_budget_gives_a_plan_that_holds_together(
    budget: float, parameters: int, rows: int, epochs: int, batch: int
) -> None:
    """Trials of different stages are disjoint, deadlines rise, and nothing is negative."""
    plan = make_plan(budget, parameters, rows, epochs=epochs, batch_size=batch, num_workers=2)
    assert not set(plan.look) & set(plan.confirm)
    assert plan.final not in {*plan.look, *plan.confirm}
    assert 0 < plan.screen_until_s <= plan.search_until_s <= plan.confirm_until_s < budget
    assert plan.num_look >= 2
    assert plan.num_confirm >= 3
    assert plan.num_finalists >= 1
    assert plan.num_batches >= 0
    assert plan.max_rows is None or plan.max_rows >= 1000


def test_more_time_never_means_less_work() -> None:
    """Every number of a plan grows with the budget."""
    plans = [
        make_plan(b, 20_000, 5_000, epochs=20, batch_size=32, num_workers=2) for b in (20, 60, 300, 3000)
    ]
    for name in ("num_look", "num_batches", "num_programs", "num_finalists"):
        values = [getattr(plan, name) for plan in plans]
        assert values == sorted(values), name


def test_a_slow_machine_keeps_more_time_back_for_the_end() -> None:
    """If the start took twice as long as planned, so will the end; what is tried stays the same."""
    plan = make_plan(60, 20_000, 2_000, epochs=20, batch_size=32, num_workers=2)
    slowed = plan.slowed(2 * plan.first_s)
    assert slowed.reserve_s == pytest.approx(2 * plan.reserve_s)
    assert plan.slowed(0.0) == plan
    assert slowed.num_batches == plan.num_batches
    assert slowed.confirm_until_s < plan.confirm_until_s


def test_a_large_table_is_screened_on_part_of_its_rows() -> None:
    """Otherwise the screen would not finish."""
    plan = make_plan(60, 200_000, 500_000, epochs=10, batch_size=256, num_workers=2)
    assert plan.max_rows is not None
    assert plan.max_rows < 375_000
    assert make_plan(60, 5_000, 500, epochs=10, batch_size=32, num_workers=2).max_rows is None


@pytest.mark.parametrize("name", ["num_products", "num_rows", "epochs"])
def test_cost_grows_with_the_work(name: str) -> None:
    """More parameters, rows or epochs cost more."""
    work = {"num_products": 10_000, "num_rows": 1000, "epochs": 10}
    shared = {"batch_size": 32, "num_workers": 2}
    assert member_cost(**{**work, name: work[name] * 3}, **shared) > member_cost(**work, **shared)


def test_long_runs_leave_time_to_confirm_one_remedy() -> None:
    """A screen of a network that takes long ends in time for six runs: three of it and of what looks best."""
    work = {"num_products": 3_000_000, "num_rows": 600, "epochs": 30, "batch_size": 32, "num_workers": 2}
    plan = make_plan(300, slowdown=7.0, **work)
    runs_s = 6 * member_cost(**{**work, "num_rows": 450}, slowdown=7.0)
    assert 0.25 * plan.confirm_until_s < runs_s < 0.75 * plan.confirm_until_s
    assert plan.confirm_until_s - plan.screen_until_s == pytest.approx(runs_s)
