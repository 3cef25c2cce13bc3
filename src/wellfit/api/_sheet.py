"""What the network sees: training pictures beside what the augmentations that were tried make of them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._subject import Subject, picture_position
from wellfit.data import png_strip
from wellfit.population import PICTURE_FIELDS, augmented
from wellfit.records import PictureStrip, Remedy, Settings

Array = NDArray[Any]
Shown = tuple[str, dict[str, object], bool]  # name, what it sets of `PICTURE_FIELDS`, whether it was kept

_NUM_PICTURES, _NUM_VERSIONS, _MOST_STRIPS = 2, 3, 10
_BATCH = 8  # pictures that are changed together: mixing needs others


def picture_strips(subject: Subject, remedies: Sequence[Remedy]) -> tuple[PictureStrip, ...]:
    """Return a strip for each augmentation that was measured, the kept ones first.

    Of several strengths of one augmentation, the first is shown, which is the best. Combinations of a
    search are shown where they were confirmed or at least tried to be.

    Args:
        subject: whose training rows hold pictures; others give no strips.
        remedies: what was tried, confirmed ones first, then by falling effect.
    """
    position = picture_position(subject.dataset)
    shown = shown_augmentations(subject.baseline, remedies)
    if position is None or not shown:
        return ()
    pictures = _chosen(subject, position)
    return tuple(_strip(pictures, subject.baseline, one) for one in shown)


def shown_augmentations(baseline: Settings, remedies: Sequence[Remedy]) -> list[Shown]:
    """Return which augmentations the sheet shows, each kind once, the kept ones first."""
    own = {field: getattr(baseline, field) for field in PICTURE_FIELDS if getattr(baseline, field)}
    no_change = not any(remedy.kept for remedy in remedies)
    found: list[Shown] = [("baseline", dict(own), no_change)] if own else []
    for remedy in remedies:
        changed = {name: value for name, value in remedy.settings.items() if name in PICTURE_FIELDS}
        is_alone = remedy.stage == "confirmed" or len(changed) == len(remedy.settings)
        if remedy.effect is not None and is_alone and any(changed.values()):
            found.append((remedy.name, {**own, **changed}, remedy.kept))
    kinds: dict[frozenset[str], Shown] = {}
    for one in sorted(found, key=lambda one: not one[2]):
        kinds.setdefault(frozenset(name for name, value in one[1].items() if value), one)
    return list(kinds.values())[:_MOST_STRIPS]


def _chosen(subject: Subject, position: int) -> Array:
    """Return pictures to learn from, of as many classes as there are."""
    rows = subject.working
    if subject.dataset.task.is_classification:
        labels = subject.dataset.target[rows]
        turn = np.zeros(len(rows), np.int64)  # which of its class a row is
        for code in np.unique(labels):
            turn[labels == code] = np.arange((labels == code).sum())
        rows = rows[np.lexsort((labels, turn))]
    return np.asarray(subject.dataset.inputs[position][rows[:_BATCH]], np.float32)


def _strip(pictures: Array, baseline: Settings, shown: Shown) -> PictureStrip:
    name, settings, kept = shown
    changes: dict[str, Any] = dict(settings)
    versions = augmented(pictures, replace(baseline, **changes), seeds=range(_NUM_VERSIONS))
    num_pictures = min(_NUM_PICTURES, len(pictures))
    # From [1 + version, picture] to one row: a picture, then its versions, then the next one.
    cells = np.concatenate([pictures[None], versions])[:, :num_pictures].swapaxes(0, 1)
    data, width, height = png_strip(as_bytes(cells.reshape(-1, *pictures.shape[1:]), pictures))
    return PictureStrip(
        name=name,
        settings={field: value for field, value in settings.items() if value},
        kept=kept,
        num_pictures=num_pictures,
        num_versions=_NUM_VERSIONS,
        width=width,
        height=height,
        png=base64.b64encode(data).decode("ascii"),
    )


def as_bytes(values: Array, pictures: Array) -> NDArray[np.uint8]:
    """Return numbers as 0 to 255, by the range that pictures usually have: up to 1, to 255, or their own."""
    low, high = min(0.0, float(pictures.min())), float(pictures.max())
    if low == 0.0 and high <= 1.0:
        high = 1.0
    elif low == 0.0 and 64.0 < high <= 255.0:
        high = 255.0
    scaled = (values - low) * (255.0 / max(high - low, 1e-12))
    return np.clip(np.rint(np.nan_to_num(scaled)), 0, 255).astype(np.uint8)
