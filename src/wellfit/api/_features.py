"""What the inputs of one trial go through under a choice of data, fitted on its training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wellfit.api._training_rows import FAR_OUT
from wellfit.data import (
    Preparation,
    apply_scaling,
    feature_scores,
    fit_scaling,
    keep_best,
    partial_scores,
    shown,
    with_bins,
    with_extraction,
)
from wellfit.records import DataChoice, Dataset, Formula, IntArray, Scaling

_MAX_SCORED = 20_000  # rows that features are judged by; of more every n-th


def chosen_preparation(own: Preparation, choice: DataChoice) -> Preparation:
    """Return the study's own preparation with what a choice changes.

    Clipping by choice is at three interquartile ranges beyond the quartiles, much closer than the fences that
    a study clips at by itself.
    """
    changed = own
    if choice.scaling != "own":
        # Raw features that are scaled are no longer raw: a constant one has no scale.
        changed = replace(changed, scaling=choice.scaling, features="encoded")
    if choice.outliers == "report":
        changed = replace(changed, outliers="report")
    elif choice.outliers == "clip":
        changed = replace(changed, outliers="clip", outlier_rule="iqr", outlier_factor=FAR_OUT)
    if choice.missing != "own":
        changed = replace(changed, missing=choice.missing)
    return changed


def fit_features(
    dataset: Dataset,
    rows: IntArray,
    preparation: Preparation,
    choice: DataChoice,
    *,
    matrix: int,
    formulas: Sequence[Formula],
) -> tuple[Scaling | None, ...]:
    """Return the scaling of each input: created features shown, features selected, then extracted.

    Args:
        dataset: with the created features.
        rows: ``[n]`` training rows of one split; nothing else is looked at.
        preparation: the study's own.
        choice: what to do.
        matrix: position of the float input.
        formulas: of the created features, the last ones of that input.
    """
    fitted = list(fit_scaling(dataset, rows, chosen_preparation(preparation, choice)))
    scaling = fitted[matrix] if matrix >= 0 else None
    if scaling is None:
        return tuple(fitted)
    some = rows[:: -(-len(rows) // _MAX_SCORED)]
    known = np.asarray(dataset.inputs[matrix][some], np.float32)
    if formulas:
        scaling = _with_best_created(with_bins(scaling, known, formulas), known, dataset, some, formulas)
    if choice.selection != "none":
        scaled = apply_scaling(scaling, known)
        scores = feature_scores(scaled, dataset.target[some], choice.selection, dataset.num_classes)
        scaling = keep_best(scaling, scores, choice.selected_share)
    if choice.extraction != "none":
        scaling = with_extraction(scaling, known, choice.extraction, choice.extracted_share)
    fitted[matrix] = scaling
    return tuple(fitted)


def _with_best_created(
    scaling: Scaling, known: np.ndarray, dataset: Dataset, rows: IntArray, formulas: Sequence[Formula]
) -> Scaling:
    """Return a scaling that masks the created features that add the least to the others."""
    num_own = len(scaling.mask) - len(formulas)
    scaled = apply_scaling(scaling, known)
    scores = partial_scores(scaled, dataset.target[rows], num_own, dataset.num_classes)
    mask = scaling.mask.copy()
    mask[num_own:] *= shown(np.where(mask[num_own:] > 0, scores, -1.0), formulas)
    return replace(scaling, mask=mask)
