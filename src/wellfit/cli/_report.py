"""``wellfit report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import wellfit
from wellfit.cli._options import Debug, Json, Language, LanguageOption, check_json_target
from wellfit.cli._process import prepare_process
from wellfit.cli._status import Status, guarded
from wellfit.cli._study import files_text, show_report


@guarded
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Output folder of `improve`.")],
    json: Json = None,
    lang: Language = LanguageOption.en,
    debug: Debug = False,
) -> Status:
    """Show the report of a study again and redraw its page from report.json."""
    prepare_process(debug=debug)
    check_json_target(json)
    found = wellfit.report.read_json(folder / "report.json")
    wellfit.report.write_html(found, folder / "report.html", lang=lang.value)
    show_report(found, json_target=json, lang=lang.value)
    if json != "-":
        print(f"\n{files_text(folder)}")
    return Status.DONE
