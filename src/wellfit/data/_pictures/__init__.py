"""Pictures from files: found, decoded once, kept on disk, and told apart from their near copies."""

from __future__ import annotations

from wellfit.data._pictures._cache import Skipped
from wellfit.data._pictures._copies import copy_codes, near_copies
from wellfit.data._pictures._decode import FITS, decode_picture
from wellfit.data._pictures._encode import png_strip
from wellfit.data._pictures._files import PictureFiles
from wellfit.data._pictures._find import find_pictures, picture_paths
from wellfit.data._pictures._labels import picture_labels
from wellfit.data._pictures._path_table import files_of_table, picture_column
from wellfit.data._pictures._read import Pictures, check_pictures, read_pictures

__all__ = [
    "FITS",
    "PictureFiles",
    "Pictures",
    "Skipped",
    "check_pictures",
    "copy_codes",
    "decode_picture",
    "files_of_table",
    "find_pictures",
    "near_copies",
    "picture_column",
    "picture_labels",
    "picture_paths",
    "png_strip",
    "read_pictures",
]
