"""`report.json`: the contract, strictness, and the way back."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from evaluation_samples import EVALUATED
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import SAMPLES, full, regression

from wellfit.records import (
    CurvePair,
    DataError,
    Effect,
    FileReadError,
    Finding,
    HoldoutResult,
    Metric,
    OutputError,
    Remedy,
    Report,
    Settings,
    Task,
    Verdict,
)
from wellfit.report import from_json, read_json, to_json, write_json

floats = st.floats(width=32)
text = st.text(max_size=12)
effects = st.builds(
    Effect, estimate=floats, low=floats, high=floats, p_value=floats, unit=text, num_pairs=st.integers(0, 99)
)
remedies = st.builds(
    Remedy,
    name=text,
    settings=st.dictionaries(text, st.none() | st.booleans() | st.integers() | floats | text, max_size=3),
    stage=st.sampled_from(["screened", "confirmed"]),
    kept=st.booleans(),
    effect=st.none() | effects,
    note=text,
)
scores = st.dictionaries(text, floats, max_size=3)
holdouts = st.builds(
    HoldoutResult,
    num_rows=st.integers(0, 10**9),
    baseline=scores,
    improved=scores,
    difference=floats,
    low=floats,
    high=floats,
    references=st.dictionaries(text, scores, max_size=2),
)


@st.composite
def curve_pairs(draw: st.DrawFn) -> CurvePair:
    """Draw curves of any length with any numbers."""
    values = draw(st.lists(st.tuples(floats, floats), max_size=5))
    train, validation = np.asarray(values, dtype=np.float32).reshape(-1, 2).T
    return CurvePair(
        name=draw(text),
        train_loss=train,
        validation_loss=validation,
        best_epoch=draw(st.integers(-1, 9)),
        penalty=draw(st.sampled_from((train, train[:0]))),
        running_loss=draw(st.sampled_from((train, train[:0]))),
    )


reports = st.builds(
    Report,
    task=st.sampled_from(Task),
    metric=st.builds(Metric, name=text, direction=st.sampled_from(["minimize", "maximize"])),
    verdict=st.sampled_from(Verdict),
    verdict_line=text,
    baseline=st.just(Settings()),
    chosen=st.builds(Settings, l2=st.floats(0, 1), dropout=st.none() | st.floats(0, 1)),
    holdout=st.none() | holdouts,
    remedies=st.lists(remedies, max_size=4).map(tuple),
    curves=st.lists(curve_pairs(), max_size=2).map(tuple),
    references=scores,
    confusion=st.none() | st.just(np.eye(3, dtype=np.int32)),
    class_names=st.lists(text, max_size=3).map(tuple),
    options=st.dictionaries(text, st.none() | floats | text, max_size=3),
    timing=scores,
    partial=text,
)


def _strict(values: object) -> object:
    """Return `values` after a trip through strict JSON text."""

    def refuse(constant: str) -> object:
        raise AssertionError(constant)

    return json.loads(json.dumps(values, allow_nan=False), parse_constant=refuse)


def test_the_contract_has_its_keys() -> None:
    """The keys that the design fixes are there, with their inner keys."""
    values = to_json(full())
    assert values["schema"] == 1
    assert values["metric"] == {"name": "log_loss", "direction": "minimize"}
    assert values["verdict"] == "overfitting"
    remedy = values["remedies"][0]  # type: ignore[index]
    assert set(remedy) >= {"name", "settings", "stage", "kept", "effect"}
    assert set(remedy["effect"]) == {"estimate", "low", "high", "p_value", "unit", "num_pairs"}
    holdout = values["holdout"]
    assert isinstance(holdout, dict)
    assert set(holdout) >= {"num_rows", "baseline", "improved", "difference", "low", "high"}
    finding = values["findings"][0]  # type: ignore[index]
    assert set(finding) >= {"code", "confidence", "evidence", "remedies"}
    expected = {"task", "chosen", "members_trained", "timing", "environment", "baseline", "partial"}
    assert expected <= set(values)
    assert values["chosen"]["dropout"] == 0.3  # type: ignore[index]


def test_every_field_of_the_record_is_written() -> None:
    """A field added to `Report` must not be forgotten."""
    assert {field.name for field in dataclasses.fields(Report)} <= set(to_json(full()))


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_samples_are_strict_and_come_back(make: Callable[[], Report]) -> None:
    """Each sample survives strict JSON text and reads back to the same JSON."""
    values = to_json(make())
    assert _strict(values) == values
    assert to_json(from_json(_strict(values))) == values


def test_a_report_from_before_it_was_recorded_has_no_running_loss() -> None:
    """An absent key is an empty curve; a present one comes back."""
    values: Any = to_json(regression())
    assert from_json(values).curves[0].running_loss.tolist() == values["curves"][0]["running_loss"]
    for pair in values["curves"]:
        del pair["running_loss"]
    assert [len(pair.running_loss) for pair in from_json(values).curves] == [0, 0]


def test_a_finite_report_comes_back_equal() -> None:
    """Every field of the record is restored with its type."""
    before, after = full(), from_json(_strict(to_json(full())))
    for field in dataclasses.fields(Report):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.name == "confusion":
            assert np.array_equal(old, new)
            assert new.dtype == np.int32
        elif field.name == "curves":
            assert [pair.name for pair in old] == [pair.name for pair in new]
            assert all(np.array_equal(a.train_loss, b.train_loss) for a, b in zip(old, new, strict=True))
            assert all(b.validation_loss.dtype == np.float32 for b in new)
        elif field.name != "remedies":
            assert old == new, field.name
    finite = [
        pair for pair in zip(before.remedies, after.remedies, strict=True) if pair[0].stage == "confirmed"
    ]
    assert finite
    assert all(old == new for old, new in finite)


@given(report=reports)
@settings(max_examples=60, deadline=None)
def test_any_report_comes_back(report: Report) -> None:
    """Writing, reading and writing again changes nothing, whatever the numbers and names."""
    values = to_json(report)
    assert to_json(from_json(_strict(values))) == values


def test_what_is_not_finite_becomes_null_and_nan() -> None:
    """NaN and infinities are null in JSON and NaN in the record that is read back."""
    effect = Effect(estimate=math.nan, low=-math.inf, high=math.inf, p_value=0.5, unit="rmse", num_pairs=2)
    remedy = Remedy(name="l2", settings={"l2": np.float32(0.5)}, stage="screened", kept=False, effect=effect)
    values = to_json(dataclasses.replace(full(), remedies=(remedy,)))
    written = values["remedies"][0]  # type: ignore[index]
    assert written["settings"] == {"l2": 0.5}
    assert written["effect"]["estimate"] is written["effect"]["low"] is written["effect"]["high"] is None
    read = from_json(values).remedies[0].effect
    assert read is not None
    assert math.isnan(read.estimate)
    assert read.p_value == 0.5


def test_read_only_mappings_are_written() -> None:
    """Records may hold mappings that cannot be copied."""
    finding = Finding(code="wiring", confidence=0.5, evidence=MappingProxyType({"gap": 0.1}))
    values = to_json(dataclasses.replace(full(), findings=(finding,)))
    assert values["findings"][0]["evidence"] == {"gap": 0.1}  # type: ignore[index]


def test_durations_stay_under_timing() -> None:
    """Two runs that differ in their durations differ in nothing else."""
    first = to_json(full())
    second = to_json(dataclasses.replace(full(), timing={"total": 1.0}))
    assert {name for name in first if first[name] != second[name]} == {"timing"}


def test_write_and_read(tmp_path) -> None:
    """A file holds what `to_json` returns, and leaves nothing beside it; odd characters survive."""
    report = dataclasses.replace(full(), notes=("naïve 客户 \ud800",))
    write_json(report, tmp_path / "report.json")
    assert to_json(read_json(tmp_path / "report.json")) == to_json(report)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_an_unwritable_folder_is_named(tmp_path) -> None:
    """A missing folder gives an error of ours that says where."""
    with pytest.raises(OutputError, match="missing"):
        write_json(full(), tmp_path / "missing" / "report.json")


def test_a_failed_write_leaves_the_old_file(tmp_path) -> None:
    """Where the target cannot be replaced, no temporary file stays behind."""
    (tmp_path / "report.json").mkdir()
    with pytest.raises(OutputError):
        write_json(full(), tmp_path / "report.json")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("values", [{"schema": 2}, {}, [], None, "text"])
def test_another_schema_is_refused(values: object) -> None:
    """What is no report of schema 1 is refused by name."""
    with pytest.raises(DataError, match="schema 1"):
        from_json(values)


def test_a_damaged_report_is_refused() -> None:
    """A missing part is named."""
    values = to_json(full())
    del values["metric"]
    with pytest.raises(DataError, match="metric"):
        from_json(values)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("members_trained",), "x"),
        (("num_rows",), None),
        (("notes",), [None]),
        (("notes",), "text"),
        (("verdict",), "fine"),
        (("remedies", 0, "effect", "num_pairs"), None),
        (("remedies", 0, "effect", "estimate"), "1.0"),
        (("remedies", 0, "settings"), None),
        (("remedies", 0, "stage"), "proven"),
        (("remedies",), {"l2": 1}),
        (("curves", 0, "best_epoch"), "x"),
        (("curves", 0, "name"), 7),
        (("curves", 0, "train_loss"), [[1.0]]),
        (("confusion",), [["many"]]),
        (("confusion",), [[10**20]]),
        (("chosen",), 3),
        (("baseline", "learning_rate"), [0.1]),
    ],
)
def test_a_value_of_a_wrong_kind_is_refused(path: tuple[str | int, ...], value: object) -> None:
    """By `from_json`, before anything is drawn."""
    values: Any = to_json(full())
    place = values
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(DataError, match="damaged"):
        from_json(values)


@pytest.mark.parametrize(
    ("sample", "path", "value"),
    [
        ("values", ("evaluation", "residuals", "edges", 0), None),
        ("values", ("evaluation", "residuals", "counts"), []),
        ("values", ("evaluation", "residuals", "true"), [1.0]),
        ("values", ("evaluation", "residuals"), None),
        ("values", ("evaluation", "scores"), {}),
        ("evaluated", ("evaluation", "classes"), []),
        ("evaluated", ("evaluation", "curves", 0, "recall"), [0.5]),
        ("evaluated", ("evaluation", "curves", 0, "true_positive_rate"), []),
        ("evaluated", ("evaluation", "reliability", 0, "said"), [0.5]),
        ("evaluated", ("data", "target", "counts"), []),
        ("evaluated", ("data", "columns", 0, "counts"), [-1]),
        ("evaluated", ("more_data", "losses"), [0.5]),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(
    sample: str, path: tuple[str | int, ...], value: object
) -> None:
    """Drawing relies on lists of one length, rising edges of bins, and the scores that it puts into words."""
    report = EVALUATED[sample]()
    values: Any = json.loads(json.dumps(to_json(report)))
    from_json(values)
    inner = values
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(DataError, match="do not fit together"):
        from_json(values)


def test_later_keys_are_left_aside() -> None:
    """A report of a later version with more keys still reads."""
    values = to_json(full())
    values["more"] = 1
    values["chosen"] = {**values["chosen"], "more": 1}  # type: ignore[dict-item]
    assert from_json(values).chosen == full().chosen


@pytest.mark.parametrize("content", [None, b"{", b"\xff\xfe", b"[" * 100_000])
def test_an_unreadable_file_is_named(tmp_path, content: bytes | None) -> None:
    """A missing file and one that is not JSON are errors that name it."""
    path = tmp_path / "report.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileReadError, match=r"report\.json"):
        read_json(path)
