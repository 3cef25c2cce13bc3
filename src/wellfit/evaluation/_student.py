"""Student's t distribution: the two numbers that the statistics here need of it."""

# SciPy ships without stubs: what its functions return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

from __future__ import annotations

from scipy.special import stdtr, stdtrit


def student_quantile(probability: float, freedom: float) -> float:
    """Return the value below which a t variable lies with that probability.

    Example:
        >>> round(student_quantile(0.975, 10), 2)
        2.23
    """
    return float(stdtrit(freedom, probability))


def student_two_sided(statistic: float, freedom: float) -> float:
    """Return the probability of a t variable at least as far from zero as `statistic`.

    Example:
        >>> round(student_two_sided(2.23, 10), 2)
        0.05
    """
    return float(2.0 * stdtr(freedom, -abs(statistic)))
