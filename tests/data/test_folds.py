"""Folds of every kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from wellfit.data import nested_folds, repeated_folds
from wellfit.records import DataError, Dataset, SettingsError, Split, Task

ROWS = np.arange(60, dtype=np.int32)
PLAIN = Dataset(
    inputs=(np.zeros((60, 2), np.float32),),
    input_names=("x",),
    feature_names=((),),
    target=(np.arange(60) % 4 == 0).astype(np.int32),
    task=Task.BINARY,
    class_names=("0", "1"),
)
GROUPED = replace(PLAIN, groups=(np.arange(60) // 5).astype(np.int32))
TIMED = replace(PLAIN, time=np.arange(60, dtype=np.float64)[::-1] // 2)


def check_pass(splits: tuple[Split, ...]) -> None:
    """Every row is validated on once and trained on otherwise."""
    np.testing.assert_array_equal(np.sort(np.concatenate([s.validation for s in splits])), ROWS)
    for split in splits:
        np.testing.assert_array_equal(np.sort(np.concatenate([split.train, split.validation])), ROWS)


@pytest.mark.parametrize(
    ("dataset", "kind"), [(PLAIN, "plain"), (PLAIN, "stratified"), (GROUPED, "group"), (GROUPED, "auto")]
)
def test_each_pass_covers_all_rows_and_differs(dataset: Dataset, kind: Any) -> None:
    """Three passes of four folds; the same seed gives the same, each pass other folds."""
    splits = repeated_folds(dataset, ROWS, 4, 3, kind=kind, seed=1)
    assert len(splits) == 12
    for start in (0, 4, 8):
        check_pass(splits[start : start + 4])
    again = repeated_folds(dataset, ROWS, 4, 3, kind=kind, seed=1)
    assert all(np.array_equal(a.validation, b.validation) for a, b in zip(splits, again, strict=True))
    firsts = {tuple(splits[start].validation) for start in (0, 4, 8)}
    assert len(firsts) == 3


def test_stratified_folds_have_equal_shares() -> None:
    """Each fold has its share of the rare class; a class with fewer rows than folds is survived."""
    for split in repeated_folds(PLAIN, ROWS, 5, seed=0):
        assert PLAIN.target[split.validation].sum() == 3
    rare = replace(PLAIN, target=(ROWS < 2).astype(np.int32))
    check_pass(repeated_folds(rare, ROWS, 5, seed=0))


def test_regression_is_stratified_by_tenths() -> None:
    """The means of the folds are closer than those of plain folds."""
    target = np.random.default_rng(0).normal(size=(60, 1)).astype(np.float32)
    dataset = replace(PLAIN, target=target, task=Task.REGRESSION, class_names=())

    def spread(kind: Any) -> float:
        splits = repeated_folds(dataset, ROWS, 5, 10, kind=kind)
        return float(np.std([target[s.validation].mean() for s in splits]))

    assert spread("stratified") < 0.6 * spread("plain")


def test_groups_stay_whole() -> None:
    """No group is on both sides; too few groups are refused."""
    for split in repeated_folds(GROUPED, ROWS, 4, kind="group"):
        groups = GROUPED.groups
        assert groups is not None
        assert not set(groups[split.train]) & set(groups[split.validation])
    with pytest.raises(DataError, match="folds=12"):
        repeated_folds(GROUPED, ROWS, 13, kind="group")
    with pytest.raises(DataError, match="groups="):
        repeated_folds(PLAIN, ROWS, kind="group")


def test_time_goes_forward() -> None:
    """What is validated on comes after all that is trained on, and moments stay whole."""
    splits = repeated_folds(TIMED, ROWS, 4)
    assert len(splits) == 4
    times = TIMED.time
    assert times is not None
    for split in splits:
        assert times[split.train].max() < times[split.validation].min()
    with pytest.raises(SettingsError, match="repeats"):
        repeated_folds(TIMED, ROWS, 4, 2)
    with pytest.raises(DataError, match="moments"):
        repeated_folds(replace(PLAIN, time=ROWS % 3 * 1.0), ROWS, 5)
    with pytest.raises(DataError, match="time="):
        repeated_folds(PLAIN, ROWS, kind="time")


def test_nested_folds_stay_inside() -> None:
    """Inner folds divide the training rows of the outer one and nothing else."""
    outer = repeated_folds(PLAIN, ROWS, 3)[0]
    inner = nested_folds(PLAIN, outer, 4)
    assert set(np.concatenate([s.validation for s in inner])) == set(outer.train)
    assert not any(set(s.train) & set(outer.validation) for s in inner)


def test_what_makes_no_sense_is_refused() -> None:
    """Numbers out of range, and a kind that does not exist."""
    for folds, repeats in ((1, 1), (61, 1), (5, 0)):
        with pytest.raises(SettingsError, match="folds="):
            repeated_folds(PLAIN, ROWS, folds, repeats)
    with pytest.raises(SettingsError, match="did you mean 'stratified'"):
        repeated_folds(PLAIN, ROWS, kind="stratifid")  # type: ignore[arg-type]
