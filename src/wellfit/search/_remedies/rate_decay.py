"""Learning rates that fall towards the input: what a pretrained network has learned first changes least.

Source: Howard and Ruder, Universal Language Model Fine-tuning for Text Classification, 2018.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant

_FIRST = (0.1, 0.01)  # rate of the first layer, as a share of the head's


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if not situation.starts_from_weights or situation.num_layers < 2:
        return
    if baseline.rate_decay != 1:
        yield "one-learning-rate", {"rate_decay": 1.0}
    for share in _FIRST:
        # In a deep network the same share is spread over more layers.
        factor = float(f"{share ** (1 / (situation.num_layers - 1)):.3g}")
        yield f"first-layer-rate-x{share:g}", {"rate_decay": factor}


FAMILY = Family(
    name="rate-decay",
    fields=frozenset({"rate_decay"}),
    variants=_variants,
    cost=1.1,
    causes=("weak-regularization", "too-few-rows", "learning-rate-too-high"),
    source="Howard and Ruder, Universal Language Model Fine-tuning for Text Classification, 2018",
)
