"""What picture files are called, and files with their classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# By their endings: what else lies in a folder is none of ours, but is counted.
ENDINGS = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".bmp",
        ".dib",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".ppm",
        ".pgm",
    }
    | {".pbm", ".pnm", ".jp2", ".avif", ".ico", ".tga"}
)
TABLE_ENDINGS = frozenset(
    {
        ".csv",
        ".tsv",
        ".txt",
        ".parquet",
        ".pq",
        ".arrow",
        ".feather",
        ".ipc",
        ".jsonl",
        ".ndjson",
        ".json",
    }
)


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureFiles:
    """Paths of pictures with their classes.

    Attributes:
        name: of the data.
        paths: of each picture.
        labels: ``[picture]`` class codes.
        class_names: in code order.
        notes: what the reader should know: folders and files that were left out.
    """

    name: str
    paths: tuple[Path, ...]
    labels: NDArray[np.int32]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()
