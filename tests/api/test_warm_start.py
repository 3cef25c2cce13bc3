"""Studies that begin with what is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from study_samples import small_frame, small_model, use_small_plan

from wellfit.api import Event, improve
from wellfit.api._warm_start import read_warm_start
from wellfit.records import (
    DataError,
    Diagnosis,
    Effect,
    FileReadError,
    Finding,
    Metric,
    Remedy,
    Report,
    Settings,
    SettingsError,
    Task,
    Verdict,
)
from wellfit.report import write_diagnosis_json, write_json
from wellfit.search import FAMILIES, Choice, Range, Space, with_guesses

FOUND = Diagnosis(
    verdict=Verdict.OVERFITTING,
    verdict_line="It overfits.",
    confidence=0.9,
    findings=(Finding(code="weak-regularization", confidence=0.9, evidence={}),),
)


def remedy(name: str, gain: float, stage: Any = "screened", kept: bool = False, **settings: object) -> Remedy:
    """Return a remedy with an effect."""
    effect = Effect(estimate=gain, low=gain - 1, high=gain + 1, p_value=0.5, unit="log_loss", num_pairs=3)
    return Remedy(name=name, settings=settings, stage=stage, kept=kept, effect=effect)


EARLIER = Report(
    task=Task.BINARY,
    metric=Metric(name="log_loss", direction="minimize"),
    verdict=Verdict.OVERFITTING,
    verdict_line="It overfits.",
    baseline=Settings(),
    chosen=Settings(l2=0.01),
    holdout=None,
    remedies=(
        remedy("worse", -0.2, l1=0.1),
        remedy("screened", 0.5, dropout=0.4),
        remedy("confirmed", 0.1, "confirmed", width=0.5),
        remedy("kept", 0.05, "confirmed", True, l2=0.01),
    ),
)


def test_the_best_of_an_earlier_study_comes_first(tmp_path: Path) -> None:
    """Kept, confirmed, then screened by gain; what did harm is left out; record and file say the same."""
    write_json(EARLIER, tmp_path / "report.json")
    (tmp_path / "trials.json").write_text("[]")
    expected = ({"l2": 0.01}, {"width": 0.5}, {"dropout": 0.4})
    for source in (EARLIER, tmp_path, tmp_path / "report.json", str(tmp_path / "trials.json")):
        assert read_warm_start(source, "minimize").guesses == expected


@pytest.mark.parametrize(("direction", "first"), [("minimize", {"l2": 0.1}), ("maximize", {"l1": 0.1})])
def test_trials_alone_are_ordered_by_score(tmp_path: Path, direction: Any, first: dict[str, float]) -> None:
    """Without a report beside them the metric of the new study says which way is better."""
    trials = [
        {"name": "a", "settings": {"l2": 0.1}, "scores": [0.4, 0.5]},
        {"name": "b", "settings": {"l1": 0.1}, "scores": [0.6, 0.7]},
        {"name": "c", "settings": {"depth": 1}, "scores": [None, 0.1]},
        {"name": "d", "settings": {"depth": -1}, "scores": []},
    ]
    (tmp_path / "trials.json").write_text(json.dumps(trials))
    found = read_warm_start(tmp_path / "trials.json", direction).guesses
    assert found[0] == first
    assert len(found) == 2


def test_a_diagnosis_gives_its_causes(tmp_path: Path) -> None:
    """From the record and from its JSON; families that act on them answer."""
    write_diagnosis_json(FOUND, tmp_path / "d.json")
    for source in (FOUND, tmp_path / "d.json"):
        warm = read_warm_start(source, "minimize")
        assert warm.causes == ("weak-regularization",)
        answering = {family.name for family in FAMILIES if warm.answers(family.name)}
        assert "l2" in answering
        assert "learning-rate" not in answering


def test_what_is_no_study_is_refused(tmp_path: Path) -> None:
    """A missing file, another file, and another object each have their error."""
    (tmp_path / "other.json").write_text('[{"a": 1}]')
    with pytest.raises(FileReadError):
        read_warm_start(tmp_path / "none", "minimize")
    with pytest.raises(DataError):
        read_warm_start(tmp_path / "other.json", "minimize")
    with pytest.raises(SettingsError, match="warm_start=int"):
        read_warm_start(3, "minimize")


def test_guesses_of_another_table_fit_in() -> None:
    """Unknown fields and senseless values go, values outside are moved in, twice the same is once."""
    space = Space(
        baseline=Settings(),
        dimensions=(
            Range(field="l2", low=1e-6, high=1e-2, log=True, has_off=True),
            Choice(field="schedule", values=("constant", "cosine"), ordered=False),
            Choice(field="depth", values=(-1, 0)),
        ),
        first=(Settings(l2=1e-3),),
    )
    guesses = [
        {"l2": 3.0, "unknown": 1},
        {"l2": "much", "depth": 2},
        {"schedule": "sawtooth"},
        {"schedule": "cosine", "depth": -1},
        {"l2": 7.0},
        {"width": 2.0},
    ]
    assert with_guesses(space, guesses).first == (
        Settings(l2=1e-2),
        Settings(schedule="cosine", depth=-1),
        Settings(l2=1e-3),
    )


def test_a_study_begins_with_guesses_and_causes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The first combination is the earlier best one; the note names the source."""
    use_small_plan(monkeypatch)
    write_json(EARLIER, tmp_path / "report.json")
    events: list[Event] = []
    options: dict[str, Any] = {"target": "y", "epochs": 4, "budget": "1h", "listener": events.append}
    study = improve(small_frame(), model=small_model(), warm_start=tmp_path, **options)
    searched = [trial for trial in study.trials if str(trial["name"]).startswith("search-")]
    # The screen may have narrowed the strengths: the guess is moved in.
    assert list(searched[0]["settings"]) == ["l2"]
    assert study.report.options["warm_start"] == str(tmp_path / "report.json")
    study = improve(small_frame(), model=small_model(), warm_start=FOUND, **options)
    assert any("1 causes from a diagnosis" in note for note in study.report.notes)


def test_an_unknown_sampler_is_refused_before_anything_is_read() -> None:
    """The error names the nearest one."""
    with pytest.raises(SettingsError, match="did you mean 'cmaes'"):
        improve("no such file", target="y", sampler="cmaess")
