"""Counting: windows add up, and no value is lost or breaks anything."""

from __future__ import annotations

import numpy as np
import pytest

from wellfit.drift import Reference, Window, add, compare, count, empty_window, make_reference, take_away
from wellfit.drift._binning import category_reference, count_labels, count_numbers, number_reference
from wellfit.drift._losses import loss_names, row_losses, usable_rows
from wellfit.records import DataError, SettingsError, Task


def rows(num_rows: int, seed: int, shift: float = 0.0) -> dict[str, object]:
    """Return a column of numbers with missing cells and one of labels."""
    rng = np.random.default_rng(seed)
    numbers = np.where(rng.random(num_rows) < 0.1, np.nan, rng.normal(shift, size=num_rows))
    return {"x": numbers, "c": rng.choice(["a", "b", "c"], num_rows).tolist()}


def said(num_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities of two classes, and labels that they are right about."""
    rng = np.random.default_rng(seed)
    positive = rng.random(num_rows)
    return np.stack([1 - positive, positive], axis=1), (rng.random(num_rows) < positive).astype(int)


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Return 600 rows and 200 predictions."""
    columns = rows(600, 0)
    probability, target = said(200, 1)
    return make_reference(
        {"x": ("number", columns["x"]), "c": ("category", columns["c"])},  # type: ignore[dict-item]
        task=Task.BINARY,
        class_names=("no", "yes"),
        metric="log_loss",
        prediction=probability,
        target=target,
    )


def same(one: Window, other: Window) -> bool:
    """Return whether two windows hold the same counts."""
    arrays = [(*w.columns, *w.predictions, w.sure) for w in (one, other)]
    return (
        all(np.array_equal(a, b) for a, b in zip(*arrays, strict=True))
        and np.allclose(one.losses, other.losses)
        and (one.num_rows, one.num_labeled, one.unseen) == (other.num_rows, other.num_labeled, other.unseen)
    )


def test_windows_add_up_and_come_apart(reference: Reference) -> None:
    """Two halves are the whole; the whole less a half is the other; nothing added changes nothing."""
    columns, (probability, target) = rows(300, 2), said(300, 3)
    columns["c"] = ["new", *columns["c"][1:]]  # type: ignore[index]

    def part(low: int, high: int) -> Window:
        cut = {name: values[low:high] for name, values in columns.items()}  # type: ignore[index]
        return count(reference, cut, probability[low:high], target=target[low:high])

    first, second, whole = part(0, 120), part(120, 300), part(0, 300)
    assert whole.unseen == {"c": {"new": 1}}
    assert same(add(first, second), whole)
    assert same(take_away(whole, first), second)
    assert same(add(empty_window(reference), whole), whole)
    assert compare(reference, add(first, second)).columns == compare(reference, whole).columns


def test_every_row_is_counted_once(reference: Reference) -> None:
    """Numbers beyond the range, missing and infinite ones, and unseen labels each have a cell."""
    numbers = [-1e9, 0.0, 1e9, np.nan, np.inf, -np.inf]
    window = count(reference, {"x": numbers, "c": ["a", "b", "c", "new", None, float("nan")]})
    x, c = window.columns
    assert (x[0], x[-2], x[-1], x.sum()) == (1, 1, 3, 6)
    assert (c[-2], c[-1], c.sum()) == (1, 2, 6)


def test_a_column_that_is_not_there_is_missing(reference: Reference) -> None:
    """All its rows are missing ones; columns that the reference does not have are left aside."""
    window = count(reference, {"c": ["a", "b"], "other": [1.0, 2.0, 3.0]})
    assert window.num_rows == 2
    assert window.columns[0].tolist()[-1] == 2


def test_rows_of_unequal_columns_are_refused(reference: Reference) -> None:
    """The message names the columns."""
    with pytest.raises(DataError, match="x: 2, c: 1"):
        count(reference, {"x": [1.0, 2.0], "c": ["a"]})


def test_windows_of_other_references_do_not_add_up(reference: Reference) -> None:
    """Neither are they compared."""
    other = make_reference({"x": ("number", [1.0, 2.0])}, task=Task.REGRESSION)
    window = count(other, {"x": [1.0]})
    with pytest.raises(SettingsError, match="cannot be added up"):
        add(empty_window(reference), window)
    with pytest.raises(SettingsError, match="another reference"):
        compare(reference, window)


def test_the_reference_counts_itself() -> None:
    """Its own rows, counted as a window's, are its own counts; in float32 too."""
    values = np.random.default_rng(0).normal(size=5000).round(2)
    column = number_reference("x", values)
    assert len(column.counts) <= 64
    for kind in (np.float64, np.float32):
        assert count_numbers(column, values.astype(kind)).tolist() == column.cells.tolist()
    labels = ["a", "b", None, "b"]
    letters = category_reference("c", labels)
    assert count_labels(letters, labels)[0].tolist() == letters.cells.tolist()


@pytest.mark.parametrize(
    "values", [[np.nan, np.nan], [np.inf], [], [3.0, 3.0], [-1e308, 1e308], [5e-324, 0.0]]
)
def test_odd_numbers_have_bins(values: list[float]) -> None:
    """All missing, none, all alike, and the ends of what a float can be."""
    column = number_reference("x", values)
    assert count_numbers(column, values).tolist() == column.cells.tolist()
    assert count_numbers(column, [7.0]).sum() == 1


def test_many_levels_are_counted_in_buckets() -> None:
    """The reference stays small, and nothing is called unseen: it cannot be told."""
    labels = [f"id {i}" for i in range(5000)]
    column = category_reference("id", labels)
    assert (len(column.levels), len(column.counts)) == (0, 64)
    counts, unseen = count_labels(column, [*labels, "never seen"])
    assert counts.sum() == 5001
    assert unseen == {}


def test_long_labels_stay_apart() -> None:
    """They are cut, with a hash of what was cut off."""
    column = category_reference("c", ["x" * 500 + "1", "x" * 500 + "2"])
    assert len(set(column.levels)) == 2
    assert max(map(len, column.levels)) <= 60


def test_labels_that_are_not_known_do_not_count(reference: Reference) -> None:
    """Rows with -1, and rows without a finite prediction, have no loss."""
    probability, target = said(4, 5)
    probability[0] = np.nan
    target[1] = -1
    window = count(reference, {}, probability, target=target)
    assert (window.num_unusable, window.num_labeled, int(window.sure.sum())) == (1, 2, 3)
    assert np.isfinite(window.losses).all()


@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_losses_of_no_rows_are_none(task: Task) -> None:
    """A network that says nothing finite has no row whose label counts."""
    assert row_losses(task, np.zeros((0,)), np.zeros((0, 2))).shape == (len(loss_names(task)), 0)
    assert usable_rows(np.zeros((0, 2))).shape == (0,)
