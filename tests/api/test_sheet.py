"""The sheet of augmented pictures: which ones, what they show, and that nothing else has one."""

from __future__ import annotations

import base64
import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from wellfit.api._drawn_sheet import MOST_CLASSES, NUM_DRAWN, drawn_strips
from wellfit.api._sheet import picture_strips, shown_augmentations
from wellfit.data import NewRows
from wellfit.records import Dataset, Effect, Remedy, Settings, Task

EFFECT = Effect(estimate=0.1, low=0.0, high=0.2, p_value=0.1, unit="log_loss", num_pairs=3)


def _remedy(name: str, settings: dict[str, Any], **changes: Any) -> Remedy:
    options = {"stage": "screened", "kept": False, "effect": EFFECT, **changes}
    return Remedy(name=name, settings=settings, **options)


TRIED = (
    _remedy("random-flip-0.5", {"random_flip": 0.5}),
    _remedy("search-2", {"random_flip": 0.5, "random_zoom": 0.2, "l2": 0.1}, stage="confirmed", kept=True),
    _remedy("search-9", {"random_hue": 0.2, "l2": 0.1}),
    _remedy("random-flip-0.2", {"random_flip": 0.2}),
    _remedy("no-random-crop", {"random_crop": 0.0}),
    _remedy("mixup-0.4", {"mixup": 0.4}, effect=None),
    _remedy("dropout-0.5", {"dropout": 0.5}),
)


def _subject(images: np.ndarray) -> Any:
    target = np.array([0] * 10 + [1] * 10, np.int32)[: len(images)]
    data = Dataset(inputs=(images,), target=target, task=Task.BINARY, class_names=("a", "b"))
    return SimpleNamespace(dataset=data, working=np.arange(len(images)), baseline=Settings())


def _cells(png: str, side: int, gap: int = 2) -> list[np.ndarray]:
    strip = np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("L"))
    return [strip[:, at : at + side] for at in range(0, strip.shape[1], side + gap)]


def test_each_kind_is_shown_once_and_what_was_kept_comes_first() -> None:
    """Of two strengths the first; no combination that was only searched, nothing without an effect."""
    shown = shown_augmentations(Settings(), TRIED)
    assert [one[0] for one in shown] == ["search-2", "random-flip-0.5"]
    assert shown[0][1:] == ({"random_flip": 0.5, "random_zoom": 0.2}, True)
    own = shown_augmentations(Settings(random_crop=0.3), TRIED)
    assert [one[0] for one in own] == ["search-2", "baseline", "random-flip-0.5"]
    assert own[0][1]["random_crop"] == 0.3


@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_strips_show_a_picture_and_its_versions(scale: float) -> None:
    """Two pictures of two classes, each with three versions that are it or its mirror image."""
    rng = np.random.default_rng(0)
    images = (scale * rng.uniform(size=(20, 48, 48, 1)).round(1)).astype(np.float32)
    images[0, 0, 0] = scale
    (strip,) = picture_strips(_subject(images), TRIED[:1])
    assert (strip.num_pictures, strip.num_versions, strip.kept) == (2, 3, False)
    assert (strip.width, strip.height) == (8 * 50 - 2, 48)
    cells = [cell.astype(int) for cell in _cells(strip.png, 48)]
    for first, row in ((0, 0), (4, 10)):
        wanted = np.rint(images[row, ..., 0] * 255 / scale).astype(int)
        np.testing.assert_array_equal(cells[first], wanted)
        for cell in cells[first + 1 : first + 4]:
            assert np.array_equal(cell, wanted) or np.array_equal(cell, wanted[:, ::-1])


def test_colored_strips_are_small() -> None:
    """Ten strips of noise, which no file can compress, stay far below a megabyte; large pictures shrink."""
    images = np.random.default_rng(0).uniform(0, 255, (20, 96, 64, 3)).astype(np.float32)
    (strip,) = picture_strips(_subject(images), TRIED[:1])
    assert strip.height == 48
    assert strip.width == 8 * 34 - 2
    assert len(strip.png) < 30_000


def test_tables_have_no_sheet() -> None:
    """Nor have pictures for which no augmentation was tried."""
    images = np.zeros((20, 8, 8, 1), np.float32)
    assert picture_strips(_subject(images[:, 0, :, 0]), TRIED) == ()
    assert picture_strips(_subject(images), TRIED[-1:]) == ()


@pytest.mark.parametrize("kept", [False, True])
def test_drawn_pictures_follow_one_of_their_class(kept: bool) -> None:
    """Each class in turn: a picture that was learned from, then the first that were drawn of it."""
    images = np.repeat(np.arange(20, dtype=np.float32) * 10, 48 * 48).reshape(20, 48, 48, 1)
    dataset = _subject(images).dataset
    origin = np.arange(19, 1, -1, dtype=np.int32)
    made = NewRows(inputs=(images[origin] + 5,), target=dataset.target[origin], origin=origin)
    strips = drawn_strips(dataset, made, kept=kept)
    assert [(one.label, one.num_drawn, one.kept) for one in strips] == [("a", 7, kept), ("b", 7, kept)]
    for strip, first in zip(strips, (9, 19), strict=True):
        shades = [int(cell[0, 0]) for cell in _cells(strip.png, 48)]
        assert shades == [first * 10, *(10 * row + 5 for row in range(first, first - NUM_DRAWN, -1))]


def test_only_some_classes_are_shown_and_nothing_where_nothing_was_drawn() -> None:
    """A page of hundreds of strips would say no more."""
    target = np.arange(30, dtype=np.int32) // 2
    images = np.zeros((30, 8, 8, 3), np.uint8)
    names = tuple(f"class {code:02}" for code in range(15))
    dataset = Dataset(inputs=(images,), target=target, task=Task.MULTICLASS, class_names=names)
    made = NewRows(inputs=(images,), target=target, origin=np.arange(30, dtype=np.int32))
    strips = drawn_strips(dataset, made, kept=False)
    assert [one.label for one in strips] == list(names[:MOST_CLASSES])
    assert {one.num_drawn for one in strips} == {2}
    assert drawn_strips(dataset, None, kept=False) == ()
