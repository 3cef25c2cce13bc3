"""``wellfit explain``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

import wellfit
from wellfit.cli._options import Debug
from wellfit.cli._process import prepare_process
from wellfit.cli._status import Status, guarded

_WIDEST = 100


@guarded
def explain(
    code: Annotated[
        str, typer.Argument(metavar="[CODE]", help="Code of a cause, such as too-few-rows.")
    ] = "",
    debug: Debug = False,
) -> Status:
    """Explain a cause that `diagnose` names: how it is detected, what to do, and where that is wrong."""
    prepare_process(debug=debug)
    codes = wellfit.report.cause_codes()
    if not code:
        print("\n".join(codes))
        return Status.DONE
    if code not in codes:
        raise wellfit.SettingsError(
            f"there is no cause {code!r}.",
            received=f"CODE={code}",
            expected="one of " + ", ".join(codes),
            fix=wellfit.records.did_you_mean(code, codes),
        )
    page = wellfit.report.cause_page(code)
    if not sys.stdout.isatty():
        print(page, end="")
        return Status.DONE
    console = Console()
    console.print(Markdown(page), width=min(console.width, _WIDEST))
    return Status.DONE
