"""Convolutions as matrix products, which a CPU runs several times as fast for the members of a population."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from wellfit.models import Geometry

Product = Callable[[jax.Array, jax.Array], jax.Array]

_MOST_BYTES = (
    2**24
)  # of the patches of one member's batch; beyond, the cache is full and they are not laid out


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
    axes = tuple(range(2, 2 * len(sizes) + 1, 2))
    return windows.max(axes) if kind == "max" else windows.mean(axes)


@cache
def prefers_patches() -> bool:
    """Return whether products of patches are faster here than XLA's convolution, measured once a process."""
    inputs = jnp.ones((16, 12, 12, 8), jnp.float32)
    kernels = jnp.full((2, 3, 3, 8, 16), 0.01, jnp.float32)
    geometry = Geometry(strides=(1, 1), padding=((1, 1), (1, 1)), dilation=(1, 1))

    def by_patches(kernel: jax.Array) -> jax.Array:
        return convolved(inputs, kernel, geometry, jnp.matmul)

    def by_xla(kernel: jax.Array) -> jax.Array:
        return lax.conv_general_dilated(
            inputs, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    return _seconds(by_patches, kernels) < _seconds(by_xla, kernels)


def _seconds(convolve: Callable[[jax.Array], jax.Array], kernels: jax.Array) -> float:
    """Return the least of three times for some updates of some members, in a loop as in training."""
    gradient = jax.vmap(jax.grad(lambda kernel: jnp.square(convolve(kernel)).mean()))

    def step(kernel: jax.Array, _: Any) -> tuple[jax.Array, None]:
        return kernel - 1e-3 * gradient(kernel), None

    run = jax.jit(lambda kernel: lax.scan(step, kernel, None, length=8)[0])
    jax.block_until_ready(run(kernels))
    times = []
    for _ in range(3):
        began = time.perf_counter()
        jax.block_until_ready(run(kernels))
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
