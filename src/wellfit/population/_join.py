"""Curves of several runs as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wellfit.records import Curves

Array = Any


def join_curves(parts: Sequence[Curves], order: Array) -> Curves:
    """Return the members of all parts, put into another order.

    Args:
        parts: one or more.
        order: ``[member]`` the place of each member, part after part, in the result.
    """
    back = np.argsort(order)
    width = max(part.train_loss.shape[1] for part in parts)

    def epochs(tables: Sequence[Array]) -> Array:
        padded = [np.pad(t, ((0, 0), (0, width - t.shape[1])), constant_values=np.nan) for t in tables]
        return np.concatenate(padded)[back]

    def numbers(name: str) -> Array:
        return np.concatenate([getattr(part, name) for part in parts])[back]

    first = parts[0]
    running = [part.running_loss for part in parts if part.running_loss is not None]
    return Curves(
        train_loss=epochs([part.train_loss for part in parts]),
        validation_loss=epochs([part.validation_loss for part in parts]),
        penalty=epochs([part.penalty for part in parts]),
        running_loss=epochs(running) if len(running) == len(parts) else None,
        train_metrics={name: epochs([p.train_metrics[name] for p in parts]) for name in first.train_metrics},
        validation_metrics={
            name: epochs([p.validation_metrics[name] for p in parts]) for name in first.validation_metrics
        },
        num_epochs=numbers("num_epochs"),
        best_epoch=numbers("best_epoch"),
        results=numbers("results"),
        weights=tuple(
            np.concatenate(values)[back] for values in zip(*(part.weights for part in parts), strict=True)
        ),
        compile_s=sum(part.compile_s for part in parts),
        duration_s=sum(part.duration_s for part in parts),
    )
