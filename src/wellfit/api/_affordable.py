"""How much of a large pretrained network a study can train in its time."""

from __future__ import annotations

from dataclasses import replace

from wellfit.api._pace import run_bytes, run_s
from wellfit.api._run_cost import SHARE_OF_MEMORY
from wellfit.api._subject import Subject, picture_position
from wellfit.models import num_frozen, stages, trained_products
from wellfit.population import free_bytes

# What a study cannot do without: two runs to look, three to confirm, three for the networks at the end; and
# the share of its time that is left for runs beside reading, compiling and what is cheaper.
_RUNS, _SHARE = 8, 0.7
# With fewer than so many runs there would be no comparison at all.
_FEWEST = 4
_NEVER_TRAINED = (
    "the weights of this network look as they were drawn, and it is too large to be trained from nothing in "
    "this budget: its first stages stay as they are. Pretrained weights would do far better"
)


def with_affordable(subject: Subject, budget_s: float, memory_bytes: int | None = None) -> Subject:
    """Return the subject with as many stages frozen as it takes to train the rest often enough to compare.

    That is for networks that start from learned weights. Their frozen stages run once in a study, so that
    many heads on a large network can be compared in the time of one run through all of it. A network for
    pictures that was never trained, and is too large to be in that time, is treated alike: what its first
    stages happen to compute is better than no answer, and the reader is told.

    Args:
        subject: what the study is about.
        budget_s: seconds in all.
        memory_bytes: that are free; asked for if None.
    """
    if subject.layout.reason or subject.is_reference:
        return subject
    memory_bytes = free_bytes() if memory_bytes is None else memory_bytes
    if subject.start == "fresh":
        if picture_position(subject.dataset) is None or _fits(subject, -1, budget_s, memory_bytes, _FEWEST):
            return subject
        subject = replace(subject, start="given", notes=(*subject.notes, _NEVER_TRAINED))
    count = len(stages(subject.model))
    fitting = (n for n in (-1, *range(1, count - 1)) if _fits(subject, n, budget_s, memory_bytes))
    chosen = next(fitting, count - 1)
    if chosen < 1:
        return subject
    whole_s, part_s = _run_s(subject, -1), _run_s(subject, chosen)
    note = (
        f"one run of the whole network would take about {whole_s:.0f} s and "
        f"{_run_bytes(subject, -1) / 2**30:.1f} GiB, too much to compare any in {budget_s:.0f} s: the first "
        f"{chosen} of its {count} stages are frozen in the baseline ({part_s:.1f} s a run); a longer budget "
        f"trains more of it"
    )
    baseline = replace(subject.baseline, frozen_stages=chosen)
    return replace(subject, baseline=baseline, notes=(*subject.notes, note))


def _fits(subject: Subject, frozen: int, budget_s: float, memory_bytes: int, runs: int = _RUNS) -> bool:
    is_small = _run_bytes(subject, frozen) <= SHARE_OF_MEMORY * memory_bytes
    return is_small and runs * _run_s(subject, frozen) <= _SHARE * budget_s


def _run_bytes(subject: Subject, frozen: int) -> int:
    """Return about how much memory runs take with so many stages frozen."""
    found = stages(subject.model)
    return run_bytes(found[num_frozen(found, frozen) :], batch_size=subject.baseline.batch_size)


def _run_s(subject: Subject, frozen: int) -> float:
    """Return about how many seconds one run takes with so many stages frozen."""
    settings = subject.baseline
    products = trained_products(subject.model, frozen)
    return run_s(subject, products, epochs=settings.epochs, batch_size=settings.batch_size)
