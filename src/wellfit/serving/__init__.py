"""Bundles in use: raw rows to predictions by ONNX Runtime alone, without Keras, JAX or polars."""

from wellfit.serving._load import LoadedModel, load
from wellfit.serving._manifest import READABLE_VERSIONS, digest_of, read_manifest
from wellfit.serving._rows import CellError, Cells, RowReader, join
from wellfit.serving._servable import GRAPH, SIGNATURE, Servable, check_tensors, load_servable
from wellfit.serving._signature import ArrayInput, Column, Signature, signature_from_json

__all__ = [
    "GRAPH",
    "READABLE_VERSIONS",
    "SIGNATURE",
    "ArrayInput",
    "CellError",
    "Cells",
    "Column",
    "LoadedModel",
    "RowReader",
    "Servable",
    "Signature",
    "check_tensors",
    "digest_of",
    "join",
    "load",
    "load_servable",
    "read_manifest",
    "signature_from_json",
]
