"""What an earlier study found, as the first guesses of a search."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from wellfit.records import Settings
from wellfit.search._dimension import Choice
from wellfit.search._space import Space


def with_guesses(space: Space, guesses: Iterable[Mapping[str, object]]) -> Space:
    """Return the space with further settings to try before its own first ones.

    Fields that the space does not vary are left out, values outside it are moved in, and values that
    make no sense are left out: the guesses may come from another table and network.

    Args:
        space: what is searched.
        guesses: fields of `Settings` that differ from a baseline, with their values; best first.

    Example:
        >>> from wellfit.search import Range
        >>> own = Space(baseline=Settings(), dimensions=(Range(field="l2", low=1e-6, high=1e-2, log=True),))
        >>> [one.l2 for one in with_guesses(own, [{"l2": 5.0, "colour": "red"}, {"depth": 1}]).first]
        [0.01]
    """
    dimensions = {one.field: one for one in space.dimensions}
    found: list[Settings] = []
    for guess in guesses:
        drawn, known = space.encode(space.baseline), 0
        for name, value in guess.items():
            one = dimensions.get(name)
            if one is None or (isinstance(one, Choice) and not one.ordered and value not in one.values):
                continue
            try:
                drawn[name] = one.encode(value)
                known += 1
            except (TypeError, ValueError):
                continue
        if known:
            found.append(space.decode(drawn))
    first = [settings for settings in dict.fromkeys([*found, *space.first]) if settings != space.baseline]
    return dataclasses.replace(space, first=tuple(first))
