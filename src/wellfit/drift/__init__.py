"""Rows of a network in use held against those it was trained on. Counts alone; NumPy and scipy.special.

`make_reference` counts the rows of a study; `count` counts new rows in the same bins, and counts add up;
`compare` says what drifted.
"""

from wellfit.drift._compare import compare
from wellfit.drift._drift import Advice, ColumnDrift, Drift, ScoreDrift
from wellfit.drift._json import drift_json, reference_from_json, reference_json
from wellfit.drift._make import make_reference
from wellfit.drift._reference import ColumnReference, PredictionReference, Reference, SureBin
from wellfit.drift._window import Window, add, count, empty_window, take_away
from wellfit.drift._window_json import window_from_json, window_json

__all__ = [
    "Advice",
    "ColumnDrift",
    "ColumnReference",
    "Drift",
    "PredictionReference",
    "Reference",
    "ScoreDrift",
    "SureBin",
    "Window",
    "add",
    "compare",
    "count",
    "drift_json",
    "empty_window",
    "make_reference",
    "reference_from_json",
    "reference_json",
    "take_away",
    "window_from_json",
    "window_json",
]
