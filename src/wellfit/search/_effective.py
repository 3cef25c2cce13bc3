"""Settings without the parts that nothing uses, so that equal ways of training are equal settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from wellfit.records import Settings

# Field to whether anything uses it. A field that is not here is always in use.
_IN_USE: Mapping[str, Callable[[Settings], bool]] = {
    "dropout_scale": lambda s: s.dropout is None,
    "dropout_where": lambda s: s.dropout is not None,
    "dropout_kind": lambda s: s.dropout != 0.0,
    "penalty_where": lambda s: s.l1 > 0 or s.l2 > 0 or s.weight_decay > 0,
    "selected_share": lambda s: s.selection != "none",
    "extracted_share": lambda s: s.extraction != "none",
}


def effective(settings: Settings) -> Settings:
    """Return the settings with every field that nothing uses at its default.

    Two settings that differ only in where a penalty of strength 0 would reach train the same network; as
    one and the same they are trained once.

    Args:
        settings: any.

    Example:
        >>> effective(Settings(l2=0.0, penalty_where="first")) == Settings()
        True
        >>> effective(Settings(l2=0.1, penalty_where="first")).penalty_where
        'first'
    """
    idle = {name: getattr(Settings(), name) for name, in_use in _IN_USE.items() if not in_use(settings)}
    return dataclasses.replace(settings, **idle)
