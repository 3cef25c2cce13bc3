"""Cross-validation, paths of strengths and parts of the error that show themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wellfit import records
from wellfit.api._shown._frames import folds_frame, parts_frame, path_frame
from wellfit.report import plot_folds, plot_parts, plot_path

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes


class CrossValidation(records.CrossValidation):
    """Scores of one way of training on folds; `wellfit.records.CrossValidation` names its parts."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Return axes with the scores of the folds, and their mean with its 95 % interval.

        Args:
            ax: where to draw; a new figure if None.
        """
        return plot_folds(self, ax)

    def frame(self) -> pl.DataFrame:
        """Return one row a fold: its score, and that on its training rows."""
        return folds_frame(self)


class RegularizationPath(records.RegularizationPath):
    """Scores over the strengths of a regularizer; `wellfit.records.RegularizationPath` names its parts."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Return axes with training and validation scores over the strengths, and the strengths to choose.

        Args:
            ax: where to draw; a new figure if None.
        """
        return plot_path(self, ax)

    def frame(self) -> pl.DataFrame:
        """Return one row a strength: scores, interval, and whether it is one to choose."""
        return path_frame(self)


class BiasVariance(records.BiasVariance):
    """Error, bias and variance over a parameter; `wellfit.records.BiasVariance` names its parts."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Return axes with error, bias and variance over the values of the parameter.

        Args:
            ax: where to draw; a new figure if None.
        """
        return plot_parts(self, ax)

    def frame(self) -> pl.DataFrame:
        """Return one row a value of the parameter: error, bias and variance."""
        return parts_frame(self)
