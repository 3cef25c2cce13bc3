"""Groups on both sides of the split: scores of reference models with groups torn apart and kept whole."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import polars as pl
import pytest

from wellfit.api import _group_facts as facts_of_groups
from wellfit.api._diagnose import diagnose
from wellfit.api._group_facts import group_facts, shared_group_losses
from wellfit.diagnosis.leakage import MIN_COLLAPSE, MIN_COLLAPSE_Z, MIN_EASIER_Z, MIN_GIVEN_SHARED
from wellfit.evaluation import one_thread
from wellfit.records import Dataset, Task, Verdict


@pytest.fixture(autouse=True)
def on_one_core() -> Iterator[None]:
    """Fit on one core: threads that wait for each other cost more than they gain on small data."""
    with one_thread():
        yield


def patient(x: np.ndarray, y: np.ndarray, order: np.ndarray | None = None) -> Any:
    """Return what stands for a network on these rows, of which every fifth in `order` is for validation."""
    task = Task.BINARY if y.ndim == 1 else Task.REGRESSION
    names = ("no", "yes") if y.ndim == 1 else ()
    data = Dataset(inputs=(x.astype(np.float32),), target=y, task=task, class_names=names)
    rows = np.random.default_rng(5).permutation(len(x)) if order is None else order
    loss = "binary_crossentropy" if y.ndim == 1 else "mean_squared_error"
    return SimpleNamespace(
        dataset=data,
        train=rows[len(x) // 5 :],
        validation=rows[: len(x) // 5],
        group="",
        groups=None,
        feature_names=("who", *(f"f{i}" for i in range(x.shape[1] - 1))),
        setup=SimpleNamespace(loss_name=loss, loss_config={}),
    )


def kin(num_groups: int = 50, size: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return rows that tell who they are of, by name and by looks, and a class that only the person has."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(num_groups), size)
    looks = rng.normal(size=(num_groups, 6))[who] + 0.3 * rng.normal(size=(len(who), 6))
    return np.concatenate([who[:, None], looks], axis=1), rng.permutation(np.arange(num_groups) % 2)[who]


def lost(found: dict[str, Any]) -> float:
    """Return the share of what a random split promises that is lost where groups are kept whole."""
    gains = [found[f"chance_{name}_split"] - found[f"loss_{name}_split"] for name in ("random", "group")]
    return (gains[0] - max(gains[1], 0.0)) / gains[0]


def test_scores_that_rest_on_persons_collapse() -> None:
    """A random split promises much; on new persons nothing is left."""
    x, y = kin()
    found = group_facts(patient(x, y), x, 1)
    assert found["group_column"] == "who"
    assert found["num_groups"] == 50
    assert found["shared_groups"] == 1.0
    assert lost(found) > 0.9
    assert found["group_split_z"] > MIN_COLLAPSE_Z


def test_regression_is_scored_too() -> None:
    """A value that each person has."""
    x, y = kin()
    value = np.random.default_rng(7).normal(size=50)[x[:, 0].astype(int)] + 0.1 * y
    found = group_facts(patient(x, value[:, None].astype(np.float32)), x, 1)
    assert lost(found) > 2 * MIN_COLLAPSE


def test_persons_of_whom_nothing_needs_to_be_known_are_no_leak() -> None:
    """The class follows from the looks as they are: new persons are as easy."""
    x, _ = kin()
    y = (x[:, 1] > x[:, 2]).astype(np.int32)
    found = group_facts(patient(x, y), x, 1)
    assert found["group_column"] == "who"
    assert lost(found) < MIN_COLLAPSE / 2


@pytest.mark.parametrize("in_months", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_ordinary_numbers_do_not_collapse(seed: int, in_months: bool) -> None:
    """Age, count and year explain the target; new values are no harder, known by another column or not."""
    rng = np.random.default_rng(seed)
    size = 600
    age, year, count = rng.integers(18, 80, size), rng.integers(1980, 2020, size), rng.poisson(30, size)
    others = rng.normal(size=(size, 3))
    others[:, 0] += 0.05 * (age - 50)
    if in_months:
        others[:, 2] = 12 * age + rng.integers(0, 12, size) + 0.5
    score = 0.06 * (age - 50) + 0.1 * (count - 30) + 0.05 * (year - 2000) + others[:, 0] + others[:, 1]
    x = np.column_stack([age, year, count, others])
    value = (score + rng.normal(size=size)).astype(np.float32)
    for target in ((score > 0).astype(np.int32), value[:, None]):
        found = group_facts(patient(x, target), x, 1)
        assert bool(found) is in_months
        assert not in_months or lost(found) < MIN_COLLAPSE / 2


def test_a_split_by_person_is_not_asked_about() -> None:
    """Where no person is on both sides, nothing is scored; nor is the lone column of a table."""
    x, y = kin()
    assert group_facts(patient(x, y, np.arange(len(x))), x, 1) == {}
    assert group_facts(patient(x[:, :1], y), x[:, :1], 1) == {}


def test_many_rows_are_thinned_out_by_whole_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is scored stays in groups of the same size."""
    monkeypatch.setattr(facts_of_groups, "_MAX_ROWS", 200)
    x, _ = kin()
    codes = x[:, 0].astype(int)
    chosen = facts_of_groups._whole_groups(codes, 1)
    assert len(chosen) == 200
    assert set(np.bincount(codes[chosen])) == {0, 8}
    # One group that is larger than all that is kept must not take the place of the others.
    chosen = facts_of_groups._whole_groups(np.concatenate([codes, np.full(500, 50)]), 1)
    assert len(chosen) == 200
    assert chosen.max() < len(codes)


def test_a_diagnosis_names_the_column() -> None:
    """The network learns persons by heart, and a random split says that it does well."""
    x, y = kin(40, 10)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((7,)),
            keras.layers.Dense(24, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    found = diagnose(model, x.astype(np.float32), y.astype(np.int32), epochs=15, seed=1)
    assert found.verdict is Verdict.MISLEADING_EVALUATION
    first = found.findings[0]
    assert first.code == "leakage"
    assert first.evidence["group_column"] == "column 0"
    assert first.evidence["num_groups"] == 40


def named(share: float) -> Any:
    """Return rows of named groups, of which that share of the validation rows has kin in training."""
    x, y = kin()
    one = patient(x, y, np.arange(len(x)))
    groups = x[:, 0].astype(int)
    num_shared = round(share * len(one.validation))
    groups[one.validation[:num_shared]] = groups[one.train[0]]
    one.group, one.groups = "person", groups
    one.dataset = replace(one.dataset, groups=groups.astype(np.int32))
    return one


@pytest.mark.parametrize(("factor", "is_told"), [(0.5, False), (1.0, True)])
def test_named_groups_are_told_from_a_small_share_on(factor: float, is_told: bool) -> None:
    """The column need not be among the inputs."""
    one = named(factor * MIN_GIVEN_SHARED)
    found = group_facts(one, one.dataset.inputs[0][:, 1:].astype(float), 1)
    assert bool(found) is is_told
    if is_told:
        assert found["group_column"] == "person"
        assert found["shared_groups"] == pytest.approx(MIN_GIVEN_SHARED)
        assert np.sum(found["in_shared_groups"]) == MIN_GIVEN_SHARED * len(one.validation)


def test_named_groups_that_are_all_shared_are_scored_whole_and_torn() -> None:
    """Nothing is left to compare with on the validation rows: reference models decide."""
    x, y = kin()
    one = patient(x, y)
    one.group, one.groups = "person", x[:, 0].astype(int)
    one.dataset = replace(one.dataset, groups=one.groups.astype(np.int32))
    found = group_facts(one, x[:, 1:], 1)
    assert found["shared_groups"] == 1.0
    assert lost(found) > 0.9
    assert shared_group_losses({**found, "validation_row_losses": np.ones(len(one.validation))}) == {}


def test_two_named_groups_are_too_few_to_be_scored_whole() -> None:
    """The share alone is told."""
    x, y = kin()
    one = patient(x, y)
    one.group, one.groups = "half", (x[:, 0] > 25).astype(int)
    found = group_facts(one, x[:, 1:], 1)
    assert found["num_groups"] == 2
    assert "loss_group_split" not in found


def told(shared: np.ndarray, new: np.ndarray) -> dict[str, object]:
    """Return what is told of losses of groups of two rows each."""
    losses = np.repeat(np.concatenate([shared, new]), 2)
    codes = np.repeat(np.arange(len(losses) // 2), 2)
    is_shared = codes < len(shared)
    return shared_group_losses(
        {"in_shared_groups": is_shared, "validation_groups": codes, "validation_row_losses": losses}
    )


def test_rows_of_new_groups_are_harder_or_not() -> None:
    """By far more than groups differ, by less, and not to be said where there is one group on a side."""
    rng = np.random.default_rng(0)
    luck = rng.normal(size=(2, 20))
    clear = told(luck[0], luck[1] + 3.0)
    assert clear["shared_groups_z"] > 2 * MIN_EASIER_Z
    assert abs(told(*luck)["shared_groups_z"]) < MIN_EASIER_Z
    assert "shared_groups_z" not in told(luck[0][:1], luck[1])
    assert told(luck[0], np.full(20, np.nan)) == {}


def test_chance_seldom_makes_shared_groups_easier() -> None:
    """Of splits that change nothing one in forty passes, as it should."""
    rng = np.random.default_rng(1)
    zs = [told(*rng.normal(size=(2, 25)))["shared_groups_z"] for _ in range(2000)]
    assert np.mean(np.array(zs) >= MIN_EASIER_Z) <= 0.035


def test_named_groups_on_both_sides_of_two_tables_are_found(tmp_path: Path) -> None:
    """Half of the validation rows are of persons whom the training file knows, and looks tell who it is."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(90), 10)
    looks = rng.normal(size=(90, 6))[who] + 0.1 * rng.normal(size=(900, 6))
    state = rng.normal(size=900)
    score = 1.5 * np.repeat([-1, 1], 45)[who] + 1.5 * state
    order = rng.permutation(90)
    is_held = np.isin(who, order[:20]) | (np.isin(who, order[20:70]) & (np.arange(900) % 10 < 4))
    columns = {f"look_{i}": looks[:, i] for i in range(6)}
    frame = pl.DataFrame({"who": who, "state": state, **columns, "sick": np.where(score > 0, "yes", "no")})
    frame.filter(~is_held).write_csv(tmp_path / "train.csv")
    frame.filter(is_held).write_csv(tmp_path / "held.csv")
    found = diagnose(
        str(tmp_path / "train.csv"),
        target="sick",
        model="dense:64",
        validation=str(tmp_path / "held.csv"),
        group="who",
        epochs=30,
        seed=1,
    )
    first = found.findings[0]
    assert (first.code, found.verdict) == ("leakage", Verdict.MISLEADING_EVALUATION)
    assert first.evidence["group_column"] == "who"
    assert first.evidence["shared_groups"] == pytest.approx(0.5)
    losses: Any = first.evidence
    assert losses["loss_on_shared_groups"] < losses["loss_on_new_groups"]


def test_examples_are_true() -> None:
    """Every example of the module runs and shows what it says."""
    assert doctest.testmod(facts_of_groups).failed == 0
