"""From evidence to what a diagnosis says: its line, its curves, its numbers."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit._version import __version__
from wellfit.api._patient import Patient
from wellfit.api._trial_plan import TrialPlan
from wellfit.diagnosis import BASELINE, MIN_GAIN, Evidence
from wellfit.records import CurvePair, Finding, Verdict

Array = NDArray[Any]

_PACKAGES = ("keras", "jax", "numpy", "scikit-learn", "polars")


def told_numbers(evidence: Evidence, patient: Patient, plan: TrialPlan) -> dict[str, float]:
    """Return the numbers that every diagnosis gives."""
    base = evidence.runs[BASELINE]
    penalties = base.penalty[:, : evidence.num_epochs][:, -1]
    own = [t for t in plan.look if t in base.trials]
    # As they were measured: only gains are capped, so that one run far beyond chance is not the mean of all.
    train, validation = (_mean_end(evidence, own, side=side) for side in ("train", "validation"))
    return {
        "chance": evidence.chance_loss,
        "best_reference": evidence.best_loss,
        "train_loss": train,
        "validation_loss": validation,
        "penalty": float(penalties[np.isfinite(penalties)].mean()) if np.isfinite(penalties).any() else 0.0,
        "best_epoch": float(np.argmin(_or_inf(evidence.mean_curve(BASELINE))) + 1),
        "epochs": float(evidence.num_epochs),
        "epochs_trained": float(len(evidence.mean_curve(BASELINE))),
        "num_train": float(len(patient.train)),
        "num_validation": float(len(patient.validation)),
        **{
            name: float(str(value))
            for name, value in evidence.facts.network.items()
            if name in ("given_train_loss", "given_validation_loss")
        },
        **{f"reference_{name}": value for name, value in evidence.references.items()},
    }


def told_curves(evidence: Evidence) -> tuple[CurvePair, ...]:
    """Return the curves of the network as it stands and of the change that gains most."""
    names = [BASELINE]
    gains = {
        name: effect.estimate
        for name in evidence.runs
        if name != BASELINE
        and not evidence.probes[name].is_question
        and (effect := evidence.effect(name)) is not None
    }
    if gains and max(gains.values()) >= MIN_GAIN:
        names.append(max(gains, key=lambda name: gains[name]))
    pairs = []
    for name in names:
        train, validation = evidence.mean_curve(name, side="train"), evidence.mean_curve(name)
        length = evidence.num_epochs if name != BASELINE else len(validation)
        pairs.append(
            CurvePair(
                name=name,
                train_loss=train[:length].astype(np.float32),
                validation_loss=validation[:length].astype(np.float32),
                best_epoch=int(np.argmin(_or_inf(validation[:length]))),
            )
        )
    return tuple(pairs)


def told_line(verdict: Verdict, found: Sequence[Finding], numbers: Mapping[str, float]) -> str:
    """Return the verdict in a sentence, with numbers."""
    losses = (
        f"validation loss {_loss(numbers['validation_loss'])}, training loss {_loss(numbers['train_loss'])}, "
        f"chance {numbers['chance']:.4g}, best seen {numbers['best_reference']:.4g}"
    )
    if verdict is Verdict.HEALTHY:
        return f"Nothing that was tried does better than the network as it stands: {losses}."
    if verdict is Verdict.INCONCLUSIVE:
        return f"The experiments do not decide what is wrong, if anything: {losses}."
    first = found[0]
    gain = min(first.effect.estimate, 1.0) if first.effect is not None else None
    closes = "" if gain is None else f"; mending it gains {gain:.0%} of what there is to gain"
    return f"{verdict_words(verdict)}: {first.code}{closes} ({losses})."


def verdict_words(verdict: Verdict) -> str:
    """Return a verdict as a sentence begins with it."""
    return verdict.value.replace("-", " ").capitalize()


def environment(seed: int) -> dict[str, str]:
    """Return versions, machine and seed."""
    return {
        "wellfit": __version__,
        **{name: version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "seed": str(seed),
    }


def _mean_end(evidence: Evidence, trials: Sequence[int], *, side: str) -> float:
    """Return the mean loss where the network as it stands ends, infinite where some run diverged."""
    base = evidence.runs[BASELINE]
    table = base.train_loss if side == "train" else base.validation_loss
    last = min(evidence.num_epochs, table.shape[1]) - 1
    return float(_or_inf(table[[base.trials.index(t) for t in trials], last]).mean())


def _loss(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else "diverged"


def _or_inf(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.inf)
