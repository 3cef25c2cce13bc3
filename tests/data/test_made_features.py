"""Features that are selected, extracted and created: right on known cases, from the given rows alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wellfit.data import (
    FeatureKinds,
    Preparation,
    apply_scaling,
    created,
    creation_formulas,
    feature_kinds,
    feature_scores,
    fit_encoder,
    fit_scaling,
    keep_best,
    partial_scores,
    read_table,
    shown,
    with_bins,
    with_extraction,
)
from wellfit.records import Dataset, Formula, Scaling, SettingsError, Task

METHODS = ("chi2", "mutual-information", "l1")


def rows_of(values: np.ndarray) -> np.ndarray:
    """Return all row indices."""
    return np.arange(len(values), dtype=np.int32)


def scaling_of(values: np.ndarray, **options: object) -> Scaling:
    """Return the fitted scaling of a matrix."""
    data = Dataset(inputs=(values,), target=np.zeros(len(values), np.int32), task=Task.BINARY)
    fitted = fit_scaling(data, rows_of(values), Preparation(**options))[0]
    assert fitted is not None
    return fitted


def matrix(num_rows: int = 400, width: int = 8, seed: int = 0) -> np.ndarray:
    """Return independent normal columns in different units."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(num_rows, width)) * 10.0 ** rng.integers(-2, 3, width)).astype(np.float32)


def test_kinds_follow_the_encoder() -> None:
    """Numbers, flags of missing cells and columns of a category are told apart as the encoder made them."""
    rng = np.random.default_rng(0)
    numbers = [None if i % 5 == 0 else float(v) for i, v in enumerate(rng.normal(size=60))]
    table = read_table({"x": numbers, "town": ["Rome", "Oslo", "Bonn"] * 20, "y": ["a", "b"] * 30})
    encoder = fit_encoder(table, "y")
    assert encoder.feature_names == ("x", "x is missing", "town=Bonn", "town=Oslo", "town=Rome")
    values = np.zeros((60, 5), np.float32)
    values[:, 0] = rng.normal(size=60)
    found = feature_kinds(values, rows_of(values), encoder)
    assert (found.numeric, found.groups, found.flags) == ((0,), ((2, 3, 4),), ((0, 1),))
    assert 1 in found.binary


def test_kinds_of_a_bare_matrix() -> None:
    """Neighboring 0/1 columns that exclude each other are a category; a constant is nothing."""
    town = np.eye(3)[np.arange(30) % 3]
    flag = (np.arange(30) % 2)[:, None]
    values = np.column_stack([np.arange(30) / 7, town, flag, np.full(30, 4.0)]).astype(np.float32)
    found = feature_kinds(values, rows_of(values))
    assert found == FeatureKinds(numeric=(0,), binary=(4,), groups=((1, 2, 3),))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("task", ["binary", "three", "regression"])
def test_selection_finds_the_features_that_matter(method: str, task: str) -> None:
    """Two informative columns of eight come first, for classes and for values."""
    scaled = apply_scaling(scaling_of(matrix()), matrix())
    signal = scaled[:, 2] + scaled[:, 5]
    target = {
        "binary": (signal > 0).astype(np.int32),
        "three": np.digitize(signal, [-0.7, 0.7]).astype(np.int32),
        "regression": signal[:, None] + 1000,
    }[task]
    num_classes = {"binary": 2, "three": 3, "regression": 0}[task]
    scores = feature_scores(scaled, target, method, num_classes)
    assert set(np.argsort(-scores)[:2]) == {2, 5}
    assert np.isfinite(scores).all()


def test_mutual_information_sees_what_no_line_shows() -> None:
    """A column whose square decides is found by information, not by correlation."""
    scaled = np.random.default_rng(1).normal(size=(1000, 4)).astype(np.float32)
    target = (np.square(scaled[:, 3]) > 0.5).astype(np.int32)
    assert np.argmax(feature_scores(scaled, target, "mutual-information", 2)) == 3


def test_selection_never_masks_everything_and_frees_nothing() -> None:
    """The smallest share keeps one feature, and a feature that was masked stays so whatever its score."""
    values = matrix()
    values[:, 1] = 7.0
    scaling = scaling_of(values)
    scores = np.arange(8.0)[::-1].copy()
    scores[1] = 100.0
    assert keep_best(scaling, scores, 0.001).mask.sum() == 1
    assert keep_best(scaling, scores, 1.0).mask.tolist() == scaling.mask.tolist()
    assert keep_best(scaling, scores, 0.5).mask[1] == 0


@pytest.mark.parametrize("method", ["pca", "factor-analysis"])
@pytest.mark.parametrize("scaling", ["standard", "minmax01", "quantile"])
def test_extracted_features_are_whitened_and_leave_the_rest_empty(method: str, scaling: str) -> None:
    """Mean 0 and deviation 1 on the rows that were given, whatever the scaling; the shape stays."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=(300, 2))
    values = (common @ rng.normal(size=(2, 6)) + 0.3 * rng.normal(size=(300, 6)) + 5).astype(np.float32)
    values[:, 4] = 3.0
    fitted = with_extraction(scaling_of(values, scaling=scaling), values, method, 0.4)
    found = apply_scaling(fitted, values)
    assert found.shape == values.shape
    np.testing.assert_allclose(found[:, :2].mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(found[:, :2].std(axis=0), 1, atol=1e-2)
    assert not found[:, 2:].any()
    explained = np.corrcoef(np.column_stack([found[:, :2], common]).T)[:2, 2:]
    assert np.square(explained).sum(axis=0).min() > 0.8


def test_principal_components_are_uncorrelated() -> None:
    """All components of correlated columns form an identity covariance; collinear ones are left out."""
    values = matrix(width=4)
    values = np.column_stack([values, values[:, 0] * 2]).astype(np.float32)
    found = apply_scaling(with_extraction(scaling_of(values), values, "pca", 1.0), values)
    np.testing.assert_allclose(np.cov(found[:, :4].T), np.eye(4), atol=1e-2)
    assert not found[:, 4].any()


@pytest.mark.parametrize("creation", ["products", "ratios", "logs", "bins"])
@pytest.mark.parametrize("width", [2, 3, 40])
def test_formulas_are_few_and_the_same_every_time(creation: str, width: int) -> None:
    """At most 32, each once, positions within the input."""
    kinds = FeatureKinds(numeric=tuple(range(1, width + 1)))
    formulas = creation_formulas(kinds, creation)
    assert formulas == creation_formulas(kinds, creation)
    assert 0 < len(formulas) == len(set(formulas)) <= 32
    assert all(1 <= i <= width for one in formulas for i in one.columns)


def test_what_cannot_be_created_says_why() -> None:
    """Categories alone have no logarithm; one number has no ratio."""
    with pytest.raises(SettingsError, match="no logs can be made"):
        creation_formulas(FeatureKinds(groups=((0, 1),)), "logs")
    with pytest.raises(SettingsError, match="no ratios"):
        creation_formulas(FeatureKinds(numeric=(0,)), "ratios")


def test_created_features_follow_their_formulas() -> None:
    """A missing part, a divisor of 0 and what overflows is missing."""
    values = np.array([[2, 3], [np.nan, 1], [-4, 0], [3e38, 9]], np.float32)
    formulas = [
        Formula(kind="product", columns=(0, 1)),
        Formula(kind="ratio", columns=(0, 1)),
        Formula(kind="log", columns=(0,)),
        Formula(kind="bin", columns=(1,)),
    ]
    found = created(values, formulas)
    expected = [
        [6, 2 / 3, np.log(3), 3],
        [np.nan, np.nan, np.nan, 1],
        [0, np.nan, -np.log(5), 0],
        [np.nan, 3e38 / 9, np.log1p(3e38), 9],
    ]
    np.testing.assert_allclose(found[:, 2:], expected, rtol=1e-6)
    np.testing.assert_array_equal(found[:, :2], values)
    assert created(values, []) is values


@pytest.mark.parametrize("scaling", ["standard", "quantile", "robust"])
def test_bins_are_a_piecewise_linear_encoding(scaling: str) -> None:
    """Each bin goes from 0 to 1 between two quartiles, and all bins of a value add up to its place."""
    values = np.linspace(10, 50, 101, dtype=np.float32)[:, None]
    formulas = creation_formulas(FeatureKinds(numeric=(0,)), "bins")
    wide = created(values, formulas)
    fitted = with_bins(scaling_of(wide, scaling=scaling), wide, formulas)
    found = apply_scaling(fitted, created(np.array([[10], [20], [25], [50], [90]], np.float32), formulas))
    expected = [[0, 0, 0, 0], [1, 0, 0, 0], [1, 0.5, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]
    np.testing.assert_allclose(found[:, 1:], expected, atol=1e-5)


def test_partial_scores_see_what_the_others_leave() -> None:
    """A product that decides is told from one that repeats a column."""
    rng = np.random.default_rng(0)
    own = rng.normal(size=(500, 3)).astype(np.float32)
    more = np.column_stack([own[:, 0] * own[:, 1], own[:, 2] * 3, own[:, 0] ** 2]).astype(np.float32)
    target = (own[:, 0] * own[:, 1] + own[:, 2] > 0).astype(np.int32)
    scores = partial_scores(np.column_stack([own, more]), target, 3, 2)
    assert np.argmax(scores) == 0
    assert scores[1] == 0


def test_shown_keeps_bins_of_a_column_together() -> None:
    """The best eight columns are seen with all their bins; of other creations the best eight features."""
    bins = [Formula(kind="bin", columns=(i,), part=p, num_parts=2) for i in range(10) for p in range(2)]
    scores = np.zeros(20)
    scores[1::2] = np.arange(10)
    assert shown(scores, bins).reshape(10, 2).all(axis=1).tolist() == [False] * 2 + [True] * 8
    logs = [Formula(kind="log", columns=(i,)) for i in range(10)]
    assert shown(np.arange(10.0), logs).tolist() == [False] * 2 + [True] * 8


def test_a_rotation_is_the_last_step() -> None:
    """Scaling with a rotation is scaling without it, times the rotation."""
    values = matrix()
    plain = scaling_of(values)
    rotation = np.random.default_rng(3).normal(size=(8, 8)).astype(np.float32)
    found = apply_scaling(replace(plain, rotation=rotation), values)
    np.testing.assert_allclose(found, apply_scaling(plain, values) @ rotation, rtol=1e-5)
