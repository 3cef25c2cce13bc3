"""There are too few rows for this network on this problem: more rows would lower the loss by themselves.

Look-alikes: `weak_regularization` and `excess_capacity` (the network can be made to need fewer rows). Told
apart by a learning curve over rows at equal numbers of updates, fitted by a power law: it is still falling
at all rows; or it has fallen, and a wide gap is left that nothing else closes.

Source: Hestness et al., Deep Learning Scaling is Predictable, Empirically, 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wellfit.diagnosis._cause import Cause, Ruling, cannot_tell, found, silent
from wellfit.diagnosis._evidence import Evidence, Float64Array
from wellfit.diagnosis._gain import confidence_of, evidence_of, untried
from wellfit.diagnosis._probe import BASELINE, Probe, Situation
from wellfit.records import Verdict

SHARES = (0.2, 0.4, 0.7)
# Doubling the rows must promise this share of what there is to gain, and the gap between validation and
# training must be open: on most real tables a few more rows help a little.
MIN_PROMISE = 0.10
MIN_GAP = 0.15
WIDE_GAP = 0.3
"""A gap that asks for a cause of its own: on the healthy networks of the benchmark's tuning half it is below
0.25. Where nothing that regularizes or shrinks the network closes it and more rows have narrowed it so far,
the rows are what is left, even if twice as many promise less than `MIN_PROMISE`.
"""
_LEFT_OVER = 0.6  # confidence in what is concluded from what else failed
_EXPONENTS = np.linspace(0.1, 1.5, 29)


def probes(situation: Situation) -> Sequence[Probe]:
    """Ask for the same training on a part of the rows."""
    return [Probe(name=f"{share:.0%} of the rows", rows=share) for share in SHARES]


def examine(evidence: Evidence) -> Ruling:
    """Found where the fitted learning curve falls on beyond all rows."""
    shares = [share for share in SHARES if f"{share:.0%} of the rows" in evidence.runs]
    if len(shares) < 2:
        return untried(evidence, [f"{share:.0%} of the rows" for share in SHARES])
    whole = [set(evidence.common(f"{share:.0%} of the rows")) for share in shares]
    trials = sorted(set[int].intersection(*whole))
    if len(trials) < 2:
        return cannot_tell("there was no time for a learning curve")
    curves = [best_losses(evidence, f"{share:.0%} of the rows", trials) for share in shares]
    losses = np.stack([*curves, best_losses(evidence, BASELINE, trials)], axis=1)
    sizes = np.array([*shares, 1.0])
    # Each trial has a curve of its own; their spread says how certain the promise is.
    promises = np.array([promise(sizes, row) for row in losses]) / evidence.scale
    far = promise(sizes, losses.mean(axis=0), times=4.0) / evidence.scale
    overall = promise(sizes, losses.mean(axis=0)) / evidence.scale
    effect = evidence.effect_of(promises - promises.mean() + overall)
    gap = float(
        (evidence.final(BASELINE, trials) - evidence.final(BASELINE, trials, side="train")).mean()
        / evidence.scale
    )
    if effect is None:
        return cannot_tell("there was no time for a learning curve")
    numbers = {
        "gain_at_twice_the_rows": effect.estimate,
        **evidence_of(effect),
        "gain_at_four_times_the_rows": far,
        "rows": evidence.situation.num_train,
        "gap": gap,
        "loss_by_share": {f"{s:.0%}": float(v) for s, v in zip(sizes, losses.mean(axis=0), strict=True)},
    }
    if effect.estimate >= MIN_PROMISE and effect.low > 0 and gap >= MIN_GAP:
        return found(confidence_of(effect, MIN_PROMISE), numbers, effect)
    if gap >= WIDE_GAP and _has_narrowed(evidence, losses):
        return found(_LEFT_OVER, numbers, effect, tier=2)
    reason = f"twice the rows promise {effect.estimate:.0%} (gap {gap:.0%})"
    return silent(f"more rows promise little, or validation and training are close: {reason}", numbers)


def _has_narrowed(evidence: Evidence, losses: Float64Array) -> bool:
    """Return whether ``[trial, share]`` losses have fallen from the fewest rows to all."""
    fall = evidence.effect_of((losses[:, 0] - losses[:, -1]) / evidence.scale)
    return fall is not None and fall.estimate >= MIN_PROMISE and fall.low > 0


def best_losses(evidence: Evidence, name: str, trials: Sequence[int]) -> Float64Array:
    """Return ``[trial]`` validation losses at the epoch that is best on average."""
    runs = evidence.runs[name]
    where = {t: i for i, t in enumerate(runs.trials)}
    table = runs.validation_loss[[where[t] for t in trials]][:, : evidence.num_epochs]
    table = evidence.capped(table)
    return table[:, int(np.argmin(table.mean(axis=0)))]


def promise(sizes: Float64Array, losses: Float64Array, times: float = 2.0) -> float:
    """Return how far the fitted curve ``a + b n^-c`` falls from all rows to `times` as many.

    Example:
        >>> import numpy as np
        >>> sizes = np.array([0.2, 0.4, 0.7, 1.0])
        >>> round(promise(sizes, 0.3 + 0.1 * sizes**-0.5), 3)
        0.029
    """
    best, answer = np.inf, 0.0
    for exponent in _EXPONENTS:
        design = np.stack([np.ones_like(sizes), sizes**-exponent], axis=1)
        coefficients, *_ = np.linalg.lstsq(design, losses, rcond=None)
        error = float(np.square(design @ coefficients - losses).sum())
        if error < best:
            best = error
            answer = float(max(coefficients[1], 0.0) * (1.0 - times**-exponent))
    return answer


CAUSE = Cause(
    code="too-few-rows",
    family=Verdict.OVERFITTING,
    experiment="a learning curve over 20 to 100 % of the rows, fitted by a power law",
    remedies=("collect more rows", "regularize", "use a smaller network or a pretrained one"),
    examine=examine,
    probes=probes,
)
