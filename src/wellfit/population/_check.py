"""Whether members mean something for a network and its data; inside compiled code nothing would say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wellfit.models import Layout
from wellfit.records import AVERAGINGS, DROPOUT_KINDS, SCHEDULES, WHERES, Members, SettingsError

Array = Any


def _at_least_zero(values: Array) -> Array:
    return np.isfinite(values) & (values >= 0)


def _share(values: Array) -> Array:
    return (values >= 0) & (values <= 1)


def _position(known: tuple[str, ...]) -> tuple[str, Callable[[Array], Array]]:
    return f"0 to {len(known) - 1}", lambda values: (values >= 0) & (values < len(known))


# Whatever else is wrong with a number (a learning rate of NaN) is a member that diverges, not an error.
_RANGES: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "batch_size": ("at least 1", lambda values: values >= 1),
    "epochs": ("at least 1", lambda values: values >= 1),
    "num_visits": ("0 for one pass, or more", lambda values: values >= 0),
    "patience": ("0 for none, or more", lambda values: values >= 0),
    "schedule": _position(SCHEDULES),
    "warmup": ("0 to 1", lambda values: (values >= 0) & (values <= 1)),
    "clip_norm": ("0 for none, or more", lambda values: values >= 0),
    "dropout": ("NaN, or at least 0 and below 1", lambda v: np.isnan(v) | ((v >= 0) & (v < 1))),
    "dropout_scale": ("at least 0", lambda values: values >= 0),
    "label_smoothing": ("0 to 1", lambda values: (values >= 0) & (values <= 1)),
    "width": ("above 0, at most 1", lambda values: (values > 0) & (values <= 1)),
    "orthogonality": ("at least 0", _at_least_zero),
    "max_norm": ("0 for none, or more", _at_least_zero),
    "activity_l2": ("at least 0", _at_least_zero),
    "l2_sp": ("at least 0", _at_least_zero),
    "rate_decay": ("above 0, at most 1", lambda values: (values > 0) & (values <= 1)),
    "penalty_where": _position(WHERES),
    "dropout_where": _position(WHERES),
    "dropout_kind": _position(DROPOUT_KINDS),
    "input_noise": ("at least 0", _at_least_zero),
    "input_dropout": ("at least 0 and below 1", lambda values: (values >= 0) & (values < 1)),
    "stochastic_depth": ("at least 0 and below 1", lambda values: (values >= 0) & (values < 1)),
    "mixup": ("0 for none, or more", _at_least_zero),
    "cutmix": ("0 for none, or more", _at_least_zero),
    "adversarial": ("0 for none, or more", _at_least_zero),
    "random_flip": ("0 to 1", _share),
    "random_translation": ("0 to 1", _share),
    "random_brightness": ("at least 0", _at_least_zero),
    "random_contrast": ("0 to 1", _share),
    "random_erasing": ("0 to 1", _share),
    "random_rotation": ("0 to 1", _share),
    "random_zoom": ("at least 0 and below 1", lambda values: (values >= 0) & (values < 1)),
    "random_shear": ("0 to 1", _share),
    "random_crop": ("at least 0 and below 1", lambda values: (values >= 0) & (values < 1)),
    "random_saturation": ("0 to 0.5", lambda values: (values >= 0) & (values <= 0.5)),
    "random_hue": ("0 to 1", _share),
    "random_noise": ("at least 0", _at_least_zero),
    "rand_augment": ("0 to 1", _share),
    "averaging": _position(AVERAGINGS),
}


def check_members(
    members: Members,
    layout: Layout,
    *,
    num_splits: int,
    num_scalings: int,
    num_label_orders: int,
    num_classes: int,
) -> None:
    """Raise unless every member can be trained.

    Args:
        members: at least one.
        layout: of the network.
        num_splits: splits that members can refer to.
        num_scalings: scalings that members can refer to; 0 where inputs are not scaled.
        num_label_orders: permutations of the labels that members can refer to.
        num_classes: of the target; 0 for regression.

    Raises:
        SettingsError: a number is out of range; the message names the member.
    """
    if len(members) == 0:
        raise SettingsError("there is no member to train", expected="at least one")
    limits = {"split": num_splits, "label_order": num_label_orders}
    if num_scalings:
        limits["scaling"] = num_scalings
    for name, limit in limits.items():
        good = (getattr(members, name) >= 0) & (getattr(members, name) < limit)
        _refuse(members, name, good, f"0 to {limit - 1}")
    for name, (expected, is_good) in _RANGES.items():
        _refuse(members, name, is_good(getattr(members, name)), expected)
    _check_depth(members, layout)
    for name in ("activity_l2", "stochastic_depth") if layout.reason else ():
        _refuse(members, name, getattr(members, name) == 0, f"0, as {layout.reason}")
    width = members.class_weight.shape[1]
    if width and num_classes and width != num_classes:
        raise SettingsError(
            "class weights do not fit the target",
            received=f"{width} weights a member",
            expected=f"{num_classes}, or none",
        )


def check_start(members: Members, is_given: bool) -> None:
    """Raise where members are to be held to given weights, and start from drawn ones.

    Args:
        members: who starts.
        is_given: whether they start from given weights, and not from drawn ones.

    Raises:
        SettingsError: some member asks for L2-SP; what is drawn at random is no place to stay near to.
    """
    if not is_given and (members.l2_sp > 0).any():
        raise SettingsError(
            "L2-SP holds a network to the weights that it was given, and these members start from drawn ones",
            received=f"l2_sp={members.l2_sp.max():g}, and no weights",
            expected="l2_sp=0, or members that start from given weights",
            fix="start from the network's own weights, as in improve(..., start='given')",
        )


def _check_depth(members: Members, layout: Layout) -> None:
    """Gates can only stand for networks that surgery would build: the last blocks, one after the other."""
    gateable = [block.gateable for block in layout.blocks if block.removable]
    most = next((i for i, good in enumerate(reversed(gateable)) if not good), len(gateable))
    good = (members.depth <= 0) & (members.depth >= -most)
    _refuse(members, "depth", good, f"-{most} to 0 for this network" if most else "0 for this network")


def _refuse(members: Members, name: str, good: Array, expected: str) -> None:
    bad = np.flatnonzero(~good)
    if len(bad):
        value = getattr(members, name)[bad[0]]
        raise SettingsError(
            f"{name} of member {bad[0]} is out of range",
            received=f"{name}={value:g}",
            expected=expected,
        )
