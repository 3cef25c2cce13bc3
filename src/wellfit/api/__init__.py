"""Composition: the jobs that a user asks for, put together from the packages below."""

from wellfit.api._bias_variance import bias_variance
from wellfit.api._cross_validate import cross_validate
from wellfit.api._demo import demo
from wellfit.api._diagnose import diagnose
from wellfit.api._events import Event
from wellfit.api._export import export
from wellfit.api._improve import improve
from wellfit.api._monitor import monitor
from wellfit.api._predict import predict
from wellfit.api._regularization_path import regularization_path
from wellfit.api._resume import resume
from wellfit.api._retrain import retrain
from wellfit.api._shown import BiasVariance, CrossValidation, Diagnosis, RegularizationPath
from wellfit.api._study import Study
from wellfit.api._watch import Watch
from wellfit.api._watch_script import Watched, diagnose_fits, fit_facts, fit_text
from wellfit.api._what_if import Answer, Cell, WhatIf, what_if

__all__ = [
    "Answer",
    "BiasVariance",
    "Cell",
    "CrossValidation",
    "Diagnosis",
    "Event",
    "RegularizationPath",
    "Study",
    "Watch",
    "Watched",
    "WhatIf",
    "bias_variance",
    "cross_validate",
    "demo",
    "diagnose",
    "diagnose_fits",
    "export",
    "fit_facts",
    "fit_text",
    "improve",
    "monitor",
    "predict",
    "regularization_path",
    "resume",
    "retrain",
    "what_if",
]
