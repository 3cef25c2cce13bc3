"""A learning curve that shows itself."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from wellfit.api._shown._frames import sizes_frame
from wellfit.records import MoreData
from wellfit.report import plot_sizes

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class LearningCurve(MoreData):
    """The chosen network's loss over the number of training rows, and what more rows would be worth.

    Example:
        >>> curve = LearningCurve(
        ...     extra_rows=500, estimate=0.01, low=0.0, high=0.02, unit="rmse", sizes=(1000,), losses=(0.4,)
        ... )
        >>> curve.frame().row(0)
        (1000, 0.4)
    """

    def plot(self, ax: Axes | None = None) -> Axes:
        """Return axes with the loss over the number of training rows.

        Args:
            ax: where to draw; a new figure if None.
        """
        return plot_sizes(self, ax)

    def frame(self) -> pl.DataFrame:
        """Return one row a number of training rows, with the mean loss."""
        return sizes_frame(self)


def learning_curve_of(record: MoreData | None) -> LearningCurve | None:
    """Return a plain record as what users get; None stays None."""
    if record is None:
        return None
    return LearningCurve(**{part.name: getattr(record, part.name) for part in fields(record)})
