"""The steps are so large that training cannot settle, or diverges.

Look-alikes: `unscaled_inputs` (large inputs make any step too large) and `trained_too_long` (a smaller
rate also ends earlier on the way, but leaves a higher training loss). Told apart by training with 0.001 to
0.3 times the learning rate, with a warm-up, and with clipped gradients: validation loss must fall, and
training loss must not rise.

Source: Bengio, Practical Recommendations for Gradient-Based Training of Deep Architectures, 2012; Pascanu,
Mikolov and Bengio, On the Difficulty of Training Recurrent Neural Networks, 2013 (clipping); Gotmare et al.,
A Closer Look at Deep Learning Heuristics, 2019 (warm-up).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wellfit.diagnosis._cause import Cause, Ruling
from wellfit.diagnosis._evidence import Evidence
from wellfit.diagnosis._gain import gain_ruling, train_gain
from wellfit.diagnosis._probe import BASELINE, Probe, Situation
from wellfit.records import Verdict

FACTORS = (0.3, 0.1, 0.01, 0.001)
_MILD = 0.1  # smaller factors are tried on many rows only where this one gains
WARMUP = 0.1
"""Share of all updates over which the rate rises in the probe with a warm-up."""
CLIP_NORM = 1.0
"""Norm of an update's gradients in the probe with clipping; the usual one."""
_SAME = -0.02  # a training loss within this share of the scale counts as not higher


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for smaller learning rates, a warm-up, and clipped gradients."""
    own = situation.settings.learning_rate
    asked = [
        Probe(
            name=f"learning rate x{factor:g}",
            changes={"learning_rate": own * factor},
            after=f"learning rate x{_MILD:g}" if factor < _MILD else "",
        )
        for factor in FACTORS
    ]
    asked.append(Probe(name=f"warm-up over {WARMUP:.0%} of the updates", changes={"warmup": WARMUP}))
    if not situation.facts.clips:
        name = f"gradients clipped at a norm of {CLIP_NORM:g}"
        asked.append(Probe(name=name, changes={"clip_norm": CLIP_NORM}))
    return asked


def examine(evidence: Evidence) -> Ruling:
    """Found where a smaller rate lowers validation loss without raising training loss."""
    losses = evidence.runs[BASELINE].train_loss[:, : evidence.num_epochs]
    return gain_ruling(
        evidence,
        [probe.name for probe in probes(evidence.situation)],
        accepts=lambda name, _: train_gain(evidence, name) >= _SAME,
        numbers={
            "learning_rate": evidence.situation.settings.learning_rate,
            "diverged_share": float(np.mean(~np.isfinite(losses[:, -1]))),
        },
        what="no smaller or gentler steps lower validation loss without raising training loss",
    )


CAUSE = Cause(
    code="learning-rate-too-high",
    family=Verdict.NOT_LEARNING,
    experiment="the same number of updates with 0.001 to 0.3 times the learning rate, warmed up, or clipped",
    remedies=("use the smaller learning rate", "let it warm up and decay", "clip gradients"),
    examine=examine,
    probes=probes,
)
