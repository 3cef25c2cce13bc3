"""What a run takes that costs more than the others: seconds, and bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wellfit.api._choices import is_drawn
from wellfit.api._frozen_parts import Build
from wellfit.api._laboratory import Laboratory
from wellfit.api._offered import program_key
from wellfit.api._pace import drawing_s, run_bytes, run_s
from wellfit.api._plan import COMPILE_S
from wellfit.api._subject import Subject, picture_position
from wellfit.api._views import NUM_VIEWS
from wellfit.models import VIEWS, Stage, num_frozen, stages
from wellfit.population import free_bytes
from wellfit.records import Settings, data_choice
from wellfit.search import Candidate

SHARE_OF_MEMORY = 0.3
# The way forward alone takes a third of what training takes.
_FORWARD = 1 / 3
_GIB = 2**30
# Trials that a promising remedy needs later, beside the one of the last network.
_FEWEST_CONFIRMING = 3
_GENERATORS = "a generator of pictures for each split, the confirmation's included, would take"


@dataclass(frozen=True, kw_only=True)
class Affordable:
    """Candidates by what can be done about them.

    Attributes:
        now: those that fit into the time, in order.
        later: those that do not, with what they would take.
        never: those that memory is too small for, with what they would need.
    """

    now: list[Candidate] = field(default_factory=list[Candidate])
    later: list[tuple[Candidate, str]] = field(default_factory=list[tuple[Candidate, str]])
    never: list[tuple[Candidate, str]] = field(default_factory=list[tuple[Candidate, str]])


def affordable(
    laboratory: Laboratory,
    candidates: Sequence[Candidate],
    num_trials: int,
    left_s: float,
    *,
    num_folds: int = 0,
) -> Affordable:
    """Return which candidates fit into what is left: in their order, as many as do.

    Only networks that start from given weights, or read pictures, are looked at: of these, a single
    candidate may take a large part of a budget, or hundreds of times as long as a baseline whose frozen
    beginning runs once; and pictures that are drawn cost a generator for each trial.

    Args:
        laboratory: where they would run.
        candidates: what would be tried, the most promising first.
        num_trials: runs of each.
        left_s: seconds.
        num_folds: that networks of an average would be trained on at the end.
    """
    subject = laboratory.subject
    is_dear = subject.start == "given" or picture_position(subject.dataset) is not None
    if not is_dear:
        return Affordable(now=list(candidates))
    found, sorted_ = () if subject.layout.reason else stages(subject.model), Affordable()
    num_generators = num_trials + _FEWEST_CONFIRMING + 1 + num_folds
    needed_s, programs = 0.0, {program_key(laboratory, subject.baseline)}
    for candidate in candidates:
        settings, build = candidate.settings, laboratory.build(candidate.settings)
        bytes_ = _bytes(found, build, settings)
        if bytes_ > SHARE_OF_MEMORY * laboratory.replay.reading(free_bytes):
            why = f"not tried: training would need about {bytes_ / _GIB:.0f} GiB of memory"
            sorted_.never.append((candidate, why))
            continue
        key = program_key(laboratory, settings)
        generators_s = num_generators * first_drawing_s(subject, settings)
        own_s = generators_s + _seconds(laboratory, found, build, settings, num_trials=num_trials)
        own_s += 0.0 if key in programs or laboratory.is_open(build) else COMPILE_S
        if needed_s + own_s > left_s:
            what = (
                f"{_GENERATORS} about {generators_s:.0f}"
                if generators_s
                else f"it would take about {own_s:.0f}"
            )
            free_s = max(left_s - needed_s, 0)
            sorted_.later.append((candidate, f"not tried: {what} s, and {free_s:.0f} s are left"))
            continue
        needed_s += own_s
        programs.add(key)
        sorted_.now.append(candidate)
    return sorted_


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
    # Rows that are scored or watched pass the frozen part in every view; those that are trained on do not.
    num_views = len(VIEWS[settings.test_time_augmentation])
    products += _FORWARD * front * (num_views - 1) / settings.epochs
    if build.views:
        products += _FORWARD * front * NUM_VIEWS / settings.epochs / num_trials
    each = run_s(laboratory.subject, products, epochs=settings.epochs, batch_size=settings.batch_size)
    return num_trials * each


def _bytes(found: Sequence[Stage], build: Build, settings: Settings) -> int:
    frozen = num_frozen(found, settings.frozen_stages)
    front = sum(stage.num_values for stage in found[:frozen]) if build.through else 0
    return run_bytes(found[frozen:], batch_size=settings.batch_size, passed=front)
