"""``wellfit monitor``."""

from __future__ import annotations

import json as json_format
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import wellfit
from wellfit.cli._improve import command_text
from wellfit.cli._options import (
    Debug,
    Decimal,
    Delimiter,
    Encoding,
    Header,
    Json,
    Quote,
    check_file_target,
    check_json_target,
    reading_options,
)
from wellfit.cli._process import prepare_process, process_age_s
from wellfit.cli._status import Status, guarded
from wellfit.cli._study import run_study, text_width

if TYPE_CHECKING:
    from wellfit.drift import Drift

_STATUS_OF = {"fine": Status.DONE, "watch": Status.WATCH, "retrain": Status.RETRAIN}


@guarded
def monitor(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Output folder of `improve`.")],
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="Rows from use, with the columns of the old ones; with the target column, if labels are "
            "known. Or pictures, or a table of paths.",
        ),
    ],
    *,
    json: Json = None,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Also write what was found as a page.")
    ] = None,
    retrain: Annotated[
        bool,
        typer.Option(
            "--retrain",
            help="If the answer is retrain, run `improve` on these rows, which need labels, from the network "
            "and the settings of the study.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Where --retrain writes; DIR-retrained if not given."
        ),
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Of --retrain; that of the study if not given.")
    ] = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    decimal: Decimal = None,
    quote: Quote = None,
    header: Header = None,
    debug: Debug = False,
) -> Status:
    """Say whether rows in use are still those that the network was trained for.

    Exit status, for cron: 0 fine, 4 watch, 5 retrain (1 and 2 are errors; with --retrain 5 where the new
    study is done, 3 where it is partial). Columns and predictions are held against the study's rows; in at
    most 5 % of all samples in which nothing changed, something is said to have drifted.
    """
    prepare_process(debug=debug)
    check_json_target(json)
    if html:
        check_file_target(html, option="--html", what="page")
    reading = reading_options(
        delimiter=delimiter, encoding=encoding, decimal=decimal, quote=quote, header=header
    )
    began_s = time.monotonic() - process_age_s()
    place = out or folder.with_name(f"{folder.resolve().name}-retrained")
    drift = wellfit.monitor(folder, data, reading=reading)
    _show(drift, json_target=json, html_target=html)
    status = _STATUS_OF[drift.advice.value]
    if not retrain or status is not Status.RETRAIN:
        return status
    limits = {} if budget is None else {"budget": budget}
    done = run_study(
        lambda listener, stop: wellfit.retrain(
            folder,
            data,
            reading=reading,
            out=place,
            listener=listener,
            stop=stop,
            began=began_s,
            command=command_text(),
            **limits,
        ),
        json_target=None,
    )
    return status if done is Status.DONE else done


def _show(drift: Drift, *, json_target: str | None, html_target: str | None) -> None:
    """Print what was found, and write what was asked for."""
    if json_target == "-":
        print(json_format.dumps(wellfit.report.monitor_json(drift), indent=2, allow_nan=False))
    else:
        print(wellfit.report.monitor_text(drift, text_width()))
    if html_target:
        wellfit.report.write_monitor_html(drift, html_target)
    if json_target and json_target != "-":
        wellfit.report.write_monitor_json(drift, json_target)
