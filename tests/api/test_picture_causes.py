"""Causes on pictures: what planted faults of small pictures show, without a whole diagnosis."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from picture_samples import digits, small_network

from wellfit.api._experiments import Experiments
from wellfit.api._normalization_facts import normalization_facts
from wellfit.api._patient import Patient, array_patient
from wellfit.api._row_facts import row_facts
from wellfit.api._trial_plan import plan_trials
from wellfit.diagnosis import BASELINE, Probe
from wellfit.diagnosis.too_few_rows import SHARES, probes

NUM_TRAIN = 60


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Return pictures of two digits in random order."""
    x, y = digits((3, 8), 60)
    order = np.random.default_rng(0).permutation(len(y))
    return x[order], y[order]


def patient(model: keras.Model, held: np.ndarray | None = None, *, epochs: int = 6) -> Patient:
    """Return a patient that is validated on what comes after its training pictures, or on those given."""
    x, y = pictures()
    validation = (x[NUM_TRAIN:] if held is None else held, y[NUM_TRAIN:])
    options: dict[str, Any] = {"validation_split": 0.0, "seed": 0, "task": "auto", "unsafe": False}
    return array_patient(
        model,
        x[:NUM_TRAIN],
        y[:NUM_TRAIN],
        validation_data=validation,
        epochs=epochs,
        batch_size=20,
        **options,
    )


def test_a_shift_of_all_validation_pictures_is_told() -> None:
    """Moved by two pixels they are of another kind; as they are, they are not."""
    held = np.roll(pictures()[0][NUM_TRAIN:], 2, axis=2)
    moved, same = (row_facts(patient(small_network(), one), (), seed=0).data for one in (held, None))
    assert float(str(moved["shift_auc_low"])) > 0.8 > float(str(same["shift_auc_low"]))


def test_moving_statistics_that_lag_are_told() -> None:
    """After a few updates they are still those of the start: those of the rows give a lower loss."""
    model = small_network(normalized=True)
    model.get_layer("norm").momentum = 0.999
    given = patient(model)
    experiments = Experiments(given, plan_trials(given, 0, None))
    trials = experiments.plan.given[:1]
    try:
        _, snapshot = experiments.run([Probe(name=BASELINE)], {BASELINE: trials})
        assert snapshot is not None
        facts: Any = normalization_facts(experiments, snapshot, list(trials))
    finally:
        experiments.close()
    assert facts["loss_recalibrated"][0] < 0.8 * facts["loss_as_it_stands"][0]
    assert facts["train_loss_training_mode"] < 0.8 * facts["train_loss_inference_mode"]


def test_a_learning_curve_on_frozen_features() -> None:
    """With more rows the loss falls; the frozen convolution is the given one in every run."""
    model = small_network()
    model.get_layer("conv").trainable = False
    given = patient(model, epochs=20)
    experiments = Experiments(given, plan_trials(given, 0, None))
    asked = [probe for probe in probes(None) if probe.rows in (SHARES[0], 1.0)]  # type: ignore[arg-type]
    try:
        names = [BASELINE, *(probe.name for probe in asked)]
        trials = experiments.plan.given[1:]
        found, snapshot = experiments.run([Probe(name=BASELINE), *asked], dict.fromkeys(names, trials))
    finally:
        experiments.close()
    assert snapshot is not None
    few, all_rows = (found[name].validation_loss[:, -1].mean() for name in (asked[0].name, BASELINE))
    assert all_rows < few
    kernel = np.asarray(model.get_layer("conv").kernel)
    position = [weight.path for weight in model.weights].index(model.get_layer("conv").kernel.path)
    for member in snapshot.weights[position]:
        np.testing.assert_array_equal(member, kernel)
