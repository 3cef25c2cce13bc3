"""Plots for a notebook: axes that hold what the figure records say, drawn where the caller wants."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import diagnosis_samples
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from report_samples import NAN, effect, full, hostile, many, with_running

from wellfit.records import BiasVariance, CrossValidation, Metric, MoreData, RegularizationPath, Remedy
from wellfit.report import (
    plot_folds,
    plot_interventions,
    plot_losses,
    plot_parts,
    plot_path,
    plot_remedies,
    plot_sizes,
)
from wellfit.report._line_figures import folds_figure, parts_figure, path_figure, scale_of, sizes_figure

LOSS = Metric(name="log_loss", direction="minimize")
STRENGTHS = np.geomspace(1e-6, 1e-1, 6)


def path(**changes: Any) -> RegularizationPath:
    """Return a path whose best strength lies in the middle."""
    scores = np.array([0.5, 0.48, 0.45, 0.46, 0.55, 0.69])
    values: dict[str, Any] = {
        "parameter": "l2",
        "metric": LOSS,
        "strengths": STRENGTHS,
        "train_mean": np.linspace(0.2, 0.69, 6),
        "validation_mean": scores,
        "low": scores - 0.03,
        "high": scores + 0.03,
        "standard_error": np.full(6, 0.02),
        "fold_scores": np.repeat(scores[:, None], 5, axis=1),
        "best": float(STRENGTHS[2]),
        "one_standard_error": float(STRENGTHS[3]),
        "num_members": 90,
        "duration_s": 3.0,
    }
    return RegularizationPath(**(values | changes))


def parts() -> BiasVariance:
    """Return a decomposition over widths, one value of which failed."""
    bias, variance = np.array([0.3, 0.2, 0.15, NAN]), np.array([0.02, 0.05, 0.15, NAN])
    return BiasVariance(
        parameter="width",
        loss="squared_error",
        values=np.array([0.25, 0.5, 1.0, 2.0]),
        error=bias + variance,
        bias=bias,
        variance=variance,
        num_samples=20,
        num_rows=90,
        num_members=80,
        duration_s=1.0,
    )


def folds() -> CrossValidation:
    """Return scores of five folds."""
    scores = np.array([0.41, 0.44, 0.4, 0.47, 0.43])
    return CrossValidation(
        metric=LOSS, scores=scores, mean=0.43, low=0.39, high=0.47, train_scores=scores - 0.1
    )


def sizes() -> MoreData:
    """Return a learning curve at five sizes."""
    return MoreData(
        extra_rows=500,
        estimate=0.012,
        low=0.0,
        high=0.03,
        unit="log_loss",
        sizes=(250, 350, 500, 700, 1000),
        losses=(0.5, 0.48, 0.46, 0.45, 0.44),
    )


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    pyplot.close("all")


DRAWINGS: dict[str, Callable[[Axes | None], Axes]] = {
    "remedies": lambda ax: plot_remedies(many().remedies, ax),
    "no remedies": lambda ax: plot_remedies((), ax),
    "interventions": lambda ax: plot_interventions(diagnosis_samples.overfitting().effects, ax),
    "losses": lambda ax: plot_losses(full().curves, ax),
    "no losses": lambda ax: plot_losses((), ax),
    "path": lambda ax: plot_path(path(), ax),
    "parts": lambda ax: plot_parts(parts(), ax),
    "folds": lambda ax: plot_folds(folds(), ax),
    "sizes": lambda ax: plot_sizes(sizes(), ax),
}


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_axes_are_new_or_the_callers(draw: Callable[[Axes | None], Axes]) -> None:
    """Without axes a figure is made that a notebook shows; with axes they are drawn on and returned."""
    new = draw(None)
    assert isinstance(new, Axes)
    assert len(pyplot.get_fignums()) == 1
    own = Figure().subplots()
    assert draw(own) is own
    assert len(pyplot.get_fignums()) == 1
    for axes in (new, own):
        axes.get_figure().canvas.draw()  # type: ignore[union-attr]


def test_the_forest_holds_every_row() -> None:
    """Rows from the top, headings between them, the numbers at the right, and the unit below."""
    axes = plot_remedies(full().remedies)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[:4] == ["Confirmed", "search-17", "dropout", "Screened only"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert axes.get_xlabel() == "improvement in log_loss"
    assert any(text.get_text().endswith("kept") for text in axes.texts)


def test_the_forest_is_in_the_unit_of_most_effects() -> None:
    """Two units cannot share an axis."""
    rare = Remedy(
        name="rare", settings={}, stage="screened", kept=False, effect=effect(0.1, 0.1, unit="accuracy")
    )
    axes = plot_remedies((rare, *full().remedies))
    assert axes.get_xlabel() == "improvement in log_loss"
    assert "rare" not in [label.get_text() for label in axes.get_yticklabels()]


def test_names_are_no_formulas() -> None:
    """Dollar signs in a name are drawn as they are; a formula that is none would raise."""
    odd = tuple(dataclasses.replace(remedy, name="$\\bad$") for remedy in full().remedies)
    curves = tuple(dataclasses.replace(pair, name="$\\bad$") for pair in full().curves)
    for axes in (plot_remedies(odd), plot_losses(curves), plot_remedies(hostile().remedies[:3])):
        axes.get_figure().canvas.draw()  # type: ignore[union-attr]
        assert axes.get_children()


def test_losses_have_a_color_a_network() -> None:
    """Training is dashed, validation solid, the best epoch a dot, in one color."""
    axes = plot_losses(full().curves)
    train, validation, best = axes.get_lines()[:3]
    assert len({line.get_color() for line in (train, validation, best)}) == 1
    assert (train.get_linestyle(), validation.get_linestyle()) == ("--", "-")
    assert best.get_xdata()[0] == full().curves[0].best_epoch + 1  # type: ignore[index]
    assert len(axes.get_lines()) == 6


def test_losses_as_keras_reports_them_are_thinner() -> None:
    """A line more for a network where they are known, in its color."""
    axes = plot_losses(tuple(map(with_running, full().curves)))
    train, _, running, best = axes.get_lines()[:4]
    assert running.get_label() == "baseline, training as Keras reports it"
    assert running.get_color() == train.get_color() == best.get_color()
    assert running.get_linestyle() == "-."
    assert running.get_linewidth() < train.get_linewidth()
    assert len(axes.get_lines()) == 8


def test_a_path_shows_which_strength_to_take() -> None:
    """Both rules are marked, the interval is a band, and the axis is logarithmic."""
    axes = plot_path(path())
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["training", "validation, 95 % interval", "best", "within one standard error"]
    assert axes.get_xscale() == "log"
    assert len(axes.collections) == 1
    same = path_figure(path(one_standard_error=float(STRENGTHS[2])))
    assert [words for words, _ in same.marks] == ["best, and within one standard error"]


def test_a_path_may_begin_at_nothing() -> None:
    """Zero has no place on a logarithmic axis; the axis then is linear around it."""
    strengths = np.array([0.0, *STRENGTHS[1:]])
    assert plot_path(path(strengths=strengths)).get_xscale() == "symlog"
    assert scale_of([0.0, 0.0]) == scale_of([-1.0, 1.0]) == "linear"


def test_figures_are_described() -> None:
    """What is drawn can be read: where the best lies, and what the interval is."""
    assert path_figure(path()).description.endswith(
        "best at 0.0001; within one standard error of it up to 0.001."
    )
    assert parts_figure(parts()).description.endswith("the error is lowest at 0.5.")
    assert "mean 0.430, 95 % interval 0.390 to 0.470" in folds_figure(folds()).description
    assert "500 more rows would be worth 0.0120" in sizes_figure(sizes()).description


def test_a_style_of_the_reader_holds() -> None:
    """In a dark style the zero line and what is not certain are light."""
    with pyplot.style.context("dark_background"):
        axes = plot_remedies(full().remedies)
        assert axes.get_lines()[0].get_color() == "white"
