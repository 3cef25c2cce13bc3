"""A segment of a run, update by update: for what XLA computes slowly inside a compiled loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wellfit.population._program import RUNNING, SEGMENT, Numbers, Program, Shared, State, num_chunks_of

Array = Any  # NumPy on the host, JAX on the device
Segment = Callable[..., tuple[State, dict[str, Array]]]


def stepped(
    compiled: Callable[..., Any], program: Program, state: State, numbers: Numbers, shared: Shared
) -> Segment:
    """Return `Program.segment` as calls of smaller programs; arguments and results are the same.

    Args:
        compiled: returns the executable of ``program.NAME`` from the name and its arguments, or what only
            has their shapes.
        program: whose segment.
        state: of the block.
        numbers: of the block.
        shared: the data.
    """
    place = np.int32(0)
    num_chunks = num_chunks_of(program.num_measured(shared))
    prepare = compiled("prepare", state, numbers, shared)
    keys = jax.eval_shape(program.prepare, state, numbers, shared)
    step = compiled("step", state, numbers, shared, keys, place)
    close = compiled("close", state, numbers)
    measured = compiled("measured", state, numbers, shared, place)
    part = jax.eval_shape(program.measured, state, numbers, shared, place)
    judge = compiled("judge", state, numbers, shared, [part] * num_chunks)

    def segment(
        state: State, numbers: Numbers, shared: Shared, num_epochs: Array, num_steps: Array
    ) -> tuple[State, dict[str, Array]]:
        curves = {
            name: np.full((len(state.status), SEGMENT), np.nan, np.float32) for name in program.curve_names
        }
        state = jax.tree.map(jnp.array, state)  # a copy: `step` writes into what it is given
        for index in range(int(num_epochs)):
            keys = prepare(state, numbers, shared)
            for position in range(int(num_steps)):
                state = step(state, numbers, shared, keys, np.int32(position))
            state = close(state, numbers)
            parts = [measured(state, numbers, shared, np.int32(chunk)) for chunk in range(num_chunks)]
            state, row = judge(state, numbers, shared, parts)
            for name, values in row.items():
                curves[name][:, index] = values
            if not (np.asarray(state.status) == RUNNING).any():
                break
        return state, curves

    return segment
