"""What a change of settings does to the network: holds it back, sets it free, or neither."""

from __future__ import annotations

from typing import Any, Literal

from wellfit.records import ROW_FIELDS, Settings

Role = Literal["regularize", "fit", "optimize", "mixed", "neutral"]

# More of these holds the network back; less sets it free.
_HOLDS_BACK = (
    "l1",
    "l2",
    "weight_decay",
    "penalty_scale",
    "dropout",
    "map_dropout",
    "label_smoothing",
    "orthogonality",
    "activity_l2",
    "l2_sp",
    "stochastic_depth",
    *ROW_FIELDS,
)
# More of these sets it free; less holds it back.
_SETS_FREE = ("width", "depth", "epochs", "patience", "max_norm")
_STEPS = ("learning_rate", "schedule", "warmup", "clip_norm", "batch_size", "averaging", "rate_decay")


def role_of(baseline: Settings, settings: Settings, *, own_dropout: float = 0.0) -> Role:
    """Say what the difference between two settings does.

    ``regularize`` holds back (penalties, dropout, fewer units, early stopping), ``fit`` sets free (the
    opposite, more units, more epochs), ``optimize`` changes the steps alone (learning rate, schedule,
    batch size), ``mixed`` holds back and sets free at once, ``neutral`` is none of these (class weights).

    Args:
        baseline: what is compared with.
        settings: what is tried.
        own_dropout: highest rate of the network's own dropout layers; what ``dropout=None`` amounts to.
            With 0, changing `dropout_scale` does nothing.

    Example:
        >>> role_of(Settings(), Settings(width=0.5))
        'regularize'
    """
    before, after = _numbers(baseline, own_dropout), _numbers(settings, own_dropout)
    holds = [_sign(after[name] - before[name]) for name in _HOLDS_BACK]
    holds += [-_sign(after[name] - before[name]) for name in _SETS_FREE]
    if 1 in holds and -1 in holds:
        return "mixed"
    if 1 in holds:
        return "regularize"
    if -1 in holds:
        return "fit"
    changed = settings.changed_from(baseline)
    return "optimize" if any(name in changed for name in _STEPS) else "neutral"


def _numbers(settings: Settings, own_dropout: float) -> dict[str, float]:
    """Return the fields that have a direction; dropout, and 0 for never or no bound, as what they are."""
    values: dict[str, Any] = {name: getattr(settings, name) for name in (*_HOLDS_BACK, *_SETS_FREE)}
    if values["dropout"] is None:
        values["dropout"] = own_dropout * settings.dropout_scale
    for name in ("patience", "max_norm"):
        values[name] = values[name] or float("inf")
    return values


def _sign(difference: float) -> int:
    # inf - inf is NaN: both sides are off.
    return int(difference > 0) - int(difference < 0)
