"""Studies in the formats of other runtimes; needs the extra "export"."""

from wellfit.export._study_graph import Predictor, study_graph

__all__ = ["Predictor", "study_graph"]
