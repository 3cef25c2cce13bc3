"""Cross-validation: every kind of folds as splits."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

from wellfit.data._splits import Units, strata_of
from wellfit.records import DataError, Dataset, IntArray, SettingsError, Split, did_you_mean

Kind = Literal["auto", "plain", "stratified", "group", "time"]
Folds = Callable[[Dataset, IntArray, int, int], tuple[Split, ...]]


def k_folds(dataset: Dataset, rows: IntArray, folds: int = 5, seed: int = 0) -> tuple[Split, ...]:
    """Return `folds` splits of `rows`, each row validated on once, drawn at random.

    Args:
        dataset: all rows.
        rows: ``[n]`` indices of those to divide.
        folds: at least 2.
        seed: of the draw.

    Source:
        Stone, Cross-Validatory Choice and Assessment of Statistical Predictions, 1974.
    """
    drawn = KFold(folds, shuffle=True, random_state=seed).split(rows)
    return _splits(rows, drawn)


def stratified_folds(dataset: Dataset, rows: IntArray, folds: int = 5, seed: int = 0) -> tuple[Split, ...]:
    """Return folds with equal shares of each class, or of each tenth of a regression target.

    Args:
        dataset: all rows.
        rows: ``[n]`` indices of those to divide.
        folds: at least 2.
        seed: of the draw.
    """
    strata = _merged(strata_of(dataset, rows), folds)
    return _splits(rows, StratifiedKFold(folds, shuffle=True, random_state=seed).split(rows, strata))


def group_folds(dataset: Dataset, rows: IntArray, folds: int = 5, seed: int = 0) -> tuple[Split, ...]:
    """Return folds in which the groups of ``dataset.groups`` stay whole; classes alike where that can be.

    A group of more than half the rows, or the only one of its class, is trained on in every fold.

    Args:
        dataset: all rows, with groups.
        rows: ``[n]`` indices of those to divide.
        folds: at least 2, at most the number of groups.
        seed: of the draw.

    Raises:
        DataError: there are no groups, or fewer than folds.
    """
    if dataset.groups is None:
        raise DataError(
            "there are no groups.",
            received="kind='group' without groups",
            expected="one group a row",
            fix="pass groups=",
        )
    groups = dataset.groups[rows]
    num_groups = len(np.unique(groups))
    if num_groups < folds:
        raise DataError(
            "there are fewer groups than folds.",
            received=f"{num_groups} groups, {folds} folds",
            expected="at least as many groups as folds",
            fix=f"use folds={num_groups}" if num_groups > 1 else "leave the groups out",
        )
    # Not scikit-learn's StratifiedGroupKFold: its passes hardly differ from one seed to the next.
    return Units(dataset, rows).fold(folds, np.random.default_rng(seed))


def time_folds(dataset: Dataset, rows: IntArray, folds: int = 5, seed: int = 0) -> tuple[Split, ...]:
    """Return folds that train on the past and validate on what follows, by ``dataset.time``.

    Rows of one moment stay together. Nothing is drawn: repeats would all be the same.

    Args:
        dataset: all rows, with times.
        rows: ``[n]`` indices of those to divide.
        folds: at least 2, fewer than there are moments.
        seed: unused.

    Raises:
        DataError: there are no times, or too few different ones.
    """
    del seed
    if dataset.time is None:
        raise DataError(
            "there is no time.",
            received="kind='time' without times",
            expected="one number a row that orders the rows",
            fix="pass time=",
        )
    moments, moment = np.unique(dataset.time[rows], return_inverse=True)
    if len(moments) <= folds:
        raise DataError(
            "there are too few moments for the folds.",
            received=f"{len(moments)} different times, {folds} folds",
            expected="more moments than folds",
            fix="use fewer folds, or leave the time out",
        )
    drawn = TimeSeriesSplit(folds).split(moments)
    return tuple(
        Split(
            train=np.sort(rows[np.isin(moment, past)]).astype(np.int32),
            validation=np.sort(rows[np.isin(moment, future)]).astype(np.int32),
        )
        for past, future in drawn
    )


def kind_of_folds(dataset: Dataset, kind: Kind = "auto") -> Kind:
    """Return what auto stands for here; any other kind as it is."""
    if kind != "auto":
        return kind
    if dataset.time is not None:
        return "time"
    return "group" if dataset.groups is not None else "stratified"


def repeated_folds(
    dataset: Dataset, rows: IntArray, folds: int = 5, repeats: int = 1, *, kind: Kind = "auto", seed: int = 0
) -> tuple[Split, ...]:
    """Return `repeats` passes of cross-validation, each with other folds.

    Args:
        dataset: all rows.
        rows: ``[n]`` indices of those to divide.
        folds: at least 2.
        repeats: at least 1; 1 for time.
        kind: plain, stratified, group, time, or auto: by time where there are times, by group where there
            are groups, else stratified.
        seed: of the draws.

    Returns:
        ``folds * repeats`` splits, one pass after the other.

    Raises:
        DataError: groups or times are missing or too few.
        SettingsError: a number is out of range, or there is no such kind.

    Source:
        Kohavi, A Study of Cross-Validation and Bootstrap for Accuracy Estimation, 1995.
    """
    rows = np.asarray(rows, np.int32)
    is_whole = isinstance(folds, Integral) and isinstance(repeats, Integral)
    if not is_whole or not 2 <= folds <= len(rows) or repeats < 1:
        raise SettingsError(
            "folds or repeats are out of range.",
            received=f"folds={folds}, repeats={repeats} for {len(rows)} rows",
            expected=f"whole numbers: 2 to {len(rows)} folds, at least 1 repeat",
            fix="use 5 folds",
        )
    kind = kind_of_folds(dataset, kind)
    if kind not in _KINDS:
        raise SettingsError(
            f"there is no cross-validation {kind!r}.",
            received=f"kind={kind!r}",
            expected=", ".join(("auto", *_KINDS)),
            fix=did_you_mean(kind, ("auto", *_KINDS)),
        )
    if kind == "time" and repeats > 1:
        raise SettingsError(
            "folds by time cannot be repeated: there is one order of time.",
            received=f"repeats={repeats}",
            expected="repeats=1",
        )
    seeds = np.random.default_rng([seed, 3]).integers(2**31, size=repeats)
    return tuple(split for one in seeds for split in _KINDS[kind](dataset, rows, folds, int(one)))


def nested_folds(
    dataset: Dataset, split: Split, folds: int = 4, *, kind: Kind = "auto", seed: int = 0
) -> tuple[Split, ...]:
    """Return folds of the training rows of a split: to choose by, before its validation rows judge.

    Args:
        dataset: all rows.
        split: the outer split.
        folds: of its training rows.
        kind: see `repeated_folds`.
        seed: of the draw.

    Source:
        Varma and Simon, Bias in Error Estimation When Using Cross-Validation for Model Selection, 2006.
    """
    return repeated_folds(dataset, split.train, folds, kind=kind, seed=seed)


_KINDS: dict[str, Folds] = {
    "plain": k_folds,
    "stratified": stratified_folds,
    "group": group_folds,
    "time": time_folds,
}


def _splits(rows: IntArray, drawn: Any) -> tuple[Split, ...]:
    return tuple(
        Split(
            train=np.sort(rows[train]).astype(np.int32), validation=np.sort(rows[validation]).astype(np.int32)
        )
        for train, validation in drawn
    )


def _merged(strata: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """Return strata in which those with fewer rows than folds are one: they cannot be in every fold."""
    counts = np.bincount(strata)
    rare = np.flatnonzero((counts > 0) & (counts < folds))
    merged = np.where(np.isin(strata, rare), -1, strata)
    if 0 < (merged == -1).sum() < folds:
        largest = int(np.argmax(counts))
        merged = np.where(merged == -1, largest, merged)
    return np.unique(merged, return_inverse=True)[1].astype(np.int64)
