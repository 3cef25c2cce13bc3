"""A bootstrap for sums over many rows: rows are put into blocks at random, and blocks are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.evaluation._check import Float64Array

MOST_BLOCKS = 500
_NUM_RESAMPLES = 2000


def block_codes(num_rows: int, groups: ArrayLike | None, seed: int) -> NDArray[np.intp]:
    """Return ``[row]`` block codes from 0: rows of one group share a block, and there are at most 500.

    The variance of a sum of independent rows is the same whether rows or random blocks of them are drawn;
    with 500 blocks it is known to three percent.

    Example:
        >>> block_codes(4, [7, 7, 3, 3], seed=0).tolist()
        [1, 1, 0, 0]
    """
    units = np.arange(num_rows) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    units = units.reshape(-1)
    num_units = int(units.max(initial=-1)) + 1
    if num_units <= MOST_BLOCKS:
        return units
    return (np.random.default_rng(seed).permutation(num_units) % MOST_BLOCKS)[units]


def drawn_blocks(num_blocks: int, seed: int) -> Float64Array:
    """Return ``[resample, block]``: how often each block is drawn in each of 2,000 resamples."""
    generator = np.random.default_rng([seed, 1])
    shares = np.full(num_blocks, 1.0 / num_blocks)
    return generator.multinomial(num_blocks, shares, _NUM_RESAMPLES).astype(np.float64)


def block_sums(blocks: NDArray[np.intp], values: Float64Array) -> Float64Array:
    """Return ``[block, statistic]`` sums of ``[row, statistic]`` values."""
    num_blocks = int(blocks.max()) + 1
    sums = np.zeros((num_blocks, values.shape[1]), np.float64)
    for place, column in enumerate(values.T):
        sums[:, place] = np.bincount(blocks, weights=column, minlength=num_blocks)
    return sums


def percentile_interval(drawn: Float64Array) -> tuple[float, float]:
    """Return the 95 % percentile interval; NaN where more than half of the resamples have no value."""
    known = drawn[np.isfinite(drawn)]
    if not len(known) or 2 * len(known) < len(drawn):
        return np.nan, np.nan
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
