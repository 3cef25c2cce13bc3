"""``wellfit resume``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import wellfit
from wellfit.cli._options import (
    Debug,
    Json,
    Language,
    LanguageOption,
    ProgressTarget,
    Storage,
    check_json_target,
    check_progress_target,
)
from wellfit.cli._process import prepare_process
from wellfit.cli._status import Status, guarded
from wellfit.cli._study import files_text, run_with_progress, show_study

if TYPE_CHECKING:
    from wellfit import Study


@guarded
def resume(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Output folder of `improve`.")],
    *,
    storage: Storage = None,
    json: Json = None,
    progress: ProgressTarget = None,
    lang: Language = LanguageOption.en,
    debug: Debug = False,
) -> Status:
    """Go on with a study that was killed, broke off or was stopped, from its last run that had ended.

    On the same machine it ends at the report that it would have come to. Its budget goes on where it was.
    """
    prepare_process(debug=debug)
    check_json_target(json)
    check_progress_target(progress)
    found: Study | None = run_with_progress(
        lambda listener, stop: wellfit.resume(folder, storage=storage, listener=listener, stop=stop),
        progress_target=progress,
        goes_on=True,
    )
    if found is None:
        print(f"There is nothing to do: the study in {folder} has come to its end.\n\n{files_text(folder)}")
        return Status.DONE
    return show_study(found, json_target=json, lang=lang.value)
