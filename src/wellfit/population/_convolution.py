"""Convolutions as matrix products, which a CPU runs several times as fast for the members of a population."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import StrEnum
from functools import reduce
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from wellfit.models import Geometry
from wellfit.population._device import num_workers

_WORTH_A_CALL = 2**17  # products a row; measured: of less work a call for each update is too large a part
_UPDATES, _TURNS = 4, 6  # that are timed to find the fastest way
_FEW_PRODUCTS = 32  # in a place of a map, as in the first layer of a network for pictures

Product = Callable[[jax.Array, jax.Array], jax.Array]

_MOST_BYTES = (
    2**24
)  # of the patches of one member's batch; beyond, the cache is full and they are not laid out


class Convolving(StrEnum):
    """How a program convolves.

    ``own`` is XLA's convolution inside the compiled loop, as suits an accelerator. On a CPU that is several
    times as slow as outside of a loop: there convolutions are products of ``patches`` inside it, or XLA's own
    in a program of one update that is called for each of the ``steps``.
    """

    OWN = "own"
    PATCHES = "patches"
    STEPS = "steps"

    def leaves(self, kernel: tuple[int, ...], geometry: Geometry) -> bool:
        """Return whether a convolution with a kernel of this shape is left to Keras."""
        few = geometry.groups > 1 or math.prod(kernel[:-1]) <= _FEW_PRODUCTS
        return self is Convolving.OWN or (self is Convolving.STEPS and not few)


def convolved(inputs: jax.Array, kernel: jax.Array, geometry: Geometry, matmul: Product) -> jax.Array:
    """Return a convolution as the product of patches and a matrix.

    XLA's own convolution for a CPU is slow inside a loop, and slower still where every member has a kernel of
    its own. The patches, ``[place, kernel place and channel]``, are laid out once instead; where they would
    not fit the cache, the products for each place of the kernel are summed.

    Args:
        inputs: ``[row, place..., channel]``.
        kernel: ``[kernel place..., channel of a group, output channel]``.
        geometry: strides, padding, dilation and groups.
        matmul: the matrix product that suits the device.

    Returns:
        ``[row, place..., output channel]``.

    Source:
        Chellapilla, Puri and Simard, High Performance Convolutional Neural Networks for Document Processing,
        2006 (convolution by unrolled patches).
    """
    if geometry.groups == 1 and math.prod(kernel.shape[:-1]) <= _FEW_PRODUCTS:
        pairs = _in_pairs(inputs, kernel, geometry, matmul)
        if pairs is not None:
            return pairs
    slices = _slices(inputs, kernel.shape[:-2], geometry)
    channels, filters = inputs.shape[-1], kernel.shape[-1]
    weights = kernel.reshape(-1, *kernel.shape[-2:])
    if geometry.groups == 1:
        return _product(slices, weights, matmul)
    if geometry.groups == channels:
        each = filters // channels
        total = sum(
            part[..., None] * weight.reshape(channels, each)
            for part, weight in zip(slices, weights, strict=True)
        )
        return jnp.asarray(total).reshape(*slices[0].shape[:-1], filters)
    inner, outer = channels // geometry.groups, filters // geometry.groups
    groups = [
        _product(
            [part[..., g * inner : (g + 1) * inner] for part in slices],
            weights[..., g * outer : (g + 1) * outer],
            matmul,
        )
        for g in range(geometry.groups)
    ]
    return jnp.concatenate(groups, -1)


def pooled(
    inputs: jax.Array, kind: str, sizes: tuple[int, ...], strides: tuple[int, ...]
) -> jax.Array | None:
    """Return maxima or means of windows that touch but do not overlap; None for others.

    Args:
        inputs: ``[row, place..., channel]``.
        kind: ``max`` or ``average``.
        sizes: of a window.
        strides: from one window to the next.
    """
    if sizes != strides:
        return None
    counts = [have // size for have, size in zip(inputs.shape[1:-1], sizes, strict=True)]
    inside = tuple(slice(0, count * size) for count, size in zip(counts, sizes, strict=True))
    split = [number for pair in zip(counts, sizes, strict=True) for number in pair]
    windows = inputs[(slice(None), *inside)].reshape(inputs.shape[0], *split, inputs.shape[-1])
    if kind == "average":
        return windows.mean(tuple(range(2, 2 * len(sizes) + 1, 2)))
    # Maxima of pairs: the gradient of one maximum over all axes is twice as slow.
    for axis, size in enumerate(sizes):
        parts = [lax.index_in_dim(windows, place, axis + 2, keepdims=False) for place in range(size)]
        windows = reduce(jnp.maximum, parts)
    return windows


def fastest_convolving(num_products: int) -> Convolving:
    """Return how a network that takes so many products a row convolves fastest on this device."""
    times = _times()
    ways = [way for way in times if way is not Convolving.STEPS or num_products >= _WORTH_A_CALL]
    return min(ways, key=lambda way: times[way])


_MEASURED: dict[Convolving, float] = {}


def convolving_times() -> dict[str, float]:
    """Return what was measured in this process, or is used in its place; empty where nothing was yet."""
    return {str(way): seconds for way, seconds in _MEASURED.items()}


def use_convolving_times(times: Mapping[str, float]) -> None:
    """Let this process convolve as another one did, whose program gives the same numbers to the last bit.

    Args:
        times: what `convolving_times` returned there.
    """
    _MEASURED.update({Convolving(way): float(seconds) for way, seconds in times.items()})


def _times() -> dict[Convolving, float]:
    """Return seconds of each way, measured once a process on as many threads as it has cores."""
    if not _MEASURED:
        _MEASURED.update(_measured_times())
    return _MEASURED


def _measured_times() -> dict[Convolving, float]:
    weights = (jnp.full((16, 16, 16, 16), 0.1, jnp.float32), jnp.full((3, 3, 16, 32), 0.1, jnp.float32))
    geometry = Geometry(strides=(1, 1), padding=((1, 1), (1, 1)), dilation=(1, 1))

    def by_patches(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
        return convolved(inputs, kernel, geometry, jnp.matmul)

    def by_xla(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
        return lax.conv_general_dilated(
            inputs, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    times: dict[Convolving, float] = {}
    for way, convolve in (
        (Convolving.STEPS, by_xla),
        (Convolving.PATCHES, by_patches),
        (Convolving.OWN, by_xla),
    ):
        slow = min(times.values(), default=math.inf)
        times[way] = _seconds(convolve, weights, slow, in_loop=way is not Convolving.STEPS)
    return times


def _seconds(convolve: Product, weights: tuple[jax.Array, jax.Array], slow: float, *, in_loop: bool) -> float:
    """Return the least of some times for a few updates of a kernel and of what it meets.

    Args:
        convolve: the convolution of both.
        weights: what it meets, and the kernel.
        slow: seconds; where twice as many are needed once, that is enough to know.
        in_loop: whether all updates are one program, or each is a call.
    """
    gradient = jax.grad(lambda weights: jnp.square(convolve(*weights)).mean())

    def step(weights: Any) -> Any:
        return jax.tree.map(lambda value, slope: value - 1e-3 * slope, weights, gradient(weights))

    def steps(weights: Any) -> Any:
        return lax.fori_loop(0, _UPDATES, lambda _, own: step(own), weights)

    program = jax.jit(steps if in_loop else step).lower(weights).compile()

    def run() -> None:
        own = weights
        for _ in range(1 if in_loop else _UPDATES):
            own = program(own)
        jax.block_until_ready(own)

    times: list[float] = []
    with ThreadPoolExecutor(num_workers()) as pool:
        while len(times) < _TURNS and (len(times) < 2 or min(times) < 2.0 * slow):
            began = time.perf_counter()
            for future in [pool.submit(run) for _ in range(num_workers())]:
                future.result()
            times.append(time.perf_counter() - began)
    return min(times)


def _slices(inputs: jax.Array, sizes: tuple[int, ...], geometry: Geometry) -> list[jax.Array]:
    """Return what each place of the kernel meets, ``[row, place..., channel]`` each."""
    padded = inputs
    if any(low or high for low, high in geometry.padding):
        padded = jnp.pad(inputs, ((0, 0), *geometry.padding, (0, 0)))
    steps = list(zip(sizes, geometry.strides, geometry.dilation, strict=True))
    counts = [
        (have - (size - 1) * dilation - 1) // stride + 1
        for have, (size, stride, dilation) in zip(padded.shape[1:-1], steps, strict=True)
    ]
    found = []
    for place in product(*(range(size) for size in sizes)):
        windows = tuple(
            slice(at * dilation, at * dilation + (count - 1) * stride + 1, stride)
            for at, count, (_, stride, dilation) in zip(place, counts, steps, strict=True)
        )
        found.append(padded[(slice(None), *windows)])
    return found


def _in_pairs(inputs: jax.Array, kernel: jax.Array, geometry: Geometry, matmul: Product) -> jax.Array | None:
    """Return the convolution with two neighbouring places at once; None where the last axis has no pairs.

    A patch of both is little larger than that of one, so that laying them out takes nearly half the time, and
    the product is a wider one. That it is half with zeros matters little where a patch is small.
    """
    if geometry.strides[-1] != 1 or geometry.dilation[-1] != 1:
        return None
    size, filters = kernel.shape[-3], kernel.shape[-1]
    if (inputs.shape[-2] + sum(geometry.padding[-1]) - size + 1) % 2:
        return None
    around = [(0, 0)] * (kernel.ndim - 3)
    shifted = [jnp.pad(kernel, (*around, (at, 1 - at), (0, 0), (0, 0))) for at in (0, 1)]
    both = jnp.concatenate(shifted, -1).reshape(-1, kernel.shape[-2], 2 * filters)
    wide = replace(geometry, strides=(*geometry.strides[:-1], 2))
    found = _product(_slices(inputs, (*kernel.shape[:-3], size + 1), wide), both, matmul)
    return found.reshape(*found.shape[:-2], 2 * found.shape[-2], filters)


def _product(slices: list[jax.Array], weights: jax.Array, matmul: Product) -> jax.Array:
    """Return the product of patches ``[place of the kernel][row, ..., channel]`` and their weights."""
    shape = slices[0].shape[:-1]
    bytes_needed = 4 * slices[0].size * len(slices)
    if bytes_needed <= _MOST_BYTES or len(slices) == 1:
        patches = slices[0] if len(slices) == 1 else jnp.concatenate(slices, -1)
        flat = patches.reshape(-1, patches.shape[-1])
        return matmul(flat, weights.reshape(flat.shape[-1], -1)).reshape(*shape, -1)
    total = sum(
        matmul(part.reshape(-1, part.shape[-1]), weight) for part, weight in zip(slices, weights, strict=True)
    )
    return jnp.asarray(total).reshape(*shape, -1)
