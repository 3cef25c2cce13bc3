"""Initial weights of every member, on the host: a function of the member's seed and the variable alone.

A member's start therefore does not depend on its neighbours. A narrowed member starts as the narrower
network would: the scale of its kernels follows the number of units that are on, and what is off is zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from wellfit.models import NetworkFunction, VariableInfo

Array = np.ndarray

# Standard deviation of a standard normal cut at two: Keras divides by it so that the cut keeps the variance.
_TRUNCATED_STDDEV = 0.87962566103423978

_CONSTANTS = {"bias": 0.0, "beta": 0.0, "gamma": 1.0, "moving_mean": 0.0, "moving_variance": 1.0}

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
    return [_initial(info, index, seeds, units) for index, info in enumerate(network.variables)]


def standard_weights(network: NetworkFunction, seeds: Array) -> list[Array]:
    """Draw weights as standard initializers would, whatever the network's own are.

    Kernels are drawn by He's rule, biases and offsets are zero, scales one; what a layer keeps (frozen
    weights, an adapted normalization) and embeddings start as they do otherwise.

    Args:
        network: the network.
        seeds: ``[member]`` uint32.

    Returns:
        One array ``[member, ...]`` for each variable, in the order of ``model.weights``.

    Source:
        He et al., Delving Deep into Rectifiers, 2015.
    """
    values = initial_weights(network, seeds)
    for index, info in enumerate(network.variables):
        name = info.path.rsplit("/", 1)[-1]
        if info.initializer is None or info.is_seed:
            continue
        if name in _CONSTANTS:
            values[index] = np.full_like(values[index], _CONSTANTS[name])
        elif info.is_kernel and name != "embeddings":
            stddev = math.sqrt(2.0 / _fan(info.shape, "fan_in"))
            drawn = [_draw(_generator(s, index), info.shape, "truncated_normal", stddev) for s in seeds]
            values[index] = np.stack(drawn).astype(info.dtype)
    return [values[position] for position in network.order]


def biased_weights(network: NetworkFunction, seeds: Array, position: int, bias: Array) -> list[Array]:
    """Draw weights by the network's own initializers, but for one bias.

    Args:
        network: the network.
        seeds: ``[member]`` uint32.
        position: of the bias in ``model.weights``.
        bias: ``[member, unit]`` what it starts from.

    Returns:
        One array ``[member, ...]`` for each variable, in the order of ``model.weights``.
    """
    values = initial_weights(network, seeds)
    ordered = [values[source] for source in network.order]
    ordered[position] = np.asarray(bias, ordered[position].dtype)
    return ordered


def given_weights(
    network: NetworkFunction, weights: Sequence[Array], seeds: Array, units: Array | None = None
) -> list[Array]:
    """Spread given weights over the members; what is off in a narrowed member becomes zero.

    Args:
        network: the network.
        weights: one for each variable, with or without a leading member axis.
        seeds: ``[member]`` uint32, from which the states of random generators are drawn.
        units: ``[member, group]`` units that are on, or None if all are.

    Returns:
        One array ``[member, ...]`` for each variable, trainable ones first.
    """
    spread = []
    for index, (value, info) in enumerate(zip(weights, network.variables, strict=True)):
        if info.is_seed:
            spread.append(_initial(info, index, seeds, None))
            continue
        full = np.broadcast_to(value, (len(seeds), *info.shape)).astype(info.dtype)
        spread.append(full if units is None else _masked(full, info, units)[0])
    return spread


def _initial(info: VariableInfo, index: int, seeds: Array, units: Array | None) -> Array:
    if info.is_seed:
        states = [_generator(seed, index).integers(0, 2**31, info.shape) for seed in seeds]
        return np.asarray(states, info.dtype)
    draw = _sampler(info)
    if draw is None:
        full = np.broadcast_to(info.start(0), (len(seeds), *info.shape)).astype(info.dtype)
    else:
        full = np.stack([draw(_generator(seed, index)) for seed in seeds]).astype(info.dtype)
    return full if units is None else _narrowed(full, info, units)


def _generator(seed: int, index: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=(int(seed) << 32) | index))


def _sampler(info: VariableInfo) -> Callable[[np.random.Generator], Array] | None:
    """Return how to draw the variable, or None if it starts from a constant."""
    if not info.is_drawn or info.initializer is None:
        return None
    name, arguments = info.initializer["class_name"], info.initializer["config"]
    shape = info.shape
    if arguments.get("input_axes") is not None:
        return lambda rng: info.start(int(rng.integers(0, 2**31)))  # attention counts its fans by axes
    if name in _VARIANCE_SCALING or name == "VarianceScaling":
        scale, mode, distribution = _VARIANCE_SCALING.get(name) or (
            arguments["scale"],
            arguments["mode"],
            arguments["distribution"],
        )
        variance = scale / _fan(shape, mode)
        return lambda rng: _draw(rng, shape, distribution, math.sqrt(variance))
    simple: dict[str, Callable[[np.random.Generator], Array]] = {
        "RandomNormal": lambda rng: rng.normal(arguments["mean"], arguments["stddev"], shape),
        "TruncatedNormal": lambda rng: arguments["mean"] + arguments["stddev"] * _truncated(rng, shape),
        "RandomUniform": lambda rng: rng.uniform(arguments["minval"], arguments["maxval"], shape),
    }
    return simple.get(name, lambda rng: info.start(int(rng.integers(0, 2**31))))


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


def _fans(shape: Sequence[float]) -> tuple[float, float]:
    if len(shape) < 1:
        return 1.0, 1.0
    if len(shape) == 1:
        return float(shape[0]), float(shape[0])
    receptive = math.prod(shape[:-2])
    return float(shape[-2] * receptive), float(shape[-1] * receptive)


def _fan(shape: Sequence[float], mode: str) -> float:
    fan_in, fan_out = _fans(shape)
    return max(1.0, {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[mode])


def _masked(full: Array, info: VariableInfo, units: Array) -> tuple[Array, Array]:
    """Return values with zeros for what is off, and the ``[member, axis]`` shape of what is on."""
    shape = np.tile(np.asarray(info.shape, np.float64), (len(units), 1))
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
        shape[:, axis] = mask.sum(axis=1)
        spread = [len(units)] + [1] * len(info.shape)
        spread[axis + 1] = info.shape[axis]
        full = full * mask.reshape(spread)
    return full, shape


def _narrowed(full: Array, info: VariableInfo, units: Array) -> Array:
    """Zero what is off and rescale the rest as the initializer would for the smaller shape."""
    full, shapes = _masked(full, info, units)
    whole = _relative_variance(info, info.shape)
    ratio = [math.sqrt(_relative_variance(info, tuple(shape)) / whole) for shape in shapes]
    return full * np.asarray(ratio, full.dtype).reshape([len(units)] + [1] * len(info.shape))


def _relative_variance(info: VariableInfo, shape: Sequence[float]) -> float:
    """Return the variance of the initializer's numbers for a shape, up to a factor."""
    if info.initializer is None:
        return 1.0
    name = info.initializer["class_name"]
    if name == "VarianceScaling":
        return 1.0 / _fan(shape, str(info.initializer["config"]["mode"]))
    if name in _VARIANCE_SCALING:
        return 1.0 / _fan(shape, _VARIANCE_SCALING[name][1])
    if name in ("Orthogonal", "OrthogonalInitializer"):
        return 1.0 / max(math.prod(shape[:-1]), shape[-1])
    return 1.0
