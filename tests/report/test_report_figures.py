"""Figure records hold what a figure shows; the renderer makes safe, repeatable SVG of them."""

from __future__ import annotations

import dataclasses
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pytest
from report_samples import (
    HOSTILE,
    SAMPLES,
    confirmed,
    curve_pair,
    effect,
    full,
    hostile,
    many,
    screened,
    unmeasured,
    with_running,
)

from wellfit.records import CurvePair, Remedy, Report
from wellfit.report import forest_svg
from wellfit.report._curve_figures import curves_figures, losses_readout, reported_note
from wellfit.report._draw import draw_confusion, draw_forest
from wellfit.report._draw_losses import draw_losses, drawn_places
from wellfit.report._figures import (
    MOST_COMBINATIONS,
    MOST_SCREENED_ROWS,
    confusion_figure,
    forest_figures,
)
from wellfit.report._numbers import number
from wellfit.report._view import curve_table


def _with(*remedies: Remedy) -> Report:
    return dataclasses.replace(full(), remedies=remedies)


def test_confirmed_rows_come_first_by_falling_estimate() -> None:
    """Stage before estimate: a screened effect never stands above a confirmed one."""
    (figure,) = forest_figures(_with(*screened(6), *reversed(confirmed())))
    assert [row.confirmed for row in figure.rows] == [True, True] + [False] * 6
    assert [row.label for row in figure.rows[:2]] == ["search-17", "dropout"]
    estimates = [row.estimate for row in figure.rows[2:]]
    assert estimates == sorted(estimates, reverse=True)
    assert [row.kept for row in figure.rows[:2]] == [True, False]
    assert [row.reading for row in figure.rows[:2]] == ["better", "cannot tell"]


def test_axis_holds_zero_and_a_wild_effect_does_not_flatten_the_rest() -> None:
    """An effect 500 times as large as the others lies beyond the axis."""
    (figure,) = forest_figures(many())
    assert -0.1 < figure.lower < 0 < figure.upper < 0.1
    assert any(row.estimate < figure.lower for row in figure.rows)
    kept = next(row for row in figure.rows if row.kept)
    assert figure.lower < kept.low < kept.high < figure.upper


def test_rows_beyond_the_limit_are_counted() -> None:
    """What is left to the table is named."""
    many_alone = screened(MOST_SCREENED_ROWS + 7)
    report = _with(*(dataclasses.replace(one, name=f"remedy-{i}") for i, one in enumerate(many_alone)))
    (figure,) = forest_figures(report)
    assert len(figure.rows) == MOST_SCREENED_ROWS
    assert figure.num_left_out == 7
    assert "and 7 more in the table" in forest_svg(report)


def test_of_many_combinations_the_best_are_drawn() -> None:
    """A search ends in hundreds that are nearly alike; single remedies are all there."""
    single = screened(5)
    combined = tuple(dataclasses.replace(one, name=f"search-{i}") for i, one in enumerate(screened(30)))
    (figure,) = forest_figures(_with(*single, *combined))
    labels = [row.label for row in figure.rows]
    assert {one.name for one in single} <= set(labels)
    drawn = [row.estimate for row in figure.rows if row.label.startswith("search-")]
    assert len(drawn) == MOST_COMBINATIONS
    best = sorted((one.effect.estimate for one in combined if one.effect is not None), reverse=True)
    assert drawn == best[:MOST_COMBINATIONS]
    assert figure.num_left_out == len(combined) - MOST_COMBINATIONS


def test_a_wide_screen_does_not_hide_what_is_confirmed() -> None:
    """Where the screen needs an axis many times as wide, each stage has a figure of its own."""
    wide = tuple(dataclasses.replace(one, effect=effect(0.05, 0.6)) for one in screened(6))
    sure, looked = forest_figures(_with(*confirmed(), *wide), apart=True)
    assert [row.confirmed for row in sure.rows] == [True, True]
    assert not any(row.confirmed for row in looked.rows)
    assert sure.upper < 0.04
    assert looked.upper > 0.5
    assert [len(figure.rows) for figure in forest_figures(_with(*wide), apart=True)] == [6]
    assert [len(figure.rows) for figure in forest_figures(_with(*confirmed(), *wide))] == [8]


def test_units_do_not_share_an_axis() -> None:
    """Effects in another unit get a figure of their own, the study's metric first."""
    other = Remedy(
        name="l1", settings={}, stage="screened", kept=False, effect=effect(3.0, 1.0, unit="accuracy")
    )
    figures = forest_figures(_with(other, *confirmed()))
    assert [figure.unit for figure in figures] == ["log_loss", "accuracy"]


def test_what_was_not_measured_is_not_drawn() -> None:
    """NaN effects and missing ones stay in the table; an effect without interval is a dot."""
    (figure,) = forest_figures(unmeasured())
    assert [row.label for row in figure.rows] == ["one-pair", "two-pairs"]
    assert math.isfinite(figure.lower)
    assert math.isfinite(figure.upper)
    assert forest_figures(_with()) == ()
    assert "No effect was measured" in forest_svg(_with())


def test_curves_share_their_axis_and_number_epochs_from_one() -> None:
    """Index 21 of the record is epoch 22 for a reader; both networks are drawn to one scale."""
    report = full()
    baseline, chosen = curves_figures(report)
    assert baseline.best_epoch == report.curves[0].best_epoch + 1
    assert (baseline.lower, baseline.upper) == (chosen.lower, chosen.upper)
    assert baseline.epochs[0] == 1
    assert baseline.epochs[-1] == 60
    assert baseline.validation[baseline.best_epoch - 1] == min(baseline.validation)
    assert f"Best epoch ({baseline.best_epoch})" in baseline.description


def test_long_curves_are_thinned_but_keep_the_best_epoch() -> None:
    """Thousands of epochs do not bloat the page."""
    pair = curve_pair("baseline", overfits=True, epochs=5000)
    pair = dataclasses.replace(pair, best_epoch=1234)
    (figure,) = curves_figures(dataclasses.replace(full(), curves=(pair,)))
    assert len(figure.epochs) < 310
    assert {1, 1235, 5000} <= set(figure.epochs)


def test_curves_over_decades_are_logarithmic_and_empty_ones_left_out() -> None:
    """A loss that falls a thousandfold needs a log scale; one without a finite number is not drawn."""
    fall = np.geomspace(10, 0.01, 20).astype(np.float32)
    pair = CurvePair(name="baseline", train_loss=fall, validation_loss=fall, best_epoch=19)
    (figure,) = curves_figures(dataclasses.replace(full(), curves=(pair,)))
    assert figure.logarithmic
    drawn = draw_losses((figure,), name="decades")
    assert "$" not in drawn  # the marks of a logarithmic axis are plain numbers
    assert ">0.1<" in drawn
    assert curves_figures(unmeasured()) == ()


def _with_penalty(**settings: object) -> Report:
    """Return a report whose curves hold penalties of 0.05, and 0 in the chosen network."""
    report = full()
    first, second = report.curves
    strengths = (np.full(60, 0.05, np.float32), np.zeros(60, np.float32))
    return dataclasses.replace(
        report,
        baseline=dataclasses.replace(report.baseline, **settings),
        curves=(
            dataclasses.replace(first, penalty=strengths[0]),
            dataclasses.replace(second, penalty=strengths[1]),
        ),
    )


def test_what_keras_reports_is_drawn_where_it_differs() -> None:
    """The penalty stands on the validation loss of the network that has one; unknown ones draw nothing."""
    baseline, chosen = curves_figures(_with_penalty())
    assert baseline.reported == pytest.approx([value + 0.05 for value in baseline.validation])
    assert max(baseline.reported) < baseline.upper
    assert chosen.reported == ()
    assert "dotted" in reported_note(_with_penalty())
    assert [figure.reported for figure in curves_figures(full())] == [(), ()]
    assert "dotted" not in reported_note(full())


def test_smoothed_labels_make_the_reported_loss_unknown() -> None:
    """Keras smooths labels in validation too, which no curve holds: then nothing is claimed."""
    report = _with_penalty(label_smoothing=0.1)
    assert all(not figure.reported for figure in curves_figures(report))
    assert "smoothed labels" in reported_note(report)


def _with_running() -> Report:
    """Return a report that holds the training loss as Keras reports it."""
    report = full()
    return dataclasses.replace(report, curves=tuple(map(with_running, report.curves)))


def test_the_training_loss_that_keras_reports_is_a_line_of_its_own() -> None:
    """At the epochs of the others, within the axis, read off, named once, and told in words."""
    report = _with_running()
    figures = curves_figures(report)
    for figure, pair in zip(figures, report.curves, strict=True):
        assert figure.running == pytest.approx(pair.running_loss.tolist())
        assert max(figure.running) < figure.upper
        first, last = number(figure.running[0]), number(figure.running[-1])
        words = f"Training as Keras reports it: {first} in the first epoch, {last} in the last."
        assert figure.description.endswith(words)
    lines = {line.name: line.values for line in losses_readout(figures).lines}
    assert lines["chosen training as Keras reports it"][-1] == number(figures[1].running[-1])
    for narrow in (False, True):
        drawn = draw_losses(figures, name="c", narrow=narrow)
        assert drawn.count(">training as Keras reports it<") == 1
    (lone,) = curves_figures(dataclasses.replace(report, curves=report.curves[:1]))
    assert ">training as Keras reports it<" in draw_losses((lone,), name="c")
    note = reported_note(report)
    assert "a running mean with dropout and penalties" in note
    assert "did not record" not in note


def test_an_older_report_has_no_such_line() -> None:
    """Nor has one whose values are missing, or do not go with its epochs; the reader is told why."""
    report = full()
    first, second = report.curves
    gone = dataclasses.replace(first, running_loss=np.full(60, np.nan, np.float32))
    short = dataclasses.replace(second, running_loss=second.train_loss[:9])
    odd = dataclasses.replace(report, curves=(gone, short))
    for one in (report, odd):
        figures = curves_figures(one)
        assert [figure.running for figure in figures] == [(), ()]
        assert [line.name for line in losses_readout(figures).lines] == [
            f"{name} {side}" for name in ("baseline", "chosen") for side in ("training", "validation")
        ]
        assert "as Keras reports it" not in draw_losses(figures, name="c")
        assert "did not record" in reported_note(one)


def test_the_table_behind_the_curves_holds_what_is_known() -> None:
    """A column of its own where any network has the loss, and none where no network has."""
    report = _with_running()
    mixed = dataclasses.replace(report, curves=(report.curves[0], full().curves[1]))
    table = curve_table(mixed)
    assert table.head[-1] == "Training loss as Keras reports it"
    assert table.rows[0][-1] == number(float(report.curves[0].running_loss[0]))
    assert table.rows[-1][-1] == "n/a"
    assert {len(row) for row in table.rows} == {len(table.head)}
    assert table.right == (1, 2, 3, 4, 5)
    assert len(curve_table(full()).head) == 5


def test_values_can_be_read_off_by_epoch() -> None:
    """The readout has every epoch once, a text for each line, and None where a network has ended."""
    short = curve_pair("chosen", overfits=False, epochs=20)
    figures = curves_figures(dataclasses.replace(full(), curves=(full().curves[0], short)))
    read = losses_readout(figures)
    assert read.epochs == tuple(range(1, 61))
    assert read.start == figures[0].best_epoch - 1
    lines = {line.name: line.values for line in read.lines}
    assert list(lines) == [
        f"{name} {side}" for name in ("baseline", "chosen") for side in ("training", "validation")
    ]
    assert lines["chosen training"][20:] == (None,) * 40
    assert lines["baseline validation"][0] == "0.705"
    places = drawn_places(figures)
    assert places["ends"] == (0.5, 60.5)
    assert all(0 < left < right < 1 for left, right, _ in places["frames"])


def test_all_networks_are_in_one_drawing() -> None:
    """The picture names both networks and both best epochs, and its words hold those of each."""
    figures = curves_figures(full())
    picture = draw_losses(figures, name="a")
    for figure in figures:
        assert f">{figure.name}<" in picture
        assert f"best: epoch {figure.best_epoch}" in picture
        assert figure.description in picture


def test_confusion_shares_are_of_the_true_class() -> None:
    """Rows sum to one; a class without rows gives zeros, not NaN."""
    counts = np.array([[8, 2], [0, 0]], dtype=np.int32)
    figure = confusion_figure(dataclasses.replace(full(), confusion=counts))
    assert figure is not None
    assert figure.shares == ((0.8, 0.2), (0.0, 0.0))
    assert figure.labels == ("No", "Yes")
    assert "8 right" in figure.description


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_forest_svg_is_well_formed_and_repeatable(make: Callable[[], Report]) -> None:
    """A standalone picture parses as XML, names itself, and is the same every time."""
    picture = forest_svg(make())
    root = ET.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert picture == forest_svg(make())


def test_svg_takes_colors_from_the_page_and_has_no_background() -> None:
    """Every stand-in color became a CSS variable, and nothing opaque lies behind the figure."""
    report = full()
    (forest,) = forest_figures(report)
    confusion = confusion_figure(report)
    assert confusion is not None
    pictures = [
        draw_forest(forest, name="a"),
        draw_forest(forest, name="b", narrow=True),
        draw_losses(curves_figures(report), name="c"),
        draw_losses(curves_figures(report)[:1], name="e", narrow=True),
        draw_confusion(confusion, name="d"),
    ]
    for picture in pictures:
        assert "var(--wf-" in picture
        assert not re.search(r"#0(\d)(?:0\1){2}", picture)
        assert "#ffffff" not in picture.replace("var(--wf-page, #ffffff)", "")
        assert "<metadata" not in picture


def test_names_are_text_and_never_mathematics() -> None:
    """Dollar signs, tags and tokens in names arrive as they are."""
    picture = forest_svg(hostile())
    assert HOSTILE not in picture
    assert "&lt;script&gt;" in picture
    texts = [
        "".join(element.itertext())
        for element in ET.fromstring(picture).iter()
        if element.tag.endswith("text")
    ]
    assert any("$x^2$" in line for line in texts)


def test_drawing_leaves_no_trace() -> None:
    """The user's own matplotlib settings are neither used nor changed."""
    (figure,) = forest_figures(full())
    expected = draw_forest(figure, name="a")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "text.usetex": False}):
        before = dict(mpl.rcParams)
        assert draw_forest(figure, name="a") == expected
        assert dict(mpl.rcParams) == before
