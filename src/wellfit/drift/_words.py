"""What drifted, as plain sentences."""

from __future__ import annotations

import math

from wellfit.drift._drift import ColumnDrift, ScoreDrift

_MOST_UNSEEN = 3


def column_sentence(one: ColumnDrift, prefix: str = "") -> str:
    """Return what became of a column.

    Example:
        >>> age = ColumnDrift(
        ...     name="age", kind="number", p_value=0.001, is_drift=True, moved=0.23, size="moderate",
        ...     aspect="shift", sign=1,
        ... )
        >>> column_sentence(age)
        'age is higher than in training; about 23 % of the rows lie elsewhere (moderate).'
    """
    since = "on the holdout" if prefix else "in training"
    return f"{prefix}{one.name} {_change(one, since)}; {_moved(one)} ({one.size})."


def _moved(one: ColumnDrift) -> str:
    return (
        f"about {percent(one.moved)} of the rows lie elsewhere"
        if one.moved >= 0.005
        else "hardly any row moved"
    )


def _change(one: ColumnDrift, since: str) -> str:
    more = "more" if one.sign > 0 else "less"
    level = f"{more} often {one.level!r} than {since}"
    outside = f"has rows beyond what it was {since}"
    return {
        "shift": f"is {'higher' if one.sign > 0 else 'lower'} than {since}",
        "spread": f"is spread {'wider' if one.sign > 0 else 'closer'} than {since}",
        "shape": f"is distributed otherwise than {since}",
        "below": f"{outside}, below",
        "above": f"{outside}, above",
        "levels": f"is {level}",
        "unseen": f"has {counted(one.num_unseen, 'row')} of values never seen {since}{_examples(one)}",
        "missing": f"is missing in {percent(one.missing)} of the rows, {since} {percent(one.missing_before)}",
    }.get(one.aspect, f"differs from what it was {since}")


def _examples(one: ColumnDrift) -> str:
    names = [repr(level) for level in list(one.unseen)[:_MOST_UNSEEN]]
    return f", such as {', '.join(names)}" if names else ""


def score_sentence(score: ScoreDrift, *, is_measured: bool, is_worse: bool = True) -> str:
    """Return what became of the score."""
    what = f"{score.metric} is" if is_measured else f"{score.metric} is expected to be"
    value = f"{score.score.value:.4g}"
    if not score.is_known:
        return f"The score by labels is not known: {score.reason}."
    rows = f" by {counted(score.num_rows, 'label')}" if is_measured else ""
    before = f"on the holdout it was {score.before.value:.4g}"
    if not math.isfinite(score.before.value):
        return f"The {what} {value}{rows}; {score.reason}."
    if not is_worse:
        return f"The {what} {value}{rows}; {before}: not worse beyond chance."
    lost = (
        f", and {percent(min(score.lost, 1.0))} of the lead over a constant is gone" if score.lost > 0 else ""
    )
    return f"The {what} {value}{rows}; {before}: worse for certain{lost}."


def percent(share: float) -> str:
    """Return a share in percent.

    Example:
        >>> percent(0.234), percent(0.004), percent(0.0), percent(float("nan"))
        ('23 %', '0.4 %', '0 %', 'n/a')
    """
    if math.isnan(share):
        return "n/a"
    value = 100 * share
    return (
        f"{value:.0f} %"
        if value >= 9.5 or value == 0
        else f"{value:.1g} %"
        if value < 0.95
        else f"{value:.0f} %"
    )


def counted(number: int, what: str) -> str:
    """Return a number of things.

    Example:
        >>> counted(1, "row"), counted(12000, "row")
        ('1 row', '12,000 rows')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"
