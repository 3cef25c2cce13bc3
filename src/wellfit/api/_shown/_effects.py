"""Effects of remedies, and of a diagnosis' interventions, that show themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wellfit.api._shown._frames import interventions_frame, remedies_frame
from wellfit.records import Effect, Remedy
from wellfit.report import interventions_fragment, plot_interventions, plot_remedies, remedies_fragment

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes


class Effects(tuple[Remedy, ...]):
    """What a study tried, as a tuple of remedies that a notebook shows as a forest plot with its table.

    Example:
        >>> Effects().frame().columns[:4]
        ['remedy', 'settings', 'stage', 'kept']
    """

    def plot(self, ax: Axes | None = None) -> Axes:
        """Return axes with a forest plot: effects with 95 % intervals, the confirmed ones first.

        Args:
            ax: where to draw; a new figure if None. Effects in further units are in `frame` only.
        """
        return plot_remedies(self, ax)

    def frame(self) -> pl.DataFrame:
        """Return one row a remedy: settings, stage, effect, interval, p-value and what they say."""
        return remedies_frame(self)

    def _repr_html_(self) -> str:
        return remedies_fragment(self)

    def __repr__(self) -> str:
        kept = sum(remedy.kept for remedy in self)
        return f"<Effects: {len(self)} remedies, {kept} kept>"


class InterventionEffects(dict[str, Effect]):
    """What a diagnosis tried, by name, as shares of the possible improvement.

    Example:
        >>> InterventionEffects().frame().columns[:2]
        ['intervention', 'estimate']
    """

    def plot(self, ax: Axes | None = None) -> Axes:
        """Return axes with a forest plot of the interventions, in percent of the possible improvement.

        Args:
            ax: where to draw; a new figure if None.
        """
        return plot_interventions(self, ax)

    def frame(self) -> pl.DataFrame:
        """Return one row an intervention, the best first."""
        return interventions_frame(self)

    def _repr_html_(self) -> str:
        return interventions_fragment(self)
