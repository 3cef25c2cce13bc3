"""What a study says of itself in words: why it is partial, what to know, by which numbers it was run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wellfit.api._clock import Clock
from wellfit.api._ensemble import Ensemble
from wellfit.api._laboratory import Laboratory
from wellfit.api._plan import Plan
from wellfit.api._screen import NO_ROOM

if TYPE_CHECKING:
    from wellfit.api._protocol import Found


def why_partial(found: Found, laboratory: Laboratory, clock: Clock) -> str:
    """Return why the study is not complete, as a clause, or an empty string."""
    if laboratory.broken:
        return f"training broke off: {laboratory.broken.rstrip('.')}"
    if clock.interrupted:
        return "the study was stopped before its end"
    if found.final is None and found.was_finished:
        return "no network reached a finite loss on all working rows"
    where = _where_it_ended(found)
    return f"the budget of {laboratory.ration.budget} {where}" if where else ""


def _where_it_ended(found: Found) -> str:
    """Return where the budget cut a study off, or an empty string."""
    if not found.baseline.is_complete:
        return "ended before the baseline was trained"
    possible = [t for t in found.screened if t.is_applicable and t.note != NO_ROOM]
    measured = sum(len(tried.scores) > 0 for tried in possible)
    if measured < len(possible) / 2:
        return f"was enough for {measured} of {len(possible)} remedies"
    confirmed = found.confirmed
    if confirmed is None or (confirmed.finalists and confirmed.confirmation is None):
        return "ended before anything was confirmed"
    return "" if found.final is not None else "ended before the final networks were trained"


def notes(found: Found, laboratory: Laboratory, plan: Plan) -> tuple[str, ...]:
    """Return what the reader should know, in order."""
    said = [*laboratory.subject.notes, found.baseline.note, *laboratory.notes]
    said.extend(found.confirmed.notes if found.confirmed is not None else ())
    if not all(laboratory.trials[t].can_stop for t in (*plan.look, *plan.confirm)):
        said.append("too few rows or groups to keep some for early stopping, so that it was not tried")
    untried = [t for t in found.screened if not len(t.scores) and t.is_applicable]
    late = [t.candidate.name for t in untried if t.note != NO_ROOM]
    if late:
        said.append(f"not measured for lack of time: {', '.join(late)}")
    if len(late) < len(untried):
        said.append(
            f"{len(untried) - len(late)} remedies that need a network or rows of their own were not tried: "
            f"the budget has room for {plan.num_programs} such programs"
        )
    rows, full = (len(laboratory.trials[t].split.train) for t in (plan.look[0], plan.confirm[0]))
    if plan.max_rows is not None and rows < full:
        said.append(f"screen and search used {rows:,} of {full:,} training rows, to fit the budget")
    confirmed = found.confirmed
    measured = any(tried.effect.effect is not None for tried in found.screened)
    if confirmed is not None and not confirmed.finalists and measured:
        said.append("no remedy looked better than the baseline, so there was nothing to confirm")
    elif confirmed is not None and confirmed.confirmation and not confirmed.confirmation.confirmed:
        kept = "" if found.is_average else ", so the baseline is kept"
        said.append(f"nothing beat the baseline on fresh splits{kept}")
    if found.screened and not found.searched:
        said.append("no combinations were searched: the budget did not reach")
    if plan.num_folds and found.ensemble is None:
        said.append("no networks were averaged: the budget did not reach")
    elif found.ensemble is not None and found.final is not None and found.final.is_average:
        said.append(_average(found.ensemble, laboratory))
    if found.final is not None:
        said.extend([found.final.note, found.final.against_head])
    return tuple(note for note in said if note)


def _average(ensemble: Ensemble, laboratory: Laboratory) -> str:
    """Return which networks were averaged, as a clause."""
    baseline = laboratory.subject.baseline
    parts = []
    for settings, weight in zip(ensemble.settings, ensemble.weights, strict=True):
        changes = settings.changed_from(baseline)
        text = ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in changes.items())
        parts.append(f"{weight:.0%} {text or 'the baseline'}")
    number = f"the network handed back is the average of {ensemble.num_networks} networks"
    if ensemble.num_compared == 1:
        return f"{number} of the same settings, {', '.join(parts).removeprefix('100% ')}"
    return (
        f"{number}, chosen among {ensemble.num_compared} settings by rows that they did not train on: "
        f"{'; '.join(parts)}"
    )


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def options(
    found: Found, laboratory: Laboratory, plan: Plan, clock: Clock, sampler: str
) -> dict[str, object]:
    """Return the numbers of the protocol by name."""
    subject = laboratory.subject
    average = found.ensemble
    look, fresh = laboratory.trials[plan.look[0]], laboratory.trials[plan.confirm[0]]
    return {
        "data": subject.name,
        "budget": str(laboratory.ration.budget),
        "budget_s": clock.budget_s,
        "network": subject.model.name,
        "network_origin": "built for this table" if subject.is_reference else "given",
        "working_rows": len(subject.working),
        "holdout_rows": len(subject.holdout),
        "screening_splits": len(plan.look),
        "screening_rows": len(look.split.train),
        "confirming_splits": found.confirmed.num_trials if found.confirmed else 0,
        "rows_trained_on": len(fresh.split.train),
        "rows_stopped_by": len(fresh.split.validation),
        "rows_scored_on": len(fresh.scored),
        "averaged_networks": average.num_networks if average is not None and found.is_average else 0,
        "sampler": sampler,
        "warm_start": subject.warm.source,
        "combinations_searched": len(found.searched),
        "optimizer": subject.setup.optimizer,
        "loss": subject.setup.loss_name,
    }
