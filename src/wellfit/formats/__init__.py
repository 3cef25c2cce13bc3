"""Studies in the formats of other runtimes; what that takes is in the extra "export"."""

from wellfit.formats._features import feature_arrays, features_json
from wellfit.formats._format import Batch, Format, Precision, check_packages
from wellfit.formats._known import FORMATS
from wellfit.formats._predictor import Predictor
from wellfit.formats._signature import signature_of

__all__ = [
    "FORMATS",
    "Batch",
    "Format",
    "Precision",
    "Predictor",
    "check_packages",
    "feature_arrays",
    "features_json",
    "signature_of",
]
