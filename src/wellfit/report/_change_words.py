"""Changed settings as a person says them: ``dropout 0.35 with weight decay 0.02``."""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.report._summary import Change

MOST_CHANGES = 3

_NAMES = {
    "l1": "L1",
    "l2": "L2",
    "l2_sp": "L2-SP",
    "adversarial": "adversarial training",
    "activity_l2": "L2 of activities",
    "clip_norm": "gradient clipping",
    "penalty_scale": "own penalties",
    "dropout_scale": "own dropout",
    "patience": "early stopping",
    "class_weight": "class weights",
    "averaging": "averaging of weights",
}
_PHRASES = {
    "patience": "early stopping with patience {}",
    "adversarial": "adversarial training with steps of {}",
    "input_noise": "noise of {} on the inputs",
    "input_dropout": "dropout {} of the inputs",
    "l2_sp": "L2-SP {}",
    "penalty_scale": "own penalties times {}",
    "dropout_scale": "own dropout times {}",
    "width": "{} times the width",
    "schedule": "a {} schedule",
    "suspects": "suspected labels: {}",
    "averaging": "averaging of weights ({})",
    "frozen_stages": "{} frozen stages",
    "batch_size": "batches of {} rows",
    "epochs": "{} epochs",
    "normalization": "{} normalization",
    "activation": "{} as activation",
}
# Settings of which a value means that there is none of it.
_NONE = {"0", "0.0", "none", "no"}


def changes_in_words(changed: Sequence[Change]) -> str:
    """Return the first three changes, or all four, as a phrase that can be the subject of a sentence.

    Example:
        >>> one = Change(name="dropout", baseline="none", chosen="0.35", meaning="")
        >>> two = Change(name="weight_decay", baseline="0", chosen="0.02", meaning="")
        >>> changes_in_words((one, two))
        'dropout 0.35 with weight decay 0.02'
    """
    # One more is named as shortly as it is counted.
    num = MOST_CHANGES if len(changed) > MOST_CHANGES + 1 else len(changed)
    words = [change_in_words(change) for change in changed[:num]]
    left = len(changed) - len(words)
    if left:
        words.append(f"{left} more changes")
    if len(words) == 1:
        return words[0]
    *middle, last = words[1:]
    return f"{words[0]} with {', '.join(middle)}{' and ' if middle else ''}{last}"


def change_in_words(change: Change) -> str:
    """Return one change, such as ``no dropout`` or ``1 hidden layer fewer``."""
    name = _NAMES.get(change.name, change.name.replace("_", " "))
    if change.name == "depth":
        return _depth(change.chosen)
    if change.chosen in _NONE:
        return f"no {name}"
    if change.chosen == "yes":
        return name
    if change.chosen in ("own", "the network's own"):
        return f"the network's own {name}"
    text = _PHRASES.get(change.name, f"{name} {{}}").format(_short(change.chosen))
    return f"an {text[2:]}" if text.startswith("a ") and text[2:3] in "aei" else text


def _short(value: str) -> str:
    """Return a number with three digits at most where it has a fraction; names and counts as they are."""
    try:
        short = f"{float(value):.3g}"
    except ValueError:
        return value
    return value if value.isdigit() else short.replace("e-0", "e-")


def _depth(chosen: str) -> str:
    number = chosen.lstrip("+-")
    if number == "0":
        return "the network's own depth"
    layers = "hidden layer" if number == "1" else "hidden layers"
    return f"{number} {layers} {'fewer' if chosen.startswith('-') else 'more'}"
