"""``wellfit improve`` and ``wellfit demo``."""

from __future__ import annotations

import re
import shlex
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import wellfit
from wellfit.cli._options import (
    Debug,
    Decimal,
    Delimiter,
    Encoding,
    Header,
    Json,
    Language,
    LanguageOption,
    Overwrite,
    ProgressTarget,
    Quote,
    Storage,
    check_json_target,
    check_progress_target,
    parse_columns,
    parse_holdout,
    parse_preparation,
    reading_options,
)
from wellfit.cli._process import prepare_process, process_age_s
from wellfit.cli._status import Status, guarded
from wellfit.cli._study import run_study


class TaskOption(StrEnum):
    """Values of ``--task``."""

    auto = "auto"
    classification = "classification"
    regression = "regression"


class StartOption(StrEnum):
    """Values of ``--start``."""

    auto = "auto"
    fresh = "fresh"
    given = "given"


class FeaturesOption(StrEnum):
    """Values of ``--features``."""

    auto = "auto"
    raw = "raw"
    encoded = "encoded"


@guarded
def improve(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="Table file (CSV, Parquet, Arrow, JSON lines), or folder of pictures, a sub-folder a class; "
            "or a table file of their paths and labels.",
        ),
    ],
    *,
    target: Annotated[
        str | None, typer.Option(metavar="COL", help="The column to predict; not for a folder of pictures.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Your network: a .keras or .h5 file, module:function or file.py:function. Or a built-in: "
            "tabular (the default), tabular:128, mlp (residual), dense:64-32, dense:64-32:0.2 (dropout); "
            "cnn, cnn:32 for pictures.",
        ),
    ] = None,
    budget: Annotated[
        str,
        typer.Option(
            metavar="AMOUNT",
            help="Time such as 90s, 5m or 1h; or '500 members' or '20000 epochs' of training.",
        ),
    ] = "90s",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Same seed, same result.")] = 0,
    holdout: Annotated[
        str,
        typer.Option(
            metavar="SHARE|FILE", help="Rows set aside to judge the result once: a share or a file."
        ),
    ] = "0.2",
    group: Annotated[
        str | None, typer.Option(metavar="COL", help="Rows with equal values stay on one side of a split.")
    ] = None,
    time_column: Annotated[
        str | None, typer.Option("--time", metavar="COL", help="Train on the past, validate on the future.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option(metavar="NAME", help="Such as log_loss, accuracy, roc_auc, rmse, r2.")
    ] = None,
    task: Annotated[TaskOption, typer.Option(help="What the target is.")] = TaskOption.auto,
    epochs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Of the baseline."),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(metavar="N", min=1, help="Of the baseline.")] = None,
    sampler: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="How combinations are searched: tpe, random, grid, qmc, gp, cmaes or nsga2."
        ),
    ] = "tpe",
    ensemble: Annotated[
        bool, typer.Option("--ensemble", help="Hand back the average of many networks, as one network.")
    ] = False,
    start: Annotated[
        StartOption,
        typer.Option(
            help="Where runs begin: fresh weights, those of the given network, or (auto) these if all but "
            "the head are trained, and for pictures."
        ),
    ] = StartOption.auto,
    warm_start: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Begin with what an earlier study (its folder) or a diagnosis (its JSON) found.",
        ),
    ] = None,
    allow_unsafe: Annotated[
        bool,
        typer.Option(
            "--allow-unsafe",
            help="Load .keras files that hold code (Lambda layers). Only files that you trust.",
        ),
    ] = False,
    features: Annotated[
        FeaturesOption,
        typer.Option(
            help="What the network receives: numeric columns as they stand, or the prepared matrix.",
        ),
    ] = FeaturesOption.auto,
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
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    decimal: Decimal = None,
    quote: Quote = None,
    header: Header = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Output folder; wellfit-<name of DATA> if not given."),
    ] = None,
    overwrite: Overwrite = False,
    storage: Storage = None,
    json: Json = None,
    progress: ProgressTarget = None,
    lang: Language = LanguageOption.en,
    debug: Debug = False,
) -> Status:
    """Find by controlled experiment what makes a network better on a table or on pictures.

    Every remedy is compared with the baseline in pairs of runs that differ in nothing else. The best
    ones are confirmed on fresh splits and seeds, and the result is judged once on rows set aside.
    """
    began_s = time.monotonic() - process_age_s()
    prepare_process(debug=debug)
    check_json_target(json)
    check_progress_target(progress)
    if target is None and not Path(data).is_dir():
        raise wellfit.SettingsError(
            "a table needs a target.",
            received=f"{data} without --target",
            expected="--target COL, the column to predict; a folder of pictures needs none",
        )
    reading = reading_options(
        delimiter=delimiter, encoding=encoding, decimal=decimal, quote=quote, header=header
    )
    columns, preparation = parse_columns(column or []), parse_preparation(set_ or [])
    folder = out or Path(f"wellfit-{Path(data).stem}")
    return run_study(
        lambda listener, stop: wellfit.improve(
            data,
            target=target,
            model=model,
            budget=budget,
            seed=seed,
            out=folder,
            overwrite=overwrite,
            storage=storage,
            holdout=parse_holdout(holdout),
            group=group,
            time=time_column,
            metric=metric,
            task=task.value,
            features=features.value,
            epochs=epochs,
            batch_size=batch_size,
            sampler=sampler,
            ensemble=ensemble,
            warm_start=warm_start,
            columns=columns or None,
            preparation=preparation,
            unsafe=allow_unsafe,
            start=start.value,
            reading=reading,
            listener=listener,
            stop=stop,
            began=began_s,
            command=command_text(),
        ),
        json_target=json,
        progress_target=progress,
        lang=lang.value,
    )


@guarded
def demo(
    budget: Annotated[str, typer.Option(metavar="TIME", help="Such as 30s or 2m.")] = "30s",
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Output folder; its earlier demo is replaced.")
    ] = Path("wellfit-demo"),
    json: Json = None,
    lang: Language = LanguageOption.en,
    debug: Debug = False,
) -> Status:
    """Run `improve` on a real table that comes along: breast cancer, with some dirt added."""
    began_s = time.monotonic() - process_age_s()
    prepare_process(debug=debug)
    check_json_target(json)
    return run_study(
        lambda listener, stop: wellfit.demo(
            out=out, budget=budget, listener=listener, stop=stop, began=began_s, command=command_text()
        ),
        json_target=json,
        lang=lang.value,
    )


def command_text() -> str:
    """Return the command as it was typed, for the report; passwords of databases are left out."""
    return shlex.join(["wellfit", *map(_without_password, sys.argv[1:])])


def _without_password(argument: str) -> str:
    is_named = re.sub(r"(://[^:/@]*):.*@", r"\1@", argument)
    return (
        re.sub(r"([?&][^=&?]*pass[^=&?]*=)[^&]*", r"\1", is_named, flags=re.IGNORECASE)
        if "://" in argument
        else is_named
    )
