"""The page of a diagnosis: complete, self-contained, safe and repeatable."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable

import pytest
from diagnosis_samples import SAMPLES, healthy, history, hostile, overfitting, share, stuck, unmeasured
from html_page import Page
from report_samples import HOSTILE

from wellfit.records import Diagnosis, OutputError, Verdict
from wellfit.report import diagnosis_html, write_diagnosis_html
from wellfit.report._diagnosis_view import effects_figure, examined_table
from wellfit.report._script import page_script


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_pages_are_balanced_and_self_contained(make: Callable[[], Diagnosis]) -> None:
    """Any diagnosis gives a whole page with one script, no links to elsewhere, no double or dangling ids."""
    source = diagnosis_html(make())
    page = Page(source)
    ids = [value for name, value in page.attributes if name == "id"]
    assert page.open == []
    assert not set(page.tags) & {"link", "iframe", "img", "object"}
    assert source.count("<script") == source.count(f"<script>{page_script()}</script>") == 1
    assert max(Counter(ids).values(), default=0) <= 1
    for name, value in page.attributes:
        assert not name.startswith("on")
        assert name not in ("href", "src", "xlink:href") or value.startswith("#")
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org)", source)
    assert set(re.findall(r"(?:url\(|href=\")#([^\)\"]+)", source)) <= set(ids)
    assert source == diagnosis_html(make())


def test_the_page_is_complete() -> None:
    """Verdict, causes with numbers and remedies, measurements, effects, curves, examined, unknown, notes."""
    diagnosis = overfitting()
    words = Page(diagnosis_html(diagnosis)).words
    parts = (
        "Overfitting",
        diagnosis.verdict_line,
        "Cause 1 of 2: too-few-rows",
        "More rows would help; confidence 91 %, stands for overfitting.",
        diagnosis.findings[0].experiment,
        "+31 % of the possible improvement (95 % interval +22 % to +40 %, 4 pairs of runs)",
        "rows for half the gap 4,200",
        diagnosis.findings[0].remedies[0],
        "where that is wrong",
        "The same network is trained on growing shares of the rows",
        "wellfit explain too-few-rows (docs/causes/too-few-rows.md)",
        "Cause 2 of 2",
        "Where the network stands",
        "82 % of the way from chance",
        "Effects of the interventions",
        "permuted labels",
        "Learning curves",
        "Everything that was examined",
        "the network has no batch normalization",
        diagnosis.unknown[0],
        diagnosis.notes[0],
        diagnosis.command,
        "3.14.0",
    )
    places = [words.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


def test_figures_have_words() -> None:
    """Two drawings of the forest, two of the curves, and the experiments of causes, all with words."""
    page = Page(diagnosis_html(overfitting()))
    labels = [value for name, value in page.attributes if name == "aria-label"]
    assert page.tags["svg"] == 9  # and two intervals in two widths, and one drawing of losses
    assert sum("Effect of undoing it" in label for label in labels) == 4
    assert sum("loss at half 0.492" in label for label in labels) == 1
    assert sum("Forest plot of 6 interventions" in label for label in labels) == 2
    assert any("2 better, 1 worse, 3 cannot tell" in label for label in labels)
    assert sum("Loss of the" in label for label in labels) == 2


def test_the_forest_shows_what_findings_rest_on_first() -> None:
    """Percent, ranked; a finding's effect stands out, and one wild effect does not set the axis."""
    figure = effects_figure(overfitting())
    assert figure is not None
    assert [row.label for row in figure.rows[:3]] == [
        "all rows against 70 %",
        "best epoch",
        "half the width",
    ]
    assert [row.kept for row in figure.rows] == [True, True, False, False, False, False]
    assert figure.rows[0].estimate == pytest.approx(31)
    assert figure.lower > -100
    assert effects_figure(history()) is None


def test_many_interventions_are_counted() -> None:
    """A forest of hundreds is cut, and says how many are in the table only."""
    effects = {f"intervention {place}": share(0.001 * place, 0.01) for place in range(200)}
    figure = effects_figure(dataclasses.replace(healthy(), effects=effects))
    assert figure is not None
    assert len(figure.rows) + figure.num_left_out == 200
    assert figure.num_left_out > 0


def test_found_causes_come_first_in_the_table() -> None:
    """Found, then undecided, then silent, then not applicable; each cause has its meaning."""
    table = examined_table(overfitting())
    assert [row[0] for row in table.rows[:3]] == ["too-few-rows", "trained-too-long", "label-noise"]
    assert table.strong == (0, 1)
    assert table.rows[-1][2] == "not applicable"
    assert all(row[1] for row in table.rows)


def test_hostile_names_stay_text() -> None:
    """A name like a tag is shown as text, a template expression is not computed, control characters go."""
    source = diagnosis_html(hostile())
    words = Page(source).words
    assert "<script>alert" not in source
    assert source.count("<script") == 1
    assert HOSTILE in words
    assert "{{ 7 * 7 }}" in words
    assert not set(source) & {"\x00", "\u202e"}


def test_partial_comes_first() -> None:
    """The banner stands before the verdict."""
    words = Page(diagnosis_html(unmeasured())).words
    assert 0 < words.index("stopped by a signal") < words.index(unmeasured().verdict_line)
    assert "Partial result" not in Page(diagnosis_html(stuck())).words


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_light(verdict: Verdict) -> None:
    """The light is a color, a sign and a word, so that color alone carries nothing."""
    source = diagnosis_html(dataclasses.replace(stuck(), verdict=verdict))
    assert re.search(r'<span class="light (green|amber|red|gray)" aria-hidden="true">.</span>\w', source)


def test_nothing_found_is_said() -> None:
    """A healthy network has no card, and the page says so."""
    source = diagnosis_html(healthy())
    assert "No cause was found." in Page(source).words
    assert "<article" not in source


def test_write(tmp_path) -> None:
    """The file is the page in UTF-8; a folder that does not exist is an error of ours."""
    diagnosis = dataclasses.replace(stuck(), notes=("\ud800 客户",))
    write_diagnosis_html(diagnosis, tmp_path / "page.html")
    content = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert content.startswith("<!doctype html>")
    assert "客户" in content
    with pytest.raises(OutputError, match="missing"):
        write_diagnosis_html(diagnosis, tmp_path / "missing" / "page.html")


def test_the_verdict_begins_as_a_sentence() -> None:
    """Its name is in the heading, so what is left begins with a capital letter."""
    lower = dataclasses.replace(healthy(), verdict_line="Healthy: training loss went down.")
    assert "Training loss went down." in Page(diagnosis_html(lower)).words
