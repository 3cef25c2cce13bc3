"""Evidence with chosen numbers, so that each cause can be tested without training anything.

Losses are on the scale of gains: chance is 1 and the best reference 0, so that a probe whose loss is lower by
0.1 gains 0.1. Without arguments the evidence is that of a healthy network.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from wellfit.diagnosis import BASELINE, Evidence, Facts, Probe, Runs, Situation, label_noise, probes_for
from wellfit.diagnosis.too_few_epochs import LONGER
from wellfit.models import NetworkFacts
from wellfit.records import Settings, Task

EPOCHS = 10
TRIALS = (0, 1, 2, 3, 4)
START_TRIAL = 5
FRESH_TRIALS = (6, 7, 8, 9, 10, 11)
NUM_TRIALS = 12
LOSS, TRAIN_LOSS, CHANCE = 0.3, 0.25, 1.0
SAME = 0.0
ABOVE, BELOW = 1.02, 0.98
"""Factors on a threshold: just beyond it and just short of it."""

Gain = float | tuple[float, float]

NETWORK = NetworkFacts(
    num_outputs=1,
    activation="sigmoid",
    loss_name="binary_crossentropy",
    from_logits=False,
    label_smoothing=0.0,
    optimizer="Adam",
    learning_rate=1e-3,
    weight_decay=0.0,
    num_parameters=200,
    batch_normalizations=(("norm", 0.99),),
    dropout=0.1,
    penalty=1e-4,
)

SITUATION = Situation(
    settings=Settings(learning_rate=1e-3, epochs=EPOCHS),
    facts=NETWORK,
    task=Task.BINARY,
    num_train=200,
    num_classes=2,
    is_raw=True,
    has_rare=True,
    can_narrow=True,
    can_widen=True,
    can_shallow=True,
    can_deepen=True,
    can_dropout=True,
    can_bias=True,
)

REGRESSION = replace(SITUATION, task=Task.REGRESSION, num_classes=0)

HEALTHY_DATA: Mapping[str, object] = {
    "num_validation": 200,
    "validation_error": 0.01,
    "validation_interval": [LOSS - 0.02, LOSS + 0.02],
    "has_own_validation": True,
    "mismatched_columns": [],
    "input_scale": 1.0,
    "input_scale_column": "a",
    "rare_columns": ["b"],
    "leak_column": "a",
    "leak_score": 0.2,
    "leak_rest": 1.0,
    "shift_auc": 0.5,
    "shift_auc_low": 0.45,
    "label_shift_p": 0.5,
    "copies_share": 0.0,
    "copies_within_train": 0.0,
    "conflicting_share": 0.0,
    "signal_z": 20.0,
    "signal_skill": 0.8,
    "signal_skill_high": 0.85,
    "certain_error": 0.0,
    "certain_error_low": 0.0,
    "suspect_share": 0.02,
    "suspect_excess": 0.0,
    "suspect_z": 0.0,
    "suspects": [],
}

HEALTHY_NETWORK: Mapping[str, object] = {
    "dead_share": 0.05,
    "saturated_share": 0.0,
    "dead_layer": "hidden (end)",
    "symmetric": False,
    "temperature": 1.0,
    "loss_at_one": [LOSS] * len(TRIALS),
    "loss_at_temperature": [LOSS] * len(TRIALS),
    "loss_as_it_stands": [LOSS] * 3,
    "loss_recalibrated": [LOSS] * 3,
    "start_trial": START_TRIAL,
    "initial_loss": 1.1,
    "chance_loss_uniform": CHANCE,
}

_LOSSES_OF_DATA = (
    "validation_error",
    "validation_interval",
    "matched_gains",
    "loss_on_copies",
    "loss_on_others",
    "loss_on_shared_groups",
    "loss_on_new_groups",
    "loss_random_split",
    "loss_group_split",
    "chance_random_split",
    "chance_group_split",
)
_LOSSES_OF_NETWORK = (
    "loss_at_one",
    "loss_at_temperature",
    "loss_as_it_stands",
    "loss_recalibrated",
    "initial_loss",
    "chance_loss_uniform",
)


def make_evidence(
    *,
    situation: Situation = SITUATION,
    gains: Mapping[str, Gain] | None = None,
    fresh: Mapping[str, Gain] | None = None,
    without: Sequence[str] = (),
    skipped: Mapping[str, str] | None = None,
    loss: float = LOSS,
    train_loss: float = TRAIN_LOSS,
    losses: Mapping[int, float] | None = None,
    early_loss: float | None = None,
    later: Gain = 0.0,
    longer: int = LONGER,
    penalty: float = 0.01,
    start_gain: float = 0.0,
    spread: float = 0.0,
    seed: int = 0,
    chance: float = CHANCE,
    best: float = 0.0,
    balanced: Mapping[str, float] | None = None,
    data: Mapping[str, object] | None = None,
    network: Mapping[str, object] | None = None,
    faults: tuple[str, ...] = (),
    given: tuple[int, ...] = TRIALS[:1],
    unit: float = 1.0,
) -> Evidence:
    """Return evidence of a healthy network but for what is named.

    Args:
        situation: what was experimented on; every probe that the causes ask for is run.
        gains: probe name to its gain on validation rows, or on validation and training rows; 0 for others.
        fresh: likewise on trials that nothing was chosen by.
        without: probes that were not run.
        skipped: probes that were not run because they could not gain, with the reason.
        loss: validation loss of the network as it stands, at its end.
        train_loss: training loss likewise.
        losses: trial to validation loss, where a trial differs from the others.
        early_loss: validation loss of the network as it stands halfway, if it is lower there.
        later: gain of training the network as it stands for longer.
        longer: how many times as long it is trained.
        penalty: of the network as it stands.
        start_gain: how much better drawn weights train than those that the network came with.
        spread: standard deviation over trials of each probe's gain, whose mean stays exact.
        seed: of that spread.
        chance: loss of predicting without looking.
        best: loss of the best reference.
        balanced: probe name to its balanced accuracy.
        data: facts of the rows that are otherwise; None as a value takes one away.
        network: facts of the network likewise.
        faults: what the reading found.
        given: trials on the rows as they were given.
        unit: factor on every loss.
    """
    names = {probe.name: probe for probe in [Probe(name=BASELINE), *probes_for(situation)]}
    names[label_noise.NAME] = Probe(name=label_noise.NAME, labels="unsuspected")
    wanted: dict[str, Gain] = {**_quiet_gains(names, loss, train_loss), **(gains or {})}

    def table(name: str, trials: Sequence[int], gain: Gain) -> Runs:
        ends = np.array([(losses or {}).get(t, loss) for t in trials]), np.full(len(trials), train_loss)
        validation_gain, train_gain = gain if isinstance(gain, tuple) else (gain, gain)
        noise = _centered(name, len(trials), spread, seed)
        validation = _curves(ends[0] - validation_gain - noise, early_loss if name == BASELINE else None)
        train = _curves(ends[1] - train_gain, None)
        if name == BASELINE:
            later_gain, later_train = later if isinstance(later, tuple) else (later, later)
            validation = _lengthened(validation, later_gain, longer)
            train = _lengthened(train, later_train, longer)
            if START_TRIAL in trials:
                train[list(trials).index(START_TRIAL)] += start_gain
        accuracy = (balanced or {}).get(name, float("nan"))
        return Runs(
            trials=tuple(trials),
            train_loss=unit * train,
            validation_loss=unit * validation,
            penalty=np.full_like(train, unit * penalty),
            train_accuracy=np.zeros((0, 0)),
            validation_accuracy=np.zeros((0, 0)),
            balanced=np.full(len(trials), accuracy),
        )

    runs = {BASELINE: table(BASELINE, (*TRIALS, START_TRIAL), 0.0)}
    for name in names:
        if name not in (BASELINE, label_noise.NAME, *without, *(skipped or {})):
            runs[name] = table(name, TRIALS, wanted[name])
    confirmed = {name: table(name, FRESH_TRIALS, gain) for name, gain in (fresh or {}).items()}
    if fresh is not None:
        confirmed[BASELINE] = table(BASELINE, FRESH_TRIALS, 0.0)
    return Evidence(
        situation=situation,
        probes=names,
        runs=runs,
        fresh=confirmed,
        num_epochs=EPOCHS,
        chance=np.full(NUM_TRIALS, unit * chance),
        references={"linear": unit * (best + 0.1), "trees": unit * best},
        given=given,
        repeats=(*given, *FRESH_TRIALS),
        fair=tuple(t for t in range(NUM_TRIALS) if t != START_TRIAL),
        facts=Facts(
            data=_facts({**HEALTHY_DATA, **(data or {})}, _LOSSES_OF_DATA, unit),
            network=_facts({**HEALTHY_NETWORK, **(network or {})}, _LOSSES_OF_NETWORK, unit),
            faults=faults,
        ),
        skipped=skipped or {},
    )


def only_baseline(evidence: Evidence) -> Evidence:
    """Return the same evidence without any experiment."""
    return replace(evidence, runs={BASELINE: evidence.runs[BASELINE]}, fresh={})


def with_runs(evidence: Evidence, **changes: object) -> Evidence:
    """Return the same evidence with fields of all runs replaced; a callable gets the old value."""

    def changed(runs: Runs) -> Runs:
        values = {k: v(getattr(runs, k)) if callable(v) else v for k, v in changes.items()}
        return replace(runs, **values)

    return replace(
        evidence,
        runs={name: changed(runs) for name, runs in evidence.runs.items()},
        fresh={name: changed(runs) for name, runs in evidence.fresh.items()},
    )


def shuffled(evidence: Evidence, seed: int) -> Evidence:
    """Return the same evidence with the members of every probe in another order."""
    rng = np.random.default_rng(seed)

    def change(runs: Runs) -> Runs:
        order = rng.permutation(len(runs.trials))
        return replace(
            runs,
            trials=tuple(runs.trials[i] for i in order),
            train_loss=runs.train_loss[order],
            validation_loss=runs.validation_loss[order],
            penalty=runs.penalty[order],
            balanced=runs.balanced[order],
        )

    return replace(
        evidence,
        runs={name: change(runs) for name, runs in evidence.runs.items()},
        fresh={name: change(runs) for name, runs in evidence.fresh.items()},
    )


def _quiet_gains(probes: Mapping[str, Probe], loss: float, train_loss: float) -> dict[str, Gain]:
    """Return the gains of a healthy network: permuted labels teach nothing, a few rows are memorized."""
    quiet: dict[str, Gain] = dict.fromkeys(probes, SAME)
    for name, probe in probes.items():
        if probe.labels == "permuted":
            quiet[name] = (loss - CHANCE, train_loss - 0.9 * CHANCE)
        elif probe.num_rows:
            quiet[name] = (loss - CHANCE, train_loss)
    return quiet


def _centered(name: str, count: int, spread: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    drawn = rng.normal(size=count)
    return np.zeros(count) if name == BASELINE else spread * (drawn - drawn.mean())


def _curves(ends: np.ndarray, early: float | None) -> np.ndarray:
    """Return ``[trial, epoch]`` losses that fall evenly to their ends, or dip halfway."""
    curves = np.linspace(np.maximum(0.95, ends + 0.05), ends, EPOCHS, axis=1)
    if early is not None:
        curves[:, EPOCHS // 2] = early
    return curves


def _lengthened(curves: np.ndarray, gain: float, longer: int) -> np.ndarray:
    more = np.repeat(curves[:, -1:] - gain, EPOCHS * (longer - 1), axis=1)
    return np.concatenate([curves, more], axis=1)


def _facts(facts: Mapping[str, object], scaled: Sequence[str], unit: float) -> dict[str, object]:
    known = {name: value for name, value in facts.items() if value is not None}
    for name in scaled:
        if name in known:
            value = np.asarray(known[name], np.float64) * unit
            known[name] = value.tolist() if value.ndim else float(value)
    return known
