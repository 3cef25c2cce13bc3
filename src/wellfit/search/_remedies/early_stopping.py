"""Early stopping: end when the validation loss no longer falls, and keep the best weights.

Source: Prechelt, Early Stopping - But When?, 1998.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

# Patience as a share of the epochs.
_SHARES = (0.05, 0.2)
_LEAST = 3


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    del situation
    if baseline.patience:
        yield "no-early-stopping", {"patience": 0}
    for share in _SHARES:
        patience = max(_LEAST, round(share * baseline.epochs))
        if patience < baseline.epochs:
            yield f"early-stopping-{patience}", {"patience": patience}


FAMILY = Family(
    name="early-stopping",
    fields=frozenset({"patience"}),
    variants=_variants,
    causes=("trained-too-long", "penalty-in-loss"),
    source="Prechelt, Early Stopping - But When?, 1998",
)
