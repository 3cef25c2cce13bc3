"""Where the runs of a study start from: weights that are drawn anew, or those of the given network."""

from __future__ import annotations

from typing import Literal, get_args

from wellfit.models import Model, weight_state
from wellfit.records import SettingsError

Start = Literal["fresh", "given"]
StartChoice = Literal["auto", "fresh", "given"]


def check_start_choice(start: str) -> None:
    """Raise unless `start` says where runs start from.

    Raises:
        SettingsError: it is another word.
    """
    if start not in get_args(StartChoice):
        raise SettingsError(
            "runs cannot start like this.",
            received=f"start={start!r}",
            expected=", ".join(get_args(StartChoice)),
        )


def resolve_start(start: str, model: Model, *, is_reference: bool) -> tuple[Start, str]:
    """Return where runs start from, and what the reader should know of it.

    ``auto`` starts from the given weights where they are trained up to the head, and the head is new: such a
    network has learned another task. One that is trained through may have learned from the very rows that
    will judge it, and is drawn anew.

    Args:
        start: ``auto``, ``fresh`` or ``given``.
        model: the network.
        is_reference: whether it was built for the data, and has no weights worth keeping.

    Raises:
        SettingsError: a network that was built for the data is to start from weights of its own.
    """
    if start == "given" and is_reference:
        raise SettingsError(
            "a network that is built for the data has no weights to start from.",
            received="start='given' without a network of your own",
            expected="a network of your own, or start='fresh'",
            fix="pass model= (--model)",
        )
    if start != "auto":
        note = "every run starts from the weights of the given network" if start == "given" else ""
        return ("given" if start == "given" else "fresh"), note
    state = "drawn" if is_reference else weight_state(model)
    if state == "pretrained":
        return "given", (
            "the network is pretrained and its head is new, so every run starts from its weights"
            " (start='fresh' draws them anew)"
        )
    if state == "trained":
        return "fresh", (
            "the network comes trained; every run draws its weights anew, for rows that it has learned from"
            " could not judge it (start='given' keeps them)"
        )
    return "fresh", ""
