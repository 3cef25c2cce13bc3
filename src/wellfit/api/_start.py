"""Where the runs of a study start from: weights that are drawn anew, or those of the given network."""

from __future__ import annotations

from typing import Literal, get_args

from wellfit.models import Model, learned_weights
from wellfit.records import SettingsError

Start = Literal["fresh", "given"]
StartChoice = Literal["auto", "fresh", "given"]

# What was learned before is moved a little: that takes less time than to learn it.
GIVEN_EPOCHS = 30


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


def resolve_start(start: str, model: Model, *, is_reference: bool, has_pictures: bool) -> tuple[Start, str]:
    """Return where runs start from, and what the reader should know of it.

    ``auto`` starts from the given weights where they were learned up to the head, and the head is new: such a
    network has learned another task. One that is trained through may have learned from the very rows that
    will judge it, and is drawn anew; only for pictures, where hardly anybody begins with drawn weights, it is
    trained on, with a warning.

    Args:
        start: ``auto``, ``fresh`` or ``given``.
        model: the network, built.
        is_reference: whether it was built for the data, and has no weights worth keeping.
        has_pictures: whether the rows are pictures.

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
    learned = () if is_reference or start == "fresh" else learned_weights(model)
    is_trained = bool(learned) and len(learned) == len(model.weights)
    if start == "given" or (learned and not is_trained):
        head = " and its new head is drawn" if learned and not is_trained else ""
        return "given", (
            f"every run starts from the weights of the given network{head} (start='fresh' draws all of them)"
        )
    if is_trained and has_pictures:
        return "given", (
            "every run starts from the weights of the given network. Its head is trained, too: if it has seen"
            " these pictures, the holdout looks better than new ones will; give it as it was before"
        )
    if is_trained:
        return "fresh", (
            "the network comes trained; every run draws its weights anew, for rows that it has learned from"
            " could not judge it (start='given' keeps them)"
        )
    return "fresh", ""
