"""Records as users get them: each with what a notebook asks for, ``_repr_html_``, ``plot`` and ``frame``.

A record holds numbers and cannot know `report`, which draws them. These classes stand above both: each is its
record, and adds calls of the functions that draw it.
"""

from wellfit.api._shown._curves import LossCurves
from wellfit.api._shown._diagnosis import Diagnosis, shown_diagnosis
from wellfit.api._shown._effects import Effects, InterventionEffects
from wellfit.api._shown._learning_curve import LearningCurve, learning_curve_of
from wellfit.api._shown._sweeps import BiasVariance, CrossValidation, RegularizationPath

__all__ = [
    "BiasVariance",
    "CrossValidation",
    "Diagnosis",
    "Effects",
    "InterventionEffects",
    "LearningCurve",
    "LossCurves",
    "RegularizationPath",
    "learning_curve_of",
    "shown_diagnosis",
]
