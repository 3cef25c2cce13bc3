"""The search space: what is in it, what the screen does to it."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.records import Effect, Settings, Task
from wellfit.search import (
    Candidate,
    Choice,
    PairedEffect,
    Range,
    Situation,
    make_candidate,
    make_space,
    remedies,
)

BASELINE = Settings()
SITUATION = Situation(task=Task.BINARY)


def _found(low: float, high: float) -> PairedEffect:
    effect = Effect(estimate=(low + high) / 2, low=low, high=high, p_value=0.1, unit="log_loss", num_pairs=4)
    return PairedEffect(effect=effect)


HARM, NOTHING, HELP = _found(-0.2, -0.1), _found(-0.2, 0.1), _found(0.1, 0.2)
DIVERGED = PairedEffect(effect=None, num_failed=1)


def _change(**changes: object) -> Candidate:
    settings = dataclasses.replace(BASELINE, **changes)
    return make_candidate("-".join(changes), "any", BASELINE, settings)


def _dimension(field: str, *screened: tuple[Candidate, PairedEffect], **situation: object) -> object:
    space = make_space(BASELINE, dataclasses.replace(SITUATION, **situation), screened)
    return {one.field: one for one in space.dimensions}.get(field)


def test_fields_follow_the_situation() -> None:
    """What the task or the network rules out is not searched, nor are fields that were not asked for."""
    plain = {one.field for one in make_space(BASELINE, SITUATION).dimensions}
    assert plain == {
        *("learning_rate", "schedule", "l1", "l2", "weight_decay"),
        *("dropout", "label_smoothing", "width", "depth"),
    }
    bare = Situation(
        task=Task.REGRESSION,
        can_dropout=False,
        can_narrow=False,
        can_widen=False,
        can_shallow=False,
        can_deepen=False,
    )
    assert {one.field for one in make_space(BASELINE, bare).dimensions} == plain - {
        *("dropout", "label_smoothing", "width", "depth"),
    }
    assert _dimension("class_weight", imbalanced=True).values == ("none", "balanced")
    assert [one.field for one in make_space(BASELINE, SITUATION, fields=["depth"]).dimensions] == ["depth"]


def test_harm_narrows_an_interval_on_its_side() -> None:
    """A harmful x3 learning rate lowers the upper end to between it and the baseline, and no more."""
    untouched = _dimension("learning_rate")
    found = _dimension(
        "learning_rate", (_change(learning_rate=3e-3), HARM), (_change(learning_rate=1e-4), NOTHING)
    )
    assert found.high == pytest.approx((1e-3 * 3e-3) ** 0.5)
    assert found.low == untouched.low
    diverged = _dimension("learning_rate", (_change(learning_rate=1e-2), DIVERGED))
    assert diverged.high == pytest.approx((1e-3 * 1e-2) ** 0.5)


def test_harmful_strength_leaves_weaker_ones() -> None:
    """A harmful L2 takes away the strengths near it and above; off stays."""
    found = _dimension("l2", (_change(l2=3e-3), HARM))
    assert found.low == 1e-6
    assert found.high < 3e-3
    assert found.decode(found.floor) == 0.0


def test_harm_takes_choices_away() -> None:
    """Harmful widths go, the baseline's stays; where it alone is left the dimension goes."""
    assert _dimension("width", (_change(width=0.5), HARM)).values == (0.25, 1.0, 2.0)
    everything = [(_change(width=one), HARM) for one in (0.25, 0.5, 2.0)]
    assert _dimension("width", *everything) is None
    assert _dimension("schedule", (_change(schedule="cosine"), HARM)).values == (
        "constant", "exponential", "plateau", "one-cycle", "flat-cosine",
    )  # fmt: skip


def test_harm_of_a_combination_narrows_nothing() -> None:
    """Which of two changes did harm is not known, so neither dimension is touched."""
    assert _dimension("l2", (_change(l1=1e-4, l2=1e-3), HARM)) == _dimension("l2")


def test_own_dropout_is_the_reference() -> None:
    """Harm of less dropout than the network has raises the lower end and not the upper."""
    found = _dimension("dropout", (_change(dropout=0.1), HARM), (_change(dropout=0.0), HARM), own_dropout=0.5)
    assert (found.low, found.high, found.off) == (pytest.approx(0.3), 0.6, None)


def test_batch_size_only_on_promise() -> None:
    """Fields that a population shares are searched only among values that the screen found promising."""
    assert _dimension("batch_size", (_change(batch_size=64), NOTHING)) is None
    assert _dimension("batch_size", (_change(batch_size=64), HELP)).values == (32, 64)


def test_promising_remedies_come_first() -> None:
    """First all promising changes together, then each alone, best first; none equals the baseline."""
    screened = [
        (_change(l2=1e-4), _found(0.0, 0.1)),
        (_change(l2=3e-3), _found(0.1, 0.3)),
        (_change(width=0.5), _found(0.1, 0.2)),
        (_change(dropout=0.5), HARM),
    ]
    first = make_space(BASELINE, SITUATION, screened).first
    expected = ({"l2": 3e-3, "width": 0.5}, {"l2": 3e-3}, {"width": 0.5}, {"l2": 1e-4})
    assert tuple(one.changed_from(BASELINE) for one in first) == expected


@pytest.mark.parametrize("own_dropout", [0.0, 0.4])
@pytest.mark.parametrize("outcome", [HARM, NOTHING, HELP, DIVERGED])
def test_every_screen_gives_a_valid_space(outcome: PairedEffect, own_dropout: float) -> None:
    """Whatever came out for all remedies, bounds are in order and the baseline is inside."""
    situation = Situation(task=Task.MULTICLASS, imbalanced=True, own_dropout=own_dropout, has_penalties=True)
    space = make_space(BASELINE, situation, [(one, outcome) for one in remedies(BASELINE, situation)])
    for one in space.dimensions:
        assert one.low < one.high if isinstance(one, Range) else len(one.values) > 1
    assert space.decode(space.encode(BASELINE)) == BASELINE


@given(st.floats(0, 1))
def test_drawn_numbers_come_back(share: float) -> None:
    """Encoding what a number decodes to decodes to the same: nothing shifts on the way."""
    space = make_space(BASELINE, SITUATION)
    drawn = {
        one.field: int(share * (len(one.values) - 1e-9))
        if isinstance(one, Choice)
        else one.floor + share * (one.high - one.floor)
        for one in space.dimensions
    }
    settings = space.decode(drawn)
    assert space.decode(space.encode(settings)) == settings


def test_off_takes_a_quarter_of_the_interval() -> None:
    """The part below the lowest strength means off, on either scale."""
    linear = Range(field="dropout", low=0.1, high=0.7, has_off=True, off=None)
    assert linear.floor == pytest.approx(-0.1)
    assert [linear.decode(drawn) for drawn in (-0.1, 0.09, 0.1, 0.7)] == [None, None, 0.1, 0.7]
    log = Range(field="l2", low=1e-6, high=1e-3, log=True, has_off=True)
    assert log.floor == pytest.approx(1e-7)
    assert [log.decode(drawn) for drawn in (1e-7, 1e-6)] == [0.0, 1e-6]


def test_strength_of_the_baseline_is_inside() -> None:
    """A baseline with unusual values of its own is still representable."""
    baseline = Settings(l2=0.5, dropout=0.8, label_smoothing=0.3, learning_rate=10.0, class_weight="balanced")
    space = make_space(baseline, SITUATION)
    assert space.decode(space.encode(baseline)) == baseline
