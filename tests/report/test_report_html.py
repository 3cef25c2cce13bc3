"""The HTML page: complete, self-contained, safe, small and repeatable."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import numpy as np
import pytest
from report_samples import HOSTILE, SAMPLES, full, hostile, many, nothing_helped, partial, pictures, screened

from wellfit.records import ColumnSchema, Remedy, Report, Verdict
from wellfit.report import to_html, write_html
from wellfit.report._answer import answer
from wellfit.report._script import page_script

_VOID = {"meta", "path", "use", "rect", "br", "img"}


class _Page(HTMLParser):
    """Collects tags, ids, text and unbalanced elements."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count a tag and keep its attributes."""
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count an empty element."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Check that it closes what was opened last."""
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep text that a reader sees."""
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text.append(data)


def _words(page: _Page) -> str:
    return " ".join(" ".join(page.text).split())


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_pages_are_balanced_self_contained_and_small(make: Callable[[], Report]) -> None:
    """Any report gives a whole page with our one script, no links to elsewhere and no double ids."""
    source = to_html(make())
    page = _Page(source)
    assert page.open == []
    assert not set(page.tags) & {"link", "iframe", "object"}
    assert source.count("<script") == source.count(f"<script>{page_script()}</script>") == 1
    assert max(Counter(page.ids).values(), default=0) <= 1
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        if tag == "img" and name == "src":
            assert value.startswith("data:image/png;base64,")
        elif name in ("href", "src", "xlink:href"):
            assert value.startswith("#"), (tag, value)
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org)", source)
    assert len(source.encode()) < 1_500_000
    assert source == to_html(make())


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_references_inside_figures_resolve(make: Callable[[], Report]) -> None:
    """Every clip path and marker that a figure uses exists on the page."""
    source = to_html(make())
    used = set(re.findall(r"(?:url\(|href=\")#([^\)\"]+)", source))
    assert used <= set(_Page(source).ids)


def test_the_page_is_complete() -> None:
    """Verdict, changes, holdout with references, effects, curves, data, settings, versions and seed."""
    report = full()
    words = _words(_Page(to_html(report)))
    source = to_html(report)
    names = ("change", "why", "remedies", "curves", "holdout", "data", "method")
    places = [source.index(f'<h2 id="{name}">') for name in names]
    assert places == sorted(places)
    head = source[: places[0]]
    assert answer(report).problem in head
    assert answer(report).advice in head.replace("\u00a0", " ")
    assert report.verdict_line in words
    for remedy in report.remedies:
        assert remedy.name in words
    for text in ("majority class", "linear model", "0.431", "0.419", "+0.0125", "keras", "3.12.0", "412"):
        assert text in words
    for text in (
        report.command,
        report.notes[0],
        "sentinels",
        "all runs diverged",
        "<0.001",
        "confirm_pairs",
    ):
        assert text in words
    assert "better than the baseline" in words


def test_only_differences_are_in_the_change_table() -> None:
    """What stays as it is does not hide what changes."""
    source = to_html(full())
    section = source[source.index('id="change"') : source.index('id="why"')]
    assert {name for name in ("l2", "dropout", "patience") if f'<th scope="row">{name}</th>' in section} == {
        "l2",
        "dropout",
        "patience",
    }
    assert "batch_size" not in section


def test_figures_have_words_and_tables() -> None:
    """Each figure has an accessible name, and the numbers behind it are in a table."""
    page = _Page(to_html(full()))
    labels = [value for tag, name, value in page.attributes if tag == "svg" and name == "aria-label"]
    roles = [value for tag, name, value in page.attributes if tag == "svg" and name == "role"]
    assert page.tags["svg"] == len(labels) == roles.count("img") == 7
    assert sum("Forest plot" in label for label in labels) == 2
    assert sum("most telling remedy" in label for label in labels) == 2
    assert sum("Loss of the" in label for label in labels) == 2
    assert "Table behind the curves" in _words(page)
    assert "Table behind the matrix" in _words(page)


def test_augmented_pictures_are_shown_with_words() -> None:
    """Each strip is an embedded picture whose text names the augmentation; tables have no such part."""
    page = _Page(to_html(pictures()))
    found = [value for tag, name, value in page.attributes if (tag, name) == ("img", "alt")]
    assert found[0] == (
        "2 training pictures, each followed by 3 random versions with search-17"
        " (random_flip=0.5, random_zoom=0.2)."
    )
    assert page.tags["img"] == len(found) == 4
    assert "◆ search-17" in _words(page)
    assert "What the network sees" not in _words(_Page(to_html(full())))


def test_drawn_pictures_are_shown_as_an_experiment() -> None:
    """By class, with whether the chosen network learned from such pictures; without them nothing is said."""
    page = _Page(to_html(pictures()))
    found = [value for tag, name, value in page.attributes if (tag, name) == ("img", "alt")]
    assert found[2] == "A training picture of class shoe, then 7 drawn pictures."
    assert "Drawn pictures (experimental)" in _words(page)
    assert "was not trained with such pictures" in _words(page)
    kept = tuple(dataclasses.replace(strip, kept=True) for strip in pictures().drawn)
    alone = _words(_Page(to_html(dataclasses.replace(pictures(), augmented=(), drawn=kept))))
    assert "The chosen network was trained with such pictures" in alone
    assert "followed by random versions" not in alone
    assert "Drawn pictures" not in _words(_Page(to_html(full())))


def test_hostile_names_stay_text() -> None:
    """A column named like a tag is shown as text, and a template expression is not computed."""
    source = to_html(hostile())
    assert source.count("<script") == 1
    words = _words(_Page(source))
    assert HOSTILE in words
    assert "{{ 7 * 7 }}" in words
    assert "\x00" not in source
    assert "\u202e" not in source


def test_partial_results_say_so_first() -> None:
    """The banner stands before the answer and names the reason; the missing holdout is named too."""
    report = partial()
    words = _words(_Page(to_html(report)))
    assert words.index("Partial result") < words.index(answer(report).problem)
    assert report.partial in words
    assert "Holdout: not reached." in words
    assert "Partial result" not in _words(_Page(to_html(full())))


def test_nothing_helped_says_keep() -> None:
    """Without a confirmed gain the advice is to keep the network."""
    words = _words(_Page(to_html(nothing_helped())))
    assert "Keep the network as it is" in words
    assert "The chosen network is the baseline." in words


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_light(verdict: Verdict) -> None:
    """The light is a color, a sign and a word, so that color alone carries nothing."""
    source = to_html(dataclasses.replace(full(), verdict=verdict))
    assert re.search(r'<span class="light (green|amber|red|gray)" aria-hidden="true">.</span>\w', source)


def test_large_reports_stay_small_and_name_what_is_missing() -> None:
    """Thousands of remedies and columns do not break the size limit, and the rest is counted."""
    columns = tuple(ColumnSchema(name=f"column_{index}", kind="numeric") for index in range(5000))
    tried: tuple[Remedy, ...] = screened(2000)
    source = to_html(dataclasses.replace(many(), columns=columns, remedies=tried))
    assert len(source.encode()) < 1_500_000
    assert "4000 more are in" in source
    assert "1000 more are in" in source


def test_many_classes_are_a_table_only() -> None:
    """A matrix of 40 classes is not drawn."""
    counts = np.eye(40, dtype=np.int32)
    names = tuple(f"class {index}" for index in range(40))
    source = to_html(dataclasses.replace(full(), confusion=counts, class_names=names))
    assert "Confusion matrix of the chosen network" not in source
    assert "predicted class 39" in source


def test_write_html(tmp_path) -> None:
    """The file is the page, in UTF-8, even where a name has no UTF-8 form."""
    path = tmp_path / "report.html"
    write_html(dataclasses.replace(full(), notes=("\ud800 客户",)), path)
    content = path.read_text(encoding="utf-8")
    assert content.startswith("<!doctype html>")
    assert content.rstrip().endswith("</html>")
    assert "客户" in content


def test_only_records_and_drawing_are_loaded() -> None:
    """A fresh process that draws a page loads no pyplot (global state) and nothing that trains."""
    code = (
        "import sys; from wellfit.records import Metric, Report, Settings, Task, Verdict;"
        "from wellfit.report import to_html;"
        "to_html(Report(task=Task.BINARY, metric=Metric(name='log_loss', direction='minimize'),"
        "verdict=Verdict.HEALTHY, verdict_line='', baseline=Settings(), chosen=Settings(), holdout=None));"
        "print(*sorted(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "wellfit.report" in loaded
    assert not loaded & {"matplotlib.pyplot", "keras", "jax", "sklearn", "optuna", "polars", "pandas"}
    ours = {name.split(".")[1] for name in loaded if name.startswith("wellfit.")}
    assert not ours & {"api", "cli", "data", "diagnosis", "evaluation", "models", "population", "search"}
