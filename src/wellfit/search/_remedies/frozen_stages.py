"""Frozen stages: of a network that learned before, only the last stages go on learning, or the head alone.

Source: Yosinski et al., How Transferable Are Features in Deep Neural Networks?, 2014; Kornblith, Shlens and
Le, Do Better ImageNet Models Transfer Better?, 2019.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    # The last stage holds the head, which is new. From it towards the input: what is cheap comes first.
    for number in range(situation.num_stages - 1, 0, -1):
        yield f"frozen-{number}-of-{situation.num_stages}-stages", {"frozen_stages": number}
    if situation.num_stages and baseline.frozen_stages > 0:
        yield "no-frozen-stages", {"frozen_stages": 0}


FAMILY = Family(
    name="frozen-stages",
    fields=frozenset({"frozen_stages"}),
    variants=_variants,
    is_dynamic=False,
    causes=("too-few-rows", "excess-capacity", "batchnorm-mode"),
    source="Yosinski et al., How Transferable Are Features in Deep Neural Networks?, 2014",
)
