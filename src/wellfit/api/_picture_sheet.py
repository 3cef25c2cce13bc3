"""Pictures worth looking at, at the end of a study: the worst mistakes, and labels in doubt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._doubted import doubted_labels
from wellfit.api._final import Final, predictions, prepared_inputs
from wellfit.api._out_of_fold import OutOfFold
from wellfit.api._picture_matrix import is_pictures
from wellfit.api._subject import Subject
from wellfit.data import picked
from wellfit.models import class_maps, without_test_views
from wellfit.records import PictureSheet, Thumbnail, UnsupportedModelError
from wellfit.report import to_png

Array = NDArray[Any]

MOST = 12  # pictures of each kind: enough to see a pattern, few enough for a small page


def picture_sheet(subject: Subject, final: Final | None, judged: OutOfFold | None) -> PictureSheet | None:
    """Return what of a study's pictures is worth looking at; None where rows are no pictures of classes.

    Args:
        subject: what the study is about.
        final: the network that is handed back; None leaves its mistakes out.
        judged: what networks said of pictures that they had not learned from.
    """
    if not can_be_shown(subject):
        return None
    sheet = PictureSheet() if final is None else _mistakes(subject, final)
    return sheet if judged is None else _with_suspects(subject, sheet, judged)


def can_be_shown(subject: Subject) -> bool:
    """Return whether rows are pictures of one or three channels, of classes."""
    inputs = subject.dataset.inputs
    is_one = len(inputs) == 1 and is_pictures(inputs[0]) and inputs[0].shape[-1] in (1, 3)
    return is_one and subject.dataset.task.is_classification


def _mistakes(subject: Subject, final: Final) -> PictureSheet:
    """Return the pictures of the holdout that the network gets wrong, those it is surest of first."""
    rows = subject.holdout
    if not len(rows):
        return PictureSheet()
    inputs = prepared_inputs([picked(subject.dataset.inputs[0], rows)], final.formulas, final.scalings)
    said = np.asarray(predictions(subject, final.model, inputs), np.float64)
    target: Array = subject.dataset.target[rows]
    own = said[np.arange(len(rows)), target]
    wrong = np.flatnonzero(said.argmax(axis=1) != target)
    worst = wrong[np.argsort(own[wrong], kind="stable")][:MOST]
    shown = tuple(_thumbnail(subject, int(rows[i]), said[i]) for i in worst)
    layer = ""
    if len(worst):
        try:
            network = without_test_views(final.model)
            found = class_maps(network, inputs[0][worst], [int(said[i].argmax()) for i in worst])
        except UnsupportedModelError:
            pass  # a network without maps has mistakes all the same
        else:
            layer = found.layer
            shown = tuple(
                replace(one, attention=_plain(heat)) for one, heat in zip(shown, found.maps, strict=True)
            )
    return PictureSheet(mistakes=shown, num_mistakes=len(wrong), num_holdout=len(rows), attention_layer=layer)


def _with_suspects(subject: Subject, sheet: PictureSheet, judged: OutOfFold) -> PictureSheet:
    """Add the pictures whose label networks doubt that had not learned from them."""
    found = doubted_labels(subject, judged)
    if found is None:
        return sheet
    shown = zip(found.rows[:MOST], found.said, strict=False)
    return replace(
        sheet,
        suspects=tuple(_thumbnail(subject, int(row), said) for row, said in shown),
        num_suspects=len(found.rows),
        num_judged=found.num_judged,
    )


def _thumbnail(subject: Subject, row: int, said: Array) -> Thumbnail:
    names, label = subject.dataset.class_names, int(subject.dataset.target[row])
    best = int(said.argmax())
    pictures = subject.dataset.inputs[0]
    return Thumbnail(
        name=subject.picture_names[row] if subject.picture_names else f"row {row}",
        png=to_png(_as_pixels(pictures[row], pictures)),
        label=names[label],
        predicted=names[best],
        probability=float(said[best]),
        probability_of_label=float(said[label]),
    )


def _as_pixels(picture: Array, pictures: Array) -> Array:
    """Return a picture from 0 to 255, whatever its unit."""
    some = pictures[:: -(-len(pictures) // 64)]
    low, high = float(np.nanmin(some)), float(np.nanmax(some))
    if low >= 0 and high <= 255:
        low, high = 0.0, 1.0 if high <= 1 else 255.0
    return (np.asarray(picture, np.float64) - low) * (255.0 / ((high - low) or 1.0))


def _plain(heat: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(value), 2) for value in row) for row in heat)
