"""Frozen records and the error tree: what all other packages pass to each other. NumPy only."""

from wellfit.records._curves import RESULTS, Curves
from wellfit.records._dataset import (
    CleaningStep,
    ColumnSchema,
    Dataset,
    FloatArray,
    IntArray,
    Scaling,
    Split,
    Task,
)
from wellfit.records._diagnosis import CurvePair, Diagnosis, Examined, Finding, Outcome, Verdict
from wellfit.records._effect import Effect, Metric
from wellfit.records._errors import (
    ColumnNotFoundError,
    DataError,
    FileReadError,
    ModelError,
    ModelLoadError,
    ModelMismatchError,
    OutputError,
    SettingsError,
    TargetError,
    TargetNotFoundError,
    UnsupportedModelError,
    WellfitError,
    WorkerError,
    did_you_mean,
    shorten,
)
from wellfit.records._formula import Formula, FormulaKind
from wellfit.records._members import SCHEDULES, Members, members_from
from wellfit.records._report import HoldoutResult, Remedy, Report
from wellfit.records._settings import DataChoice, Settings, Structure, data_choice

__all__ = [
    "RESULTS",
    "SCHEDULES",
    "CleaningStep",
    "ColumnNotFoundError",
    "ColumnSchema",
    "CurvePair",
    "Curves",
    "DataChoice",
    "DataError",
    "Dataset",
    "Diagnosis",
    "Effect",
    "Examined",
    "FileReadError",
    "Finding",
    "FloatArray",
    "Formula",
    "FormulaKind",
    "HoldoutResult",
    "IntArray",
    "Members",
    "Metric",
    "ModelError",
    "ModelLoadError",
    "ModelMismatchError",
    "Outcome",
    "OutputError",
    "Remedy",
    "Report",
    "Scaling",
    "Settings",
    "SettingsError",
    "Split",
    "Structure",
    "TargetError",
    "TargetNotFoundError",
    "Task",
    "UnsupportedModelError",
    "Verdict",
    "WellfitError",
    "WorkerError",
    "data_choice",
    "did_you_mean",
    "members_from",
    "shorten",
]
