"""``wellfit predict``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import wellfit
from wellfit.cli._options import Debug, Decimal, Delimiter, Encoding, Header, Quote, reading_options
from wellfit.cli._process import prepare_process
from wellfit.cli._status import Status, guarded


@guarded
def predict(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Output folder of `improve`.")],
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="New rows with the columns of the old ones; or pictures, or a table of paths.",
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="A .csv, .parquet or .jsonl file; CSV on stdout if not given."
        ),
    ] = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    decimal: Decimal = None,
    quote: Quote = None,
    header: Header = None,
    debug: Debug = False,
) -> Status:
    """Predict new rows with the network that a study chose.

    Writes one row for each row of DATA, in order: the prediction, and for classes the probability of each.
    """
    prepare_process(debug=debug)
    reading = reading_options(
        delimiter=delimiter, encoding=encoding, decimal=decimal, quote=quote, header=header
    )
    predictions = wellfit.predict(folder, data, out=out, reading=reading)
    if out is None:
        sys.stdout.write(predictions.write_csv())
    return Status.DONE
