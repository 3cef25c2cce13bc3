"""Pictures that are there more than once: byte for byte, or nearly, by a hash of what they show."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]

_SIDE = 8
_BITS = _SIDE * _SIDE
# Of 64 bits: copies that were resized, compressed again or made slightly brighter differ in a few; different
# pictures in about 32, with a standard deviation of about 5 for natural ones.
_NEAR = 3
# Smooth pictures, such as fog, agree in their hashes by chance; copies also look alike in small: mean
# difference, of 255, of thumbnails.
_ALIKE = 8.0
THUMBNAIL = 16


def difference_hash(picture: Array) -> np.uint64:
    """Return 64 bits that say where a picture gets brighter from left to right.

    Args:
        picture: ``[row, column, channel]`` from 0 to 255.

    Source:
        Krawetz, Kind of Like That, 2013 (difference hash).
    """
    grey = picture.astype(np.float32).mean(axis=2)
    small = np.asarray(Image.fromarray(grey).resize((_SIDE + 1, _SIDE), Image.Resampling.BOX), np.float32)
    bits = (np.diff(small, axis=1) > 0).ravel()
    return np.uint64(int("".join("1" if bit else "0" for bit in bits), 2))


def thumbnail(picture: Array) -> NDArray[np.uint8]:
    """Return the picture ``[16, 16, channel]``."""
    parts = [Image.fromarray(picture[:, :, channel]) for channel in range(picture.shape[2])]
    small = [np.asarray(p.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)) for p in parts]
    return np.stack(small, axis=2).astype(np.uint8)


def copy_codes(pictures: Array) -> NDArray[np.int32]:
    """Return ``[picture]`` codes of groups of copies in decoded pictures of any unit; see `near_copies`.

    Args:
        pictures: ``[picture, row, column, channel]``; the lowest and the highest number stand for 0 and 255.

    Example:
        >>> first = np.random.default_rng(0).random((2, 12, 12, 3))
        >>> copy_codes(np.concatenate([first, first[:1] + 0.001])).tolist()
        [0, 1, 0]
    """
    known = pictures[np.isfinite(pictures)] if np.issubdtype(pictures.dtype, np.floating) else pictures
    low, high = float(known.min(initial=0.0)), float(known.max(initial=0.0))
    hashes = np.zeros(len(pictures), np.uint64)
    thumbnails = np.zeros((len(pictures), THUMBNAIL, THUMBNAIL, pictures.shape[3]), np.uint8)
    for place, picture in enumerate(pictures):
        scaled = (np.nan_to_num(picture.astype(np.float32)) - low) * (255.0 / ((high - low) or 1.0))
        hashes[place] = difference_hash(scaled)
        thumbnails[place] = thumbnail(np.clip(np.rint(scaled), 0, 255).astype(np.uint8))
    return near_copies(hashes, thumbnails)


def near_copies(
    hashes: NDArray[np.uint64], thumbnails: NDArray[np.uint8] | None = None, most: int = _NEAR
) -> NDArray[np.int32]:
    """Return ``[picture]`` codes of groups whose pictures are copies of one another, or nearly.

    Pictures belong together whose hashes differ in few bits and whose thumbnails look alike, and so do those
    in between. With at most three different bits one of four parts of 16 bits is equal: only such pairs are
    compared.

    Args:
        hashes: ``[picture]``, see `difference_hash`.
        thumbnails: ``[picture, row, column, channel]``; None goes by the hashes alone.
        most: bits that may differ, at most 3.

    Returns:
        Codes from 0 on; a picture without a copy has a code of its own. A picture without any contrast, whose
        hash is all 0 or 1, is nobody's copy.

    Example:
        >>> near_copies(np.array([5, 7, 2**40 + 2**20 + 2**9 + 2**3], np.uint64)).tolist()
        [0, 0, 1]
    """
    codes = np.asarray(hashes, np.uint64)
    count = len(codes)
    plain = np.isin(codes, np.array([0, 2**_BITS - 1], np.uint64))
    first: list[Array] = []
    second: list[Array] = []
    for part in range(4):
        keys = (codes >> np.uint64(16 * part)) & np.uint64(0xFFFF)
        order = np.flatnonzero(~plain)[np.argsort(keys[~plain], kind="stable")]
        step = 1
        while step < len(order):
            # Neighbours at growing distance within runs of equal keys.
            left, right = order[:-step], order[step:]
            same = keys[left] == keys[right]
            if not same.any():
                break
            left, right = left[same], right[same]
            near = _num_bits(codes[left] ^ codes[right]) <= most
            if thumbnails is not None:
                near[near] = _look_alike(thumbnails, left[near], right[near])
            first.append(left[near])
            second.append(right[near])
            step += 1
    return _connected(count, first, second)


def _look_alike(thumbnails: NDArray[np.uint8], left: Array, right: Array) -> NDArray[np.bool_]:
    apart = np.abs(thumbnails[left].astype(np.int16) - thumbnails[right])
    return apart.mean(axis=(1, 2, 3)) < _ALIKE


def _num_bits(numbers: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return how many bits of each number are 1."""
    return np.unpackbits(numbers.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1, dtype=np.int64)


def _connected(count: int, first: list[Array], second: list[Array]) -> NDArray[np.int32]:
    """Return codes of the groups that pairs connect, from 0 on."""
    lowest = np.arange(count)
    rows = np.concatenate([*first, np.zeros(0, np.intp)]).astype(np.intp)
    columns = np.concatenate([*second, np.zeros(0, np.intp)]).astype(np.intp)
    while True:
        least = np.minimum(lowest[rows], lowest[columns])
        before = lowest.copy()
        np.minimum.at(lowest, rows, least)
        np.minimum.at(lowest, columns, least)
        lowest = lowest[lowest]
        if np.array_equal(lowest, before):
            return np.unique(lowest, return_inverse=True)[1].astype(np.int32)
