"""One member's answers to the instrumented layers, as traced values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import lax

from wellfit.models import Geometry, alpha_dropped
from wellfit.population._convolution import Convolving, convolved, pooled
from wellfit.population._random import bits, derive, normal
from wellfit.records import DROPOUT_KINDS

_MANY_ROWS = 64  # measured: in batches up to this size the product is faster, in evaluation the sum


@jax.custom_vjp
def matmul_cpu(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Matrix product whose weight gradient transposes first.

    XLA's CPU backend runs a product that contracts over leading axes at about half the rate of one
    on plain row-major operands, and the gradient by the kernel is one; writing the transpose out
    costs little and brings it back.
    """
    return _product(inputs, kernel)


def _product(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return the product; with a single column of many rows as a sum, which XLA fuses and vectorises."""
    if kernel.shape[1] == 1 and inputs.shape[0] > _MANY_ROWS:
        return (inputs * kernel[:, 0]).sum(-1, keepdims=True)
    return inputs @ kernel


def _matmul_forward(inputs: jax.Array, kernel: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _product(inputs, kernel), (inputs, kernel)


def _matmul_backward(saved: tuple[jax.Array, jax.Array], gradient: jax.Array) -> tuple[jax.Array, jax.Array]:
    inputs, kernel = saved
    return gradient @ kernel.T, lax.optimization_barrier(inputs.T) @ gradient


matmul_cpu.defvjp(_matmul_forward, _matmul_backward)


class MemberScope:
    """Rates, masks and gates of one member in one step; made anew whenever the network is traced.

    Args:
        seed: of this step; None in inference.
        rates: ``[point]`` dropout rates, or None if every rate is zero.
        units: ``[group]`` units that are on, or None if all are.
        gates: ``[block]`` booleans, or None if all blocks are on.
        rows: ``[batch]`` which rows are real, or None if all are.
        matmul: the matrix product to use.
        convolving: how convolutions are computed.
        kind: position in `DROPOUT_KINDS`, or None for plain dropout.
        activity_l2: strength of the penalty on hidden outputs, or None.
        input_noise: standard deviation of noise on inputs, or None.
        input_dropout: share of the inputs that are zero, or None.
        branch_rates: ``[branch]`` share of the rows that go past each residual branch, or None.
    """

    def __init__(
        self,
        *,
        seed: jax.Array | None = None,
        rates: jax.Array | None = None,
        units: jax.Array | None = None,
        gates: jax.Array | None = None,
        rows: jax.Array | None = None,
        matmul: Callable[[jax.Array, jax.Array], jax.Array] = jnp.matmul,
        convolving: Convolving = Convolving.OWN,
        kind: jax.Array | None = None,
        activity_l2: jax.Array | None = None,
        input_noise: jax.Array | None = None,
        input_dropout: jax.Array | None = None,
        branch_rates: jax.Array | None = None,
    ) -> None:
        self._seed, self._rates, self._units = seed, rates, units
        self._gates, self._rows, self._matmul = gates, rows, matmul
        self._convolving = convolving
        self._kind, self._activity_l2 = kind, activity_l2
        self._input_noise, self._input_dropout = input_noise, input_dropout
        self._branch_rates = branch_rates

    def matmul(self, inputs: jax.Array, kernel: jax.Array) -> jax.Array:
        """Return ``inputs @ kernel``."""
        return self._matmul(inputs, kernel)

    def convolution(self, inputs: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array | None:
        """Return the convolution as a product of patches; None to leave it to Keras."""
        if self._convolving.leaves(kernel.shape, geometry):
            return None
        return convolved(inputs, kernel, geometry, self._matmul)

    def pooled(
        self, inputs: jax.Array, kind: str, sizes: tuple[int, ...], strides: tuple[int, ...]
    ) -> jax.Array | None:
        """Return maxima or means of windows side by side; None to leave them to Keras."""
        return None if self._convolving is Convolving.OWN else pooled(inputs, kind, sizes, strides)

    def dropout(self, point: int, inputs: jax.Array, noise_shape: Sequence[int] | None) -> jax.Array:
        """Return `inputs` with a share zeroed and the rest scaled up (Srivastava et al., 2014)."""
        if self._rates is None or self._seed is None:
            return inputs
        return inputs * self._factors(point, inputs, noise_shape, self._rates[point])

    def drop(self, point: int, inputs: jax.Array, noise_shape: Sequence[int] | None) -> jax.Array:
        """Return `inputs` with zeros, Gaussian factors, or alpha dropout (Klambauer et al., 2017)."""
        if self._rates is None or self._seed is None or self._kind is None:
            return self.dropout(point, inputs, noise_shape)
        rate = self._rates[point]
        factors = self._factors(point, inputs, noise_shape, rate)
        noise = normal(derive(self._seed, point, 0x6A), inputs.shape)
        choices = {
            "dropout": inputs * factors,
            "gaussian": inputs * lax.optimization_barrier(1.0 + jnp.sqrt(rate / (1.0 - rate)) * noise),
            "alpha": alpha_dropped(inputs, factors * (1.0 - rate), rate),
        }
        return lax.select_n(
            jnp.broadcast_to(self._kind, inputs.shape), *(choices[name] for name in DROPOUT_KINDS)
        )

    def _factors(
        self, point: int, inputs: jax.Array, noise_shape: Sequence[int] | None, rate: jax.Array
    ) -> jax.Array:
        """Return 0 for the share that is left out, and what makes up for it elsewhere."""
        shape = inputs.shape if noise_shape is None else _resolve(noise_shape, inputs.shape)
        # 2**32 - 256 is the largest float32 below 2**32, so that a rate just under 1 does not wrap to 0.
        threshold = (rate * 4294967040.0).astype(jnp.uint32)
        kept = bits(derive(jnp.asarray(self._seed), point), shape) >= threshold
        # Written out once: the gradient reads the factors again instead of hashing again.
        return lax.optimization_barrier(jnp.where(kept, 1.0 / (1.0 - rate), 0.0))

    def perturbed(self, place: int, inputs: jax.Array) -> jax.Array:
        """Return an input with Gaussian noise, then with a share of zeros, in training."""
        if self._seed is None:
            return inputs
        if self._input_noise is not None:
            noise = normal(derive(self._seed, 0x1A0, place), inputs.shape)
            inputs = inputs.astype(jnp.float32)
            inputs = jnp.where(self._input_noise > 0, inputs + self._input_noise * noise, inputs)
        if self._input_dropout is not None:
            scope = derive(self._seed, 0x1A1)
            factors = MemberScope(seed=scope)._factors(place, inputs, None, self._input_dropout)
            inputs = inputs.astype(jnp.float32) * factors
        return inputs

    def branch(self, branch: int, outputs: jax.Array) -> jax.Array:
        """Return what a residual branch adds: 0 in a share of the rows, and the rest scaled up."""
        if self._branch_rates is None or self._seed is None:
            return outputs
        scope = MemberScope(seed=derive(self._seed, 0x1A2))
        shape = (outputs.shape[0], *[1] * (outputs.ndim - 1))
        return outputs * scope._factors(branch, outputs, shape, self._branch_rates[branch])

    def activity(self, outputs: jax.Array, block: int) -> jax.Array | None:
        """Return strength times the sum of squares, a real row; 0 where the block is off."""
        if self._activity_l2 is None:
            return None
        rows = self._rows
        squares = jnp.square(outputs).reshape(outputs.shape[0], -1).sum(1)
        count = outputs.shape[0] if rows is None else rows.sum()
        total = (squares if rows is None else squares * rows).sum() / count
        is_on = self._activity_l2 > 0
        gate = self.gate(block) if block >= 0 else None
        return jnp.where(is_on if gate is None else is_on & gate, self._activity_l2 * total, 0.0)

    def gaussian(self, point: int, inputs: jax.Array) -> jax.Array:
        """Return standard normal noise in the shape of `inputs`; zeros in inference."""
        if self._seed is None:
            return jnp.zeros_like(inputs)
        return normal(derive(self._seed, point), inputs.shape)

    def scaled_rate(self, point: int) -> jax.Array:
        """Return the member's rate at a point."""
        return jnp.float32(0.0) if self._rates is None else self._rates[point]

    def feature_mask(self, segments: Sequence[tuple[int | None, int]]) -> jax.Array | None:
        """Return the 0/1 mask of an axis made of (width group, size) segments."""
        if self._units is None:
            return None
        parts = [
            jnp.ones(size, jnp.float32)
            if group is None
            else (lax.iota(jnp.int32, size) < self._units[group]).astype(jnp.float32)
            for group, size in segments
        ]
        return parts[0] if len(parts) == 1 else jnp.concatenate(parts)

    def gate(self, block: int) -> jax.Array | None:
        """Return whether a depth block is on."""
        return None if self._gates is None else self._gates[block]

    def row_mask(self) -> jax.Array | None:
        """Return which rows of the batch are real."""
        return self._rows


def _resolve(noise_shape: Sequence[int | None], shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(have if want is None else int(want) for want, have in zip(noise_shape, shape, strict=True))
