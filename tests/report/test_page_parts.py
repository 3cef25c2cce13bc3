"""Parts of the page as data: small figures, lines of code, sentences of remedies, what was not measured."""

from __future__ import annotations

import dataclasses

import pytest
from diagnosis_samples import overfitting, share, stuck
from report_samples import NAN, confirmed, effect, full

from wellfit.records import Finding, Remedy
from wellfit.report._evidence_figures import BarsFigure, data_figure, effect_figure
from wellfit.report._extract import MOST_LINES, changed_lines
from wellfit.report._line_figures import LinesFigure
from wellfit.report._method import protocol, said_notes, untried_table
from wellfit.report._view import remedy_sentence

CODE = '''"""Train it: dropout 0.3.

Dropout( is only a word here.
"""
import keras


def build_model():
    x = keras.layers.Dense(64, kernel_regularizer=keras.regularizers.L2(0.0001))(inputs)
    # Dropout( in a comment
    # l2=0.0001: said here, as no call does it.
    x = keras.layers.Dropout(0.3)(x)
    return x


model.fit(x, y, batch_size=32, epochs=epochs, callbacks=[keras.callbacks.EarlyStopping(patience=8)])
'''


def test_losses_by_share_are_a_line() -> None:
    """The learning curve of too-few-rows becomes points over the share of the rows."""
    by_share = {"20%": 0.6, "40%": 0.5, "100%": 0.45}
    figure = data_figure(Finding(code="too-few-rows", confidence=0.9, evidence={"loss_by_share": by_share}))
    assert isinstance(figure, LinesFigure)
    assert figure.lines[0].x == (20.0, 40.0, 100.0)
    assert figure.lines[0].y == (0.6, 0.5, 0.45)
    assert "0.450 at 100 %" in figure.description


def test_losses_are_bars_and_other_numbers_are_not() -> None:
    """What is in the unit of the loss can be compared by length; a count or a share cannot."""
    figure = data_figure(overfitting().findings[0])
    assert isinstance(figure, BarsFigure)
    assert figure.names == ("loss at half", "loss at all")
    assert figure.values == pytest.approx((0.492, 0.455))


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"gap": 0.2, "rows": 100},
        {"loss_at_best": 0.4},
        {"loss_a": NAN, "loss_b": 0.3},
        {"loss_a": "x", "loss_b": -1.0},
    ],
)
def test_without_two_losses_there_is_no_figure(evidence: dict[str, object]) -> None:
    """One bar compares nothing, and neither do NaN, text and what is below zero."""
    assert data_figure(Finding(code="leakage", confidence=0.5, evidence=evidence)) is None


def test_the_effect_of_a_finding_is_an_interval_in_percent() -> None:
    """The row has the name of the intervention; a cause that was only read has none."""
    finding = Finding(
        code="weak-regularization",
        confidence=0.9,
        evidence={"intervention": "L2 0.01"},
        effect=share(0.2, 0.1),
    )
    figure = effect_figure(finding)
    assert figure is not None
    (row,) = figure.rows
    assert (row.label, row.numbers) == ("L2 0.01", "+20 % [+10, +30]")
    assert figure.lower < 0 < row.low < row.high < figure.upper
    assert effect_figure(stuck().findings[0]) is None


def test_the_lines_that_hold_the_changes_are_told_with_their_places() -> None:
    """Calls, and comments that begin with a setting; no other comment, no docstring, nothing unchanged."""
    lines = changed_lines(dataclasses.replace(full(), code=CODE))
    assert [line.number for line in lines] == [9, 11, 12, 16]
    assert lines[1].text.startswith("# l2=0.0001")
    assert lines[2].text == "x = keras.layers.Dropout(0.3)(x)"
    nothing = dataclasses.replace(full(), code=CODE, chosen=full().baseline)
    assert changed_lines(nothing) == ()
    long = dataclasses.replace(full(), code="x = keras.layers.Dropout(0.3)(x)\n" * 100)
    assert len(changed_lines(long)) == MOST_LINES


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"kept": True, "note": "kept: the largest gain that is certain"},
            "Kept: the largest gain that is certain.",
        ),
        ({"kept": True, "note": ""}, "Kept."),
        (
            {"kept": False, "note": "dropped: not confirmed on fresh splits"},
            "Dropped: not confirmed on fresh splits.",
        ),
        ({"kept": False, "note": "", "stage": "screened"}, "Looks better."),
        ({"kept": False, "note": "", "effect": effect(-0.1, 0.05)}, "Worse."),
        (
            {"kept": False, "note": "one run diverged", "effect": effect(0.0, 0.05)},
            "Cannot tell: one run diverged.",
        ),
    ],
)
def test_each_remedy_has_a_sentence(changes: dict[str, object], sentence: str) -> None:
    """Kept or dropped, and why; what was chosen by looking only looks better."""
    assert remedy_sentence(dataclasses.replace(confirmed()[0], **changes)) == sentence


def test_what_was_not_measured_stands_under_its_reason() -> None:
    """Reasons that differ by a number of seconds alone are one, and long lists of names are cut."""
    late = tuple(
        Remedy(
            name=f"late-{k}",
            settings={},
            stage="screened",
            kept=False,
            effect=None,
            note=f"not tried: it would take about {k} s, and 9 s are left",
        )
        for k in range(100, 120)
    )
    table = untried_table(dataclasses.replace(full(), remedies=(*full().remedies, *late)))
    assert [row[:2] for row in table.rows] == [
        ("not tried: it would take longer than the time left", "20"),
        ("all runs diverged", "1"),
    ]
    assert table.rows[0][2].endswith("late-111 and 8 more")


def test_a_statement_and_a_class_are_told_as_a_whole() -> None:
    """Half a call is nothing to copy; what is inside keeps its indentation."""
    code = (
        "class Rate(keras.optimizers.schedules.LearningRateSchedule):\n"
        "    def __call__(self, step):\n"
        "        return 0.1\n"
        "\n"
        "def train():\n"
        "    optimizer = keras.optimizers.Adam(\n"
        "        Rate(),\n"
        "    )\n"
    )
    chosen = dataclasses.replace(full().baseline, schedule="one-cycle")
    lines = changed_lines(dataclasses.replace(full(), code=code, chosen=chosen))
    assert [line.number for line in lines] == [1, 2, 3, 6, 7, 8]
    assert [line.text for line in lines][1:] == [
        "    def __call__(self, step):",
        "        return 0.1",
        "optimizer = keras.optimizers.Adam(",
        "    Rate(),",
        ")",
    ]
    broken = dataclasses.replace(full(), code=code + "(", chosen=chosen)
    assert [line.number for line in changed_lines(broken)] == [1, 6]


def test_the_protocol_is_told_from_the_options() -> None:
    """Rows, splits, networks and seed; what the record lacks is left out."""
    options = {
        "working_rows": 459,
        "holdout_rows": 115,
        "screening_splits": 5,
        "screening_rows": 342,
        "confirming_splits": 20,
        "rows_trained_on": 342,
        "rows_stopped_by": 48,
        "rows_scored_on": 69,
    }
    lines = protocol(dataclasses.replace(full(), options=options))
    assert lines[0] == "459 rows to work with, and 115 rows set aside as the holdout."
    assert "20 fresh splits, each with 342 rows to train on, 48 to stop by and 69 to be scored on" in lines[1]
    assert lines[2] == "412 networks trained, seed 0."
    alone = dataclasses.replace(full(), options=options, remedies=())
    assert protocol(alone)[1].endswith("; no remedy was measured on fresh splits.")
    assert protocol(full()) == ("412 networks trained, seed 0.",)


def test_notes_leave_out_the_list_that_has_a_table() -> None:
    """A list of a hundred names is no note."""
    notes = ("not measured for lack of time: a, b", "the baseline is kept")
    assert said_notes(dataclasses.replace(full(), notes=notes)) == ("the baseline is kept",)
