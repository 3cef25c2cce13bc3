"""What runs that train now have come to, small enough to be told while they train."""

from __future__ import annotations

from dataclasses import dataclass

Values = tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class RunningCurves:
    """Data losses by epoch of members that train side by side, in inference mode and without penalties.

    Attributes:
        num_members: that train, or that trained in the same call and have ended.
        epochs: ``[point]`` the epochs that the values belong to, counted from 1, in order.
        train: ``[point]`` median training loss of the members that came so far.
        validation: ``[point]`` their median validation loss.
        lowest: ``[point]`` validation loss of the member that had the lowest of all; None where it did not
            come so far.
    """

    num_members: int
    epochs: tuple[int, ...]
    train: Values
    validation: Values
    lowest: Values
