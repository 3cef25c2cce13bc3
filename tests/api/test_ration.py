"""Budgets that count members or epochs."""

from __future__ import annotations

import pytest
from study_samples import small_frame, small_model

from wellfit.api import improve
from wellfit.api._ration import Budget, Ration, read_budget
from wellfit.records import Settings, SettingsError
from wellfit.report import to_json


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("500 members", 500, "members"),
        ("1 member", 1, "members"),
        ("20,000 epochs", 20000, "epochs"),
        ("2e4 EPOCHS", 20000, "epochs"),
    ],
)
def test_counted_budgets_are_read(text: str, amount: float, unit: str) -> None:
    """A number with its unit, in the singular too."""
    found = read_budget(text)
    assert (found.amount, found.unit) == (amount, unit)
    assert str(found) == f"{amount:g} {unit}"


@pytest.mark.parametrize("text", ["0 members", "500 parsecs", "members", "-3 epochs", "5 membrs"])
def test_other_budgets_are_refused(text: str) -> None:
    """The error says what a budget looks like."""
    with pytest.raises(SettingsError, match="5m"):
        read_budget(text)


def test_a_ration_is_never_exceeded() -> None:
    """Settings are affordable from the first one on, as far as the share of a stage goes."""
    ration = Ration(Budget(seconds=1.0, amount=100, unit="epochs"), reserve=20)
    long, short = Settings(epochs=10), Settings(epochs=5)
    assert ration.affordable([long] * 9, 1) == 8
    ration.open(0.5)
    assert ration.affordable([long, short, long, short, long], 2) == 2
    ration.use(3, 35)
    assert ration.affordable([long, short], 1) == 0
    assert ration.affordable([short, long], 1) == 1
    assert Ration(Budget(seconds=1.0)).affordable([long] * 1000, 1000) == 1000


@pytest.mark.parametrize("budget", ["90 members", "900 epochs"])
def test_a_counted_study_ends_by_its_count(budget: str) -> None:
    """It trains no more than that, comes to its end, and says the same each time."""
    reports = [
        improve(small_frame(), target="y", model=small_model(), epochs=10, budget=budget).report
        for _ in range(2 if "members" in budget else 1)
    ]
    first = reports[0]
    assert first.partial == "" or "remedies" in first.partial
    assert 45 <= first.members_trained <= 90 if "members" in budget else first.members_trained > 45
    assert first.holdout is not None
    assert first.options["budget"] == budget
    told = [{k: v for k, v in to_json(report).items() if k != "timing"} for report in reports]
    assert all(one == told[0] for one in told)
