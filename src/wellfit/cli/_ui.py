"""``wellfit ui``."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

import wellfit
from wellfit.cli._options import Debug
from wellfit.cli._process import prepare_process
from wellfit.cli._progress import SCORED, STAGES
from wellfit.cli._status import Status, guarded

_NEEDED = ("fastapi", "starlette", "uvicorn", "python_multipart", "a2wsgi")


@guarded
def ui(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="With your data; studies are written to it.")
    ] = Path("."),
    *,
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="0 takes a free one.")] = 0,
    host: Annotated[
        str, typer.Option(metavar="H", help="Where to listen; others than this computer need another one.")
    ] = "127.0.0.1",
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")] = False,
    upload_limit: Annotated[
        int, typer.Option(metavar="MB", min=1, help="The largest file that may be uploaded.")
    ] = 200,
    debug: Debug = False,
) -> Status:
    """Open the workbench: a local page to start studies, watch them, and read and try what they found.

    It shows and starts what is in FOLDER and nothing else. Studies are processes of their own: they go on
    when the page is closed or the workbench ends.
    """
    if any(find_spec(name) is None for name in _NEEDED):
        raise wellfit.SettingsError("the workbench needs more packages: pip install 'wellfit[ui]'")
    if not folder.is_dir():
        raise wellfit.FileReadError(
            f"there is no folder {str(folder)!r}.",
            received="a file" if folder.exists() else "a name that does not exist",
            expected="the folder with your data",
            fix="make it first, or leave it out to take the current one",
        )
    prepare_process(debug=debug)
    package = import_module("wellfit.ui")
    workbench = package.Workbench(
        root=folder.resolve(), stages=STAGES, scored=SCORED, max_upload_bytes=upload_limit * 2**20
    )
    package.serve(workbench, host=host, port=port, open_browser=not no_open, say=partial(print, flush=True))
    return Status.DONE
