"""Tables to data sets: reading, schema, target, encoding, scaling and splits."""

from wellfit.data._canonical import canonical_table
from wellfit.data._copula import copula_rows
from wellfit.data._creation import created, creation_formulas, shown, with_bins
from wellfit.data._encode import Encoded, encode, encode_table
from wellfit.data._encoder import Encoder, detail_list, num_codes
from wellfit.data._extraction import with_extraction
from wellfit.data._feature_kinds import FeatureKinds, feature_kinds
from wellfit.data._fit_encoder import fit_encoder
from wellfit.data._folds import (
    group_folds,
    k_folds,
    kind_of_folds,
    nested_folds,
    repeated_folds,
    stratified_folds,
    time_folds,
)
from wellfit.data._frames import breast_cancer_frame, frame_of, predictions_frame, with_paths, write_frame
from wellfit.data._groups import as_groups, duplicate_codes, row_codes
from wellfit.data._mapped import in_parts, is_mapped, joined_rows, picked
from wellfit.data._one_hot import category_groups
from wellfit.data._outliers import is_outlier, outlying_rows
from wellfit.data._pictures import (
    PictureFiles,
    Pictures,
    copy_codes,
    decode_picture,
    files_of_table,
    find_pictures,
    near_copies,
    picture_column,
    picture_labels,
    picture_paths,
    png_strip,
    read_pictures,
)
from wellfit.data._pixels import are_pixels, computable, is_real
from wellfit.data._preparation import Preparation
from wellfit.data._prepare import Prepared, prepare
from wellfit.data._read import read_table
from wellfit.data._readable import ReadableColumn, SourceRows, array_columns, readable_columns
from wellfit.data._resampling import oversampled, undersampled
from wellfit.data._row_table import NewRows, matrix_position, with_rows
from wellfit.data._scaling import apply_scaling, fit_scaling, invert_scaling
from wellfit.data._schema import infer_schema
from wellfit.data._selection import feature_scores, keep_best, partial_scores
from wellfit.data._splits import holdout_split, make_splits
from wellfit.data._synthetic import synthetic_rows
from wellfit.data._table import Table
from wellfit.data._target import Target, infer_target
from wellfit.data._watched import watched_columns

__all__ = [
    "Encoded",
    "Encoder",
    "FeatureKinds",
    "NewRows",
    "PictureFiles",
    "Pictures",
    "Preparation",
    "Prepared",
    "ReadableColumn",
    "SourceRows",
    "Table",
    "Target",
    "apply_scaling",
    "are_pixels",
    "array_columns",
    "as_groups",
    "breast_cancer_frame",
    "canonical_table",
    "category_groups",
    "computable",
    "copula_rows",
    "copy_codes",
    "created",
    "creation_formulas",
    "decode_picture",
    "detail_list",
    "duplicate_codes",
    "encode",
    "encode_table",
    "feature_kinds",
    "feature_scores",
    "files_of_table",
    "find_pictures",
    "fit_encoder",
    "fit_scaling",
    "frame_of",
    "group_folds",
    "holdout_split",
    "in_parts",
    "infer_schema",
    "infer_target",
    "invert_scaling",
    "is_mapped",
    "is_outlier",
    "is_real",
    "joined_rows",
    "k_folds",
    "keep_best",
    "kind_of_folds",
    "make_splits",
    "matrix_position",
    "near_copies",
    "nested_folds",
    "num_codes",
    "outlying_rows",
    "oversampled",
    "partial_scores",
    "picked",
    "picture_column",
    "picture_labels",
    "picture_paths",
    "png_strip",
    "predictions_frame",
    "prepare",
    "read_pictures",
    "read_table",
    "readable_columns",
    "repeated_folds",
    "row_codes",
    "shown",
    "stratified_folds",
    "synthetic_rows",
    "time_folds",
    "undersampled",
    "watched_columns",
    "with_bins",
    "with_extraction",
    "with_paths",
    "with_rows",
    "write_frame",
]
