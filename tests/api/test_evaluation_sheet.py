"""Evaluation and data of a study: rows and cells are those of the user's own table."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from study_samples import small_frame, small_model

from wellfit.api._build import array_subject, table_subject
from wellfit.api._evaluation_sheet import MOST_COLUMNS, data_sheet, evaluation_sheet
from wellfit.api._final import Final
from wellfit.api._out_of_fold import OutOfFold
from wellfit.api._subject import Subject
from wellfit.records import Settings


def table(frame: pl.DataFrame, holdout: Any = 0.25) -> Subject:
    """Return the subject of a study of a table."""
    return table_subject(
        frame,
        target="y",
        model=small_model(),
        holdout=holdout,
        seed=0,
        group=None,
        time=None,
        metric=None,
        task="auto",
        features="encoded",
        epochs=1,
        batch_size=None,
        columns=None,
        preparation=None,
        unsafe=False,
        reading=None,
    )


def final(subject: Subject, said: np.ndarray) -> Final:
    """Return the end of a study whose network says `said` of the holdout."""
    return Final(
        settings=Settings(),
        model=subject.model,
        scalings=(None,),
        formulas=(),
        holdout=None,
        confusion=None,
        said={"chosen": said},
    )


def doubtful(subject: Subject, share: float) -> np.ndarray:
    """Return probabilities that say the first class of every row."""
    return np.tile([share, 1 - share], (len(subject.holdout), 1))


@pytest.mark.parametrize("has_gap", [False, True])
def test_mistakes_are_rows_of_the_table(has_gap: bool) -> None:
    """Numbers count the rows of the file, those without a target too; cells stand as they do there."""
    frame = small_frame()
    if has_gap:
        gone = pl.int_range(pl.len()) % 10 == 3
        frame = frame.with_columns(y=pl.when(gone).then(None).otherwise(pl.col("y")))
    subject = table(frame)
    view = data_sheet(subject, None)
    found = evaluation_sheet(subject, final(subject, doubtful(subject, 0.8)), view, seed=0)
    assert found is not None
    assert found.num_mistakes == (subject.dataset.target[subject.holdout] == 1).sum()
    assert set(found.mistake_columns) == {"a", "b", "c", "town"}
    place = found.mistake_columns.index("town")
    for one in found.mistakes:
        row = frame.row(one.row - 1, named=True)
        assert (one.true, one.predicted, one.amount) == (row["y"], "no", pytest.approx(0.2))
        assert one.cells[place] == row["town"]


def test_a_holdout_of_its_own_has_its_own_rows() -> None:
    """Rows are counted in the holdout's table, and the columns are those of the other."""
    own = small_frame(40, seed=1)
    subject = table(small_frame(), own)
    view = data_sheet(subject, None)
    assert view is not None
    assert view.num_rows == 160
    found = evaluation_sheet(subject, final(subject, doubtful(subject, 0.9)), view, seed=0)
    assert found is not None
    assert found.has_own_table
    assert all(own["y"][one.row - 1] == one.true == "yes" for one in found.mistakes)


def test_the_data_are_the_rows_outside_the_holdout() -> None:
    """The columns that tell most come first; doubted labels are rows to learn from, the surest first."""
    subject = table(small_frame())
    judged = OutOfFold(subject.dataset.num_rows, 2)
    said = np.tile([0.9, 0.1], (len(subject.working), 1))
    target = subject.dataset.target[subject.working]
    said[target == 1] = [0.2, 0.8]
    swapped = np.flatnonzero(target == 1)[:2]
    said[swapped] = [[0.97, 0.03], [0.99, 0.01]]
    judged.add(subject.working, said[None])
    view = data_sheet(subject, judged)
    assert view is not None
    assert (view.num_rows, view.num_columns) == (120, 4)
    assert view.columns[0].name == "a"
    relations = [column.relation for column in view.columns]
    assert relations == sorted(relations, reverse=True)
    assert view.target is not None
    assert sum(view.target.counts) == 120
    assert (view.num_judged, view.num_suspects) == (120, 2)
    rows = [int(subject.working[place]) + 1 for place in swapped]
    assert [one.row for one in view.suspects] == rows[::-1]
    assert (view.suspects[0].label, view.suspects[0].said) == ("yes", "no")


def test_arrays_have_features_and_row_numbers() -> None:
    """Without a table features are numbered; of many columns 40 are drawn."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(120, 50)), np.arange(120) % 2
    subject = array_subject(
        x,
        y,
        model=small_model(50),
        holdout=0.25,
        seed=0,
        metric=None,
        task="auto",
        epochs=1,
        batch_size=None,
        unsafe=False,
    )
    view = data_sheet(subject, None)
    assert view is not None
    assert (len(view.columns), view.num_columns) == (MOST_COLUMNS, 50)
    assert view.columns[0].name.startswith("feature ")
    found = evaluation_sheet(subject, final(subject, doubtful(subject, 0.8)), view, seed=0)
    assert found is not None
    one = found.mistakes[0]
    feature = int(found.mistake_columns[0].split()[1]) - 1
    assert y[one.row - 1] == 1
    assert float(one.cells[0]) == pytest.approx(x[one.row - 1, feature], rel=1e-4)


def test_nothing_without_network_or_holdout() -> None:
    """A study that ended early has columns and no evaluation."""
    subject = table(small_frame(), 0.0)
    view = data_sheet(subject, None)
    assert view is not None
    assert view.num_rows == 160
    assert evaluation_sheet(subject, None, view, seed=0) is None
