"""``wellfit export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import wellfit
from wellfit.cli._options import Debug
from wellfit.cli._process import prepare_process
from wellfit.cli._status import Status, guarded


@guarded
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Output folder of `improve`.")],
    *,
    format: Annotated[
        str,
        typer.Option("--format", "-f", metavar="NAME", help="onnx, which takes raw rows."),
    ] = "onnx",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="PATH", help="Where to write; into DIR if not given."),
    ] = None,
    debug: Debug = False,
) -> Status:
    """Write the network of a study for another runtime.

    What was written is loaded there and predicts rows of the holdout: it must say the same as the study, or
    nothing is kept.
    """
    prepare_process(debug=debug)
    print(wellfit.export(folder, format, out=out))
    return Status.DONE
