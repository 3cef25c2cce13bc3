"""Which rows to learn from and which to measure on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wellfit.data._time_splits import time_holdout, time_splits
from wellfit.records import DataError, Dataset, IntArray, SettingsError, Split

MIN_ROWS = 10
_NUM_BINS = 10


def holdout_split(dataset: Dataset, fraction: float = 0.2, seed: int = 0) -> Split:
    """Return rows to work with (`train`) and rows to set aside (`validation`) until the very end.

    Stratified by class (or by tenths of a regression target); groups stay whole; with
    ``dataset.time`` the holdout is the latest rows.

    Args:
        dataset: all rows.
        fraction: share of the rows to set aside, above 0 and below 1.
        seed: of the draw.

    Raises:
        DataError: too few rows or groups to split.
        SettingsError: `fraction` is out of range.
    """
    _check_fraction("fraction", fraction)
    rows = np.arange(dataset.num_rows, dtype=np.int32)
    _refuse_few(len(rows))
    if dataset.time is not None:
        return time_holdout(dataset, rows, fraction)
    return Units(dataset, rows).draw(fraction, np.random.default_rng([seed, 1]))


def make_splits(
    dataset: Dataset,
    rows: IntArray,
    num_splits: int,
    *,
    validation_fraction: float = 0.2,
    folds: int | None = None,
    seed: int = 0,
) -> tuple[Split, ...]:
    """Return `num_splits` divisions of `rows`; the same for the same seed.

    Repeated random splits by default; with `folds` k-fold cross-validation, begun anew with other folds
    after every k splits. Stratified by class (or by tenths of a regression target). A class with one
    row (or one group) is always in `train`. Groups, and rows with equal inputs, never straddle a
    split. With ``dataset.time`` each split trains on the past and validates on what follows: the
    validation windows reach over the later half of the rows.

    Args:
        dataset: all rows.
        rows: ``[n]`` indices of those to divide.
        num_splits: how many divisions.
        validation_fraction: share of `rows` to validate on; unused with `folds`.
        folds: number of folds, or None for repeated random splits.
        seed: of the draws.

    Raises:
        DataError: too few rows or groups to split.
        SettingsError: a number is out of range.
    """
    _refuse_few(len(rows))
    if folds is None:
        _check_fraction("validation_fraction", validation_fraction)
    elif not 2 <= folds <= len(rows):
        raise SettingsError(
            "the number of folds is out of range.",
            received=f"folds={folds} for {len(rows)} rows",
            expected=f"2 to {len(rows)}",
            fix="use 5 or 10 folds",
        )
    rows = np.asarray(rows, dtype=np.int32)
    rng = np.random.default_rng([seed, 2])
    if dataset.time is not None:
        fraction = validation_fraction if folds is None else 1 / folds
        return time_splits(dataset, rows, num_splits, fraction, rng)
    units = Units(dataset, rows)
    if folds is None:
        return tuple(units.draw(validation_fraction, rng) for _ in range(num_splits))
    splits: list[Split] = []
    while len(splits) < num_splits:
        splits.extend(units.fold(folds, rng))
    return tuple(splits[:num_splits])


class Units:
    """Rows as units that stay whole (single rows or groups), in strata of alike targets and sizes."""

    def __init__(self, dataset: Dataset, rows: IntArray) -> None:
        strata = strata_of(dataset, rows)
        if dataset.groups is None:
            self.unit, self.num_units = np.arange(len(rows)), len(rows)
            stratum, size = strata, np.ones(len(rows), dtype=np.int64)
        else:
            codes, self.unit = np.unique(dataset.groups[rows], return_inverse=True)
            self.num_units = len(codes)
            size = np.bincount(self.unit)
            stratum = _rarest(strata, self.unit, self.num_units)
        if self.num_units < 2:
            raise _too_few(f"{len(rows)} rows in one group", "at least two groups")
        self.rows = rows
        self.size = size
        self.stratum = stratum
        # Units of one stratum in order of size: equal steps through them take equal shares of the rows.
        self.key = np.unique(stratum * (size.max() + 1) + size, return_inverse=True)[1].astype(np.int32)
        # Unlike a tenth of a regression target, a class that is nowhere in training cannot be predicted.
        alone = (np.bincount(stratum)[stratum] < 2) & dataset.task.is_classification
        # A unit that is most of the data cannot be measured on: hardly anything would be left to learn from.
        self.keep_strata = dataset.task.is_classification
        self.fixed = alone | (size > 0.5 * len(rows))

    def _order(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the units in random order within each stratum and size."""
        order = rng.permutation(self.num_units)
        return order[np.argsort(self.key[order], kind="stable")]

    def draw(self, fraction: float, rng: np.random.Generator) -> Split:
        """Return one random split with about `fraction` of the rows in validation."""
        order = self._order(rng)
        order = order[~self.fixed[order]]
        steps = np.floor((np.arange(len(order) + 1) + rng.random() / fraction) * fraction)
        chosen = np.zeros(self.num_units, dtype=bool)
        chosen[order[np.diff(steps) > 0]] = True
        return self._split(self._mended(chosen, order))

    def _mended(self, chosen: NDArray[np.bool_], order: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return `chosen` with at least one unit, and not all units of a stratum."""
        if not len(order):
            raise _too_few(
                f"{len(self.rows)} rows in {self.num_units} groups", "groups of less than half the rows"
            )
        if not chosen.any():
            chosen[order[0]] = True
        taken = np.bincount(self.stratum, weights=chosen)
        whole = (taken > 0) & (taken == np.bincount(self.stratum))
        for stratum in np.flatnonzero(whole) if self.keep_strata else ():
            chosen[np.flatnonzero(self.stratum == stratum)[0]] = False
        if not chosen.any():
            chosen[order[0]] = True
        return chosen

    def fold(self, folds: int, rng: np.random.Generator) -> tuple[Split, ...]:
        """Return one pass of cross-validation; units that must be trained on are in no validation fold."""
        order = self._order(rng)
        order = order[~self.fixed[order]]
        if len(order) < folds:
            raise _too_few(
                f"{len(order)} rows or groups that can be validated on", f"at least {folds}, the folds"
            )
        fold = np.full(self.num_units, -1)
        fold[order] = (np.arange(len(order)) + rng.integers(folds)) % folds
        return tuple(self._split(fold == number) for number in range(folds))

    def _split(self, chosen: NDArray[np.bool_]) -> Split:
        validation = chosen[self.unit]
        return Split(train=np.sort(self.rows[~validation]), validation=np.sort(self.rows[validation]))


def strata_of(dataset: Dataset, rows: IntArray) -> NDArray[np.int64]:
    """Return ``[n]`` the class of each row, or the tenth of a regression target it lies in."""
    if dataset.task.is_classification:
        return dataset.target[rows].astype(np.int64)
    values = dataset.target[rows].reshape(len(rows), -1)[:, 0]
    num_bins = int(np.clip(len(rows) // 10, 1, _NUM_BINS))
    edges = np.quantile(values, np.linspace(0, 1, num_bins + 1)[1:-1])  # pyright: ignore[reportArgumentType, reportCallIssue]
    return np.searchsorted(edges, values, side="right").astype(np.int64)  # pyright: ignore[reportArgumentType, reportCallIssue]


def _rarest(strata: NDArray[np.int64], unit: NDArray[np.int64], num_units: int) -> NDArray[np.int64]:
    """Return ``[unit]`` the rarest stratum among the rows of each unit, so that rare ones are spread."""
    counts = np.bincount(strata)
    rarity = np.argsort(np.argsort(counts, kind="stable"), kind="stable")
    best = np.full(num_units, len(counts))
    np.minimum.at(best, unit, rarity[strata])
    return np.argsort(rarity)[best]


def _check_fraction(name: str, fraction: float) -> None:
    if 0 < fraction < 1:
        return
    raise SettingsError(
        f"{name} is out of range.",
        received=f"{name}={fraction}",
        expected="a share above 0 and below 1",
        fix="use 0.2",
    )


def _refuse_few(num_rows: int) -> None:
    if num_rows < MIN_ROWS:
        raise _too_few(f"{num_rows} rows", f"at least {MIN_ROWS} rows")


def _too_few(received: str, expected: str) -> DataError:
    return DataError(
        "there is too little to split.",
        received=received,
        expected=expected,
        fix="add rows, or leave the groups out",
    )
