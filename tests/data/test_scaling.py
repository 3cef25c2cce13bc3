"""Filling, clipping and scaling, fitted on training rows only."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from wellfit.data import Preparation, apply_scaling, fit_scaling
from wellfit.records import Dataset, Task

METHODS = ("standard", "minmax01", "minmax11", "robust", "quantile", "decimal", "none")


def _dataset(values):
    values = np.asarray(values, dtype=np.float32)
    return Dataset(inputs=(values,), target=np.zeros(len(values), dtype=np.int32), task=Task.BINARY)


def _rows(num_rows):
    return np.arange(num_rows, dtype=np.int32)


def _fit(values, **options):
    values = np.asarray(values, dtype=np.float32)
    scaling = fit_scaling(_dataset(values), _rows(len(values)), Preparation(**options))[0]
    assert scaling is not None
    return scaling


def _normal(num_rows=200, width=3):
    rng = np.random.default_rng(0)
    return (rng.normal(size=(num_rows, width)) * [1, 50, 0.01] + [0, 1000, 5]).astype(np.float32)


@pytest.mark.parametrize(
    ("method", "reference"),
    [
        ("standard", StandardScaler()),
        ("minmax01", MinMaxScaler()),
        ("minmax11", MinMaxScaler((-1, 1))),
        ("robust", RobustScaler()),
    ],
)
def test_equals_scikit_learn(method, reference):
    """The affine methods give what scikit-learn gives."""
    values = _normal()
    scaled = apply_scaling(_fit(values, scaling=method), values)
    np.testing.assert_allclose(scaled, reference.fit_transform(values.astype(np.float64)), atol=2e-4)
    assert scaled.dtype == np.float32


def test_decimal_and_none():
    """Decimal scaling divides by a power of ten; none leaves values as they are."""
    values = np.array([[250.0, 0.5], [-999.0, 0.25], [3.0, 0.125]], np.float32)
    scaled = apply_scaling(_fit(values, scaling="decimal", outliers="report"), values)
    np.testing.assert_allclose(scaled, values / [1000, 1], rtol=1e-6)
    np.testing.assert_array_equal(apply_scaling(_fit(values, scaling="none"), values), values)


def test_quantile_scaling_is_uniform():
    """Ranks of a skewed column spread evenly: mean 0, deviation 1, and the order is kept."""
    values = np.exp(2 * _normal(1000)[:, :1])
    scaled = apply_scaling(_fit(values, scaling="quantile"), values)
    assert abs(scaled.mean()) < 0.02
    assert abs(scaled.std() - 1) < 0.02
    assert (np.diff(scaled[np.argsort(values[:, 0], kind="stable"), 0]) >= 0).all()


def test_quantile_of_a_mostly_constant_column():
    """A value that fills most ranks gets the middle of them; knots increase strictly."""
    values = np.concatenate([np.zeros(90), np.arange(1, 11)])[:, np.newaxis]
    scaling = _fit(values, scaling="quantile")
    assert scaling.knots is not None
    assert (np.diff(scaling.knots[0]) > 0).all()
    scaled = apply_scaling(scaling, np.array([[0.0]], np.float32))
    np.testing.assert_allclose(scaled / np.sqrt(12) + 0.5, 0.45, atol=0.01)


@pytest.mark.parametrize(
    ("missing", "expected"), [("median", 2.0), ("mean", 4.0), ("most_frequent", 1.0), ("constant", -7.0)]
)
def test_fill(missing, expected):
    """NaN is replaced by what was asked for, from the known cells."""
    values = np.array([[1.0], [1.0], [2.0], [6.0], [10.0], [np.nan]], np.float32)
    scaling = _fit(values, missing=missing, missing_constant=-7.0, scaling="none", outliers="report")
    assert apply_scaling(scaling, values)[5, 0] == expected


def test_gross_errors_are_clipped_and_tails_are_not():
    """The default fences cut a typing error, and leave a normal and an exponential column whole."""
    rng = np.random.default_rng(1)
    values = np.stack([rng.normal(size=2000), rng.exponential(size=2000), rng.normal(size=2000)], axis=1)
    values[0, 2] = 1e9
    scaling = _fit(values)
    assert (values[:, :2] > scaling.low[:2]).all()
    assert (values[:, :2] < scaling.high[:2]).all()
    assert apply_scaling(scaling, values.astype(np.float32))[0, 2] < 50


def test_mostly_zero_columns_are_not_flattened():
    """A column that is zero nine times in ten keeps its other values under each rule of clipping."""
    values = np.concatenate([np.zeros(96), np.arange(1.0, 5.0)])[:, np.newaxis]
    for rule in ("range", "iqr"):
        scaling = _fit(values, outlier_rule=rule)
        assert scaling.high[0] == np.inf
        assert scaling.mask[0] == 1.0


@pytest.mark.parametrize(("rule", "high"), [("iqr", 13.0), ("zscore", 105.38)])
def test_clip_rules(rule, high):
    """Fences are 1.5 interquartile ranges beyond the quartiles, or 3 deviations from the mean."""
    values = np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0], [8.0], [100.0]], np.float32)
    assert _fit(values, outlier_rule=rule).high[0] == pytest.approx(high, abs=0.01)


def test_flags_stay_zero_and_one():
    """Columns of 0 and 1 are left alone, or scaled where asked for."""
    values = np.stack([np.tile([0.0, 0.0, 0.0, 1.0], 10), np.arange(40.0)], axis=1).astype(np.float32)
    for method in METHODS[:-1]:
        scaled = apply_scaling(_fit(values, scaling=method), values)
        if method != "quantile":
            np.testing.assert_array_equal(scaled[:, 0], values[:, 0])
    assert apply_scaling(_fit(values, scale_binary=True), values)[:, 0].std() == pytest.approx(1.0)


def test_useless_features_are_masked():
    """A constant and an unseen feature are 0, whatever later rows hold."""
    values = np.stack([np.full(20, 3.0), np.full(20, np.nan), np.arange(20.0)], axis=1)
    scaling = _fit(values)
    assert scaling.mask.tolist() == [0.0, 0.0, 1.0]
    later = np.array([[9.0, 9.0, 9.0]], np.float32)
    assert apply_scaling(scaling, later)[0, :2].tolist() == [0.0, 0.0]


def test_raw_features_pass_unchanged():
    """Raw features are filled and nothing else, a constant one included."""
    values = np.array([[3.0, 1e9], [3.0, 2.0], [3.0, np.nan], [3.0, 4.0]], np.float32)
    scaling = _fit(values, features="raw", scaling="none", outliers="report")
    np.testing.assert_array_equal(apply_scaling(scaling, values)[:, 0], values[:, 0])
    assert apply_scaling(scaling, values)[:, 1].tolist() == [1e9, 2.0, 4.0, 4.0]


def test_codes_have_no_scaling():
    """Inputs of category codes are left to the embedding."""
    dataset = Dataset(
        inputs=(_normal(), np.zeros((200, 1), np.int32)), target=np.zeros(200, np.int32), task=Task.BINARY
    )
    found = fit_scaling(dataset, _rows(200), Preparation())
    assert found[0] is not None
    assert found[1] is None


def test_columns_far_from_zero_and_huge_ones():
    """A large offset does not drown the deviation; values near the end of float32 stay finite."""
    rng = np.random.default_rng(2)
    values = np.stack([1e6 + rng.normal(size=500), rng.normal(size=500) * 1e37], axis=1).astype(np.float32)
    scaled = apply_scaling(_fit(values), values)
    np.testing.assert_allclose(scaled.std(axis=0), 1.0, atol=0.01)


_MATRICES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(8, 24), st.integers(1, 3)),
    elements=st.one_of(
        st.just(np.nan), st.floats(-(2.0**100), 2.0**100, width=32), st.sampled_from([0.0, 1.0, 2.0])
    ),
)


@settings(max_examples=80, deadline=None)
@given(_MATRICES, st.sampled_from(METHODS), st.sampled_from(["range", "iqr", "zscore"]))
@example(np.array([[3e-32], [0], [4e6], *[[0]] * 12], np.float32), "robust", "range")
def test_other_rows_leave_no_trace(values, method, rule):
    """Rows that are not fitted on never change a scaling, and what comes out is finite."""
    rows = np.arange(0, len(values), 2, dtype=np.int32)
    options = Preparation(scaling=method, outlier_rule=rule)
    first = fit_scaling(_dataset(values), rows, options)[0]
    changed = values.copy()
    changed[1::2] = 1e9
    second = fit_scaling(_dataset(changed), rows, options)[0]
    assert first is not None
    assert second is not None
    for field in dataclasses.fields(first):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))
    assert np.isfinite(apply_scaling(first, values)).all()


@settings(max_examples=40, deadline=None)
@given(_MATRICES, st.sampled_from(METHODS), st.randoms(use_true_random=False))
def test_row_order_does_not_matter(values, method, random):
    """The same rows in another order give the same scaling to float tolerance."""
    order = np.array(random.sample(range(len(values)), len(values)), dtype=np.int32)
    options = Preparation(scaling=method)
    first = fit_scaling(_dataset(values), _rows(len(values)), options)[0]
    second = fit_scaling(_dataset(values), order, options)[0]
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.mask, second.mask)
    np.testing.assert_allclose(first.fill, second.fill, rtol=1e-6)
    np.testing.assert_allclose(first.inverse_scale, second.inverse_scale, rtol=1e-5)


def test_quantiles_of_many_rows_come_from_a_sample():
    """Beyond 50,000 rows the median comes from every n-th row and is still close."""
    values = np.random.default_rng(3).normal(size=(120_000, 1)).astype(np.float32)
    values[7] = np.nan
    assert abs(float(_fit(values).fill[0])) < 0.02
