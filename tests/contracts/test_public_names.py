"""What users may import, pinned: a name that goes or comes must be a decision."""

import wellfit

PUBLIC = {
    "Preprocessing",
    "preprocessing",
    "Pictures",
    "read_pictures",
    "Transfer",
    "transfer_weights",
    "Stage",
    "WeightPenalty",
    "freeze",
    "learning_rates",
    "load_model",
    "penalties",
    "regularize",
    "stages",
    "unfreeze",
    "BiasVariance",
    "CrossValidation",
    "RegularizationPath",
    "bias_variance",
    "cross_validate",
    "regularization_path",
    "ColumnNotFoundError",
    "DataError",
    "Diagnosis",
    "Event",
    "FileReadError",
    "ModelError",
    "ModelLoadError",
    "ModelMismatchError",
    "OutputError",
    "Preparation",
    "Report",
    "Settings",
    "SettingsError",
    "StoreError",
    "Study",
    "Table",
    "TargetError",
    "TargetNotFoundError",
    "UnsupportedModelError",
    "Watch",
    "WellfitError",
    "WorkerError",
    "__version__",
    "demo",
    "diagnose",
    "LoadedModel",
    "export",
    "improve",
    "load",
    "monitor",
    "predict",
    "read_table",
    "records",
    "report",
    "retrain",
    "resume",
}


def test_public_names():
    """The package has exactly these names, and says so in `__all__` and `dir`."""
    assert set(wellfit.__all__) == PUBLIC
    assert set(dir(wellfit)) == PUBLIC


def test_every_name_can_be_had():
    """Each public name is importable and documented."""
    for name in PUBLIC - {"__version__"}:
        assert getattr(wellfit, name).__doc__, name


def test_every_error_is_public():
    """Whatever is raised on purpose can be caught by name from the package."""
    errors = {name for name in wellfit.records.__all__ if name.endswith("Error")}
    assert errors <= PUBLIC
    assert all(issubclass(getattr(wellfit, name), wellfit.WellfitError) for name in errors)


def test_unknown_names_are_attribute_errors():
    """A misspelled name fails as in any module, so that `hasattr` works."""
    assert not hasattr(wellfit, "improove")
