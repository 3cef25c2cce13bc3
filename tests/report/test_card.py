"""The model card says what the network is for, how well it does, and where it comes from."""

from dataclasses import replace

from report_samples import full

from wellfit.records import ColumnSchema, Evaluation, Scored, Task
from wellfit.report import model_card


def test_a_card_has_its_parts_in_order():
    """Use, scores with intervals, inputs, history, limits."""
    scores = {
        "log_loss": Scored(value=0.25, low=0.2, high=0.3),
        "ece": Scored(value=0.1, low=float("nan"), high=0),
    }
    report = replace(
        full(),
        evaluation=Evaluation(num_rows=60, scores=scores),
        columns=(ColumnSchema(name="a|b <i>", kind="category", num_missing=1200),),
    )
    card = model_card(report)
    heads = [line for line in card.splitlines() if line.startswith("## ")]
    assert heads == [
        "## Intended use",
        "## How well it does",
        "## What it takes",
        "## How it was made",
        "## Limits",
    ]
    assert "| 0.25 | 0.2 to 0.3 |" in card
    assert "| 0.1 | not known |" in card
    assert "a\\|b &lt;i&gt; | category | 1,200 |" in card


def test_a_partial_study_of_numbers_says_so():
    """What was not finished is a limit."""
    partial = "stopped by a signal"
    report = replace(full(), task=Task.REGRESSION, class_names=(), partial=partial, evaluation=None)
    card = model_card(report)
    assert "A network for predicting numbers" in card
    assert "The study was not finished: stopped by a signal." in card


def test_many_columns_and_classes_are_not_all_listed():
    """A card is for people."""
    columns = tuple(ColumnSchema(name=f"c{i}", kind="numeric") for i in range(3000))
    names = tuple(f"k{i}" for i in range(200))
    card = model_card(replace(full(), columns=columns, class_names=names))
    assert "2,960 more columns" in card
    assert "and 160 more" in card
    assert len(card) < 10_000
