"""Which features of a float matrix are numbers, flags, or columns of one category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellfit.data._encoder import Encoder, column_features
from wellfit.records import FloatArray, IntArray

_NUMBERS = ("numeric", "integer", "ordinal")


@dataclass(frozen=True, kw_only=True)
class FeatureKinds:
    """Positions of features by kind; a feature that is in none of them varies in no row or is part of a date.

    Attributes:
        numeric: numbers, not 0 or 1 alone, from which others can be computed.
        binary: features that are 0 or 1 on their own.
        groups: features of one category, of which at most one is 1 in a row.
        flags: pairs of a feature and the one that tells where it is missing.
    """

    numeric: tuple[int, ...] = ()
    binary: tuple[int, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()
    flags: tuple[tuple[int, int], ...] = ()


def feature_kinds(values: FloatArray, rows: IntArray, encoder: Encoder | None = None) -> FeatureKinds:
    """Return the kinds of a matrix' features: as the encoder made them, else as `rows` look.

    Args:
        values: ``[row, feature]``; NaN is a missing cell.
        rows: ``[n]`` indices of the rows to look at.
        encoder: that made the matrix, or None.

    Example:
        >>> matrix = np.array([[0.5, 1, 0], [2.5, 0, 1], [0.7, 0, 0]], np.float32)
        >>> feature_kinds(matrix, np.arange(3, dtype=np.int32))
        FeatureKinds(numeric=(0,), binary=(), groups=((1, 2),), flags=())
    """
    seen = values[rows]
    is_binary = ((seen == 0) | (seen == 1) | np.isnan(seen)).all(axis=0)
    varies = np.fmax.reduce(seen, axis=0, initial=-np.inf) > np.fmin.reduce(seen, axis=0, initial=np.inf)
    if encoder is not None:
        return _encoded(encoder, is_binary, varies)
    groups, alone = _exclusive(seen, np.flatnonzero(is_binary))
    return FeatureKinds(
        numeric=tuple(int(i) for i in np.flatnonzero(~is_binary & varies)),
        binary=alone,
        groups=groups,
    )


def _encoded(encoder: Encoder, is_binary: NDArray[np.bool_], varies: NDArray[np.bool_]) -> FeatureKinds:
    numeric, binary, start = [], [], 0
    groups: list[tuple[int, ...]] = []
    flags: list[tuple[int, int]] = []
    for column in encoder.matrix_columns:
        own = tuple(range(start, start + len(column_features(column, encoder.preparation))))
        start += len(own)
        if column.kind == "category" and encoder.preparation.encoding == "one_hot":
            groups.append(own)
            continue
        binary += [i for i in own if is_binary[i]]
        if column.kind in _NUMBERS:
            numeric += [i for i in own[:1] if varies[i] and not is_binary[i]]
            flags += [(own[0], i) for i in own[1:]]
    return FeatureKinds(
        numeric=tuple(numeric), binary=tuple(binary), groups=tuple(groups), flags=tuple(flags)
    )


def _exclusive(
    seen: FloatArray, binary: NDArray[np.integer]
) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """Return runs of neighboring 0/1 columns of which no row has two, and the other 0/1 columns."""
    runs: list[list[int]] = []
    total = np.zeros(len(seen))
    for i in (int(i) for i in binary):
        ones = np.nan_to_num(seen[:, i])
        if runs and runs[-1][-1] == i - 1 and (total + ones).max(initial=0) <= 1:
            runs[-1].append(i)
            total = total + ones
        else:
            runs.append([i])
            total = ones
    groups = tuple(tuple(run) for run in runs if len(run) > 1)
    return groups, tuple(run[0] for run in runs if len(run) == 1)
