"""``wellfit compare``."""

from __future__ import annotations

import json as json_format
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import wellfit
from wellfit.cli._options import Debug, Json, check_file_target, check_json_target
from wellfit.cli._process import prepare_process
from wellfit.cli._status import Status, guarded
from wellfit.cli._study import text_width

if TYPE_CHECKING:
    from wellfit import Report


@guarded
def compare(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Output folders of `improve`.")],
    *,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Also write the comparison as a page.")
    ] = None,
    json: Json = None,
    debug: Debug = False,
) -> Status:
    """Show studies side by side: scores on their holdouts, what was changed, what it took.

    Studies of one task and one metric are ranked. Others are shown in the order given.
    """
    prepare_process(debug=debug)
    check_json_target(json)
    if html:
        check_file_target(html, option="--html", what="page")
    reports = _read(folders)
    comparison = wellfit.report.compare_reports(reports)
    if json and json != "-":
        wellfit.report.write_comparison_json(comparison, json)
    if html:
        wellfit.report.write_comparison_html(reports, html)
    if json == "-":
        print(json_format.dumps(wellfit.report.comparison_json(comparison), indent=2, allow_nan=False))
    else:
        print(wellfit.report.comparison_text(comparison, text_width()))
    return Status.DONE


def _read(folders: list[Path]) -> dict[str, Report]:
    """Return name to report; folders of one name are told apart by their paths.

    Raises:
        SettingsError: there are fewer than two different folders.
        FileReadError: a folder does not hold a study.
    """
    places = list(dict.fromkeys(folder.expanduser().resolve() for folder in folders))
    if len(places) < 2:
        raise wellfit.SettingsError(
            "there is nothing to compare with.",
            received=" ".join(map(str, folders)),
            expected="at least two different output folders of 'wellfit improve'",
            fix="wellfit report DIR shows a single study",
        )
    empty = [place for place in places if not (place / "report.json").is_file()]
    if empty:
        kind = "a folder without report.json" if empty[0].is_dir() else "no such folder"
        more = f" (and {len(empty) - 1} more of the {len(places)} given)" if len(empty) > 1 else ""
        raise wellfit.FileReadError(
            f"{empty[0]} does not hold a study{more}.",
            received=kind,
            expected="output folders of 'wellfit improve'",
            fix="leave it out, or give the folder that was named by --out",
        )
    shared = {name for name, number in Counter(place.name for place in places).items() if number > 1}
    return {
        str(place) if place.name in shared else place.name: wellfit.report.read_json(place / "report.json")
        for place in places
    }
