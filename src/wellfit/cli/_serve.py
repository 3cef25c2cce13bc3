"""``wellfit serve``."""

from __future__ import annotations

import os
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

import wellfit
from wellfit.cli._options import Debug
from wellfit.cli._status import Status, guarded

_NEEDED = ("onnxruntime", "uvicorn", "prometheus_client")


@guarded
def serve(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR...", help="Studies, bundles, or folders of NAME/VERSION/ bundles."),
    ],
    *,
    host: Annotated[
        str, typer.Option(metavar="H", help="Where to listen; 0.0.0.0 lets other computers in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="0 takes a free one.")] = 8000,
    name: Annotated[
        str, typer.Option(metavar="TEXT", help="Of the network in addresses; its folder's if left out.")
    ] = "",
    workers: Annotated[
        int, typer.Option(metavar="N", min=0, help="Processes; 0 takes one for each core.")
    ] = 0,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="That a worker uses for one batch.")] = 1,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keys, one a line, of which requests must name one; or WELLFIT_API_KEY."
        ),
    ] = None,
    max_body: Annotated[int, typer.Option(metavar="MB", min=1, help="Of a request.")] = 16,
    max_rows: Annotated[int, typer.Option(metavar="N", min=1, help="Of a request.")] = 10_000,
    max_queue: Annotated[
        int, typer.Option(metavar="N", min=1, help="Requests that may be under way in a worker.")
    ] = 1_000,
    timeout: Annotated[float, typer.Option(metavar="S", min=0.01, help="For a request.")] = 30.0,
    batch: Annotated[
        int, typer.Option(metavar="ROWS", min=1, help="Of several requests that are computed together.")
    ] = 256,
    batch_ms: Annotated[
        float, typer.Option(metavar="MS", min=0.1, help="That such a batch may take.")
    ] = 20.0,
    reload: Annotated[
        float,
        typer.Option(metavar="S", min=0, help="Look for exchanged bundles so often; 0 never looks."),
    ] = 1.0,
    drain: Annotated[
        int, typer.Option(metavar="S", min=0, help="For requests under way when the server ends.")
    ] = 30,
    drain_delay: Annotated[
        float,
        typer.Option(metavar="S", min=0, help="Say not ready for so long, but answer, before it ends."),
    ] = 0.0,
    window: Annotated[
        int,
        typer.Option(
            metavar="ROWS", min=0, help="Hold the last so many rows against the training rows; 0 does not."
        ),
    ] = 10_000,
    access_log: Annotated[
        bool, typer.Option("--access-log", help="Write a line of JSON for each request.")
    ] = False,
    debug: Debug = False,
) -> Status:
    """Serve exported networks over HTTP, in the dialects that clients already speak.

    TensorFlow Serving's REST, the Open Inference Protocol V2, MLflow's /invocations, and rows as JSON or CSV
    at /predict; /docs describes them with the columns of your network. Export it first: wellfit export DIR.
    """
    if any(find_spec(package) is None for package in _NEEDED):
        raise wellfit.SettingsError("the server needs more packages: pip install 'wellfit[serve]'")
    package = import_module("wellfit.serving.http")
    keys = [os.environ.get(package.VARIABLE, "")]
    if api_key_file is not None:
        keys = package.read_keys(api_key_file)
    limits = package.Limits(
        body_bytes=max_body * 2**20,
        rows=max_rows,
        queue=max_queue,
        timeout_s=timeout,
        batch_rows=batch,
        batch_ms=batch_ms,
    )
    serving = package.Serving(
        folders=tuple(folders),
        name=name,
        host=host,
        port=port,
        limits=limits,
        keys=tuple(key for key in keys if key),
        reload_s=reload,
        drain_s=drain,
        drain_delay_s=drain_delay,
        num_threads=threads,
        is_logged=access_log,
        window_rows=window,
        drift_page=_drift_page,
    )
    package.serve(serving, num_workers=workers or package.num_cores(), say=partial(print, flush=True))
    return Status.DONE


def _drift_page(drift: Any) -> str:
    # What draws pages takes a second to import, which a server that is never asked for one should not take.
    return wellfit.report.monitor_html(drift)
