"""What can be tried on this subject, and in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace

from wellfit.api._frozen_parts import Build
from wellfit.api._laboratory import Laboratory
from wellfit.api._plan import Plan
from wellfit.api._subject import situation
from wellfit.population import mechanism_groups
from wellfit.records import Settings
from wellfit.search import Candidate, Situation, remedies


def offered(laboratory: Laboratory, plan: Plan) -> list[Candidate]:
    """Return the remedies that can be tried here.

    Where no rows are left to stop by, nothing may watch the validation rows while it trains. A sequential
    executor has no plateau schedule that the other ones would share.
    """
    found = remedies(laboratory.subject.baseline, offered_situation(laboratory, plan))
    allowed = [c for c in found if _is_allowed(laboratory, plan, c.settings)]
    seen: Counter[str] = Counter()
    turns = []
    for candidate in allowed:
        turns.append(seen[candidate.family])
        seen[candidate.family] += 1
    # One of each family first, so that a screen that is cut off has seen all kinds of remedies; before them
    # whatever answers a cause that a diagnosis found.
    warm = laboratory.subject.warm
    order = sorted(range(len(allowed)), key=lambda i: (not warm.answers(allowed[i].family), turns[i]))
    return [allowed[i] for i in order]


def waves(laboratory: Laboratory, candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Group candidates by what must be compiled.

    First the baseline's program, then those of its network with more mechanisms, for one of them serves many
    candidates; then networks of other sizes, other batches, and networks of other structure, of which there
    may be more than time is for.
    """
    own = program_key(laboratory, laboratory.subject.baseline)
    groups: dict[tuple[Build, int, tuple[str, ...]], list[Candidate]] = {}
    answering: set[tuple[Build, int, tuple[str, ...]]] = set()
    for candidate in candidates:
        key = program_key(laboratory, candidate.settings)
        groups.setdefault(key, []).append(candidate)
        if laboratory.subject.warm.answers(candidate.family):
            answering.add(key)

    def turn(key: tuple[Build, int, tuple[str, ...]]) -> tuple[bool | int, ...]:
        build, size, _ = key
        return (
            key != own,
            key not in answering,
            key[:2] != own[:2],
            not build.is_own_but_for_size,
            build == own[0],
            -size,
            -len(groups[key]),
        )

    ordered = sorted(groups, key=turn)
    return [groups[key] for key in ordered]


def shares_program(laboratory: Laboratory, settings: Settings) -> bool:
    return program_key(laboratory, settings) == program_key(laboratory, laboratory.subject.baseline)


def offered_situation(laboratory: Laboratory, plan: Plan) -> Situation:
    rows = min(len(laboratory.trials[t].split.train) for t in plan.look)
    return replace(situation(laboratory.subject, rows), range_rate=plan.range_rate)


def searched_fields(laboratory: Laboratory, plan: Plan) -> list[str] | None:
    """Return the fields that the search may vary; None for all."""
    names = [field.name for field in fields(Settings)]
    if not _can_stop(laboratory, plan):
        return [name for name in names if name not in ("patience", "schedule")]
    return (
        [name for name in names if name != "schedule"] if laboratory.subject.executor.kind == "fit" else None
    )


def _is_allowed(laboratory: Laboratory, plan: Plan, settings: Settings) -> bool:
    baseline, can_stop = laboratory.subject.baseline, _can_stop(laboratory, plan)
    watches = settings.schedule == "plateau" and baseline.schedule != "plateau"
    if watches and (not can_stop or laboratory.subject.executor.kind == "fit"):
        return False
    return can_stop or not (settings.patience or settings.temperature)


def _can_stop(laboratory: Laboratory, plan: Plan) -> bool:
    return all(laboratory.trials[t].can_stop for t in (*plan.look, *plan.confirm))


def program_key(laboratory: Laboratory, settings: Settings) -> tuple[Build, int, tuple[str, ...]]:
    """Return what must be compiled anew for settings: another network, batch size, or more mechanisms."""
    build, groups = laboratory.build(settings), mechanism_groups(settings)
    if settings.test_time_augmentation != "none" and laboratory.has_front(build):
        # Views pass a frozen beginning that may be far dearer than all that is trained: apart, so that
        # nothing else is left out with them.
        groups |= {settings.test_time_augmentation}
    return build, settings.batch_size, tuple(sorted(groups))
