"""Tables to data sets: reading, schema, target, encoding, scaling and splits."""

from wellfit.data._encode import Encoded, encode, encode_table
from wellfit.data._encoder import Encoder
from wellfit.data._fit_encoder import fit_encoder
from wellfit.data._frames import breast_cancer_frame, predictions_frame, write_frame
from wellfit.data._groups import duplicate_codes, row_codes
from wellfit.data._one_hot import category_groups
from wellfit.data._preparation import Preparation
from wellfit.data._prepare import Prepared, prepare
from wellfit.data._read import read_table
from wellfit.data._scaling import apply_scaling, fit_scaling
from wellfit.data._schema import infer_schema
from wellfit.data._splits import holdout_split, make_splits
from wellfit.data._table import Table
from wellfit.data._target import Target, infer_target

__all__ = [
    "Encoded",
    "Encoder",
    "Preparation",
    "Prepared",
    "Table",
    "Target",
    "apply_scaling",
    "breast_cancer_frame",
    "category_groups",
    "duplicate_codes",
    "encode",
    "encode_table",
    "fit_encoder",
    "fit_scaling",
    "holdout_split",
    "infer_schema",
    "infer_target",
    "make_splits",
    "predictions_frame",
    "prepare",
    "read_table",
    "row_codes",
    "write_frame",
]
