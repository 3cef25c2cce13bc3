"""Whether training starts afresh, or from what a network has learned before."""

from __future__ import annotations

from wellfit.models import Model, learned_weights
from wellfit.records import Dataset, SettingsError

STARTS = ("auto", "learned", "fresh")
# What was learned before is moved a little: that takes less time than to learn it.
LEARNED_EPOCHS = 30
_SEEN = (
    "the head was trained before, too: if it has seen these rows, the holdout looks better than new rows "
    "will; give the network as it was before that"
)


def starts_learned(model: Model, dataset: Dataset, start: str) -> tuple[bool, list[str]]:
    """Return whether members start from the weights that a network has learned, and notes for the reader.

    By default that is so for pictures alone, where networks are rarely trained from nothing. The weights of a
    network for a table have mostly seen the very rows that it would be judged on.

    Args:
        model: the network, built.
        dataset: the rows.
        start: auto, learned or fresh.

    Raises:
        SettingsError: there is no such start, or nothing was learned.
    """
    if start not in STARTS:
        raise SettingsError("there is no such start", received=f"{start!r}", expected=", ".join(STARTS))
    learned = learned_weights(model)
    if start == "learned" and not learned:
        raise SettingsError(
            f"model {model.name!r} has learned nothing yet",
            received="start='learned', and biases and normalizations as they are when made",
            expected="a network with pretrained weights",
            fix="leave start= out, or load the weights into the network first",
        )
    has_pictures = any(values.ndim == 4 for values in dataset.inputs)
    if start == "fresh" or not learned or (start == "auto" and not has_pictures):
        return False, []
    notes = ["training starts from the weights that the network has learned before"]
    return True, [*notes, _SEEN] if len(learned) == len(model.weights) else notes
