"""From seized fits to diagnoses: experiments where they can be had, curves otherwise, never an exception."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from wellfit.api import diagnose_fits, fit_facts, fit_text
from wellfit.models import SeizedFit, Seizure
from wellfit.records import Diagnosis, SettingsError, Verdict

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.float32)


@pytest.fixture(scope="module")
def fit() -> SeizedFit:
    """Return one seized fit of a real network."""
    model = keras.Sequential([keras.Input((3,), name="in"), keras.layers.Dense(1, "sigmoid")], name="net")
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    seizure = Seizure()
    seizure.start()
    model.fit(X, Y, epochs=2, batch_size=8, validation_split=0.25, class_weight={0: 1.0, 1: 2.0}, verbose=0)
    seizure.stop()
    (found,) = seizure.fits()
    return found


class FakeDiagnose:
    """Stands for `wellfit.diagnose`: keeps its arguments."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.data: list[tuple[Any, ...]] = []
        self.options: dict[str, Any] = {}

    def __call__(self, *data: Any, **options: Any) -> Diagnosis:
        """Pretend to diagnose."""
        self.data.append(data)
        self.options = options
        if self.error is not None:
            raise self.error
        return Diagnosis(verdict=Verdict.OVERFITTING, verdict_line="It overfits.", confidence=0.9)


def judge(history: Any) -> Diagnosis:
    """Pretend to judge curves."""
    if "loss" not in history:
        raise SettingsError("there is no loss.")
    return Diagnosis(verdict=Verdict.HEALTHY, verdict_line="Curves look healthy.", confidence=0.6)


def judged(fits: list[SeizedFit], diagnose: Callable[..., Diagnosis] | None, **options: Any) -> list[Any]:
    """Return what becomes of fits."""
    return list(diagnose_fits(fits, diagnose=diagnose, judge=judge, **options))


def test_experiments_get_the_arguments_of_fit(fit):
    """Network before the fit, training rows, held-out rows and settings arrive as fit had them."""
    diagnose, begun = FakeDiagnose(), []
    (found,) = judged([fit], diagnose, began=begun.append, command="wellfit watch train.py")
    model, x, y = diagnose.data[0]
    held = diagnose.options.pop("validation_data")
    assert found.basis == "experiments"
    assert found.diagnosis.verdict is Verdict.OVERFITTING
    assert begun == [fit]
    assert model is not fit.model
    np.testing.assert_array_equal(model.get_weights()[0], fit.beginning.weights[0])
    np.testing.assert_array_equal(x, X[:30])
    np.testing.assert_array_equal(y, Y[:30])
    np.testing.assert_array_equal(held[0], X[30:])
    assert diagnose.options == {
        "epochs": 2,
        "batch_size": 8,
        "class_weight": {0: 1.0, 1: 2.0},
        "command": "wellfit watch train.py",
    }


@pytest.mark.parametrize(("weights", "is_noted"), [(np.ones(10), False), (np.arange(10.0), True)])
def test_weights_of_validation_rows_are_left_out_and_that_is_said(fit, weights, is_noted):
    """Experiments would refuse them; weights that are all alike need no word."""
    diagnose = FakeDiagnose()
    weighted = replace(fit, validation=replace(fit.validation, sample_weight=weights))
    (found,) = judged([weighted], diagnose)
    assert found.basis == "experiments"
    assert len(diagnose.options["validation_data"]) == 2
    assert any("came with weights" in note for note in found.diagnosis.notes) == is_noted


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SettingsError("that cannot be.", received="this"), "that cannot be (this)."),
        (ZeroDivisionError("by zero"), "the experiments failed with ZeroDivisionError: by zero."),
        (SystemExit(3), "the experiments failed with SystemExit: 3."),
        (KeyboardInterrupt(), "the experiments were interrupted."),
    ],
    ids=["refused", "fault", "exit", "interrupted"],
)
def test_curves_stand_in(fit, error, reason):
    """Whatever ends the experiments, the curves are judged and the reason is told."""
    (found,) = judged([fit], FakeDiagnose(error))
    assert found.basis == "curves"
    assert found.diagnosis.verdict is Verdict.HEALTHY
    assert found.reason == reason
    assert ("Traceback" in found.details) == isinstance(error, ZeroDivisionError | SystemExit)


def test_without_rows_curves_are_judged(fit):
    """A fit whose rows could not be had is never handed to the experiments."""
    diagnose = FakeDiagnose()
    (found,) = judged([replace(fit, rows=None)], diagnose)
    assert (found.basis, diagnose.data) == ("curves", [])
    assert found.reason.startswith("the rows could not be had")


def test_two_targets_are_left_to_the_curves(fit):
    """A network with several targets is judged by its curves."""
    (found,) = judged([replace(fit, rows=replace(fit.rows, y=[Y, Y]))], FakeDiagnose())
    assert (found.basis, found.reason[:35]) == ("curves", "the fit does not have one target (2")


def test_nothing_to_judge(fit):
    """Without rows and without one whole epoch the answer is that there is none."""
    (found,) = judged([replace(fit, rows=None, history={})], FakeDiagnose())
    assert (found.basis, found.diagnosis) == ("nothing", None)
    assert found.reason.endswith("No epoch came to its end, so there are no curves either.")


def test_curves_that_cannot_be_judged(fit):
    """A refusal of the curves is told as well."""
    (found,) = judged([replace(fit, history={"accuracy": [0.5]})], None)
    assert (found.basis, found.diagnosis) == ("nothing", None)
    assert found.reason.endswith("The curves cannot be judged: there is no loss.")


def test_only_the_last_networks_are_examined(fit):
    """Of many networks the last ones get experiments; without `diagnose` none does."""
    fits = [replace(fit, name=str(number)) for number in range(4)]
    found = judged(fits, FakeDiagnose(), num_experiments=2)
    assert [(each.fit.name, each.basis) for each in found] == [
        ("0", "curves"),
        ("1", "curves"),
        ("2", "experiments"),
        ("3", "experiments"),
    ]
    assert {each.basis for each in judged(fits, None)} == {"curves"}


def test_what_is_said_of_a_fit(fit):
    """Rows, epochs, loops and a crash are told; the same facts stand in the JSON."""
    assert fit_text(fit) == ("network 'net': 30 rows as arrays, 10 validation rows, 2 epochs, batch size 8")
    text = fit_text(
        replace(
            fit, num_fits=5, num_joined=3, ended=False, error="ValueError", validation=None, notes=("a note",)
        )
    )
    assert text.splitlines() == [
        "network 'net': 30 rows as arrays, 2 epochs, batch size 8",
        "  of 5 fits of this network, this is the last 3, taken as one",
        "  the fit did not come to its end: ValueError",
        "  a note",
    ]
    loop = fit_text(replace(fit, num_fits=5, num_joined=5))
    assert loop.endswith("5 fits of this network that continue each other are taken as one")
    facts = fit_facts(fit)
    assert (facts["num_rows"], facts["num_validation_rows"], facts["ended"]) == (30, 10, True)
