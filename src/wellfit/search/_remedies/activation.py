"""Another nonlinearity in hidden layers: one that cannot die, or that is smooth.

Source: Klambauer et al., Self-Normalizing Neural Networks, 2017 (SELU); Ramachandran, Zoph and Le, Searching
for Activation Functions, 2017 (SiLU); Maas, Hannun and Ng, Rectifier Nonlinearities Improve Neural Network
Acoustic Models, 2013 (leaky ReLU).
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_NAMES = ("silu", "selu", "leaky_relu", "tanh", "relu")
_MOST = 4


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.activations:
        return
    others = [name for name in _NAMES if situation.activations != (name,)]
    for name in others[:_MOST]:
        yield f"activation-{name.replace('_', '-')}", {"activation": name}
    if baseline.activation != "own":
        yield "own-activation", {"activation": "own"}


FAMILY = Family(
    name="activation",
    fields=frozenset({"activation"}),
    variants=_variants,
    is_dynamic=False,
    cost=1.1,
    causes=("dead-units", "insufficient-capacity"),
    source="Klambauer et al., Self-Normalizing Neural Networks, 2017",
)
