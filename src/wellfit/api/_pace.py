"""How much slower than planned the members of a network train."""

from __future__ import annotations

from wellfit.api._plan import member_cost
from wellfit.api._subject import Subject, picture_position
from wellfit.population import num_workers

_FIT_SLOWDOWN = 30.0
# Maps are far larger than weights, and memory is slower than arithmetic: measured with batches of 32 on two
# cores, 1.5 to 2 times the plan with 16 maps and more in the first layer, 3.5 with 8, up to 5 for large ones.
PICTURES_SLOWDOWN = 3.0


def slowdown(subject: Subject) -> float:
    """Return how many times as long as `member_cost` plans members of a study take."""
    if subject.executor.kind == "fit":
        return _FIT_SLOWDOWN
    return 1.0 if picture_position(subject.dataset) is None else PICTURES_SLOWDOWN


def run_s(subject: Subject, num_products: float, *, epochs: int, batch_size: int) -> float:
    """Return about how many seconds one run of a study takes when all cores are busy with runs.

    Args:
        subject: what the study is about.
        num_products: that one row takes, without what is frozen.
        epochs: passes over the rows of a trial.
        batch_size: rows in an update.
    """
    return member_cost(
        round(num_products),
        round(0.75 * len(subject.working)),
        epochs=epochs,
        batch_size=batch_size,
        num_workers=num_workers(),
        slowdown=slowdown(subject),
    )
