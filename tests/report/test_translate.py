"""A report in another language: a whole catalogue, nothing that stays English, names that stay names."""

import dataclasses
import doctest
import json
import re
from html.parser import HTMLParser

import evaluation_samples
import pytest
import report_samples
from html_page import Page
from message_sources import all_texts, every_text, fragments

from wellfit.records import ColumnSchema, SettingsError
from wellfit.report import _translate, script_hash, to_html, to_json, to_markdown, to_text, write_html
from wellfit.report._html import _english
from wellfit.report._script import page_script
from wellfit.report._translate import entries, languages, translator
from wellfit.report._translate_page import translate_page

SAMPLES = [
    *(
        getattr(report_samples, name)
        for name in ("full", "partial", "nothing_helped", "unmeasured", "pictures")
    ),
    *(getattr(evaluation_samples, name) for name in ("evaluated", "evaluated_classes", "evaluated_values")),
]
# Texts of the diagnosis' own page, of a script's comment, and of an error.
OTHER_PAGES = {
    "steps that are stored",  # told while a study goes on
    "No code could be written for this network",
    "No network was trained",
    "Lowest validation loss",
    "Training loss as it came",
    "Validation loss as it came",
    "What was measured",
    "a single split",
    "at the end",
    "at the trained weights it was given with",
    "better than the best reference",
    "data losses on validation rows only",
    "is the network as it stands",
    "not in the losses above",
    "of the way from chance to the best reference",
    "one prediction for every row",
    "the first line",
    "the lowest loss that any model or variant reached",
    "the whole distance from chance to the best reference",
    "to see what more of them would do",
    "whatever its inputs",
    "validation loss less training loss",
}
# What the samples made up: no study says it.
INVENTED = (
    "at its best epoch the loss is",
    "the budget of 20 s ended during the search",
    "training and validation loss agree, no remedy beats noise",
    "a linear model is better by",
    "all runs diverged",
    "blank read as missing",
    "duplicate rows kept on one side of each split",
    "numbers as text",
    "one value per row",
    "it has one value per row",
    "interval holds zero",
    "dropout 0 to 0.6, 3 pairs each",
    "Every run ended in NaN",
    "The study did not get far enough to tell",
    "Month-to-month, One year, Two year",
)
# Names of remedies, settings and values in a row, and the one word that Chinese papers keep in English.
LISTS = re.compile(r"[a-z_]+=[\w.,-]+|[a-z0-9]+(?:-[a-z0-9.]+)+")
ENGLISH = re.compile(r"(?:\b[A-Za-z][A-Za-z'-]+\b[ ,;:]+){2,}[A-Za-z][A-Za-z'-]+")


class Shown(HTMLParser):
    """Collects what a reader or a screen reader meets, code and parts in English left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Keep labels, and remember where code begins."""
        self.texts += [value for name, value in attrs if name in ("aria-label", "alt", "title") and value]
        is_english = any(name == "lang" and value == "en" for name, value in attrs)
        if tag not in ("meta", "img", "br", "path", "use"):
            hidden = bool(self.open) and self.open[-1][1]
            self.open.append((tag, hidden or is_english or tag in ("code", "pre", "script", "style")))

    def handle_startendtag(self, tag, attrs):
        """Keep the labels of an empty element."""
        self.texts += [value for name, value in attrs if name in ("aria-label", "alt", "title") and value]

    def handle_endtag(self, tag):
        """Leave the element."""
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        """Keep text that is shown."""
        if data.strip() and not (self.open and self.open[-1][1]):
            self.texts.append(data)


def english_in(texts):
    """Return runs of three English words or more in what is no list of names."""
    plain = [
        LISTS.sub("", " ".join(text.split())) for text in texts if not any(one in text for one in INVENTED)
    ]
    return [text for text in plain if ENGLISH.search(text)]


def forms(key):
    """Return a key with the singular and the plural that it stands for."""
    first = re.sub(r"<([a-z]*)(?:\|[a-z]*)?>", r"\1", key)
    return {first, re.sub(r"<(?:[a-z]*\|([a-z]*)|[a-z]*)>", r"\1", key)}


def is_made_of(words, source, pieces=3):
    """Return whether words are at most so many runs of words in a row that stand in the source."""
    if f" {' '.join(words)} " in source:
        return True
    places = range(1, len(words)) if pieces > 1 else ()
    return any(
        f" {' '.join(words[:place])} " in source and is_made_of(words[place:], source, pieces - 1)
        for place in places
    )


def is_found(form, source):
    """Return whether all runs of words of a key stand in the source."""
    return all(is_made_of(part.lower().split(), source) for part in fragments(form))


@pytest.mark.parametrize("language", languages()[1:])
def test_every_text_has_an_entry(language):
    """Each run of three words in templates and code is part of a key."""
    keys = "\n".join(
        part.lower() for key in entries(language) for one in forms(key) for part in fragments(one)
    )
    missing = {part for text in all_texts() for part in fragments(text) if part.lower() not in keys}
    assert {part for part in missing if len(part.split()) >= 3} <= OTHER_PAGES


@pytest.mark.parametrize("language", languages()[1:])
def test_every_entry_is_used(language):
    """Each key is made of texts that stand in templates or code."""
    source = every_text()
    unused = [key for key in entries(language) if not any(is_found(form, source) for form in forms(key))]
    assert unused == []


@pytest.mark.parametrize("language", languages()[1:])
def test_gaps_agree(language):
    """A translation has the gaps of its key, each once, and no kind in them."""
    for key, text in entries(language).items():
        gaps = re.findall(r"\{(\d)(?::[nw])?\}", key)
        assert sorted(gaps) == sorted(set(gaps)), key
        assert sorted(re.findall(r"\{(\d)\}", text)) == sorted(gaps), key
        assert "<" not in text, key


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
def test_nothing_stays_english(sample):
    """In the Chinese page, Markdown and terminal text no English sentence is left."""
    report = sample()
    page = to_html(report, lang="zh")
    Page(page)  # still well-formed
    assert english_in(Shown(page).texts) == []
    markdown = re.sub(r"(`{3,})python.*?\n\1\n", "", to_markdown(report, lang="zh"), flags=re.DOTALL)
    cells = [cell for line in markdown.split("\n") for cell in line.split(" | ")]
    assert english_in(cells) == []
    assert english_in(to_text(report, 400, lang="zh").split("  ")) == []


def test_the_check_can_fail():
    """An English page does not pass for a Chinese one."""
    assert len(english_in(Shown(to_html(report_samples.full())).texts)) > 25


@pytest.mark.parametrize(
    "sample", [report_samples.full, report_samples.hostile], ids=lambda sample: sample.__name__
)
def test_english_is_unchanged(sample):
    """English is what is drawn without a language, and walking through the page changes no byte of it."""
    report = sample()
    page = _english(report, "en")
    assert to_html(report) == page
    assert translate_page(page, str, "en") == page
    assert to_markdown(report) == to_markdown(report, lang="en")
    assert to_text(report) == to_text(report, lang="en")


def test_page_says_its_language(tmp_path):
    """The document, its fonts and its script are for Chinese; the pages of the causes are told apart."""
    write_html(report_samples.full(), tmp_path / "report.html", lang="zh")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-Hans">' in page
    assert "'Noto Sans CJK SC'" in page
    assert '<div lang="en">' in page
    assert {"损失", "轮次"} <= set(Page(page).text)  # the axes of the curves
    assert '<h2 id="change">改动什么</h2>' in page
    curves = json.loads(re.search(r'data-curves="([^"]*)"', page)[1].replace("&quot;", '"'))
    assert curves["lines"][0]["name"] == "基线 训练"
    assert 'lang="zh' not in to_html(report_samples.full())


def test_hostile_names_stay_text():
    """What is escaped in the English page is escaped in the Chinese one."""
    page = Page(to_html(report_samples.hostile(), lang="zh"))
    assert page.tags["script"] == 1
    assert report_samples.HOSTILE in page.words


def test_names_are_not_translated():
    """A column, a class, a remedy or a value keeps its name, also where the catalogue has the word."""
    report = dataclasses.replace(
        report_samples.full(),
        class_names=("Healthy", "none"),
        columns=(ColumnSchema(name="loss", kind="numeric"),),
    )
    page = Page(to_html(report, lang="zh"))
    assert {"Healthy", "none", "loss"} <= set(page.text)
    assert "健康" not in page.text


def test_record_stays_english():
    """Drawing a report in Chinese leaves its record as it is."""
    report = report_samples.full()
    before = to_json(report)
    to_html(report, lang="zh")
    assert to_json(report) == before


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("Validation loss", "验证损失"),
        (
            "1 row to work with, and 1,409 rows set aside as the holdout.",
            "1 行用于研究，1,409 行另存为留出集。",
        ),
        ("-0.0019 to +0.0020", "-0.0019 至 +0.0020"),
        ("Dropped: not confirmed on fresh splits.", "放弃：未在全新划分上确认。"),
        (
            "Overfits: 0.12 nats of gap between training and validation loss, "
            "mostly because 41 rows are too few.",
            "过拟合：训练损失与验证损失之间相差 0.12 纳特，主要因为 41 行太少。",
        ),
        (
            "Early stopping with patience 8 with no dropout and weight decay 0.1 lowers log loss from 2 to 1 "
            "(50 %, 95 % interval 40 to 60 %), confirmed on 13 rows that nothing else had seen.",
            "早停（耐心 8），配合不用 dropout 和权重衰减 0.1 使 log loss 从 2 降到 1"
            "（50 %，95 % 置信区间 40 至 60 %），已在从未被使用过的 13 行上确认。",
        ),
        ("Nobody wrote this. No cell is missing.", "Nobody wrote this. 没有缺失的单元格。"),
        ("loss (log_loss)", "损失（log_loss）"),
        ("+3.0 [+1.4, +6.1] kept", "+3.0 [+1.4, +6.1] 保留"),
        ("coffee with milk", "coffee with milk"),
        ("no milk", "no milk"),
        ("from here to there", "from here to there"),
        ("  2.5 ", "  2.5 "),
        ("", ""),
    ],
)
def test_translator(english, chinese):
    """Sentences, numbers of things, clauses in clauses; what nobody knows, and names like clauses, stay."""
    assert translator("zh")(english) == chinese


def test_script_of_each_language():
    """Only what people read differs between the scripts; a server allows both."""
    english, chinese = page_script(), page_script("zh")
    assert '"复制"' in chinese
    assert "`轮次 ${epoch}：" in chinese
    assert "(?:%|至.*)?$" in chinese
    assert re.sub(r"[^\x00-\x7f]+", "", chinese).count('"') == english.count('"')
    assert len(set(script_hash().split())) == len(languages())


def test_unknown_language_is_refused():
    """A language without a catalogue says which there are."""
    with pytest.raises(SettingsError, match="no catalogue") as error:
        to_html(report_samples.minimal(), lang="tlh")
    assert "'zh'" in str(error.value)


def test_examples():
    """The examples of the docstrings hold."""
    result = doctest.testmod(_translate)
    assert result.attempted
    assert not result.failed
