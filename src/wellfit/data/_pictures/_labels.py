"""Labels of pictures whose classes a network knows already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wellfit.data._pictures._files import TABLE_ENDINGS
from wellfit.data._pictures._find import picture_paths
from wellfit.data._pictures._path_table import other_cells
from wellfit.data._read import read_table


def picture_labels(
    source: Any, class_names: Sequence[str], reading: Mapping[str, Any] | None = None
) -> list[str | None]:
    """Return the label of each picture of `picture_paths`, None where it has none.

    In a folder that is the innermost sub-folder with the name of a class; in a table the cell of the one
    column beside the paths, whether it is a class or not, if any cell of it is one.

    Args:
        source: as `picture_paths` takes it.
        class_names: that the network knows.
        reading: options of `read_table`.

    Example:
        >>> picture_labels(["a.png", "b.png"], ["cat", "dog"])
        [None, None]
    """
    paths = picture_paths(source, reading)
    known = set(class_names)
    place = Path(source).expanduser() if isinstance(source, str | Path) else None
    if place is not None and place.is_dir():
        parts = (reversed(path.relative_to(place).parts[:-1]) for path in paths)
        return [next((name for name in one if name in known), None) for one in parts]
    if place is not None and place.suffix.lower() in TABLE_ENDINGS:
        cells = other_cells(read_table(place, **(reading or {})))
        if known & set(cells):
            return [cell or None for cell in cells]
    return [None] * len(paths)
