"""Ways of regularizing that members of one program can differ in; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from wellfit.models import NetworkFunction
from wellfit.population._mechanisms._base import Batch, Compute, Found, Mechanism
from wellfit.population._mechanisms.activity_l2 import ActivityL2
from wellfit.population._mechanisms.adversarial import Adversarial
from wellfit.population._mechanisms.augmentation import AUGMENTATIONS
from wellfit.population._mechanisms.averaging import Averaging
from wellfit.population._mechanisms.cutmix import Cutmix
from wellfit.population._mechanisms.dropout_kind import DropoutKind
from wellfit.population._mechanisms.input_dropout import InputDropout
from wellfit.population._mechanisms.input_noise import InputNoise
from wellfit.population._mechanisms.l2_sp import L2SP
from wellfit.population._mechanisms.long_schedules import LongSchedules
from wellfit.population._mechanisms.max_norm import MaxNorm
from wellfit.population._mechanisms.mixup import Mixup
from wellfit.population._mechanisms.orthogonality import Orthogonality
from wellfit.population._mechanisms.penalty_where import PenaltyWhere
from wellfit.population._mechanisms.rate_decay import RateDecay
from wellfit.population._mechanisms.stochastic_depth import StochasticDepth
from wellfit.records import Members, Settings, members_from

MECHANISMS: tuple[Mechanism, ...] = (
    LongSchedules(),
    PenaltyWhere(),
    Orthogonality(),
    L2SP(),
    MaxNorm(),
    RateDecay(),
    ActivityL2(),
    DropoutKind(),
    InputNoise(),
    InputDropout(),
    StochasticDepth(),
    *AUGMENTATIONS,
    Mixup(),
    Cutmix(),
    Adversarial(),
    Averaging(),
)
FREE = tuple(mechanism.name for mechanism in MECHANISMS if not mechanism.group)
"""Names of the mechanisms that any program may hold at no cost."""


def held(names: Iterable[str]) -> list[Mechanism]:
    """Return mechanisms by their names, in the order in which they act."""
    wanted = set(names)
    return [mechanism for mechanism in MECHANISMS if mechanism.name in wanted]


ON_BATCHES = ("mixup", "cutmix", *(one.name for one in AUGMENTATIONS))
"""Names of the mechanisms that change the rows of a batch before the network sees them."""


def used(members: Members) -> frozenset[str]:
    """Return the names of the mechanisms that some member uses."""
    return frozenset(m.name for m in MECHANISMS if bool(m.is_used(members).any()))


def mechanism_numbers(network: NetworkFunction, members: Members) -> dict[str, Any]:
    """Return the arrays of all mechanisms, used or not, so that every call has the same arguments."""
    return {name: v for m in MECHANISMS for name, v in m.numbers(network, members).items()}


def member_groups(members: Members) -> list[frozenset[str]]:
    """Return for each member the groups of the mechanisms that it uses."""
    table = [(m.group, np.asarray(m.is_used(members))) for m in MECHANISMS if m.group]
    return [frozenset(group for group, on in table if on[member]) for member in range(len(members))]


def mechanism_groups(settings: Settings) -> frozenset[str]:
    """Return the groups of mechanisms that settings need beyond the plain program.

    Settings of one network and batch size with equal groups share a compiled program.

    Example:
        >>> mechanism_groups(Settings(mixup=0.2, averaging="ema")) == {"extra", "averaging"}
        True
        >>> mechanism_groups(Settings(l2=1e-3))
        frozenset()
    """
    return member_groups(members_from([settings], split=[0], seed=[0]))[0]


__all__ = [
    "FREE",
    "MECHANISMS",
    "ON_BATCHES",
    "Batch",
    "Compute",
    "Found",
    "Mechanism",
    "held",
    "mechanism_groups",
    "mechanism_numbers",
    "member_groups",
    "used",
]
