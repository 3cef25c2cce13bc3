"""A small layer for the one-hot columns of each category: values that act alike come to lie close together.

Source: Guo and Berkhahn, Entity Embeddings of Categorical Variables, 2016.
"""

from __future__ import annotations

from collections.abc import Iterable

from wellfit.records import Settings
from wellfit.search._candidate import Family, Situation, Variant


def _variants(baseline: Settings, situation: Situation) -> Iterable[Variant]:
    if baseline.category_embedding:
        yield "no-category-embedding", {"category_embedding": False}
    elif situation.can_embed and situation.has_categories:
        yield "category-embedding", {"category_embedding": True}


FAMILY = Family(
    name="category-embedding",
    fields=frozenset({"category_embedding"}),
    variants=_variants,
    is_dynamic=False,
    cost=1.2,
    causes=("rare-features", "excess-capacity"),
    source="Guo and Berkhahn, Entity Embeddings of Categorical Variables, 2016",
)
