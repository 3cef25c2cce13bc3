"""The same rows as every dialect writes them, and what each answers brought to one form."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bundle_samples import CLASSES, COLUMNS
from starlette.testclient import TestClient

from wellfit.serving.http import App, Limits, Store

NAME = "churn"


@contextmanager
def client_of(*folders: Path, limits: Limits | None = None, **options) -> Iterator[TestClient]:
    """Serve bundles in this process; an error inside becomes an answer, as it does for strangers."""
    store = Store(folders, limits=limits or Limits(), say=lambda line: None)
    with TestClient(App(store, reload_s=0, **options), raise_server_exceptions=False) as client:
        yield client


@dataclass(frozen=True)
class Dialect:
    """A way to ask for rows of the table.

    Attributes:
        name: of it.
        path: where it asks.
        body: from rows to what is sent.
        values: from the answer's text to ``[row, class]`` or ``[row, output]``.
        labels: from the answer's text to the classes of the rows; None where it has none.
        headers: of the request.
    """

    name: str
    path: str
    body: Callable[[list[dict]], object]
    values: Callable[[str], Sequence]
    labels: Callable[[str], list[str]] | None = None
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)

    def ask(self, client: TestClient, rows: list[dict]):
        """Return the answer."""
        body = self.body(rows)
        content = body if isinstance(body, str) else json.dumps(body)
        return client.post(self.path, content=content, headers=dict(self.headers))


def columns_of(rows: list[dict]) -> dict[str, list]:
    """Return rows as columns."""
    return {column.name: [row[column.name] for row in rows] for column in COLUMNS}


def csv_of(rows: list[dict]) -> str:
    """Return rows as a CSV file."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [column.name for column in COLUMNS])
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def tensors_of(rows: list[dict]) -> list[dict]:
    """Return rows as inputs of the V2 protocol; numbers among text are written as text."""
    made = []
    for name, cells in columns_of(rows).items():
        is_number = name == "age"
        data = [None if cell is None else float(cell) if is_number else str(cell) for cell in cells]
        datatype = "FP64" if is_number else "BYTES"
        made.append({"name": name, "shape": [len(rows), 1], "datatype": datatype, "data": data})
    return made


def _of_records(rows: Sequence[dict]) -> list:
    return [[row[f"probability_{name}"] for name in CLASSES] for row in rows]


def _labels(rows: Sequence[dict]) -> list[str]:
    return [row["prediction"] for row in rows]


def _csv_rows(text: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(text)))


def _output(text: str, name: str) -> np.ndarray:
    found = next(one for one in json.loads(text)["outputs"] if one["name"] == name)
    return np.array(found["data"]).reshape(found["shape"])


_V1, _V2 = f"/v1/models/{NAME}", f"/v2/models/{NAME}"
_CSV = (("content-type", "text/csv"),)

DIALECTS = (
    Dialect(
        "plain rows",
        "/predict",
        list,
        lambda text: _of_records(json.loads(text)),
        lambda text: _labels(json.loads(text)),
    ),
    Dialect(
        "plain CSV",
        "/predict",
        csv_of,
        lambda text: _of_records(_csv_rows(text)),
        lambda text: _labels(_csv_rows(text)),
        (*_CSV, ("accept", "text/csv")),
    ),
    Dialect(
        "v1 rows",
        f"{_V1}:predict",
        lambda rows: {"instances": rows},
        lambda text: [row["probabilities"] for row in json.loads(text)["predictions"]],
        lambda text: _labels(json.loads(text)["predictions"]),
    ),
    Dialect(
        "v1 rows of shape [1]",
        f"{_V1}/versions/1:predict",
        lambda rows: {"instances": [{name: [cell] for name, cell in row.items()} for row in rows]},
        lambda text: [row["probabilities"] for row in json.loads(text)["predictions"]],
    ),
    Dialect(
        "v1 columns",
        f"{_V1}:predict",
        lambda rows: {"signature_name": "serving_default", "inputs": columns_of(rows)},
        lambda text: json.loads(text)["outputs"]["probabilities"],
        lambda text: json.loads(text)["outputs"]["prediction"],
    ),
    Dialect(
        "v1 columns by the graph's names",
        f"{_V1}:predict",
        lambda rows: {
            "inputs": {one.tensor: [[row[one.name]] for row in rows] for one in COLUMNS},
        },
        lambda text: json.loads(text)["outputs"]["probabilities"],
    ),
    Dialect(
        "v1 classify",
        f"{_V1}:classify",
        lambda rows: {
            "context": {"plan": rows[0]["plan"]} if len({row["plan"] for row in rows}) == 1 else {},
            "examples": rows
            if len({row["plan"] for row in rows}) > 1
            else [{name: cell for name, cell in row.items() if name != "plan"} for row in rows],
        },
        lambda text: [[score for _, score in row] for row in json.loads(text)["results"]],
    ),
    Dialect(
        "v2",
        f"{_V2}/infer",
        lambda rows: {"id": "7", "parameters": {"a": 1}, "inputs": tensors_of(rows)},
        lambda text: _output(text, "probabilities"),
        lambda text: _output(text, "prediction").tolist(),
    ),
    Dialect(
        "v2 by version",
        f"{_V2}/versions/1/infer",
        lambda rows: {"inputs": tensors_of(rows), "outputs": [{"name": "probabilities"}]},
        lambda text: _output(text, "probabilities"),
    ),
    Dialect(
        "MLflow records",
        "/invocations",
        lambda rows: {"dataframe_records": rows, "params": {}},
        lambda text: _of_records(json.loads(text)["predictions"]),
        lambda text: _labels(json.loads(text)["predictions"]),
    ),
    Dialect(
        "MLflow split",
        "/invocations",
        lambda rows: {
            "dataframe_split": {
                "columns": [one.name for one in COLUMNS],
                "index": list(range(len(rows))),
                "data": [[row[one.name] for one in COLUMNS] for row in rows],
            }
        },
        lambda text: _of_records(json.loads(text)["predictions"]),
    ),
    Dialect(
        "MLflow instances",
        "/invocations",
        lambda rows: {"instances": [[row[one.name] for one in COLUMNS] for row in rows]},
        lambda text: _of_records(json.loads(text)["predictions"]),
    ),
    Dialect(
        "MLflow inputs",
        "/invocations",
        lambda rows: {"inputs": columns_of(rows)},
        lambda text: _of_records(json.loads(text)["predictions"]),
    ),
    Dialect(
        "MLflow CSV",
        "/invocations",
        csv_of,
        lambda text: _of_records(json.loads(text)["predictions"]),
        headers=_CSV,
    ),
)
