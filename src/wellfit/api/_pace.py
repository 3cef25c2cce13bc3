"""How much slower than planned the members of a network train, and what they keep in memory."""

from __future__ import annotations

from collections.abc import Sequence

from wellfit.api._plan import member_cost
from wellfit.api._subject import Subject, picture_position
from wellfit.models import Model, Stage, stages
from wellfit.population import num_drawing_products, num_workers

FIT_SLOWDOWN = 30.0
# Maps are far larger than weights, and memory is slower than arithmetic: a value that a layer puts out takes
# about as long as so many products. Measured with batch normalization, batches of 32 and two cores: 5.6 us
# for 1,000 values, for 50,000 to 290,000 values and 1 to 13 million products a row alike.
_PRODUCTS_A_VALUE = 84
# Products a second of a generator of pictures on two cores, by the time of the processor (8 x 8 pixels).
_DRAWING_RATE = 1.4e10
_UNKNOWN = 3.0  # layers that cannot be listed
# An output is kept for the way back, and has a gradient; normalizations keep one more.
_COPIES_OF_VALUES = 3


def slowdown(subject: Subject) -> float:
    """Return how many times as long as `member_cost` plans members of a study take."""
    if subject.executor.kind == "fit":
        return FIT_SLOWDOWN
    if picture_position(subject.dataset) is None:
        return 1.0
    return _UNKNOWN if subject.layout.reason else map_slowdown(subject.model)


def map_slowdown(model: Model) -> float:
    """Return how many times as long as its products a network for pictures takes, for its maps.

    Args:
        model: a network whose layers can be listed.
    """
    found = stages(model)
    products = sum(stage.num_products for stage in found)
    values = sum(stage.num_values for stage in found)
    return max(1.0, _PRODUCTS_A_VALUE * values / max(products, 1))


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


def run_bytes(trained: Sequence[Stage], *, batch_size: int, passed: int = 0) -> int:
    """Return about how much memory the values of all runs take that go on side by side.

    Args:
        trained: stages that learn.
        batch_size: rows in an update.
        passed: values a row that frozen stages in front put out in every epoch.
    """
    values = _COPIES_OF_VALUES * sum(stage.num_values for stage in trained) + passed
    return 4 * batch_size * values * num_workers()


def drawing_s(subject: Subject) -> float:
    """Return about how many seconds a generator of pictures takes that is trained on the rows of one trial.

    Args:
        subject: its first input of pictures tells their size.
    """
    pictures = subject.dataset.inputs[picture_position(subject.dataset) or 0]
    products = num_drawing_products(*pictures.shape[1:], num_drawn=round(0.75 * len(subject.working)))
    return products / _DRAWING_RATE
