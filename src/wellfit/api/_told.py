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
    return {
        "chance": evidence.chance_loss,
        "best_reference": evidence.best_loss,
        "train_loss": float(evidence.final(BASELINE, own, side="train").mean()),
        "validation_loss": float(evidence.final(BASELINE, own).mean()),
        "penalty": float(penalties[np.isfinite(penalties)].mean()) if np.isfinite(penalties).any() else 0.0,
        "best_epoch": float(np.argmin(_or_inf(evidence.mean_curve(BASELINE))) + 1),
        "epochs": float(evidence.num_epochs),
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
        if name != BASELINE and (effect := evidence.effect(name)) is not None
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
        f"validation loss {numbers['validation_loss']:.4g}, training loss {numbers['train_loss']:.4g}, "
        f"chance {numbers['chance']:.4g}, best seen {numbers['best_reference']:.4g}"
    )
    if verdict is Verdict.HEALTHY:
        return f"Nothing that was tried does better than the network as it stands: {losses}."
    if verdict is Verdict.INCONCLUSIVE:
        return f"The experiments do not decide what is wrong, if anything: {losses}."
    first = found[0]
    gain = min(first.effect.estimate, 1.0) if first.effect is not None else None
    closes = "" if gain is None else f"; mending it gains {gain:.0%} of what there is to gain"
    return f"{verdict.value.replace('-', ' ').capitalize()}: {first.code}{closes} ({losses})."


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


def _or_inf(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.inf)
