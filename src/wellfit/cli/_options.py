"""Options that several commands share, and what their text means."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

import wellfit

Delimiter = Annotated[str | None, typer.Option(metavar="TEXT", help="Such as ',' or ';' or 'tab'.")]
Encoding = Annotated[str | None, typer.Option(metavar="NAME", help="Such as utf-8 or cp1252.")]
Decimal = Annotated[str | None, typer.Option(metavar="MARK", help="Decimal mark: '.' or ','.")]
Quote = Annotated[str | None, typer.Option(metavar="MARK", help="Quote character, '' for none.")]
Header = Annotated[
    bool | None,
    typer.Option("--header/--no-header", help="Whether the first line holds names."),
]
Json = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE|-", help="Also write the report as JSON; - is stdout."),
]


class LanguageOption(StrEnum):
    """Values of ``--lang``."""

    en = "en"
    zh = "zh"


Language = Annotated[
    LanguageOption,
    typer.Option("--lang", help="Language of page and text; report.json stays English."),
]
ProgressTarget = Annotated[
    str | None,
    typer.Option("--progress", metavar="FILE", help="Append what happens as JSON lines, for programs."),
]
Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Database for the trials, as Optuna takes it; trials.db in the output folder if not given.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks and library messages.")]


_DELIMITERS = {"tab": "\t", "\\t": "\t", "space": " "}


def reading_options(
    *,
    delimiter: str | None,
    encoding: str | None,
    decimal: str | None,
    quote: str | None,
    header: bool | None,
) -> dict[str, Any]:
    """Return the options of `wellfit.read_table` that were given; the others are found out.

    Example:
        >>> reading_options(delimiter="tab", encoding=None, decimal=",", quote=None, header=None)
        {'delimiter': '\\t', 'decimal': ','}
    """
    options = {
        "delimiter": _DELIMITERS.get(delimiter or "", delimiter),
        "encoding": encoding,
        "decimal": decimal,
        "quote": quote,
        "header": header,
    }
    return {name: value for name, value in options.items() if value is not None}


def parse_columns(pairs: list[str]) -> dict[str, Any]:
    """Return column kinds from ``NAME=KIND``, or from ``NAME=low<mid<high`` for values in their order.

    Raises:
        SettingsError: a text without ``=``.

    Example:
        >>> parse_columns(["zip=category", "size=S<M<L"])
        {'zip': 'category', 'size': ['S', 'M', 'L']}
    """
    columns: dict[str, Any] = {}
    for pair in pairs:
        name, kind = _divided(pair, "--column", "age=category")
        columns[name] = [value.strip() for value in kind.split("<")] if "<" in kind else kind
    return columns


def parse_preparation(pairs: list[str]) -> wellfit.Preparation | None:
    """Return a `Preparation` from ``NAME=VALUE`` texts, None if there are none.

    Raises:
        SettingsError: an unknown name or a value that it does not take.

    Example:
        >>> parse_preparation(["missing=mean", "rare_count=10"]).rare_count
        10
    """
    if not pairs:
        return None
    hints = get_type_hints(wellfit.Preparation)
    names = [field.name for field in fields(wellfit.Preparation) if field.name != "features"]
    values: dict[str, Any] = {}
    for pair in pairs:
        name, text = _divided(pair, "--set", "missing=mean")
        name = name.replace("-", "_")
        if name not in names:
            raise wellfit.SettingsError(
                f"there is no preparation setting {name!r}.",
                received=f"--set {pair}",
                expected=", ".join(names),
                fix=wellfit.records.did_you_mean(name, names) or "for example: --set missing=mean",
            )
        values[name] = _value(text, hints[name], pair)
    return wellfit.Preparation(**values)


def _divided(pair: str, option: str, example: str) -> tuple[str, str]:
    """Split at the last ``=``: column names may hold one, kinds do not."""
    name, sign, value = pair.rpartition("=")
    if not sign or not name or not value:
        raise wellfit.SettingsError(
            f"{option} takes NAME=VALUE.",
            received=f"{option} {pair}",
            expected="a name, =, and a value",
            fix=f"for example: {option} {example}",
        )
    return name, value


def _value(text: str, hint: object, pair: str) -> object:
    """Return `text` as the type that a field has."""
    if hint is bool:
        known = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
        if text.lower() not in known:
            raise _wrong(pair, "true or false")
        return known[text.lower()]
    kinds = [kind for kind in (int, float) if hint is kind or kind in getattr(hint, "__args__", ())]
    if not kinds:
        return text
    try:
        return kinds[0](text)
    except ValueError:
        raise _wrong(pair, "a whole number" if kinds[0] is int else "a number") from None


def _wrong(pair: str, expected: str) -> wellfit.SettingsError:
    return wellfit.SettingsError(
        f"the value of --set {pair} does not fit.", received=pair, expected=expected, fix="change the value"
    )


def parse_holdout(text: str) -> float | str:
    """Return a share of the rows, or the path that `text` is."""
    try:
        return float(text)
    except ValueError:
        return text


def check_json_target(target: str | None) -> None:
    """Refuse a JSON file that could not be written, before any time is spent on a study.

    Raises:
        OutputError: its folder does not exist, or the name is a folder's.
    """
    if target not in (None, "-"):
        check_file_target(str(target), option="--json", what="JSON file", other=", or - for stdout")


def check_progress_target(target: str | None) -> None:
    """Refuse a file of progress that could not be written.

    Raises:
        OutputError: its folder does not exist, or the name is a folder's.
    """
    if target is not None:
        check_file_target(target, option="--progress", what="progress file")


def check_file_target(target: str, *, option: str, what: str, other: str = "") -> None:
    """Refuse a file that could not be written.

    Raises:
        OutputError: its folder does not exist, or the name is a folder's.
    """
    path = Path(target)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise wellfit.OutputError(
            f"the {what} cannot be written.",
            received=f"{option} {target}",
            expected=f"a file name in an existing folder{other}",
            fix=f"make the folder {path.parent}" if not path.is_dir() else "name a file in that folder",
        )
