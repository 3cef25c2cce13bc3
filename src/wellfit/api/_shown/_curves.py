"""Curves of networks that show themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wellfit.api._shown._frames import losses_frame
from wellfit.records import CurvePair
from wellfit.report import losses_fragment, plot_losses

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes


class LossCurves(tuple[CurvePair, ...]):
    """Training and validation losses of networks, as a tuple of pairs that a notebook shows drawn.

    Example:
        >>> LossCurves().frame().columns
        ['network', 'epoch', 'train_loss', 'validation_loss', 'is_best', 'running_loss']
    """

    def plot(self, ax: Axes | None = None) -> Axes:
        """Return axes with all losses: a color a network, training dashed, best epochs marked.

        The training loss as Keras reports it is a thin line of dashes and dots, where it is known.

        Args:
            ax: where to draw; a new figure if None.
        """
        return plot_losses(self, ax)

    def frame(self) -> pl.DataFrame:
        """Return one row a network and epoch, epochs counted from 1.

        ``running_loss`` is the training loss as Keras reports it, null where it is not known.
        """
        return losses_frame(self)

    def _repr_html_(self) -> str:
        return losses_fragment(self)

    def __repr__(self) -> str:
        return f"<LossCurves: {', '.join(pair.name for pair in self) or 'none'}>"
