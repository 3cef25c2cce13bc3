"""Doubted labels of pictures come from the network itself where it judges as well as references do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from picture_samples import digits, small_network

from wellfit.api._experiments import Experiments
from wellfit.api._own_judgment import OWN, judge_by_network, out_of_fold
from wellfit.api._patient import Patient, array_patient
from wellfit.api._row_facts import RowFacts
from wellfit.api._trial_plan import plan_trials
from wellfit.diagnosis import BASELINE, Probe
from wellfit.records import Split

NUM_TRAIN, NUM_HELD, NUM_WRONG = 120, 40, 18


def patient(*, epochs: int = 12) -> tuple[Patient, np.ndarray]:
    """Return a patient of two digits, and the training rows whose label is wrong; others are right."""
    x, y = digits((3, 8), (NUM_TRAIN + NUM_HELD) // 2)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    x, y = x[order], y[order].copy()
    wrong = np.sort(rng.choice(NUM_TRAIN, NUM_WRONG, replace=False))
    y[wrong] = 1 - y[wrong]
    held = (x[NUM_TRAIN:], y[NUM_TRAIN:])
    options: dict[str, Any] = {"validation_split": 0.0, "seed": 0, "task": "auto", "unsafe": False}
    found = array_patient(
        small_network(),
        x[:NUM_TRAIN],
        y[:NUM_TRAIN],
        validation_data=held,
        epochs=epochs,
        batch_size=16,
        **options,
    )
    return found, wrong


def test_planted_labels_are_found_by_the_network_on_folds() -> None:
    """Among its most doubtful rows they are several times as frequent as among all training rows."""
    given, wrong = patient()
    plan = plan_trials(given, 0, None)
    experiments = Experiments(given, plan)
    chance = np.full((given.dataset.num_rows, 2), 0.5)
    facts = RowFacts(out_of_fold=chance)
    try:
        _, snapshot = experiments.run([Probe(name=BASELINE)], {BASELINE: plan.folds})
        assert snapshot is not None
        judge_by_network(facts, experiments, snapshot)
        said = out_of_fold(experiments, snapshot)
    finally:
        experiments.close()
    assert np.isfinite(said).all()
    assert facts.data["suspects_judged_by"] == OWN
    suspects: Any = facts.data["suspects"]
    top = [one["row"] for one in suspects[:10]]
    assert len(top) == 10
    assert np.isin(top, wrong).mean() >= 3 * NUM_WRONG / NUM_TRAIN
    assert float(str(facts.data["suspect_excess"])) > 0.05


def folds(num_rows: int) -> tuple[Any, Any]:
    """Return experiments and a snapshot of two folds, whose members say class 0 and class 1 of everything."""
    rows = np.arange(num_rows, dtype=np.int32)
    splits = [Split(train=rows[rows % 2 != fold], validation=rows[rows % 2 == fold]) for fold in (0, 1)]
    given, _ = patient(epochs=1)
    experiments = SimpleNamespace(
        plan=SimpleNamespace(folds=(0, 1), splits=splits),
        patient=given,
        predict=lambda _, index, rows: np.tile(np.eye(2)[index], (len(rows), 1)),
    )
    return experiments, SimpleNamespace(of=lambda name, trial: trial)


def test_each_row_is_judged_by_the_member_that_did_not_see_it() -> None:
    """A fold that was not trained leaves its rows without a judgment."""
    experiments, snapshot = folds(NUM_TRAIN + NUM_HELD)
    said = out_of_fold(experiments, snapshot)
    np.testing.assert_array_equal(said.argmax(axis=1), np.arange(len(said)) % 2)
    snapshot.of = lambda name, trial: -1 if trial else 0
    said = out_of_fold(experiments, snapshot)
    np.testing.assert_array_equal(np.isnan(said).all(axis=1), np.arange(len(said)) % 2 == 1)


@pytest.mark.parametrize("reason", ["worse", "untrained", "table"])
def test_references_remain(reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they agree with more labels, where a fold was not trained, and of tables."""
    experiments, snapshot = folds(NUM_TRAIN + NUM_HELD)
    labels = experiments.patient.dataset.target
    best, worst = np.eye(2)[labels], np.eye(2)[1 - labels]
    if reason == "untrained":
        snapshot.of = lambda name, trial: -1 if trial else 0
    if reason == "table":
        monkeypatch.setattr(Patient, "has_pictures", False)
    facts = RowFacts(out_of_fold=best if reason == "worse" else worst, data={"suspects_judged_by": "others"})
    judge_by_network(facts, experiments, snapshot)
    assert facts.data == {"suspects_judged_by": "others"}
