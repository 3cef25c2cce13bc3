"""Curves as plain text, 80 columns wide."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

WIDTH = 80
HEIGHT = 10
_AXIS = 11
_MOST = 1e300  # beyond it the sum of a few losses, and the range of two, are not finite


def draw_curves(train: Sequence[float], validation: Sequence[float]) -> str:
    """Return training (``t``) and validation (``v``) losses over the epochs as text.

    Args:
        train: ``[epoch]`` losses; may be empty.
        validation: likewise.

    Example:
        >>> print(draw_curves([3.0, 2.0, 1.0], [3.0, 2.5, 2.75]).splitlines()[0])
                 3 |*
    """
    train, validation = _drawable(train), _drawable(validation)
    length = max(len(train), len(validation))
    values = np.array([*train, *validation], np.float64)
    values = values[np.isfinite(values)]
    if not length or not len(values):
        return "no losses yet"
    low, high = float(values.min()), float(values.max())
    columns = min(length, WIDTH - _AXIS - 1)
    grid = np.full((HEIGHT, columns), " ")
    for mark, curve in (("t", train), ("v", validation)):
        for column, value in enumerate(_binned(curve, columns, length)):
            if np.isfinite(value):
                share = (high - value) / (high - low) if high > low else 0.5
                row = round(share * (HEIGHT - 1))
                grid[row, column] = mark if grid[row, column] == " " else "*"
    labels = [f"{high:>{_AXIS - 1}.4g}", *[" " * (_AXIS - 1)] * (HEIGHT - 2), f"{low:>{_AXIS - 1}.4g}"]
    lines = [f"{label}|{''.join(row)}".rstrip() for label, row in zip(labels, grid, strict=True)]
    # One blank before the axis where a label leaves room for it.
    lines = [line[: _AXIS - 1] + " |" + line[_AXIS:] for line in lines]
    axis = " " * _AXIS + "+" + "-" * max(columns - 1, 1)
    return "\n".join(
        [*lines, axis[:WIDTH], f"{' ' * _AXIS} epochs 1 to {length}; t training, v validation, * both"]
    )


def _drawable(curve: Sequence[float]) -> list[float]:
    """Return losses that can be drawn, NaN for those that are not finite."""
    values = np.array(curve, np.float64)
    return np.where(np.isfinite(values), values.clip(-_MOST, _MOST), np.nan).tolist()


def _binned(curve: Sequence[float], columns: int, length: int) -> list[float]:
    """Return the mean of each column's epochs, NaN where it has none."""
    edges = np.linspace(0, length, columns + 1).astype(int)
    values = np.full(length, np.nan)
    values[: len(curve)] = curve
    parts = [values[start:end] for start, end in pairwise(edges)]
    return [float(part[np.isfinite(part)].mean()) if np.isfinite(part).any() else np.nan for part in parts]
