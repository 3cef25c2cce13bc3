"""Features that are added to the inputs: products, ratios, logarithms, bins.

What is computed needs no fit, so every split may share the columns; which of them a split's network sees is
decided by that split's training rows alone, through the mask of its scaling. So are the ends of bins: a bin
is a copy of the column that a split's own scaling clips to two of its training quantiles, which is the
piecewise linear encoding.

Source: Kanter and Veeramachaneni, Deep Feature Synthesis, 2015; Gorishniy et al., On Embeddings for Numerical
Features in Tabular Deep Learning, 2022 (bins).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from wellfit.data._feature_kinds import FeatureKinds
from wellfit.records import FloatArray, Formula, Scaling, SettingsError

MAX_CREATED = 32
"""Candidates at most: all rows hold all of them."""
MAX_SHOWN = 8
"""Of them, how many a split's network sees at most; bins of a column count as one."""
_NUM_BINS = 4
_LARGEST, _TINY = float(np.finfo(np.float32).max), float(np.finfo(np.float32).tiny)


def creation_formulas(kinds: FeatureKinds, creation: str) -> tuple[Formula, ...]:
    """Return the candidates of one kind of creation, chosen by position alone: no value decides.

    Args:
        kinds: of the float input's features.
        creation: products, ratios, logs or bins.

    Raises:
        SettingsError: there are too few numeric features.

    Example:
        >>> [one.columns for one in creation_formulas(FeatureKinds(numeric=(0, 3)), "products")]
        [(0, 0), (0, 3), (3, 3)]
    """
    numbers = kinds.numeric
    needed = 2 if creation == "ratios" else 1
    if len(numbers) < needed:
        raise SettingsError(
            f"no {creation} can be made of these inputs.",
            received=f"{len(numbers)} numeric features",
            expected=f"{needed} at least, with other values than 0 and 1",
            fix='use creation="none"',
        )
    if creation == "products":
        return tuple(
            Formula(kind="product", columns=pair) for pair in _some(combinations_with_replacement(numbers, 2))
        )
    if creation == "ratios":
        both = [pair for a, b in combinations(numbers, 2) for pair in ((a, b), (b, a))]
        return tuple(Formula(kind="ratio", columns=pair) for pair in _some(both))
    if creation == "logs":
        return tuple(Formula(kind="log", columns=one) for one in _some((i,) for i in numbers))
    chosen = _some(((i,) for i in numbers), MAX_CREATED // _NUM_BINS)
    return tuple(
        Formula(kind="bin", columns=one, part=part, num_parts=_NUM_BINS)
        for one in chosen
        for part in range(_NUM_BINS)
    )


def _some(candidates: object, limit: int = MAX_CREATED) -> list[tuple[int, ...]]:
    """Return all candidates, or a random part of them that is the same every time."""
    found = list(candidates)  # type: ignore[call-overload]
    if len(found) <= limit:
        return found
    chosen = np.random.default_rng(0).choice(len(found), limit, replace=False)
    return [found[i] for i in np.sort(chosen)]


def created(values: FloatArray, formulas: Sequence[Formula]) -> FloatArray:
    """Return ``[row, feature]`` raw values with the created features behind them.

    A feature is missing where one that it comes from is, where a divisor is 0, and where the result is not
    finite.
    """
    if not formulas:
        return values
    made = np.empty((len(values), len(formulas)), np.float32)
    for place, formula in enumerate(formulas):
        with np.errstate(all="ignore"):
            found = _compute(values, formula)
        made[:, place] = np.where(np.abs(found) <= _LARGEST, found, np.nan)
    return np.concatenate([values, made], axis=1)


def _compute(values: FloatArray, formula: Formula) -> NDArray[np.float64]:
    parts = [values[:, i].astype(np.float64) for i in formula.columns]
    if formula.kind == "product":
        return parts[0] * parts[1]
    if formula.kind == "ratio":
        return parts[0] / np.where(parts[1] == 0, np.nan, parts[1])
    if formula.kind == "log":
        return np.sign(parts[0]) * np.log1p(np.abs(parts[0]))
    return parts[0]


def with_bins(scaling: Scaling, known: FloatArray, formulas: Sequence[Formula]) -> Scaling:
    """Return a scaling in which each bin's copy is clipped to the bin and goes from 0 to 1 within it.

    Args:
        scaling: of all features, the created ones last.
        known: ``[row, feature]`` raw values of the training rows.
        formulas: of the created features.
    """
    if not any(formula.kind == "bin" for formula in formulas):
        return scaling
    table = {
        name: getattr(scaling, name).copy()
        for name in ("fill", "low", "high", "center", "inverse_scale", "mask")
    }
    knots = None if scaling.knots is None else scaling.knots.copy()
    first = known.shape[1] - len(formulas)
    for place, formula in enumerate(formulas, first):
        column = known[:, place]
        column = column[~np.isnan(column)].astype(np.float64)
        levels = np.array([formula.part, formula.part + 1]) / formula.num_parts
        low, high = (np.quantile(column, levels) if len(column) else np.zeros(2)).astype(np.float32)
        width = high - low
        is_usable = bool(width > _TINY)
        table["low"][place], table["high"][place], table["center"][place] = low, high, low
        table["inverse_scale"][place] = 1 / width if is_usable else 1.0
        table["mask"][place] = float(is_usable) * table["mask"][place]
        table["fill"][place] = np.clip(table["fill"][place], low, high)
        if knots is not None:  # equal steps between the ends are the identity, up to a factor
            knots[place] = np.linspace(low, high if is_usable else low + 1, knots.shape[1])
            table["center"][place], table["inverse_scale"][place] = 0.0, 1.0
    return replace(scaling, **table, knots=knots)


def shown(scores: NDArray[np.float64], formulas: Sequence[Formula]) -> NDArray[np.bool_]:
    """Return which created features a split's network sees: the best ones; all bins of the best columns.

    Args:
        scores: ``[created]`` what each says about the target beyond the other features.
        formulas: of the created features.
    """
    if not any(formula.kind == "bin" for formula in formulas):
        kept = np.zeros(len(formulas), bool)
        kept[np.argsort(-scores, kind="stable")[:MAX_SHOWN]] = True
        return kept
    columns = np.array([formula.columns[0] for formula in formulas])
    names = np.unique(columns)
    best = np.array([scores[columns == name].max() for name in names])
    return np.isin(columns, names[np.argsort(-best, kind="stable")[:MAX_SHOWN]])
