"""Rows to hold against each other: twelve columns of many kinds, and one thing changed in some of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = dict[str, tuple[str, Any]]

CORRELATED = ("a", "b", "c", "d")
LEVELS = ("red", "green", "blue", "black")
SHARES = np.array([0.55, 0.3, 0.1, 0.05])
TOWNS = tuple(f"town {i}" for i in range(40))
PLANTED = {"mean": ("a",), "scale": ("b",), "category": ("color",), "missing": ("income",)}
PLANTED |= {"correlated": CORRELATED}
STRENGTHS = {
    "mean": (0.1, 0.2, 0.4, 0.8),  # standard deviations
    "scale": (0.1, 0.25, 0.5, 1.0),  # wider by this part
    "category": (0.02, 0.05, 0.1, 0.2),  # of the rows, from the most frequent level to the third
    "missing": (0.02, 0.05, 0.1, 0.2),  # of the rows, more than the 5 % that are missing anyway
    "correlated": (0.05, 0.1, 0.2, 0.4),  # standard deviations of each of four
}


def drawn_rows(
    rng: np.random.Generator, num_rows: int, rho: float, kind: str = "", strength: float = 0.0
) -> Columns:
    """Return rows as name to kind and values; NaN is a missing number.

    Args:
        rng: where they are drawn from.
        num_rows: how many.
        rho: correlation of the latent normals of all numeric columns.
        kind: what is changed, a key of `STRENGTHS`; nothing where it is empty.
        strength: by how much.
    """
    normal = _normals(rng, num_rows, 8, rho)
    if kind == "mean":
        normal[:, 0] += strength
    if kind == "scale":
        normal[:, 1] *= 1 + strength
    if kind == "correlated":
        normal[:, :4] += strength
    missing = rng.random(num_rows) < 0.05 + (strength if kind == "missing" else 0.0)
    numbers = {
        "a": normal[:, 0],
        "b": normal[:, 1],
        "c": np.exp(normal[:, 2]),
        "d": normal[:, 3],
        "income": np.where(missing, np.nan, np.exp(0.5 * normal[:, 4])),
        "children": np.floor(np.exp(0.7 * normal[:, 5])),  # whole numbers: most rows are tied
        "claims": np.where(normal[:, 6] < 1.3, 0.0, np.exp(normal[:, 6])),  # nine in ten are zero
        "owner": (normal[:, 7] > 0.5).astype(np.float64),
    }
    shares = SHARES + np.array([-1, 0, 1, 0]) * (strength if kind == "category" else 0.0)
    zipf = 1 / np.arange(1, len(TOWNS) + 1)
    return {
        **{name: ("number", values) for name, values in numbers.items()},
        "color": ("category", _labels(rng, LEVELS, shares, num_rows)),
        "size": ("category", _labels(rng, ("S", "M"), np.array([0.9, 0.1]), num_rows)),
        "town": ("category", _labels(rng, TOWNS, zipf / zipf.sum(), num_rows)),
        "zone": ("category", _labels(rng, tuple("UVWXYZ"), np.full(6, 1 / 6), num_rows)),
    }


def _normals(rng: np.random.Generator, num_rows: int, num_columns: int, rho: float) -> NDArray[np.float64]:
    common = rng.normal(size=(num_rows, 1))
    return np.sqrt(rho) * common + np.sqrt(1 - rho) * rng.normal(size=(num_rows, num_columns))


def _labels(
    rng: np.random.Generator, names: tuple[str, ...], shares: NDArray[np.float64], num_rows: int
) -> NDArray[np.object_]:
    return np.array(names, object)[rng.choice(len(names), num_rows, p=shares)]
