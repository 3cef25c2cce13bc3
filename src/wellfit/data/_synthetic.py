"""Synthetic rows of rare classes between neighbors: SMOTE, borderline SMOTE, ADASYN.

Neighbors are near in the scaled and filled numbers; new rows are put back into the raw unit, so that they go
through the network's own scaling as all rows do. Categories never mix: SMOTE takes a neighborhood's most
frequent one (SMOTENC); the other two interpolate the columns of categories and keep the nearest one. A class
of less than three rows has no neighborhood and is left alone.

Source: Chawla et al., SMOTE: Synthetic Minority Over-sampling Technique, 2002; Han, Wang and Mao,
Borderline-SMOTE, 2005; He et al., ADASYN, 2008; by imbalanced-learn (Lemaitre et al., 2017).
"""

# imbalanced-learn ships without stubs: what its samplers return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data._feature_kinds import FeatureKinds
from wellfit.data._row_table import NewRows, RowTable, as_inputs, row_table
from wellfit.records import Dataset, FloatArray, IntArray

_NUM_NEIGHBORS = 5
_FEWEST = 3
_MAX_ROWS, _MAX_NEW = 5000, 10_000  # neighbors are searched among so many rows; so many are made

_Codes = NDArray[Any]


def synthetic_rows(dataset: Dataset, rows: IntArray, kinds: FeatureKinds, method: str, seed: int) -> NewRows:
    """Return new rows of rarer classes, as many as bring each class to the size of the largest.

    Args:
        dataset: a table with classes.
        rows: ``[n]`` training rows; nothing else is looked at.
        kinds: of the float input's features.
        method: smote, borderline-smote or adasyn.
        seed: of what is drawn.

    Returns:
        At most 10,000 rows; less than asked for where a method finds no row worth its while.
    """
    rng = np.random.default_rng(seed)
    some = _some(rows, dataset.target[rows], rng)
    classes = dataset.target[some]
    table = row_table(dataset, some, kinds)
    wanted = _wanted(dataset.target[rows], classes)
    parts = [
        _new(table, classes, name, count, method=method, seed=int(rng.integers(2**31)))
        for name, count in wanted.items()
    ]
    numbers = np.concatenate([table.numbers[:0], *(part[0] for part in parts)])
    codes = np.concatenate([table.codes[:0], *(part[1] for part in parts)])
    made = [np.full(len(part[0]), name) for name, part in zip(wanted, parts, strict=True)]
    target = np.concatenate([np.zeros(0), *made]).astype(dataset.target.dtype)
    return NewRows(inputs=as_inputs(table, numbers, codes), target=target, origin=rows)


def _some(rows: IntArray, classes: _Codes, rng: np.random.Generator) -> IntArray:
    """Return all rows, or of many rows an equal number of each class at most."""
    if len(rows) <= _MAX_ROWS:
        return rows
    names = np.unique(classes)
    limit = max(_MAX_ROWS // len(names), _NUM_NEIGHBORS + 1)
    parts = [rows[classes == name] for name in names]
    kept = [part if len(part) <= limit else rng.choice(part, limit, replace=False) for part in parts]
    return np.sort(np.concatenate(kept))


def _wanted(classes: _Codes, present: _Codes) -> dict[int, int]:
    """Return how many rows each class lacks, scaled down together where they are too many."""
    names, counts = np.unique(classes, return_counts=True)
    lacking = {int(name): int(counts.max() - count) for name, count in zip(names, counts, strict=True)}
    enough = {
        name: count for name, count in lacking.items() if count > 0 and (present == name).sum() >= _FEWEST
    }
    factor = min(1.0, _MAX_NEW / max(sum(enough.values()), 1))
    return {name: max(1, int(count * factor)) for name, count in enough.items()}


def _new(
    table: RowTable, classes: _Codes, name: int, count: int, *, method: str, seed: int
) -> tuple[FloatArray, IntArray]:
    """Return numbers and codes of new rows of one class."""
    own = int((classes == name).sum())
    neighbors = min(_NUM_NEIGHBORS, own - 1)
    options = {"sampling_strategy": {name: own + count}, "random_state": seed}
    if method == "smote":
        return _smote(table, classes, neighbors, options)
    wide = np.concatenate([table.numbers, *_unfolded(table.codes)], axis=1)
    if method == "adasyn":
        sampler = _samplers().ADASYN(n_neighbors=neighbors, **options)
    else:
        around = min(2 * _NUM_NEIGHBORS, len(classes) - 1)
        sampler = _samplers().BorderlineSMOTE(k_neighbors=neighbors, m_neighbors=around, **options)
    made = _resampled(sampler, wide, classes)
    width = table.numbers.shape[1]
    return made[:, :width].astype(np.float32), _folded(made[:, width:], table.codes)


def _smote(
    table: RowTable, classes: _Codes, neighbors: int, options: dict[str, Any]
) -> tuple[FloatArray, IntArray]:
    width, num_codes = table.numbers.shape[1], table.codes.shape[1]
    if not num_codes:
        made = _resampled(_samplers().SMOTE(k_neighbors=neighbors, **options), table.numbers, classes)
    elif not width:
        made = _resampled(_samplers().SMOTEN(k_neighbors=neighbors, **options), table.codes, classes)
    else:
        both = np.concatenate([table.numbers.astype(np.float64), table.codes], axis=1)
        places = list(range(width, width + num_codes))
        sampler = _samplers().SMOTENC(categorical_features=places, k_neighbors=neighbors, **options)
        made = _resampled(sampler, both, classes)
    return made[:, :width].astype(np.float32), made[:, width:].astype(np.int32)


def _samplers() -> Any:
    # Imported where it is used: a study that never makes rows need not wait for it.
    import imblearn.over_sampling  # noqa: PLC0415

    return imblearn.over_sampling


def _resampled(sampler: Any, values: NDArray[Any], classes: _Codes) -> NDArray[Any]:
    """Return the rows that a sampler adds; none where it finds no row to start from."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found, _ = sampler.fit_resample(values, classes)
    except (ValueError, RuntimeError):
        # ADASYN raises where no row of the class has a neighbor of another class: nothing is hard to learn.
        return values[:0]
    return np.asarray(found)[len(values) :]


def _unfolded(codes: IntArray) -> list[FloatArray]:
    return [
        (column[:, None] == np.unique(column)).astype(np.float32) / np.sqrt(2.0)  # two categories lie 1 apart
        for column in codes.T
    ]


def _folded(wide: NDArray[Any], codes: IntArray) -> IntArray:
    """Return the code of the largest column of each category."""
    found, start = [], 0
    for column in codes.T:
        names = np.unique(column)
        found.append(names[wide[:, start : start + len(names)].argmax(axis=1)])
        start += len(names)
    return np.stack(found, axis=1).astype(np.int32) if found else np.zeros((len(wide), 0), np.int32)
