"""Periodic features beside each number, or none: with them a small network bends as a plain one cannot.

Source: Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features in Tabular Deep Learning, 2022;
Holzmüller, Grinsztajn and Steinwart, Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular
Data, 2024 (PBLD, whose sizes and frequencies are used).
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.embedding != "own":
        yield "own-numeric-embedding", {"embedding": "own"}
    elif situation.has_periodic:
        yield "no-numeric-embedding", {"embedding": "none"}
    elif situation.can_embed and situation.has_numbers:
        yield "numeric-embedding", {"embedding": "periodic"}


FAMILY = Family(
    name="numeric-embedding",
    fields=frozenset({"embedding"}),
    variants=_variants,
    is_dynamic=False,
    cost=5.0,  # cosines are slow on a processor, and the first kernel is four times as large
    causes=("insufficient-capacity", "excess-capacity"),
    source="Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features, 2022",
)
