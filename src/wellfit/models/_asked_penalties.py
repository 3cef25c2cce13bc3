"""Which penalties were asked for, and what becomes of the regularizers of layers and weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from wellfit.models._kinds import KERNEL_KEYS, NORMALIZATION_WEIGHTS, is_matrix
from wellfit.models._l2_sp import L2SP, Strengths, all_strengths, anchor_of
from wellfit.models._probe import value_of
from wellfit.models._rebuild import Config

_BIAS_KEYS = frozenset({"bias_regularizer"})
_NORMALIZATION_KEYS = frozenset({"gamma_regularizer", "beta_regularizer"})
_KNOWN = ("L1", "L2", "L1L2", "L2SP")


@dataclass(frozen=True, kw_only=True)
class AskedPenalties:
    """The penalties that were asked for.

    Attributes:
        l1: see `regularize`.
        l2: likewise.
        l2_sp: likewise.
        keys: names of the regularizers in a layer's config that they are for.
    """

    l1: float | None
    l2: float | None
    l2_sp: float | None
    keys: frozenset[str]

    @property
    def strengths(self) -> tuple[float | None, float | None, float | None]:
        """L1, L2 and L2-SP; None for what stays as it is."""
        return self.l1, self.l2, self.l2_sp

    def put(self, config: Any, *, is_held: bool) -> Any:
        """Return a config with the regularizers of a layer replaced, and of what it wraps."""
        if self.strengths == (None, None, None):
            return config
        if isinstance(config, list | tuple):
            return type(config)(self.put(part, is_held=is_held) for part in config)
        if not isinstance(config, dict):
            return config
        changed: Config = {}
        for key, value in config.items():
            is_own = key in self.keys
            changed[key] = self._replaced(value, is_held) if is_own else self.put(value, is_held=is_held)
        return changed

    def expected(self, variable: Any, is_on: bool, is_held: bool) -> Strengths:
        """Return the strengths that a weight is to have."""
        own = all_strengths(variable)
        if not is_on or not self._reaches(variable):
            return own
        l1, l2, l2_sp = (
            mine if asked is None else asked for mine, asked in zip(own, self.strengths, strict=True)
        )
        return l1, l2, l2_sp if is_held else own[2]

    def anchor(self, variable: Any, is_held: bool, wanted: Strengths) -> Any:
        """Return what a weight is to be held to; None where it is not."""
        if not wanted[2]:
            return None
        is_new = self.l2_sp is not None and is_held and self._reaches(variable)
        return value_of(variable) if is_new else anchor_of(variable)

    def told(self, before: Sequence[Any], after: Sequence[Any]) -> list[str]:
        """Return in words what became of the penalties of these weights."""
        if self.strengths == (None, None, None):
            return []
        pairs = list(zip(before, after, strict=True))
        had = sum(any(all_strengths(old)) for old, _ in pairs)
        has = sum(any(all_strengths(new)) for _, new in pairs)
        moved = sum(all_strengths(old) != all_strengths(new) for old, new in pairs)
        frozen = sum(any(all_strengths(new)) and not new.trainable for _, new in pairs)
        names = zip(("L1", "L2", "L2-SP"), self.strengths, strict=True)
        named = ", ".join(f"{name} {value:g}" for name, value in names if value is not None)
        lines = [f"penalties ({named}): {has} weights have one, {had} had; {moved} changed"]
        if frozen:
            lines.append(f"{frozen} of them are frozen: their penalty takes effect when they are trained")
        return lines

    def _reaches(self, variable: Any) -> bool:
        if variable.name in NORMALIZATION_WEIGHTS:
            return "gamma_regularizer" in self.keys
        if variable.name == "bias":
            return "bias_regularizer" in self.keys
        return is_matrix(variable)

    def _replaced(self, own: Any, is_held: bool) -> Any:
        if own is not None and not (isinstance(own, dict) and own.get("class_name") in _KNOWN):
            return own
        asked = self.l2_sp if is_held else None
        config = own["config"] if own is not None else {}
        l1 = float(config.get("l1", 0.0)) if self.l1 is None else self.l1
        l2 = float(config.get("l2", 0.0)) if self.l2 is None else self.l2
        l2_sp = float(config.get("l2_sp", 0.0)) if asked is None else asked
        if l2_sp:
            # The values of a new anchor are not known to a config; they are set on the rebuilt network.
            anchor = config.get("anchor") if asked is None else None
            return keras.regularizers.serialize(L2SP(l2_sp, anchor, l1, l2))
        if not l1 and not l2:
            return None
        made = keras.regularizers.L1L2(l1, l2) if l1 and l2 else None
        made = made or (keras.regularizers.L2(l2) if l2 else keras.regularizers.L1(l1))
        return keras.regularizers.serialize(made)


def regularizer_keys(biases: bool, normalization: bool) -> frozenset[str]:
    """Return names of the regularizers that penalties are for, in the config of a layer."""
    wanted = KERNEL_KEYS | (_BIAS_KEYS if biases else frozenset())
    return wanted | (_NORMALIZATION_KEYS if normalization else frozenset())
