"""Output, loss and layers that do not fit together."""

from __future__ import annotations

from dataclasses import replace

import evidence_samples as samples
import pytest

from wellfit.diagnosis import MIN_GAIN, Evidence, examine_all, findings
from wellfit.diagnosis.wiring import (
    CAUSE,
    FAR,
    MEMORIZED,
    NUM_ROWS,
    faults,
    label_faults,
    memory,
    read_ruling,
)
from wellfit.records import Outcome, Task

MEMORIZE = [probe.name for probe in CAUSE.probes(samples.SITUATION) if probe.num_rows]
REPAIRED = "repaired output and loss"
FAULT = ("softmax on one unit always puts out 1",)


def remembering(left: float, **rest: object) -> Evidence:
    """Return evidence in which memorizing leaves that share of the chance loss at every rate."""
    gains = dict.fromkeys(MEMORIZE, (0.0, samples.TRAIN_LOSS - left * samples.CHANCE))
    return samples.make_evidence(gains={**gains, **rest.pop("gains", {})}, **rest)


def test_a_fault_that_was_read_is_named_with_its_repair() -> None:
    """A softmax on one unit, and the gain of setting it right: found before everything else."""
    evidence = samples.make_evidence(loss=1.0, gains={REPAIRED: 0.7, "L2 0.01": (0.5, -0.1)}, faults=FAULT)
    ruling = CAUSE.examine(evidence)
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["read"] == list(FAULT)
    assert ruling.effect is not None
    assert ruling.effect.estimate == pytest.approx(0.7)
    assert findings(examine_all(evidence))[0].code == CAUSE.code


def test_a_fault_is_named_without_an_experiment_but_less_surely() -> None:
    """What was read holds, also where the repair was not tried."""
    tried = CAUSE.examine(samples.make_evidence(loss=1.0, gains={REPAIRED: 0.7}, faults=FAULT))
    untried = CAUSE.examine(samples.make_evidence(loss=1.0, without=[REPAIRED], faults=FAULT))
    assert untried.outcome is Outcome.FOUND
    assert untried.effect is None
    assert untried.confidence < tried.confidence


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_the_repair(factor: float, outcome: Outcome) -> None:
    """A repair that gains names wiring also where nothing was read."""
    assert CAUSE.examine(samples.make_evidence(gains={REPAIRED: factor * MIN_GAIN})).outcome is outcome


def test_weights_that_no_gradient_reaches_are_named() -> None:
    """A rounding between two layers lets no gradient through: the layers before it cannot learn."""
    ruling = CAUSE.examine(samples.make_evidence(loss=0.9, network={"unreached": "first/kernel"}))
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["read"] == ["no gradient reaches first/kernel"]
    reached = samples.make_evidence(loss=0.9, network={"unreached": ""})
    assert CAUSE.examine(reached).outcome is Outcome.SILENT


def test_frozen_layers_are_named() -> None:
    """Layers that must learn and cannot: training them mends the loss."""
    situation = replace(samples.SITUATION, facts=replace(samples.NETWORK, frozen_layers=("hidden",)))
    ruling = CAUSE.examine(
        samples.make_evidence(situation=situation, loss=0.9, gains={"all layers trainable": 0.5})
    )
    assert ruling.outcome is Outcome.FOUND
    assert ruling.evidence["frozen_layers"] == ["hidden"]


@pytest.mark.parametrize(
    ("factor", "outcome"), [(samples.BELOW, Outcome.SILENT), (samples.ABOVE, Outcome.FOUND)]
)
def test_at_the_threshold_of_memorizing(factor: float, outcome: Outcome) -> None:
    """A few rows that cannot be learned by heart, at any rate, say that something is connected wrongly."""
    evidence = remembering(factor * (1 - MEMORIZED))
    assert memory(evidence) == pytest.approx(factor * (1 - MEMORIZED))
    assert CAUSE.examine(evidence).outcome is outcome


def test_memorizing_at_another_rate_is_a_learning_rate() -> None:
    """The best of the rates counts: one that succeeds clears the wiring."""
    gains = dict.fromkeys(MEMORIZE, (0.0, samples.TRAIN_LOSS - 0.9))
    gains[MEMORIZE[1]] = (0.0, samples.TRAIN_LOSS)
    assert CAUSE.examine(samples.make_evidence(gains=gains)).outcome is Outcome.SILENT


def test_what_another_change_mends_is_not_wiring() -> None:
    """Dead units or unscaled inputs cannot memorize either, until they are mended."""
    evidence = remembering(0.9, loss=1.0, gains={"standard initial weights": 5 * MIN_GAIN})
    assert CAUSE.examine(evidence).outcome is Outcome.SILENT


def test_noise_that_is_memorized_clears_the_wiring() -> None:
    """Inputs without a signal are learned by heart by a network that is wired well."""
    assert CAUSE.examine(remembering(0.0, loss=1.0)).outcome is Outcome.SILENT


def test_memorizing_that_was_not_tried_leaves_it_open() -> None:
    """Nothing was read and nothing tried."""
    ruling = CAUSE.examine(samples.make_evidence(without=[*MEMORIZE, REPAIRED]))
    assert ruling.outcome is Outcome.CANNOT_TELL
    assert str(NUM_ROWS) in MEMORIZE[0]


@pytest.mark.parametrize("start", [0.1, 1.0, 20.0])
def test_a_start_far_off_is_no_fault_by_itself(start: float) -> None:
    """Unscaled inputs and large first weights start there, too: told, and nothing is found."""
    ruling = CAUSE.examine(samples.make_evidence(network={"initial_loss": start}))
    assert ruling.outcome is Outcome.SILENT
    assert ruling.evidence["initial_loss"] == pytest.approx(start)
    assert ruling.evidence["chance_loss_uniform"] == pytest.approx(samples.CHANCE)


@pytest.mark.parametrize(("factor", "is_far"), [(samples.BELOW, False), (samples.ABOVE, True)])
def test_at_the_threshold_of_the_start(factor: float, is_far: bool) -> None:
    """A start that is far off makes a fault that was read, or shown by memorizing, a little surer."""
    far = {"initial_loss": factor * FAR * samples.CHANCE}
    for make in (
        lambda **rest: remembering(0.9, **rest),
        lambda **rest: samples.make_evidence(faults=FAULT, **rest),
    ):
        near, other = CAUSE.examine(make()), CAUSE.examine(make(network=far))
        assert near.outcome is other.outcome is Outcome.FOUND
        assert (other.confidence > near.confidence) == is_far
        assert ("start" in other.evidence) == is_far
        assert "start" not in near.evidence


def test_a_start_that_was_not_measured_is_not_told() -> None:
    """Regression, and networks that cannot be rebuilt, have none."""
    ruling = CAUSE.examine(samples.make_evidence(network={"initial_loss": None}))
    assert ruling.outcome is Outcome.SILENT
    assert "initial_loss" not in ruling.evidence


@pytest.mark.parametrize(
    ("changes", "num_classes", "words"),
    [
        ({"activation": "softmax"}, 2, "softmax on one unit"),
        ({"loss_name": "categorical_crossentropy"}, 2, "needs binary_crossentropy"),
        ({"num_outputs": 2, "activation": "softmax"}, 5, "2 output units for 5 classes"),
        ({"num_outputs": 9, "activation": "softmax"}, 3, "9 output units for 3 classes"),
        ({"num_outputs": 3, "activation": "softmax"}, 3, "each of several classes by itself"),
        ({"from_logits": True}, 2, "squashed twice"),
        ({"activation": "linear"}, 2, "no probability"),
        ({"activation": "relu", "from_logits": True}, 2, "bounds the logits"),
    ],
)
def test_faults_of_classifiers_are_read(changes: dict[str, object], num_classes: int, words: str) -> None:
    """Each way to get output and loss wrong is told in a sentence."""
    task = Task.BINARY if num_classes == 2 else Task.MULTICLASS
    assert words in " ".join(faults(replace(samples.NETWORK, **changes), task, num_classes))


@pytest.mark.parametrize(
    ("changes", "num_classes"),
    [
        ({}, 2),
        ({"activation": "linear", "from_logits": True}, 2),
        ({"num_outputs": 2, "activation": "softmax", "loss_name": "sparse_categorical_crossentropy"}, 2),
        ({"num_outputs": 4, "activation": "softmax", "loss_name": "categorical_crossentropy"}, 4),
        ({"activation": "unknown"}, 2),
    ],
)
def test_classifiers_that_fit_have_no_fault(changes: dict[str, object], num_classes: int) -> None:
    """The usual pairs of output and loss are right."""
    task = Task.BINARY if num_classes == 2 else Task.MULTICLASS
    assert faults(replace(samples.NETWORK, **changes), task, num_classes) == ()


def test_faults_of_regression_are_read() -> None:
    """Outputs that cannot reach the target, and losses that are not for numbers."""
    linear = replace(samples.NETWORK, activation="linear", loss_name="mean_squared_error")
    bounded = replace(linear, activation="sigmoid")
    assert faults(linear, Task.REGRESSION, 0, -5, 5) == ()
    assert faults(bounded, Task.REGRESSION, 0, 0.1, 0.9) == ()
    assert "reaches 0 to 1" in faults(bounded, Task.REGRESSION, 0, 0.1, 5)[0]
    assert "for classes" in faults(replace(linear, loss_name="binary_crossentropy"), Task.REGRESSION, 0)[0]
    assert "shares" in faults(replace(linear, activation="softmax"), Task.REGRESSION, 0)[0]


def test_a_repair_that_another_change_matches_is_no_wiring() -> None:
    """A new output starts anew; where scaled inputs gain as much, nothing was wired wrongly."""
    for other, outcome in ((0.2, Outcome.FOUND), (0.4, Outcome.SILENT)):
        evidence = samples.make_evidence(loss=0.9, gains={REPAIRED: 0.3, "standardized inputs": other})
        assert CAUSE.examine(evidence).outcome is outcome


def test_what_was_read_is_told_without_any_training() -> None:
    """It is all that is known where there was no time."""
    assert read_ruling(FAULT).outcome is Outcome.FOUND
    assert read_ruling(()).outcome is Outcome.CANNOT_TELL


@pytest.mark.parametrize(
    ("loss", "units", "labels", "words"),
    [
        ("binary_crossentropy", 1, [1, 2, 1], "labels 1 to 2"),
        ("binary_crossentropy", 1, [[-1.0], [1.0]], "labels -1 to 1"),
        ("sparse_categorical_crossentropy", 3, [1, 2, 3], "takes 0 to 2"),
    ],
)
def test_labels_out_of_range_are_read(loss: str, units: int, labels: object, words: str) -> None:
    """The codes that the loss expects are fixed."""
    facts = replace(samples.NETWORK, loss_name=loss, num_outputs=units)
    assert words in label_faults(facts, labels)[0]


@pytest.mark.parametrize(
    ("loss", "units", "labels"),
    [
        ("binary_crossentropy", 1, [0, 1]),
        ("binary_crossentropy", 1, [True, False]),
        ("binary_crossentropy", 1, ["no", "yes"]),
        ("sparse_categorical_crossentropy", 3, [0, 1, 2]),
        ("categorical_crossentropy", 3, [[0, 0, 1], [1, 0, 0]]),
        ("mean_squared_error", 1, [1, 2]),
    ],
)
def test_labels_in_range_are_no_fault(loss: str, units: int, labels: object) -> None:
    """Neither are text, which is coded anyway, one-hot rows, and numbers."""
    assert not label_faults(replace(samples.NETWORK, loss_name=loss, num_outputs=units), labels)
