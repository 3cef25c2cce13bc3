"""What a run takes that costs more than the others: seconds, and bytes."""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.api._choices import is_drawn
from wellfit.api._frozen_parts import Build
from wellfit.api._laboratory import Laboratory
from wellfit.api._pace import drawing_s, run_s
from wellfit.api._subject import Subject
from wellfit.api._views import NUM_VIEWS
from wellfit.models import Stage, num_frozen, stages
from wellfit.population import free_bytes, num_workers
from wellfit.records import Settings, data_choice

# An output is kept for the way back, and has a gradient; normalizations keep one more.
_COPIES_OF_VALUES = 3
_SHARE_OF_MEMORY = 0.3
# The way forward alone takes a third of what training takes.
_FORWARD = 1 / 3
_GIB = 2**30
# Trials that a promising remedy needs later, beside the one of the last network.
_FEWEST_CONFIRMING = 3
_GENERATORS = "a generator of pictures for each split, the confirmation's included, would take"


def too_much(
    laboratory: Laboratory,
    settings: Sequence[Settings],
    num_trials: int,
    left_s: float,
    *,
    num_folds: int = 0,
) -> str:
    """Return why some settings cannot be tried in what is left, or an empty string.

    Of networks that start from given weights some settings may cost hundreds of times as much as the
    baseline, whose frozen beginning runs once; and pictures that are drawn cost a generator for each trial.
    Of others nothing is held back.

    Args:
        laboratory: where they would run.
        settings: what would be tried together, in one program.
        num_trials: runs of each.
        left_s: seconds.
        num_folds: that networks of an average would be trained on at the end.
    """
    subject = laboratory.subject
    num_generators = num_trials + _FEWEST_CONFIRMING + 1 + num_folds
    drawing = num_generators * max(first_drawing_s(subject, one) for one in settings)
    if drawing > left_s:
        return f"not tried: {_GENERATORS} about {drawing:.0f} s, and {max(left_s, 0):.0f} s are left"
    if subject.start == "fresh" or subject.layout.reason:
        return ""
    found = stages(subject.model)
    builds = [laboratory.build(one) for one in settings]
    pairs = list(zip(settings, builds, strict=True))
    seconds = sum(_seconds(laboratory, found, build, one, num_trials=num_trials) for one, build in pairs)
    if seconds > left_s:
        return f"not tried: it would take about {seconds:.0f} s, and {max(left_s, 0):.0f} s are left"
    needed = max(_bytes(found, build, one) for one, build in pairs)
    if needed > _SHARE_OF_MEMORY * free_bytes():
        return f"not tried: training would need about {needed / _GIB:.0f} GiB of memory"
    return ""


def first_drawing_s(subject: Subject, settings: Settings) -> float:
    """Return about how many seconds pass before a run of some settings, for which pictures are drawn."""
    return drawing_s(subject) if is_drawn(data_choice(settings)) else 0.0


def _seconds(
    laboratory: Laboratory, found: Sequence[Stage], build: Build, settings: Settings, *, num_trials: int
) -> float:
    """Return about how long some runs take; changed pictures pass the frozen part once for all of them."""
    frozen = num_frozen(found, settings.frozen_stages)
    front = sum(stage.num_products for stage in found[:frozen])
    products: float = sum(stage.num_products for stage in found[frozen:])
    if build.through:
        products += _FORWARD * front
    if build.views:
        products += _FORWARD * front * NUM_VIEWS / settings.epochs / num_trials
    each = run_s(laboratory.subject, products, epochs=settings.epochs, batch_size=settings.batch_size)
    return num_trials * each


def _bytes(found: Sequence[Stage], build: Build, settings: Settings) -> int:
    """Return about how much memory the values of all runs take that go on side by side."""
    frozen = num_frozen(found, settings.frozen_stages)
    values = _COPIES_OF_VALUES * sum(stage.num_values for stage in found[frozen:])
    if build.through:
        values += sum(stage.num_values for stage in found[:frozen])
    return 4 * settings.batch_size * values * num_workers()
