"""What remedies say about causes: each is the experiment for the one cause that it undoes."""

from __future__ import annotations

import dataclasses

import pytest
from report_samples import effect, full

from wellfit.records import Remedy, Report, Settings
from wellfit.report._tested import cause_undone, causes_figure, causes_tested


def _remedy(settings: dict[str, object], estimate: float, half: float, stage: str = "screened") -> Remedy:
    name = "-".join(f"{field}-{value}" for field, value in settings.items())
    found = effect(estimate, half, p_value=0.001 if abs(estimate) > half else 0.5)
    return Remedy(name=name, settings=settings, stage=stage, kept=False, effect=found)  # type: ignore[arg-type]


def _report(*remedies: Remedy) -> Report:
    baseline = Settings(l2=1e-3, width=1.0, patience=0, learning_rate=1e-3)
    return dataclasses.replace(full(), baseline=baseline, remedies=remedies)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"l2": 0.01}, "weak-regularization"),
        ({"l2": 0.0}, "over-regularized"),
        ({"l2": 0.01, "dropout": 0.3}, "weak-regularization"),
        ({"width": 0.5}, "excess-capacity"),
        ({"width": 2.0}, "insufficient-capacity"),
        ({"patience": 10}, "trained-too-long"),
        ({"learning_rate": 0.003}, "learning-rate-too-low"),
        ({"scaling": "robust"}, "unscaled-inputs"),
        ({"max_norm": 1.0}, "weak-regularization"),
        ({"l2": 0.01, "width": 0.5}, ""),
        ({"schedule": "cosine"}, ""),
        ({"l2": 1e-3}, ""),
    ],
)
def test_a_change_undoes_one_cause_or_none(settings: dict[str, object], code: str) -> None:
    """Direction decides; what changes two things, or none, is no experiment."""
    assert cause_undone(settings, _report()) == code


def test_dropout_of_a_network_that_has_its_own_is_no_experiment() -> None:
    """Where no dropout is a remedy, the network has some, and 0.3 may be more or less than that."""
    none = _remedy({"dropout": 0.0}, 0.0, 0.1)
    assert cause_undone({"dropout": 0.3}, _report(none)) == ""
    assert cause_undone({"dropout": 0.0}, _report(none)) == "over-regularized"
    assert cause_undone({"dropout": 0.3}, _report()) == "weak-regularization"


def test_rulings_follow_the_effects() -> None:
    """Confirmed and better supports; better in the screen only looks so; all worse rules out."""
    found = causes_tested(
        _report(
            _remedy({"width": 0.5}, -0.05, 0.02),
            _remedy({"l2": 0.01}, 0.02, 0.01, stage="confirmed"),
            _remedy({"l2": 0.1}, 0.03, 0.01),
            _remedy({"learning_rate": 0.003}, 0.02, 0.01),
            _remedy({"epochs": 600}, 0.01, 0.02),
            _remedy({"width": 2.0}, -0.01, 0.02),
            dataclasses.replace(_remedy({"scaling": "robust"}, 0.0, 1.0), effect=None),
        )
    )
    assert [(one.code, one.ruling) for one in found] == [
        ("weak-regularization", "supported"),
        ("learning-rate-too-low", "looks so"),
        ("too-few-epochs", "cannot tell"),
        ("insufficient-capacity", "not supported"),
        ("excess-capacity", "ruled out"),
        ("unscaled-inputs", "not tried"),
    ]
    assert found[0].best is not None
    assert found[0].best.name == "l2-0.01"
    assert found[0].reason == "l2-0.01 gains +0.0200 [+0.0100, +0.0300] in log loss, on fresh splits."
    assert all(one.reason for one in found)


def test_the_figure_has_a_row_for_each_measured_cause() -> None:
    """The most telling remedy stands for its cause; what was not measured has no row."""
    report = _report(
        _remedy({"l2": 0.01}, 0.02, 0.01, stage="confirmed"), _remedy({"width": 0.5}, -0.05, 0.02)
    )
    figure = causes_figure(causes_tested(report), "log_loss")
    assert figure is not None
    assert [(row.label, row.confirmed, row.kept) for row in figure.rows] == [
        ("weak-regularization", True, True),
        ("excess-capacity", False, False),
    ]
    assert "excess-capacity -0.050 [-0.070, -0.030], ruled out" in figure.description
    assert causes_figure((), "log_loss") is None
