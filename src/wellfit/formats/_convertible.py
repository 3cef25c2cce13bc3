"""A function of JAX as an equal one whose operations converters know.

jax2onnx 0.17 turns max pooling of channels-last pictures into a graph that ONNX Runtime refuses. It knows
neither scans that run backwards (bidirectional layers) nor convolutions along three axes, nor padding and
resizing of a batch of unknown size. And it gives queries without any key to attend to (padded words) zeros in
place of the mean. The function is traced, and these operations are replaced by slices, maxima,
concatenations, turned arrays, plain products and convolutions along two axes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import Literal

_CALLS = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "checkpoint": "jaxpr",
}
_WINDOWS: dict[str, tuple[Callable[..., Any], float]] = {
    "reduce_window_max": (jnp.maximum, -np.inf),
    "reduce_window_sum": (jnp.add, 0.0),
}

_RESIZE = jax.image.resize
_ATTENTION = "jax.nn.dot_product_attention"  # jax2onnx's name for a call of that function

Values = list[Any]


def convertible(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that computes the same by other operations.

    Args:
        function: of arrays.

    Example:
        >>> import jax.numpy as jnp
        >>> float(convertible(lambda x: jnp.cumsum(x)[-1])(jnp.ones(3)))
        3.0
    """

    def rewritten(*arrays: Any) -> Any:
        with _resizing_by_products():
            traced, shape = jax.make_jaxpr(function, return_shape=True)(*arrays)
        outputs = _run(traced.jaxpr, traced.consts, arrays)
        return jax.tree.unflatten(jax.tree.structure(shape), outputs)

    return rewritten


@contextmanager
def _resizing_by_products() -> Iterator[None]:
    """Let pictures be resized by products while a function is traced; jax2onnx asks for their number."""
    before: Any = jax.image.resize
    jax.image.resize = _resized
    try:
        yield
    finally:
        jax.image.resize = before


def _resized(image: Any, shape: Sequence[Any], method: Any, antialias: bool = True, **_: Any) -> Any:
    """Return pictures resized axis by axis: each is a product with what becomes of unit vectors."""
    for axis, (old, new) in enumerate(zip(image.shape, shape, strict=True)):
        if not (isinstance(old, int) and isinstance(new, int)) or old == new:
            continue
        with jax.ensure_compile_time_eval():
            share = np.asarray(_RESIZE(jnp.eye(old), (old, new), method, antialias))
        image = jnp.moveaxis(jnp.tensordot(image, share.astype(image.dtype), ((axis,), (0,))), -1, axis)
    return image


def _run(jaxpr: Any, constants: Sequence[Any], arrays: Sequence[Any]) -> Values:
    known: dict[Any, Any] = dict(zip(jaxpr.constvars, constants, strict=True))
    known |= zip(jaxpr.invars, arrays, strict=True)

    def read(variable: Any) -> Any:
        return variable.val if isinstance(variable, Literal) else known[variable]

    for equation in jaxpr.eqns:
        outputs = _compute(equation, [read(variable) for variable in equation.invars])
        known |= zip(equation.outvars, outputs, strict=True)
    return [read(variable) for variable in jaxpr.outvars]


def _compute(equation: Any, arrays: Values) -> Values:
    name, parameters = equation.primitive.name, equation.params
    if name in _CALLS and _CALLS[name] in parameters:
        called = parameters[_CALLS[name]]
        return _run(getattr(called, "jaxpr", called), getattr(called, "consts", ()), arrays)
    if name == "scan":
        return _scan(parameters, arrays)
    replaced = _replaced(name, parameters, arrays)
    if replaced is not None:
        return [replaced]
    outputs = equation.primitive.bind(*arrays, **parameters)
    return list(outputs) if equation.primitive.multiple_results else [outputs]


def _replaced(name: str, parameters: dict[str, Any], arrays: Values) -> Any:
    """Return the one output of an operation that converters do not know, None for the others."""
    if name in _WINDOWS and set(parameters["base_dilation"]) == {1}:
        join, neutral = _WINDOWS[name]
        return _windows(arrays[0], parameters, join, neutral)
    if name == "pad" and all(inner == 0 for _, _, inner in parameters["padding_config"]):
        return _padded(arrays[0], arrays[1], parameters["padding_config"])
    if name == "conv_general_dilated" and _is_plain_3d(parameters, arrays):
        return _convolution_3d(parameters, *arrays)
    if name == _ATTENTION and _is_masked(parameters, arrays):
        return _masked_attention(parameters, arrays)
    return None


def _windows(values: Any, parameters: dict[str, Any], join: Callable[..., Any], neutral: float) -> Any:
    """Return sums or maxima over windows, axis by axis, each from shifted slices."""
    names = ("window_dimensions", "window_strides", "padding", "window_dilation")
    for axis, (size, stride, padding, dilation) in enumerate(
        zip(*(parameters[n] for n in names), strict=True)
    ):
        if size == 1 and stride == 1 and padding == (0, 0):
            continue
        values = _padded_axis(values, axis, padding[0], padding[1], neutral)
        length = (values.shape[axis] - (size - 1) * dilation - 1) // stride + 1
        slices = [
            lax.slice_in_dim(values, i * dilation, i * dilation + (length - 1) * stride + 1, stride, axis)
            for i in range(size)
        ]
        values = slices[0]
        for part in slices[1:]:
            values = join(values, part)
    return values


def _padded(values: Any, filling: Any, config: Sequence[tuple[int, int, int]]) -> Any:
    for axis, (before, after, _) in enumerate(config):
        values = _padded_axis(values, axis, before, after, filling)
    return values


def _padded_axis(values: Any, axis: int, before: int, after: int, filling: Any) -> Any:
    """Return `values` with an edge on both sides; a negative one is cut off."""
    if min(before, after) < 0:
        end = values.shape[axis] - max(-after, 0)
        values = lax.slice_in_dim(values, max(-before, 0), end, 1, axis)

    def edge(width: int) -> list[Any]:
        shape = (*values.shape[:axis], width, *values.shape[axis + 1 :])
        return [jnp.broadcast_to(jnp.asarray(filling, values.dtype), shape)] if width > 0 else []

    parts = [*edge(before), values, *edge(after)]
    return lax.concatenate(parts, axis) if len(parts) > 1 else values


def _is_plain_3d(parameters: dict[str, Any], arrays: Values) -> bool:
    counts = parameters["feature_group_count"], parameters["batch_group_count"]
    return arrays[0].ndim == 5 and counts == (1, 1) and set(parameters["lhs_dilation"]) == {1}


def _convolution_3d(parameters: dict[str, Any], values: Any, kernel: Any) -> Any:
    """Return a convolution along three axes by one along two: depths of the kernel become channels."""
    numbers = parameters["dimension_numbers"]
    sources = (0, 4, 1, 2, 3)  # of batch, channel, depth, row and column in what is computed with here
    values = jnp.transpose(values, [numbers.lhs_spec[i] for i in (0, 2, 3, 4, 1)])
    kernel = jnp.transpose(kernel, [numbers.rhs_spec[i] for i in (3, 4, 2, 1, 0)])
    stride, dilation = parameters["window_strides"][0], parameters["rhs_dilation"][0]
    rows, columns, size, channels, outputs = kernel.shape
    before, after = parameters["padding"][0]
    values = _padded_axis(values, 1, before, after, 0.0)
    length = (values.shape[1] - (size - 1) * dilation - 1) // stride + 1
    slices = [
        lax.slice_in_dim(values, i * dilation, i * dilation + (length - 1) * stride + 1, stride, 1)
        for i in range(size)
    ]
    joined = lax.concatenate(slices, 4)
    out = lax.conv_general_dilated(
        joined.reshape((joined.shape[0] * length, *joined.shape[2:])),
        kernel.reshape((rows, columns, size * channels, outputs)),
        parameters["window_strides"][1:],
        parameters["padding"][1:],
        rhs_dilation=parameters["rhs_dilation"][1:],
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=parameters["precision"],
    )
    out = out.reshape((values.shape[0], length, *out.shape[1:]))
    order = dict(zip(numbers.out_spec, sources, strict=True))
    return jnp.transpose(out, [order[axis] for axis in range(5)])


def _is_masked(parameters: dict[str, Any], arrays: Values) -> bool:
    others = ("has_query_lengths", "has_key_value_lengths", "local_window_size", "is_causal")
    is_plain = not any(parameters[name] for name in others) and arrays[0].shape[2] == arrays[1].shape[2]
    return bool(parameters["has_mask"]) and is_plain


def _masked_attention(parameters: dict[str, Any], arrays: Values) -> Any:
    """Return attention as `jax.nn.dot_product_attention` computes it: masked keys get the least number."""
    query, key, value, *rest = arrays
    scale = parameters["scale"] or query.shape[-1] ** -0.5
    logits = jnp.einsum("btnh,bsnh->bnts", query, key) * np.float32(scale)
    if parameters["has_bias"]:
        logits = logits + rest[0]
    least = np.float32(0.7 * np.finfo(np.float32).min)
    weights = jax.nn.softmax(jnp.where(rest[-1], logits, least), axis=-1)
    return jnp.einsum("bnts,bsnh->btnh", weights, value)


def _scan(parameters: dict[str, Any], arrays: Values) -> Values:
    """Return what a scan does, always forwards: what ran backwards has its rows and outcomes turned."""
    first, second = parameters["num_consts"], parameters["num_consts"] + parameters["num_carry"]
    constants, carry, rows = arrays[:first], arrays[first:second], arrays[second:]
    body = parameters["jaxpr"]

    def turned(parts: Values) -> Values:
        return [lax.rev(part, (0,)) for part in parts] if parameters["reverse"] else parts

    def step(carry: Values, row: Values) -> tuple[Values, Values]:
        outputs = _run(body.jaxpr, body.consts, [*constants, *carry, *row])
        return outputs[: len(carry)], outputs[len(carry) :]

    carry, outputs = lax.scan(step, carry, turned(rows), length=parameters["length"])
    return [*carry, *turned(outputs)]
