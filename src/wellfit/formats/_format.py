"""What a format of another runtime must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from wellfit.formats._predictor import Predictor
from wellfit.records import SettingsError

Array = Any
Batch = Mapping[str, Array]
"""As many rows in each input, by its name, in order."""
Precision = Literal["float16", "int8"]
WriteReduced = Callable[[Predictor, Path, Precision, Sequence[Array]], None]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format, what it needs, how it is written and how it predicts.

    Attributes:
        name: as the command takes it.
        file: name of the file, or of the folder, that is written.
        takes: "rows" if preprocessing is part of it, down to the raw cells; "features" if it takes the
            study's encoded features, missing ones as NaN.
        packages: modules that must be there.
        install: what brings them.
        write: writes a study to a path.
        predict: reads what was written, in its own runtime, and returns what it says of each batch. A batch
            has the inputs of the study's signature for "rows", of `feature_arrays` for "features".
        write_reduced: does as `write`, in a smaller precision and with rows that the network takes, to find
            ranges of values by; None if the format has full precision alone.
    """

    name: str
    file: str
    takes: Literal["rows", "features"]
    packages: tuple[str, ...]
    install: str
    write: Callable[[Predictor, Path], None]
    predict: Callable[[Path, Sequence[Batch]], list[Array]]
    write_reduced: WriteReduced | None = None


def check_packages(format: Format) -> None:
    """Raise if a package that a format needs is not installed.

    Raises:
        SettingsError: it names what is missing and what brings it.
    """
    missing = [name for name in format.packages if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"format {format.name!r} needs packages that are not installed.",
            received=f"no {', '.join(missing)}",
            expected=f"{', '.join(format.packages)}",
            fix=f"pip install {format.install}",
        )
