"""``wellfit export``."""

from __future__ import annotations

import sys
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
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help="onnx, which takes raw rows; or keras, saved_model, torch, litert or openvino, which take "
            "encoded features.",
        ),
    ] = "onnx",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="PATH", help="Where to write; into DIR if not given."),
    ] = None,
    precision: Annotated[
        str,
        typer.Option("--precision", metavar="NAME", help="float32; for onnx also float16 or int8."),
    ] = "float32",
    max_loss: Annotated[
        float,
        typer.Option(
            "--max-loss",
            metavar="SHARE",
            help="How much of the score a smaller precision may cost, before nothing is kept.",
        ),
    ] = 0.01,
    debug: Debug = False,
) -> Status:
    """Write the network of a study for another runtime.

    What was written is loaded there and predicts rows of the holdout: it must say the same as the study, or
    nothing is kept. In a smaller precision it may lose a little of its score; how much is said, and kept.
    """
    prepare_process(debug=debug)

    def tell(sentence: str) -> None:
        print(sentence, file=sys.stderr)

    print(wellfit.export(folder, format, out=out, precision=precision, max_loss=max_loss, tell=tell))
    return Status.DONE
