"""Splits: stratified, grouped, by time, the same for the same seed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wellfit.data import holdout_split, make_splits, prepare, read_table
from wellfit.data._groups import duplicate_codes, merge_groups
from wellfit.records import DataError, Dataset, SettingsError, Task


def _classes(counts, groups=None, time=None):
    target = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    target = np.random.default_rng(0).permutation(target)
    return Dataset(
        inputs=(np.arange(len(target), dtype=np.float32)[:, np.newaxis],),
        target=target,
        task=Task.BINARY if len(counts) == 2 else Task.MULTICLASS,
        class_names=tuple(str(i) for i in range(len(counts))),
        groups=None if groups is None else np.asarray(groups, np.int32),
        time=None if time is None else np.asarray(time, np.float64),
    )


def _regression(num_rows):
    target = np.random.default_rng(0).exponential(size=(num_rows, 1)).astype(np.float32)
    return Dataset(inputs=(target,), target=target, task=Task.REGRESSION)


def _rows(dataset):
    return np.arange(dataset.num_rows, dtype=np.int32)


def _check(dataset, splits, rows=None):
    """Assert what every split owes: disjoint, whole, non-empty, no group on both sides."""
    rows = _rows(dataset) if rows is None else rows
    for split in splits:
        assert len(split.train) > 0
        assert len(split.validation) > 0
        assert not set(split.train) & set(split.validation)
        assert set(split.train) | set(split.validation) <= set(rows)
        if dataset.groups is not None:
            assert not set(dataset.groups[split.train]) & set(dataset.groups[split.validation])
        assert split.train.dtype == split.validation.dtype == np.int32


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=6).filter(lambda counts: sum(counts) >= 15),
    st.floats(0.1, 0.5),
    st.integers(0, 100),
)
def test_random_splits_are_stratified(counts, fraction, seed):
    """Each class has its share of validation rows to within one, and at least one training row."""
    dataset = _classes(counts)
    assume(max(counts) > 1)
    splits = make_splits(dataset, _rows(dataset), 3, validation_fraction=fraction, seed=seed)
    _check(dataset, splits)
    for split in splits:
        validated = np.bincount(dataset.target[split.validation], minlength=len(counts))
        trained = np.bincount(dataset.target[split.train], minlength=len(counts))
        assert (trained >= 1).all()
        assert np.abs(validated - fraction * np.array(counts)).max() <= 1.01
        assert len(split.train) + len(split.validation) == dataset.num_rows


def test_regression_targets_are_stratified():
    """Training and validation cover the same range of a skewed target."""
    dataset = _regression(500)
    for split in make_splits(dataset, _rows(dataset), 20):
        assert len(split.validation) == pytest.approx(100, abs=1)
        validated, trained = (np.median(dataset.target[part]) for part in (split.validation, split.train))
        assert abs(validated - trained) < 0.1


def test_every_row_is_validated_about_equally_often():
    """Over many random splits no row is favored."""
    dataset = _classes([60, 40])
    times = np.zeros(100)
    for split in make_splits(dataset, _rows(dataset), 400, validation_fraction=0.25):
        times[split.validation] += 1
    assert np.abs(times - 100).max() < 45


@pytest.mark.parametrize("folds", [2, 5, 10])
def test_folds_partition_the_rows(folds):
    """Each row is validated once a pass; folds differ by few rows and have like classes."""
    dataset = _classes([70, 30])
    splits = make_splits(dataset, _rows(dataset), 2 * folds, folds=folds)
    _check(dataset, splits)
    for one_pass in (splits[:folds], splits[folds:]):
        validated = np.concatenate([split.validation for split in one_pass])
        assert sorted(validated) == list(range(100))
        sizes = [len(split.validation) for split in one_pass]
        assert max(sizes) - min(sizes) <= 1
    assert splits[0].validation.tolist() != splits[folds].validation.tolist()


def test_single_rows_of_a_class_are_trained_on():
    """A class with one row is never validated on, in random splits, folds and the holdout."""
    dataset = _classes([30, 20, 1])
    alone = int(np.flatnonzero(dataset.target == 2)[0])
    splits = (
        *make_splits(dataset, _rows(dataset), 10),
        *make_splits(dataset, _rows(dataset), 5, folds=5),
        holdout_split(dataset),
    )
    _check(dataset, splits)
    assert all(alone in split.train for split in splits)


def test_seed_decides():
    """The same seed gives the same splits, another seed others, and splits differ from each other."""
    dataset = _classes([50, 50])
    first, again, other = (make_splits(dataset, _rows(dataset), 2, seed=seed) for seed in (1, 1, 2))
    assert [s.validation.tolist() for s in first] == [s.validation.tolist() for s in again]
    assert first[0].validation.tolist() != other[0].validation.tolist()
    assert first[0].validation.tolist() != first[1].validation.tolist()


def test_only_the_given_rows_are_split():
    """Rows outside (such as the holdout) appear in no split."""
    dataset = _classes([50, 50])
    outer = holdout_split(dataset, 0.3)
    splits = make_splits(dataset, outer.train, 5)
    _check(dataset, (outer,))
    _check(dataset, splits, outer.train)


@settings(max_examples=40, deadline=None)
@given(st.integers(5, 30), st.integers(0, 50), st.booleans())
def test_groups_stay_whole(num_groups, seed, use_folds):
    """Whatever the sizes of groups: none is on both sides."""
    groups = np.random.default_rng(seed).zipf(1.6, 120) % num_groups
    dataset = _classes([60, 60], groups=groups)
    assume(np.bincount(groups).max() <= 60 and len(set(groups)) >= 5)
    splits = make_splits(dataset, _rows(dataset), 3, folds=3 if use_folds else None, seed=seed)
    _check(dataset, splits)


def test_many_groups_give_the_asked_share():
    """With many small groups the share of validation rows is close to what was asked."""
    groups = np.repeat(np.arange(200), 3)
    dataset = _classes([300, 300], groups=groups)
    for split in make_splits(dataset, _rows(dataset), 10, validation_fraction=0.2):
        assert len(split.validation) == pytest.approx(120, abs=12)


def test_too_little_to_split():
    """Few rows, one group, and impossible numbers are refused."""
    with pytest.raises(DataError, match="too little"):
        holdout_split(_classes([4, 4]))
    with pytest.raises(DataError, match="too little"):
        holdout_split(_classes([20, 20], groups=np.zeros(40)))
    dataset = _classes([20, 20])
    for options in ({"validation_fraction": 0.0}, {"validation_fraction": 1.0}, {"folds": 1}, {"folds": 99}):
        with pytest.raises(SettingsError):
            make_splits(dataset, _rows(dataset), 2, **options)


def test_time_splits_train_on_the_past():
    """All training rows come before all validation rows; windows move; the holdout is the end."""
    time = np.random.default_rng(1).permutation(200).astype(float)
    dataset = _classes([100, 100], time=time)
    outer = holdout_split(dataset, 0.2)
    assert sorted(time[outer.validation]) == list(range(160, 200))
    splits = make_splits(dataset, outer.train, 4, seed=3)
    _check(dataset, splits, outer.train)
    begins = [time[split.validation].min() for split in splits]
    assert begins == sorted(set(begins))
    for split in splits:
        assert time[split.train].max() < time[split.validation].min()
        assert len(split.validation) == 32
    assert begins != [time[split.validation].min() for split in make_splits(dataset, outer.train, 4, seed=4)]


def test_one_moment_is_not_cut():
    """Rows of the same moment are on one side; a single moment cannot be split."""
    time = np.repeat(np.arange(20.0), 10)
    dataset = _classes([100, 100], time=time)
    for split in make_splits(dataset, _rows(dataset), 5):
        assert not set(time[split.train]) & set(time[split.validation])
    with pytest.raises(DataError, match="by time"):
        holdout_split(dataclasses.replace(dataset, time=np.zeros(200)))


def test_time_and_groups():
    """A group that comes again in the future is not trained on."""
    dataset = _classes([50, 50], groups=np.arange(100) % 30, time=np.arange(100))
    _check(dataset, make_splits(dataset, _rows(dataset), 3, validation_fraction=0.1))


def test_equal_rows_share_a_code():
    """Rows with equal inputs get one code, NaN and signed zero included; few distinct rows get none."""
    values = np.arange(60, dtype=np.float32).reshape(30, 2)
    values[0], values[1] = (np.nan, 0.0), (np.nan, -0.0)
    codes = duplicate_codes((values,))
    assert codes is not None
    assert codes[0] == codes[1]
    assert len(set(codes)) == 29
    assert duplicate_codes((values[1:],)) is None
    assert duplicate_codes((np.tile(values[:5], (10, 1)),)) is None


def test_tables_of_few_distinct_rows_are_told():
    """Where equal rows are the nature of the data they are not kept together, and the log says so."""
    table = read_table({"x": [0.1, 0.2, 0.3] * 20, "y": ["a", "b"] * 30})
    prepared = prepare(table, "y")
    assert prepared.dataset.groups is None
    assert any("only 3 different rows" in step.action for step in prepared.steps)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_merged_groups_are_connected_components(pairs):
    """Two rows share a merged group exactly if a chain of shared codes joins them."""
    first, second = np.array(pairs).T
    merged = merge_groups(first, second)
    parent = list(range(len(pairs)))

    def root(i):
        while parent[i] != i:
            i = parent[i]
        return i

    for i in range(len(pairs)):
        for j in range(i):
            if first[i] == first[j] or second[i] == second[j]:
                parent[root(i)] = root(j)
    for i in range(len(pairs)):
        for j in range(i):
            assert (merged[i] == merged[j]) == (root(i) == root(j))


def test_duplicates_never_straddle():
    """Rows that were copied with another target, within other groups, stay with their copies."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 3))
    rows = np.concatenate([x, x[:20]])
    columns = {f"x{i}": rows[:, i] for i in range(3)}
    table = read_table({**columns, "g": [f"g{i // 2}" for i in range(80)], "y": rng.integers(0, 2, 80)})
    for group in (None, "g"):
        prepared = prepare(table, "y", group=group)
        splits = make_splits(prepared.dataset, prepared.working, 5)
        for split in splits:
            sides = (
                {tuple(r) for r in prepared.dataset.inputs[0][part]}
                for part in (split.train, split.validation)
            )
            first, second = sides
            assert not first & second
        held = {tuple(r) for r in prepared.dataset.inputs[0][prepared.holdout]}
        assert not held & {tuple(r) for r in prepared.dataset.inputs[0][prepared.working]}


def test_holdout_table_needs_no_group_or_time():
    """A holdout table without the group and time columns can be used; it is never split."""
    columns = {"x": np.linspace(0, 1, 60), "r": np.arange(60) % 9, "y": ["a", "b"] * 30}
    table, held = read_table(columns), read_table({"x": [0.3, 0.4], "y": ["a", "b"]})
    for role in ({"time": "r"}, {"group": "r"}):
        prepared = prepare(table, "y", holdout=held, **role)
        assert prepared.holdout.tolist() == [60, 61]
        _check(prepared.dataset, make_splits(prepared.dataset, prepared.working, 2), prepared.working)


def test_group_and_time_columns():
    """Groups and times come from the named columns; a time that cannot be read is named."""
    days = [f"2024-{i % 12 + 1:02}-{i % 28 + 1:02}" for i in range(60)]
    columns = {"x": np.linspace(0, 1, 60), "g": [f"g{i % 7}" for i in range(60)], "y": ["a", "b"] * 30}
    prepared = prepare(read_table({**columns, "d": days}), "y", group="g")
    assert prepared.dataset.groups is not None
    assert len(set(prepared.dataset.groups)) == 7
    timed = prepare(read_table({**columns, "d": days}), "y", time="d")
    assert timed.dataset.time is not None
    assert timed.dataset.time[timed.working].max() < timed.dataset.time[timed.holdout].min()
    with pytest.raises(DataError, match="cannot order"):
        prepare(read_table({**columns, "d": ["soon", *days[1:]]}), "y", time="d")
