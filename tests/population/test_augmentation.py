"""What each change of pictures does to them: the distribution that Keras' layers have, and nothing at 0."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import keras
import numpy as np
import pytest
from scipy import ndimage

from wellfit.population._mechanisms import Batch
from wellfit.population._mechanisms.affine import AFFINE_FIELDS, drawn_maps, resampled
from wellfit.population._mechanisms.augmentation import AUGMENTATIONS
from wellfit.population._mechanisms.color import hue_turned, saturated
from wellfit.population._mechanisms.cutmix import Cutmix
from wellfit.population._mechanisms.rand_augment import drawn_operations
from wellfit.records import AUGMENTATION_FIELDS, Settings, members_from

Array = np.ndarray
FIELDS = sorted({name for name in vars(Settings()) if name.startswith("rand")})


def pictures(count: int = 200, channels: int = 3) -> Array:
    """Return noise of 8 rows and 10 columns."""
    return np.random.default_rng(1).normal(size=(count, 8, 10, channels)).astype(np.float32)


def changed(given: Array, seed: int = 7, **strengths: float) -> Array:
    """Return pictures after all changes, in their order."""
    own = {field: jnp.float32(strengths.get(field, 0.0)) for field in FIELDS}
    values = jnp.asarray(given)
    for mechanism in AUGMENTATIONS:
        values = mechanism.changed(values, own, jnp.uint32(seed))
    return np.asarray(values)


def smooth(channels: int = 1) -> Array:
    """Return a smooth picture of 24 rows and 30 columns, and another one."""
    noise = np.random.default_rng(3).normal(size=(2, 24, 30, channels))
    return ndimage.gaussian_filter(noise, (0, 2, 2, 0)).astype(np.float32)


def test_nothing_changes_at_0() -> None:
    """Strengths of 0 leave every bit."""
    given = pictures()
    np.testing.assert_array_equal(changed(given), given)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_change_is_another_one_for_each_picture(field: str, channels: int) -> None:
    """Equal pictures become different ones, all of them finite; one channel has no color to change."""
    given = np.repeat(pictures(1, channels), 40, axis=0)
    found = changed(given, **{field: 0.5})
    assert np.isfinite(found).all()
    if channels == 1 and field in ("random_hue", "random_saturation"):
        np.testing.assert_array_equal(found, given)
    else:
        assert len(np.unique(found.round(4), axis=0)) > (1 if field == "random_flip" else 15)


def test_pictures_are_mirrored_half_of_the_time() -> None:
    """Each is itself or its mirror image."""
    given = pictures()
    found = changed(given, random_flip=0.5)
    same = (found == given).all((1, 2, 3))
    turned = (found == given[:, :, ::-1]).all((1, 2, 3))
    assert (same ^ turned).all()
    assert 0.4 < turned.mean() < 0.6


def test_pictures_are_shifted_by_whole_pixels() -> None:
    """Inside they are the old ones, moved by at most the share; in all directions."""
    given = pictures()
    found = changed(given, random_translation=0.2)
    seen = set()
    for old, new in zip(given, found, strict=True):
        padded = np.pad(old, ((2, 2), (2, 2), (0, 0)), mode="edge")
        fits = [
            (dy, dx)
            for dy in range(-2, 3)
            for dx in range(-2, 3)
            if np.array_equal(padded[2 + dy : 10 + dy, 2 + dx : 12 + dx], new)
        ]
        assert len(fits) == 1
        seen.add(fits[0])
    assert len(seen) > 12


def _maps(**strengths: float) -> tuple[Array, Array]:
    own = {field: jnp.float32(strengths.get(field, 0.0)) for field in AFFINE_FIELDS}
    matrix, shift = drawn_maps((2000, 20, 30, 1), own, jnp.uint32(5))
    return np.asarray(matrix), np.asarray(shift)


def test_angles_are_shares_of_a_turn() -> None:
    """They are uniform between both ends, as those of Keras' `RandomRotation`; nothing is scaled."""
    matrix, shift = _maps(random_rotation=0.1)
    turn = np.arctan2(matrix[:, 0, 1], matrix[:, 0, 0]) / (2 * np.pi)
    assert 0.095 < turn.max() <= 0.1001
    assert abs(turn.mean()) < 0.005
    np.testing.assert_allclose(turn.std(), 0.2 / np.sqrt(12), rtol=0.05)
    np.testing.assert_allclose(np.linalg.det(matrix), 1.0, rtol=1e-5)
    assert not shift.any()


def test_zooms_shears_and_crops_have_their_ranges() -> None:
    """A zoom keeps proportions; a crop reads from inside the picture only; shears leave the diagonal."""
    matrix, _ = _maps(random_zoom=0.3)
    zoom = matrix[:, 0, 0]
    np.testing.assert_allclose(matrix, zoom[:, None, None] * np.eye(2), atol=1e-6)
    assert 0.7 <= zoom.min() < 0.71
    assert 1.29 < zoom.max() <= 1.3001
    matrix, _ = _maps(random_shear=0.2)
    np.testing.assert_allclose(np.diagonal(matrix, axis1=1, axis2=2), 1.0, atol=1e-6)
    assert abs(np.corrcoef(matrix[:, 0, 1], matrix[:, 1, 0])[0, 1]) < 0.1
    assert 0.19 < np.abs(matrix[:, 0, 1]).max() <= 0.2001
    matrix, shift = _maps(random_crop=0.4)
    assert 0.6 <= matrix[:, 0, 0].min() < 0.61
    for axis, size in ((0, 20), (1, 30)):
        reach = matrix[:, axis, axis] * (size - 1) / 2 + np.abs(shift[:, axis])
        assert reach.max() <= (size - 1) / 2 * 1.0001


def test_a_rotation_is_that_of_scipy_and_keras() -> None:
    """A known angle, bilinear, the edge repeated; likewise a zoom."""
    given, turn = smooth(), 0.08
    sine, cosine = np.sin(2 * np.pi * turn), np.cos(2 * np.pi * turn)
    matrix = np.array([[cosine, sine], [-sine, cosine]])
    found = resampled(jnp.asarray(given), jnp.asarray([matrix] * 2, jnp.float32), jnp.zeros((2, 2)))
    middle = np.array([11.5, 14.5])
    for one, other in zip(given, np.asarray(found), strict=True):
        moved = ndimage.affine_transform(
            one[..., 0], matrix, offset=middle - matrix @ middle, order=1, mode="nearest"
        )
        np.testing.assert_allclose(other[..., 0], moved, atol=1e-4)
    layer: Any = keras.layers.RandomRotation((turn, turn), fill_mode="nearest")
    np.testing.assert_allclose(found, layer(given, training=True), atol=1e-3)
    matrix = 1.2 * np.eye(2)
    found = resampled(jnp.asarray(given), jnp.asarray([matrix] * 2, jnp.float32), jnp.zeros((2, 2)))
    layer = keras.layers.RandomZoom((0.2, 0.2), fill_mode="nearest")
    np.testing.assert_allclose(found, layer(given, training=True), atol=1e-3)


def test_colors_are_those_of_keras() -> None:
    """Known saturations and hues, on pictures from 0 to 255; a constant added to them changes no hue."""
    given = np.random.default_rng(0).uniform(0, 255, (3, 6, 5, 3)).astype(np.float32)
    for place in (0.2, 0.5, 0.8):
        layer: Any = keras.layers.RandomSaturation((place, place), value_range=(0, 1))
        wanted = 255 * np.asarray(layer(given / 255, training=True))
        factor = jnp.full(3, place / (1 - place))
        np.testing.assert_allclose(saturated(jnp.asarray(given), factor), wanted, atol=0.02)
    layer = keras.layers.RandomHue((0.4, 0.4), seed=0)
    wanted = np.asarray(layer(given, training=True))
    ways = np.stack([np.asarray(hue_turned(jnp.asarray(given), jnp.full(3, turn))) for turn in (0.2, -0.2)])
    assert np.abs(ways - wanted).max((2, 3, 4)).min(0).max() < 0.05
    lifted = np.asarray(hue_turned(jnp.asarray(given - 300), jnp.full(3, 0.2))) + 300
    np.testing.assert_allclose(lifted, ways[0], atol=0.01)


def test_light_changes_by_one_number_a_picture() -> None:
    """Brightness adds it to all pixels, contrast multiplies what differs from the mean."""
    given = pictures()
    added = changed(given, random_brightness=0.5) - given
    assert np.ptp(added, axis=(1, 2, 3)).max() < 1e-5
    assert 0.3 < np.abs(added).max() <= 0.5 * given.std((1, 2, 3)).max() * 1.001
    mean = given.mean((1, 2), keepdims=True)
    factor = (changed(given, random_contrast=0.5) - mean) / (given - mean)
    assert np.median(np.ptp(factor, axis=(1, 2, 3))) < 0.05
    assert np.median(factor, axis=(1, 2, 3)).min() < 0.6


def test_noise_is_a_share_of_the_picture() -> None:
    """It has no mean, the deviation that was asked for, a bell's shape, and no neighbors in common."""
    given = pictures()
    noise = (changed(given, random_noise=0.3) - given) / given.std((1, 2, 3), keepdims=True)
    assert abs(noise.mean()) < 0.01
    np.testing.assert_allclose(noise.std(), 0.3, rtol=0.02)
    assert abs(((noise / noise.std()) ** 4).mean() - 3.0) < 0.4
    assert abs((noise[:, 1:] * noise[:, :-1]).mean()) < 0.003


@pytest.mark.parametrize(
    "field", ["random_brightness", "random_contrast", "random_noise", "random_erasing", "random_flip"]
)
def test_light_keeps_the_mean(field: str) -> None:
    """Over many pictures, neither lighter nor darker."""
    given = pictures(2000)
    found = changed(given, **{field: 0.4})
    np.testing.assert_allclose(found.mean(), given.mean(), atol=0.01)


def test_a_part_of_every_picture_is_erased() -> None:
    """It is a rectangle of the share of the sides, less at the edges, with the picture's mean."""
    given = pictures()
    found = changed(given, random_erasing=0.5)
    gone = (found != given).any(axis=3)
    assert np.ptp(found[0][gone[0]], axis=0).max() == 0
    assert (gone.any(axis=(1, 2))).all()
    for one in gone:
        assert _is_rectangle(one)
        assert one.any(1).sum() <= 5
        assert one.any(0).sum() <= 6


def test_two_different_operations_are_drawn() -> None:
    """Each as often as any other, up or down alike, at the magnitude; sometimes one is none."""
    amounts = {name: np.asarray(v) for name, v in drawn_operations(0.5, jnp.uint32(1), 9000).items()}
    used = np.stack([values != 0 for values in amounts.values()])
    assert set(used.sum(0)) == {1, 2}
    np.testing.assert_allclose(used.mean(1), 2 / 9, atol=0.02)
    np.testing.assert_allclose((used.sum(0) == 1).mean(), 2 / 9, atol=0.02)
    np.testing.assert_allclose(np.unique(np.abs(amounts["contrast"])), [0, 0.45], rtol=1e-6)
    assert abs(np.sign(amounts["rotation"]).mean()) < 0.03
    assert np.abs(amounts["rotation"]).max() == pytest.approx(0.5 / 12)


def test_cutmix_cuts_a_rectangle_of_a_picture() -> None:
    """Pixels come from one of two pictures, and labels are mixed by the area that did stay."""
    rows = 64
    given = pictures(rows, 1)
    target = np.eye(rows, dtype=np.float32)
    member = members_from([Settings(cutmix=1.0)], split=[0], seed=[0])
    mechanism = Cutmix()
    own = {name: jnp.asarray(value[0]) for name, value in mechanism.numbers(None, member).items()}  # type: ignore[arg-type]
    batch = Batch([jnp.asarray(given)], jnp.asarray(target), jnp.ones(rows), jnp.ones(rows))
    found = mechanism.batch(batch, type("Numbers", (), {"own": own}), jnp.uint32(3))
    other = given[::-1]
    is_other = (np.asarray(found.inputs[0]) == other)[..., 0]
    is_own = (np.asarray(found.inputs[0]) == given)[..., 0]
    assert (is_own ^ is_other).all()
    assert all(_is_rectangle(one) for one in is_other if one.any())
    np.testing.assert_allclose(np.diagonal(found.target), is_own.mean((1, 2)), atol=1e-6)
    np.testing.assert_allclose(found.target.sum(1), 1.0, atol=1e-6)
    assert 0.5 < is_own.mean() < 0.9  # the half that is drawn, and what the edges cut off
    assert is_other.any((1, 2)).mean() > 0.8


def _is_rectangle(one: Array) -> bool:
    rows, columns = np.flatnonzero(one.any(1)), np.flatnonzero(one.any(0))
    return bool(one[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all())


def test_every_field_that_changes_pictures_is_named_as_one() -> None:
    """What passes a frozen part in versions, and what the sheet shows, goes by this list."""
    member = members_from([Settings()], split=[0], seed=[0])
    network: Any = None  # what changes batches does not look at it
    found = {name for one in AUGMENTATIONS for name in one.numbers(network, member)}
    assert found == set(AUGMENTATION_FIELDS)
