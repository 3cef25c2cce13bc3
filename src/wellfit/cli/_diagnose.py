"""``wellfit diagnose``."""

from __future__ import annotations

import json as json_format
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import wellfit
from wellfit.cli._improve import FeaturesOption, TaskOption, command_text
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
    parse_columns,
    parse_preparation,
    reading_options,
)
from wellfit.cli._process import prepare_process, process_age_s
from wellfit.cli._status import Status, guarded
from wellfit.cli._study import run_with_progress, text_width

if TYPE_CHECKING:
    from wellfit.records import Diagnosis

_STAGES = {
    "prepare": "reading the data, building the network",
    "baseline": "the rows and the network as they are",
    "screen": "experiments: one thing changed at a time",
    "search": "more experiments where the first ones point",
    "confirm": "what gained, on fresh splits and seeds",
}
_EXPECTED = "DATA, --target and --model; a folder of pictures and --model; or --history alone"


@guarded
def diagnose(
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA",
            help="Table file (CSV, Parquet, Arrow, JSON lines), or folder of pictures, a sub-folder a class.",
        ),
    ] = None,
    *,
    target: Annotated[
        str | None, typer.Option(metavar="COL", help="The column to predict; not for a folder of pictures.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Your network, compiled as you train it: a .keras or .h5 file, module:function or "
            "file.py:function. Or a built-in: mlp, mlp:128, dense:64-32; cnn, cnn:32 for pictures.",
        ),
    ] = None,
    history: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Only curves: History.history as JSON, a CSVLogger file, or a TensorBoard folder. "
            "Instead of DATA and a network.",
        ),
    ] = None,
    validation: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Validation rows, or a folder of pictures; a part of DATA if not given."
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", min=1, help="Of your training.")] = None,
    batch_size: Annotated[int | None, typer.Option(metavar="N", min=1, help="Of your training.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Same seed, same result.")] = 0,
    task: Annotated[TaskOption, typer.Option(help="What the target is.")] = TaskOption.auto,
    features: Annotated[
        FeaturesOption,
        typer.Option(
            help="What the network receives: numeric columns as they stand, or the prepared matrix.",
        ),
    ] = FeaturesOption.auto,
    group: Annotated[
        str | None, typer.Option(metavar="COL", help="Rows with equal values belong together.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="At most, such as 30s or 1h; 10m if not given.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=KIND",
            help="What a column is: numeric, category, datetime, ..., drop, or its values in order: S<M<L.",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A preparation step, such as missing=mean, outliers=report or scaling=robust.",
        ),
    ] = None,
    allow_unsafe: Annotated[
        bool,
        typer.Option(
            "--allow-unsafe",
            help="Load .keras files that hold code (Lambda layers). Only files that you trust.",
        ),
    ] = False,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    decimal: Decimal = None,
    quote: Quote = None,
    header: Header = None,
    json: Json = None,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Also write the diagnosis as a page.")
    ] = None,
    debug: Debug = False,
) -> Status:
    """Say what is wrong with a network and why, by controlled experiment.

    It names over- and underfitting, a network that does not learn, and an evaluation that misleads, each
    with its cause, the experiment that shows it, and what to do. Exit status 0 whatever the verdict.
    """
    began_s = time.monotonic() - process_age_s()
    prepare_process(debug=debug)
    check_json_target(json)
    if html:
        check_file_target(html, option="--html", what="page")
    reading = reading_options(
        delimiter=delimiter, encoding=encoding, decimal=decimal, quote=quote, header=header
    )
    if history is not None:
        given = {
            "DATA": data,
            "--target": target,
            "--model": model,
            "--validation": validation,
            "--epochs": epochs,
            "--batch-size": batch_size,
            "--group": group,
            "--budget": budget,
            "--column": column,
            "--set": set_,
        }
        _check_history_alone(history, given)
        found = wellfit.diagnose(history=Path(history), command=command_text())
        return _show(found, json_target=json, html_target=html)
    _check_complete(data=data, target=target, model=model)
    columns, preparation = parse_columns(column or []), parse_preparation(set_ or [])
    found = run_with_progress(
        lambda listener, stop: wellfit.diagnose(
            data,
            target=target,
            model=model,
            validation=validation,
            epochs=epochs,
            batch_size=batch_size,
            seed=seed,
            task=task.value,
            features=features.value,
            group=group,
            budget=budget,
            columns=columns or None,
            preparation=preparation,
            unsafe=allow_unsafe,
            reading=reading,
            listener=listener,
            stop=stop,
            began=began_s,
            command=command_text(),
        ),
        stages=_STAGES,
    )
    return _show(found, json_target=json, html_target=html)


def _check_history_alone(history: str, given: Mapping[str, object]) -> None:
    """Refuse options that curves have no use for; whoever gives them expects more than curves can say."""
    names = [name for name, value in given.items() if value]
    if names:
        raise wellfit.SettingsError(
            "curves are diagnosed by themselves, without a table or a network.",
            received=f"--history {history} together with {', '.join(names)}",
            expected=_EXPECTED,
            fix="leave out --history to have the network examined on its rows",
        )


def _check_complete(*, data: str | None, target: str | None, model: str | None) -> None:
    """Refuse a table without a target or a network, pictures without a network, and nothing at all."""
    parts = {"DATA": data, "--target": target, "--model": model}
    if data is not None and Path(data).expanduser().is_dir():
        parts.pop("--target")
    missing = [name for name, value in parts.items() if not value]
    if not missing:
        return
    received = ", ".join(
        f"{name} {value}" if name != "DATA" else str(value) for name, value in parts.items() if value
    )
    named = ["--target", target or "COL"] if "--target" in parts else []
    example = " ".join((data or "churn.csv", *named, "--model", model or "net.keras"))
    raise wellfit.SettingsError(
        "there is nothing to diagnose." if len(missing) == 3 else f"{' and '.join(missing)} missing.",
        received=received,
        expected=_EXPECTED,
        fix=f"for example: wellfit diagnose {example}",
    )


def _show(diagnosis: Diagnosis, *, json_target: str | None, html_target: str | None) -> Status:
    """Print the diagnosis, write what was asked for, and return 0, or 3 if it is partial."""
    # Printed first: a file that cannot be written costs the file alone.
    if json_target == "-":
        print(json_format.dumps(wellfit.report.diagnosis_json(diagnosis), indent=2, allow_nan=False))
    else:
        print(wellfit.report.diagnosis_text(diagnosis, text_width()))
    files = {"Page": html_target, "Data": None if json_target == "-" else json_target}
    lines = [f"{label:<6}{path}" for label, path in files.items() if path]
    if html_target:
        wellfit.report.write_diagnosis_html(diagnosis, html_target)
    if json_target and json_target != "-":
        wellfit.report.write_diagnosis_json(diagnosis, json_target)
    if lines and json_target != "-":
        print("\n" + "\n".join(lines))
    return Status.PARTIAL if diagnosis.environment.get("partial") else Status.DONE
