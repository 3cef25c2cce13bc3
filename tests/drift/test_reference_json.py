"""References survive JSON, and what is no reference is refused before it is used."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from wellfit.drift import (
    Reference,
    compare,
    count,
    drift_json,
    make_reference,
    reference_from_json,
    reference_json,
)
from wellfit.records import FileReadError, Scored, Task


def reference(task: Task = Task.BINARY) -> Reference:
    """Return one with a column of each kind, an empty one, and predictions."""
    rng = np.random.default_rng(0)
    positive = rng.random(100)
    names = ("no", "yes") if task is Task.BINARY else ()
    return make_reference(
        {
            "x": ("number", rng.normal(size=500)),
            "empty": ("number", [np.nan] * 500),
            "c": ("category", rng.choice(["a", "b"], 500).tolist()),
            "id": ("category", [str(i) for i in range(500)]),
            "day": ("date", np.arange(500.0)),
        },
        task=task,
        class_names=names,
        metric="log_loss" if names else "rmse",
        score=Scored(value=0.5, low=0.4, high=0.6),
        chance=0.69,
        prediction=np.stack([1 - positive, positive], axis=1) if names else positive,
        target=(rng.random(100) < positive).astype(int) if names else positive,
    )


@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_round_trip(task: Task) -> None:
    """The text is the same again, and so is what it finds; a column takes a few kB at most."""
    before = reference(task)
    text = reference_json(before)
    after = reference_from_json(text)
    assert reference_json(after) == text
    columns = {"x": np.linspace(0, 3, 50), "c": ["a"] * 50, "id": ["1"] * 50, "day": np.arange(50.0)}
    prediction = np.full((50, 2), 0.5) if task is Task.BINARY else np.full(50, 0.5)
    found = [drift_json(compare(one, count(one, columns, prediction))) for one in (before, after)]
    assert found[0] == found[1]
    assert len(text) < 3000 * 7
    json.dumps(found[0], allow_nan=False)


def column(**changes: Any) -> dict[str, Any]:
    """Return the JSON of a reference whose first column is changed."""
    values = json.loads(reference_json(reference()))
    values["columns"][0] |= changes
    return values


HOSTILE = {
    "no object": [],
    "another version": {**column(), "version": 2},
    "a version that is no number": {**column(), "version": True},
    "no columns": {**column(), "columns": None},
    "two of one name": {**column(), "columns": [column()["columns"][0]] * 2},
    "a class of values": {**column(), "task": "regression"},
    "an unknown task": {**column(), "task": "ranking"},
    "a direction": {**column(), "direction": "sideways"},
    "an unknown kind": column(kind="text"),
    "falling cuts": column(cuts=column()["columns"][0]["cuts"][::-1]),
    "counts that do not fit": column(counts=[500]),
    "a negative count": column(counts=[-1, *column()["columns"][0]["counts"][1:]]),
    "half a count": column(counts=[0.5, *column()["columns"][0]["counts"][1:]]),
    "counts that do not add up": column(num_rows=501),
    "a text for a number": column(least="0"),
    "a number beyond floats": column(greatest=10**400),
    "too many bins": column(counts=[1] * 500, cuts=list(range(499))),
    "levels of numbers": column(levels=["a"]),
    "a name that is none": column(name=7),
    "foreign predictions": {
        **column(),
        "predictions": {"num_rows": 500, "sure": [], "columns": column()["columns"][:1]},
    },
    "empty bins of sureness": {
        **column(),
        "predictions": {
            **column()["predictions"],
            "sure": [{**column()["predictions"]["sure"][0], "num_rows": 0}],
        },
    },
}


@pytest.mark.parametrize("values", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_json_is_refused(values: Any) -> None:
    """With an error that says what is expected, not with one from inside."""
    with pytest.raises(FileReadError, match="not a reference for monitoring"):
        reference_from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["", "{", "NaN", "[" * 100_000, '{"version": Infinity}', "\x00"])
def test_what_is_no_json_is_refused(text: str) -> None:
    """Also what is nested too deep to be read."""
    with pytest.raises(FileReadError):
        reference_from_json(text)
