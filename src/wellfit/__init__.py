"""Says why a Keras network overfits or underfits, proves which remedy works, and returns the better one.

Public names are imported when they are first used: ``import wellfit`` loads neither Keras nor JAX and
leaves the choice of the Keras backend to its caller.

Example:
    >>> import wellfit as wf
    >>> wf.Settings(dropout=0.3).dropout
    0.3
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from wellfit._version import __version__

if TYPE_CHECKING:
    from wellfit import records, report
    from wellfit.api import (
        BiasVariance,
        CrossValidation,
        Diagnosis,
        Event,
        RegularizationPath,
        Study,
        Watch,
        bias_variance,
        cross_validate,
        demo,
        diagnose,
        export,
        improve,
        monitor,
        predict,
        regularization_path,
        resume,
        retrain,
    )
    from wellfit.data import Pictures, Preparation, Table, read_pictures, read_table
    from wellfit.models import (
        Preprocessing,
        Stage,
        Transfer,
        WeightPenalty,
        freeze,
        learning_rates,
        load_model,
        penalties,
        preprocessing,
        regularize,
        stages,
        transfer_weights,
        unfreeze,
    )
    from wellfit.records import (
        ColumnNotFoundError,
        DataError,
        FileReadError,
        ModelError,
        ModelLoadError,
        ModelMismatchError,
        OutputError,
        Report,
        Settings,
        SettingsError,
        StoreError,
        TargetError,
        TargetNotFoundError,
        UnsupportedModelError,
        WellfitError,
        WorkerError,
    )
    from wellfit.serving import LoadedModel, load

__all__ = [
    "BiasVariance",
    "ColumnNotFoundError",
    "CrossValidation",
    "DataError",
    "Diagnosis",
    "Event",
    "FileReadError",
    "LoadedModel",
    "ModelError",
    "ModelLoadError",
    "ModelMismatchError",
    "OutputError",
    "Pictures",
    "Preparation",
    "Preprocessing",
    "RegularizationPath",
    "Report",
    "Settings",
    "SettingsError",
    "Stage",
    "StoreError",
    "Study",
    "Table",
    "TargetError",
    "TargetNotFoundError",
    "Transfer",
    "UnsupportedModelError",
    "Watch",
    "WeightPenalty",
    "WellfitError",
    "WorkerError",
    "__version__",
    "bias_variance",
    "cross_validate",
    "demo",
    "diagnose",
    "export",
    "freeze",
    "improve",
    "learning_rates",
    "load",
    "load_model",
    "monitor",
    "penalties",
    "predict",
    "preprocessing",
    "read_pictures",
    "read_table",
    "records",
    "regularization_path",
    "regularize",
    "report",
    "resume",
    "retrain",
    "stages",
    "transfer_weights",
    "unfreeze",
]

_HOMES = {
    "wellfit.api": (
        "BiasVariance",
        "CrossValidation",
        "Diagnosis",
        "Event",
        "RegularizationPath",
        "Study",
        "Watch",
        "bias_variance",
        "cross_validate",
        "demo",
        "diagnose",
        "export",
        "improve",
        "monitor",
        "predict",
        "regularization_path",
        "retrain",
        "resume",
    ),
    "wellfit.data": ("Pictures", "Preparation", "Table", "read_pictures", "read_table"),
    "wellfit.models": (
        "Preprocessing",
        "Stage",
        "Transfer",
        "WeightPenalty",
        "freeze",
        "learning_rates",
        "load_model",
        "penalties",
        "preprocessing",
        "regularize",
        "stages",
        "transfer_weights",
        "unfreeze",
    ),
    "wellfit.serving": ("LoadedModel", "load"),
    "wellfit.records": (
        "Report",
        "Settings",
        *(name for name in __all__ if name.endswith("Error")),
    ),
}
_MODULES = ("records", "report")
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _MODULES:
        return import_module(f"wellfit.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
