"""A diagnosis as JSON: the contract, strictness, and the way back."""

from __future__ import annotations

import dataclasses
import doctest
import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from diagnosis_samples import SAMPLES, history, overfitting, unmeasured
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import full

from wellfit.records import (
    DataError,
    Diagnosis,
    Effect,
    Examined,
    Finding,
    Outcome,
    OutputError,
    Task,
    Verdict,
)
from wellfit.report import (
    _diagnosis_json,
    diagnosis_from_json,
    diagnosis_json,
    from_json,
    to_json,
    write_diagnosis_json,
)

floats = st.floats(width=32)
text = st.text(max_size=12)
effects = st.builds(
    Effect, estimate=floats, low=floats, high=floats, p_value=floats, unit=text, num_pairs=st.integers(0, 99)
)
values_of_evidence = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
findings = st.builds(
    Finding,
    code=text,
    confidence=floats,
    evidence=st.dictionaries(text, values_of_evidence, max_size=3),
    remedies=st.lists(text, max_size=3).map(tuple),
    family=st.none() | st.sampled_from(Verdict),
    experiment=text,
    effect=st.none() | effects,
    page=text,
)
diagnoses = st.builds(
    Diagnosis,
    verdict=st.sampled_from(Verdict),
    verdict_line=text,
    confidence=floats,
    findings=st.lists(findings, max_size=3).map(tuple),
    examined=st.lists(
        st.builds(Examined, code=text, outcome=st.sampled_from(Outcome), reason=text), max_size=3
    ).map(tuple),
    unknown=st.lists(text, max_size=3).map(tuple),
    task=st.none() | st.sampled_from(Task),
    numbers=st.dictionaries(text, floats, max_size=3),
    effects=st.dictionaries(text, effects, max_size=3),
    notes=st.lists(text, max_size=3).map(tuple),
    members_trained=st.integers(0, 10**6),
    environment=st.dictionaries(text, text, max_size=3),
)
KEYS = """schema task metric verdict verdict_line confidence findings examined unknown remedies chosen holdout
numbers effects curves notes command members_trained timing environment"""


def _strict(values: object) -> object:
    """Return `values` after a trip through strict JSON text."""
    return json.loads(json.dumps(values, allow_nan=False))


def test_the_contract_has_its_keys() -> None:
    """The keys of report.json are there, with their inner keys."""
    values = diagnosis_json(overfitting())
    assert set(values) == set(KEYS.split())
    assert values["schema"] == 1
    assert values["task"] == "binary"
    assert values["metric"] == {"name": "log_loss", "direction": "minimize"}
    assert values["verdict"] == "overfitting"
    assert (values["remedies"], values["chosen"], values["holdout"]) == ([], None, None)
    finding = values["findings"][0]  # type: ignore[index]
    assert set(finding) == {
        *("code", "confidence", "evidence", "remedies"),
        *("family", "experiment", "effect", "page"),
    }
    assert finding["family"] == "overfitting"
    assert set(finding["effect"]) == {"estimate", "low", "high", "p_value", "unit", "num_pairs"}
    assert {entry["outcome"] for entry in values["examined"]} == set(Outcome)  # type: ignore[attr-defined]
    assert values["curves"][0]["best_epoch"] == overfitting().curves[0].best_epoch  # type: ignore[index]


def test_every_field_of_the_record_is_written() -> None:
    """A field added to `Diagnosis` must not be forgotten."""
    assert {field.name for field in dataclasses.fields(Diagnosis)} <= set(diagnosis_json(overfitting()))


def test_curves_alone_have_neither_task_nor_metric() -> None:
    """What is not known is null."""
    values = diagnosis_json(history())
    assert values["task"] is values["metric"] is None


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_samples_are_strict_and_come_back(make: Callable[[], Diagnosis]) -> None:
    """Each sample survives strict JSON text and reads back to the same JSON."""
    values = diagnosis_json(make())
    assert _strict(values) == values
    assert diagnosis_json(diagnosis_from_json(_strict(values))) == values


@given(diagnosis=diagnoses)
@settings(max_examples=60, deadline=None)
def test_any_diagnosis_comes_back(diagnosis: Diagnosis) -> None:
    """Writing, reading and writing again changes nothing, whatever the numbers and names."""
    values = diagnosis_json(diagnosis)
    assert diagnosis_json(diagnosis_from_json(_strict(values))) == values


def test_types_are_restored() -> None:
    """Verdicts, outcomes, tuples and arrays have their own types again."""
    read = diagnosis_from_json(_strict(diagnosis_json(overfitting())))
    before = overfitting()
    assert read.verdict is Verdict.OVERFITTING
    assert read.task is Task.BINARY
    assert read.examined == before.examined
    assert read.metric == before.metric
    assert read.findings[1].family is Verdict.OVERFITTING
    assert read.findings[1].remedies == before.findings[1].remedies
    assert read.curves[0].train_loss.dtype == np.float32
    assert np.array_equal(read.curves[0].train_loss, before.curves[0].train_loss)


def test_what_is_not_finite_becomes_null_and_nan() -> None:
    """NaN and infinities are null in JSON and NaN in the record that is read back."""
    values = diagnosis_json(unmeasured())
    assert values["confidence"] is None
    assert values["numbers"]["validation_loss"] is None  # type: ignore[index]
    assert math.isnan(diagnosis_from_json(values).numbers["validation_loss"])


def test_write_and_read(tmp_path) -> None:
    """A file holds what `diagnosis_json` returns, and leaves nothing beside it; odd characters survive."""
    diagnosis = dataclasses.replace(overfitting(), notes=("naïve 客户 \ud800",))
    write_diagnosis_json(diagnosis, tmp_path / "found.json")
    read = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert read == diagnosis_json(diagnosis)
    assert [path.name for path in tmp_path.iterdir()] == ["found.json"]


def test_a_failed_write_leaves_nothing(tmp_path) -> None:
    """Where the target cannot be replaced, no temporary file stays behind."""
    (tmp_path / "found.json").mkdir()
    with pytest.raises(OutputError):
        write_diagnosis_json(overfitting(), tmp_path / "found.json")
    assert [path.name for path in tmp_path.iterdir()] == ["found.json"]


@pytest.mark.parametrize("values", [{"schema": 2, "examined": []}, {}, [], None, "text"])
def test_another_schema_is_refused(values: object) -> None:
    """What is no diagnosis of schema 1 is refused by name."""
    with pytest.raises(DataError, match="schema 1"):
        diagnosis_from_json(values)


def test_a_study_is_no_diagnosis_and_the_other_way_round() -> None:
    """The two kinds of report.json are told apart."""
    with pytest.raises(DataError, match="without what was examined"):
        diagnosis_from_json(to_json(full()))
    with pytest.raises(DataError):
        from_json(diagnosis_json(overfitting()))


def test_a_damaged_diagnosis_is_refused() -> None:
    """A missing part is named."""
    values = diagnosis_json(overfitting())
    del values["verdict"]
    with pytest.raises(DataError, match="verdict"):
        diagnosis_from_json(values)


def test_later_keys_are_left_aside() -> None:
    """A diagnosis of a later version with more keys still reads."""
    values = {**diagnosis_json(overfitting()), "more": 1}
    assert diagnosis_from_json(values).verdict is Verdict.OVERFITTING


def test_examples() -> None:
    """Every example gives what it shows."""
    result = doctest.testmod(_diagnosis_json)
    assert result.attempted > 0
    assert result.failed == 0
