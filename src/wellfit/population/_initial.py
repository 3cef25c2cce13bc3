"""Initial weights of every member, on the host: a function of the member's seed and the variable alone.

A member's start therefore does not depend on its neighbours. A narrowed member starts as the narrower
network would: the scale of its kernels follows the number of units that are on, and what is off is zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from wellfit.models import NetworkFunction, VariableInfo, initial_value

Array = np.ndarray

# Standard deviation of a standard normal cut at two: Keras divides by it so that the cut keeps the variance.
_TRUNCATED_STDDEV = 0.87962566103423978

_VARIANCE_SCALING: dict[str, tuple[float, str, str]] = {
    "GlorotUniform": (1.0, "fan_avg", "uniform"),
    "GlorotNormal": (1.0, "fan_avg", "truncated_normal"),
    "HeUniform": (2.0, "fan_in", "uniform"),
    "HeNormal": (2.0, "fan_in", "truncated_normal"),
    "LecunUniform": (1.0, "fan_in", "uniform"),
    "LecunNormal": (1.0, "fan_in", "truncated_normal"),
}


def initial_weights(network: NetworkFunction, seeds: Array, units: Array | None = None) -> list[Array]:
    """Draw the initial value of every variable of every member.

    Args:
        network: the network.
        seeds: ``[member]`` uint32.
        units: ``[member, group]`` units that are on, or None if all are.

    Returns:
        One array ``[member, ...]`` for each variable, trainable ones first.
    """
    variables = [*network.trainable, *network.non_trainable]
    return [_initial(info, index, seeds, units) for index, info in enumerate(variables)]


def _initial(info: VariableInfo, index: int, seeds: Array, units: Array | None) -> Array:
    if info.is_seed:
        states = [_generator(seed, index).integers(0, 2**31, info.shape) for seed in seeds]
        return np.asarray(states, info.dtype)
    draw = _sampler(info)
    if draw is None:
        values = initial_value(info, 0)
        full = np.broadcast_to(values, (len(seeds), *info.shape)).astype(info.dtype)
    else:
        full = np.stack([draw(_generator(seed, index)) for seed in seeds]).astype(info.dtype)
    return full if units is None else _narrowed(full, info, units)


def _generator(seed: int, index: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=(int(seed) << 32) | index))


def _sampler(info: VariableInfo) -> Callable[[np.random.Generator], Array] | None:
    """Return how to draw the variable, or None if it starts from a constant."""
    config = info.initializer
    if config is None:
        return None
    name, arguments = config["class_name"], config["config"]
    shape = info.shape
    if name in _VARIANCE_SCALING or name == "VarianceScaling":
        scale, mode, distribution = _VARIANCE_SCALING.get(name) or (
            arguments["scale"],
            arguments["mode"],
            arguments["distribution"],
        )
        variance = scale / _fan(shape, mode)
        return lambda rng: _draw(rng, shape, distribution, math.sqrt(variance))
    if name == "RandomNormal":
        return lambda rng: rng.normal(arguments["mean"], arguments["stddev"], shape)
    if name == "TruncatedNormal":
        return lambda rng: arguments["mean"] + arguments["stddev"] * _truncated(rng, shape)
    if name == "RandomUniform":
        return lambda rng: rng.uniform(arguments["minval"], arguments["maxval"], shape)
    if name in ("Zeros", "Ones", "Constant", "Identity", "IdentityInitializer", "STFT"):
        return None
    return lambda rng: initial_value(info, int(rng.integers(0, 2**31)))


def _draw(rng: np.random.Generator, shape: tuple[int, ...], distribution: str, stddev: float) -> Array:
    if distribution == "uniform":
        return rng.uniform(-1.0, 1.0, shape) * (stddev * math.sqrt(3.0))
    if distribution == "truncated_normal":
        return _truncated(rng, shape) * (stddev / _TRUNCATED_STDDEV)
    return rng.normal(0.0, stddev, shape)


def _truncated(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    values = rng.standard_normal(shape)
    outside = np.abs(values) > 2.0
    while outside.any():
        values[outside] = rng.standard_normal(int(outside.sum()))
        outside = np.abs(values) > 2.0
    return values


def _fans(shape: Sequence[int]) -> tuple[float, float]:
    if len(shape) < 1:
        return 1.0, 1.0
    if len(shape) == 1:
        return float(shape[0]), float(shape[0])
    receptive = math.prod(shape[:-2])
    return float(shape[-2] * receptive), float(shape[-1] * receptive)


def _fan(shape: Sequence[int], mode: str) -> float:
    fan_in, fan_out = _fans(shape)
    return max(1.0, {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[mode])


def _narrowed(full: Array, info: VariableInfo, units: Array) -> Array:
    """Zero what is off and rescale the rest as the initialiser would for the smaller shape."""
    if all(segments is None for segments in info.axes):
        return full
    small_shape = np.tile(np.asarray(info.shape, np.float64), (len(units), 1))
    for axis, segments in enumerate(info.axes):
        if segments is None:
            continue
        masks = [
            np.ones((len(units), size), full.dtype)
            if group is None
            else (np.arange(size) < units[:, group, None]).astype(full.dtype)
            for group, size in segments
        ]
        mask = np.concatenate(masks, axis=1)
        small_shape[:, axis] = mask.sum(axis=1)
        shape = [len(units)] + [1] * len(info.shape)
        shape[axis + 1] = info.shape[axis]
        full = full * mask.reshape(shape)
    mode = _fan_mode(info)
    if mode is None:
        return full
    ratio = [math.sqrt(_fan(info.shape, mode) / _fan(tuple(shape), mode)) for shape in small_shape]
    return full * np.asarray(ratio, full.dtype).reshape([len(units)] + [1] * len(info.shape))


def _fan_mode(info: VariableInfo) -> str | None:
    if info.initializer is None:
        return None
    name = info.initializer["class_name"]
    if name == "VarianceScaling":
        return str(info.initializer["config"]["mode"])
    return _VARIANCE_SCALING[name][1] if name in _VARIANCE_SCALING else None
