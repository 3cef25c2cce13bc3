"""Tables to data sets: reading, schema, target, encoding, scaling and splits."""

from wellfit.data._encode import Encoded, encode, encode_table
from wellfit.data._encoder import Encoder
from wellfit.data._fit_encoder import fit_encoder
from wellfit.data._folds import (
    group_folds,
    k_folds,
    nested_folds,
    repeated_folds,
    stratified_folds,
    time_folds,
)
from wellfit.data._frames import breast_cancer_frame, predictions_frame, write_frame
from wellfit.data._groups import duplicate_codes, row_codes
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
    "duplicate_codes",
    "encode",
    "encode_table",
    "fit_encoder",
    "fit_scaling",
    "group_folds",
    "holdout_split",
    "infer_schema",
    "infer_target",
    "k_folds",
    "make_splits",
    "nested_folds",
    "predictions_frame",
    "prepare",
    "read_table",
    "repeated_folds",
    "row_codes",
    "stratified_folds",
    "time_folds",
    "write_frame",
]
