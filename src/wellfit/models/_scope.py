"""What a member answers to the instrumented layers of a network while its program is traced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from wellfit.models._layout_types import Segment

Tensor = Any


class Scope(Protocol):
    """What a member answers to the layers while its program is traced."""

    def matmul(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """Return ``inputs @ kernel`` for ``[batch, in]`` and ``[in, out]``."""
        ...

    def convolution(self, inputs: Tensor, kernel: Tensor, geometry: Any) -> Tensor | None:
        """Return the convolution of maps, channels last; None to leave it to Keras."""
        ...

    def pooled(
        self, inputs: Tensor, kind: str, sizes: tuple[int, ...], strides: tuple[int, ...]
    ) -> Tensor | None:
        """Return maxima or means of windows, channels last; None to leave them to Keras."""
        ...

    def dropout(self, point: int, inputs: Tensor, noise_shape: Sequence[int] | None) -> Tensor:
        """Return `inputs` with dropout at the member's rate for this point."""
        ...

    def drop(self, point: int, inputs: Tensor, noise_shape: Sequence[int] | None) -> Tensor:
        """Return `inputs` with the member's own kind of dropout at its rate for this point."""
        ...

    def gaussian(self, point: int, inputs: Tensor) -> Tensor:
        """Return standard normal noise in the shape of `inputs`."""
        ...

    def scaled_rate(self, point: int) -> Tensor:
        """Return the member's rate for this point."""
        ...

    def perturbed(self, place: int, inputs: Tensor) -> Tensor:
        """Return the network's input at `place` with the member's noise and dropout on inputs."""
        ...

    def branch(self, branch: int, outputs: Tensor) -> Tensor:
        """Return what a residual branch adds, with the rows that go past it at zero."""
        ...

    def activity(self, outputs: Tensor, block: int) -> Tensor | None:
        """Return the penalty on what a hidden layer of a depth block (or -1) puts out; None for none."""
        ...

    def feature_mask(self, segments: tuple[Segment, ...]) -> Tensor | None:
        """Return a 0/1 vector over an axis made of segments; None if all ones."""
        ...

    def gate(self, block: int) -> Tensor | None:
        """Return whether a depth block is on, as a traced boolean; None if it always is."""
        ...

    def row_mask(self) -> Tensor | None:
        """Return which rows of the batch are real, ``[batch]``; None if all are."""
        ...


ACTIVE: ContextVar[Scope | None] = ContextVar("wellfit_scope", default=None)
TRAINING: ContextVar[bool] = ContextVar("wellfit_training", default=False)
_OWNER: ContextVar[Any] = ContextVar("wellfit_owner", default=None)
_NOTED: ContextVar[list[Tensor] | None] = ContextVar("wellfit_noted", default=None)


@contextmanager
def activated(scope: Scope, owner: Any, training: bool) -> Iterator[list[Tensor]]:
    """Let a scope answer to the layers of `owner`; yields the list of what `note` gets meanwhile."""
    noted: list[Tensor] = []
    active, owned, mode, kept = (
        ACTIVE.set(scope),
        _OWNER.set(owner),
        TRAINING.set(training),
        _NOTED.set(noted),
    )
    try:
        yield noted
    finally:
        ACTIVE.reset(active)
        _OWNER.reset(owned)
        TRAINING.reset(mode)
        _NOTED.reset(kept)


def scope_of(owner: Any) -> Scope | None:
    """Return the active scope if it is `owner` that is being traced.

    Cloning copies layers but shares plain operations (``x + y``) with the user's model and with other
    clones of it; they answer only to the clone that is being traced.
    """
    return ACTIVE.get() if _OWNER.get() is owner else None


def note(loss: Tensor) -> None:
    """Add to the losses of the network that is being traced."""
    noted = _NOTED.get()
    if noted is not None:
        noted.append(loss)
