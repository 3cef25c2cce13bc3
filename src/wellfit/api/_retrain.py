"""A study that goes on from an earlier one, on new rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wellfit.api._improve import improve
from wellfit.api._study import Study
from wellfit.data import Encoder, Table, read_table
from wellfit.records import DataError, ModelError
from wellfit.report import read_json
from wellfit.serving import read_manifest


def retrain(folder: str | Path, data: Any, *, reading: dict[str, Any] | None = None, **options: Any) -> Study:
    """Run `improve` on new rows with the settings of an earlier study, its network as the start.

    Columns keep the kinds that they had. Where the network does not fit the new rows any more, as a category
    has other values now, a network is built for them, and only the settings are taken along.

    Args:
        folder: of the earlier study.
        data: new rows with labels: a table with the target column, or a folder of pictures with a sub-folder
            for each class.
        reading: options of `read_table`.
        **options: of `improve`, such as ``budget``, ``out`` or ``listener``; they go before the study's.

    Returns:
        The new study.

    Raises:
        FileReadError: the folder holds no network.
        DataError: the rows have no labels, or the earlier study was made on arrays.
    """
    folder = Path(folder)
    manifest = read_manifest(folder / "bundle")
    known = _settings(folder, manifest)
    encoder = folder / "bundle" / "encoder.json"
    if encoder.exists():
        table = data if isinstance(data, Table) else read_table(data, **(reading or {}))
        known |= _table_settings(Encoder.from_json(encoder.read_text("utf-8")), table)
        data = table
    elif not manifest.get("picture_fit"):
        raise DataError(
            "this study was made on arrays, so that it cannot go on with a file.",
            received=str(folder),
            expected="a study made on a table or on pictures",
            fix="call wellfit.improve(model, x, y, warm_start=...) with the new arrays",
        )
    arguments = {**known, **options}
    try:
        return improve(data, model=str(folder / "model.keras"), start="given", **arguments)
    except ModelError:
        return improve(data, **arguments)


def _settings(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what any study takes along: its best settings, its metric and its budget."""
    found: dict[str, Any] = {"warm_start": folder, "metric": manifest["metric"]}
    budget = read_json(folder / "report.json").options.get("budget")
    return found if budget is None else {**found, "budget": str(budget)}


def _table_settings(encoder: Encoder, table: Table) -> dict[str, Any]:
    """Return how the rows of the earlier study were read; the target must be there.

    Raises:
        DataError: it is not.
    """
    target = encoder.target.name
    if target not in table.column_names or not table.frame[target].count():
        raise DataError(
            "rows without labels are nothing to train on.",
            received=f"{table.name} without values in {target!r}",
            expected="the target in its column",
            fix="give rows whose outcome is known by now",
        )
    columns: dict[str, Any] = {}
    for column in encoder.schema:
        if column.name == target or column.name not in table.column_names:
            continue
        if not column.used:
            columns[column.name] = "drop"
        elif column.kind != "ordinal":
            columns[column.name] = column.kind
    is_class = encoder.target.task.is_classification
    return {
        "target": target,
        "task": "classification" if is_class else "regression",
        "columns": columns,
        "preparation": encoder.preparation,
        "features": encoder.preparation.features,
        "group": encoder.group or None,
        "time": encoder.time or None,
    }
