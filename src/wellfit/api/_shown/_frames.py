"""What was found as tables for programs: numbers that are not rounded, one row a thing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING

from wellfit.data import frame_of
from wellfit.records import (
    BiasVariance,
    CrossValidation,
    CurvePair,
    Effect,
    MoreData,
    RegularizationPath,
    Remedy,
)
from wellfit.report._diagnosis_view import ranked_effects
from wellfit.report._summary import ordered, reading, settings_line

if TYPE_CHECKING:
    import polars as pl

_EFFECT: dict[str, type] = {
    "estimate": float,
    "low": float,
    "high": float,
    "p_value": float,
    "unit": str,
    "num_pairs": int,
    "reading": str,
}
_NOTHING = Effect(estimate=math.nan, low=math.nan, high=math.nan, p_value=math.nan, unit="", num_pairs=0)


def remedies_frame(remedies: tuple[Remedy, ...]) -> pl.DataFrame:
    """Return one row a remedy, confirmed ones first; numbers of what could not be measured are null."""
    columns: dict[str, type] = {"remedy": str, "settings": str, "stage": str, "kept": bool}
    rows = (
        (remedy.name, settings_line(remedy), remedy.stage, remedy.kept, *_cells(remedy.effect), remedy.note)
        for remedy in ordered(remedies)
    )
    return frame_of(columns | _EFFECT | {"note": str}, rows)


def interventions_frame(effects: Mapping[str, Effect]) -> pl.DataFrame:
    """Return one row an intervention of a diagnosis, the best first."""
    rows = ((name, *_cells(effect)) for name, effect in ranked_effects(effects))
    return frame_of({"intervention": str} | _EFFECT, rows)


def _cells(effect: Effect | None) -> tuple[object, ...]:
    known = effect or _NOTHING
    ends = known.estimate, known.low, known.high, known.p_value
    return *ends, known.unit, known.num_pairs, reading(effect)


def losses_frame(curves: Sequence[CurvePair]) -> pl.DataFrame:
    """Return one row a network and epoch, epochs counted from 1.

    ``running_loss`` is the training loss as Keras reports it, null where it is not known.
    """
    columns = {
        "network": str,
        "epoch": int,
        "train_loss": float,
        "validation_loss": float,
        "is_best": bool,
        "running_loss": float,
    }
    return frame_of(columns, (row for pair in curves for row in _epochs(pair)))


def _epochs(pair: CurvePair) -> Iterator[tuple[object, ...]]:
    known = pair.running_loss.tolist() if len(pair.running_loss) == len(pair.train_loss) else repeat(math.nan)
    losses = zip(pair.train_loss.tolist(), pair.validation_loss.tolist(), known, strict=False)
    for epoch, (train, validation, running) in enumerate(losses):
        yield pair.name, epoch + 1, train, validation, epoch == pair.best_epoch, running


def path_frame(path: RegularizationPath) -> pl.DataFrame:
    """Return one row a strength; the first column has the name of the parameter."""
    names = ("train_mean", "validation_mean", "low", "high", "standard_error")
    columns = {path.parameter: float, **dict.fromkeys(names, float)}
    numbers = zip(path.strengths.tolist(), *(getattr(path, name).tolist() for name in names), strict=True)
    rows = ((*row, row[0] == path.best, row[0] == path.one_standard_error) for row in numbers)
    return frame_of(columns | {"is_best": bool, "is_one_standard_error": bool}, rows)


def parts_frame(found: BiasVariance) -> pl.DataFrame:
    """Return one row a value of the parameter, which the first column is named after."""
    columns = dict.fromkeys((found.parameter, "error", "bias", "variance"), float)
    parts = (found.values, found.error, found.bias, found.variance)
    return frame_of(columns, zip(*(part.tolist() for part in parts), strict=True))


def folds_frame(found: CrossValidation) -> pl.DataFrame:
    """Return one row a fold, counted from 1; ``chosen`` is there where the cross-validation was nested."""
    columns: dict[str, type] = {"fold": int, "score": float, "train_score": float}
    values = [range(1, len(found.scores) + 1), found.scores.tolist(), found.train_scores.tolist()]
    if found.chosen:
        columns["chosen"] = float
        values.append(list(found.chosen))
    return frame_of(columns, zip(*values, strict=True))


def sizes_frame(found: MoreData) -> pl.DataFrame:
    """Return one row a number of training rows."""
    return frame_of({"num_rows": int, "loss": float}, zip(found.sizes, found.losses, strict=True))
