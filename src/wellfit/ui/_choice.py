"""From a filled-in form to the arguments of ``wellfit improve``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wellfit.records import SettingsError
from wellfit.ui._paths import NETWORKS, confined, own_files
from wellfit.ui._tables import overrides, read

BUDGETS = {
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    " members": "training runs",
    " epochs": "epochs",
}
"""Units of a budget as the command line writes them, with words for them."""
TABLE_NETWORKS = {
    "": "Built for this table (the default)",
    "mlp": "Residual (mlp)",
    "dense:64-32": "Dense, 64 and 32 units",
    "dense:128-64:0.2": "Dense, 128 and 64 units, dropout 0.2",
}
PICTURE_NETWORKS = {"": "Built for these pictures (the default)", "cnn": "Convolutional (cnn)"}
_LARGEST_AMOUNT = 1_000_000
_KIND_FIELD = re.compile(r"kind-(\d{1,6})")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person chose.

    Attributes:
        data: file or folder, relative to the workbench's folder.
        target: the column to predict; empty for pictures.
        arguments: of ``wellfit improve``.
    """

    data: str
    target: str
    arguments: tuple[str, ...]


def asked_kinds(form: Mapping[str, object]) -> dict[int, str]:
    """Return place of a column to the kind that was chosen for it."""
    fields = ((_KIND_FIELD.fullmatch(name), value) for name, value in form.items())
    return {int(match[1]): str(value) for match, value in fields if match and value}


def networks(root: Path, *, of_pictures: bool) -> dict[str, str]:
    """Return what may be chosen as a network: the built-in ones, and files in the folder."""
    files = {name: name for name in own_files(root, NETWORKS)}
    return (PICTURE_NETWORKS if of_pictures else TABLE_NETWORKS) | files


def read_choice(root: Path, path: Path, form: Mapping[str, object]) -> Choice:
    """Return what was chosen for a table or a folder of pictures.

    Args:
        root: the workbench's folder.
        path: of the data, confined to it.
        form: fields of the page, as text.

    Raises:
        SettingsError: something is missing, or is none of what can be chosen.
    """
    of_pictures = path.is_dir()
    target = "" if of_pictures else _text(form, "target")
    arguments = [f"--budget={_budget(form)}", f"--seed={_whole(form, 'seed', 0)}"]
    if not of_pictures:
        arguments += _column_arguments(path, target, form)
    arguments += _network(root, _text(form, "model"), of_pictures=of_pictures)
    if holdout := _text(form, "holdout"):
        arguments.append(f"--holdout={_share(holdout)}")
    if metric := _text(form, "metric"):
        arguments.append(f"--metric={metric}")
    if form.get("ensemble"):
        arguments.append("--ensemble")
    return Choice(data=str(path.relative_to(root)), target=target, arguments=tuple(arguments))


def _column_arguments(path: Path, target: str, form: Mapping[str, object]) -> list[str]:
    names = read(path).column_names
    if target not in names:
        raise SettingsError(
            "no target was chosen.",
            received=f"target={target!r}",
            expected="the column to predict",
            fix="choose it above the columns",
        )
    kinds = overrides(names, target, asked_kinds(form))
    arguments = [f"--column={name}={kind}" for name, kind in kinds.items()]
    for role in ("group", "time"):
        column = _text(form, role)
        if column and column not in names:
            raise SettingsError(f"there is no column {column!r}.", received=f"{role}={column!r}")
        if column:
            arguments.append(f"--{role}={column}")
    return arguments


def _network(root: Path, chosen: str, *, of_pictures: bool) -> list[str]:
    """Return the argument for a network; only built-in ones and files that hold no code can be chosen."""
    built_in = PICTURE_NETWORKS if of_pictures else TABLE_NETWORKS
    if not chosen:
        return []
    if chosen in built_in:
        return [f"--model={chosen}"]
    path = confined(root, chosen)
    if path.suffix.lower() not in NETWORKS:
        raise SettingsError(
            "this is not a network.",
            received=repr(chosen),
            expected=f"a built-in one, or a file ending in {' or '.join(NETWORKS)}",
        )
    return [f"--model={path.relative_to(root)}"]


def _budget(form: Mapping[str, object]) -> str:
    unit = str(form.get("unit", "s"))
    if unit not in BUDGETS:
        raise SettingsError("this is no unit of a budget.", received=repr(unit), expected=", ".join(BUDGETS))
    return f"{_whole(form, 'amount', 90, least=1)}{unit}"


def _whole(form: Mapping[str, object], name: str, usual: int, *, least: int = 0) -> int:
    text = _text(form, name) or str(usual)
    if text.isascii() and text.isdigit() and least <= int(text[:9]) <= _LARGEST_AMOUNT:
        return int(text[:9])
    raise SettingsError(
        f"{name} is out of range.",
        received=f"{name}={text!r}",
        expected=f"a whole number from {least} to {_LARGEST_AMOUNT:,}",
    )


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if 0 < share < 1:
        return share
    raise SettingsError(
        "the holdout is not a share.", received=repr(text), expected="a number between 0 and 1, such as 0.2"
    )


def _text(form: Mapping[str, object], name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
