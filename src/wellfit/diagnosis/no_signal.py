"""The inputs say nothing about the target.

Look-alikes: everything that keeps a network from learning (there other models do learn). Told apart by
training on permuted labels, which does as well, and by linear models, boosted trees and nearest neighbors,
which do no better than chance either.

Source: Ojala and Garriga, Permutation Tests for Studying Classifier Performance, 2010.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wellfit.diagnosis._cause import Cause, Ruling, cannot_tell, found, silent
from wellfit.diagnosis._evidence import Evidence, Float64Array
from wellfit.diagnosis._gain import number
from wellfit.diagnosis._probe import BASELINE, Probe, Situation
from wellfit.records import Verdict

MAX_SIGNAL_Z = 3.0
"""Standard errors by which the best of several references must beat chance to count as a signal."""
MAX_SKILL = 0.03
"""Share of the chance loss that a reference may take away and still count as nothing."""
_SMALL_PICTURES = 0.6
"""Confidence on pictures: references see them in small, where what tells classes apart may be lost."""
_NAME = "permuted labels"


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for training on permuted labels."""
    return [Probe(name=_NAME, labels="permuted")]


def examine(evidence: Evidence) -> Ruling:
    """Found where neither references nor the network beat chance."""
    z = number(evidence.facts.data.get("signal_z"))
    skill_high = number(evidence.facts.data.get("signal_skill_high"), 1.0)
    skill = number(evidence.facts.data.get("signal_skill"), 0.0)
    network = network_z(evidence)
    numbers = {
        "signal_z": z,
        "signal_skill": skill,
        "signal_skill_high": skill_high,
        "network_z": network,
        "chance": evidence.chance_loss,
        "best": evidence.best_loss,
        "references": dict(evidence.references),
    }
    if np.isnan(z):
        return cannot_tell("no reference model could be fitted", numbers)
    if z > MAX_SIGNAL_Z or max(network, changed_z(evidence)) > MAX_SIGNAL_Z + 1:
        return silent("the inputs predict the target better than chance", numbers)
    if skill > MAX_SKILL and z > 2:
        return cannot_tell("a weak signal, or none: more rows would decide it", numbers)
    if evidence.situation.has_pictures:
        return found(_SMALL_PICTURES, numbers, tier=0, score=1.5)
    confidence = 0.95 if skill_high <= 2 * MAX_SKILL else 0.7
    return found(confidence, numbers, tier=0, score=1.5)


def network_z(evidence: Evidence) -> float:
    """Return by how many standard errors the network at its best epoch beats itself on permuted labels."""
    if _NAME not in evidence.runs:
        return 0.0
    permuted = evidence.runs[_NAME]
    base = evidence.runs[BASELINE]
    rows = [base.trials.index(t) for t in permuted.trials if t in base.trials]
    own = np.where(np.isfinite(base.validation_loss[rows]), base.validation_loss[rows], np.inf)
    epoch = int(np.argmin(np.mean(own, axis=0)))
    chance = evidence.chance[[base.trials[r] for r in rows]]
    kept = [i for i, t in enumerate(permuted.trials) if t in base.trials]
    noise = np.where(np.isfinite(permuted.validation_loss[kept]), permuted.validation_loss[kept], np.inf)
    # On permuted labels a network is at chance at best; where it is better, it is that which must be beaten.
    best = noise[:, int(np.argmin(np.mean(noise, axis=0)))]
    differences = np.minimum(chance, best) - own[:, epoch]
    return _z(evidence, differences)


def _z(evidence: Evidence, differences: Float64Array) -> float:
    """Return the mean of ``[trial]`` differences over its standard error, with that of overlapping rows."""
    if len(differences) < 2 or not np.isfinite(differences).all():
        return 0.0
    error = float(np.std(differences, ddof=1)) * float(np.sqrt(1 / len(differences) + 0.1))
    return float(np.mean(differences)) / max(error, 1e-3 * abs(evidence.chance_loss))


def changed_z(evidence: Evidence) -> float:
    """Return by how many standard errors the best change of the first look beats chance on fresh trials."""
    names = [
        name
        for name, probe in evidence.probes.items()
        if name != BASELINE and not probe.is_question and name in evidence.fresh and name in evidence.runs
    ]
    if not names:
        return 0.0
    best = min(names, key=lambda name: float(evidence.final(name, evidence.runs[name].trials).mean()))
    trials = [t for t in evidence.fresh[best].trials if t in evidence.fair]
    differences = evidence.chance[trials] - evidence.final(best, trials) if trials else np.zeros(0)
    return _z(evidence, differences)


CAUSE = Cause(
    code="no-signal",
    family=Verdict.NOT_LEARNING,
    experiment="permuted labels; a linear model, boosted trees and nearest neighbors on the same rows",
    remedies=("check that inputs and labels belong to the same rows", "collect other inputs"),
    examine=examine,
    probes=probes,
)
