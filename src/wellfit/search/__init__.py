"""What to try and what to believe: remedies, search spaces, samplers, halving, paired statistics."""

from wellfit.search._candidate import Candidate, Family, Situation, make_candidate
from wellfit.search._confirm import Confirmation, confirm
from wellfit.search._dimension import Choice, Dimension, Range
from wellfit.search._effective import effective
from wellfit.search._greedy import (
    greedy_selection,
)
from wellfit.search._guesses import with_guesses
from wellfit.search._halving import halving, rungs
from wellfit.search._make_sampler import check_sampler, make_sampler, sampler_names
from wellfit.search._paired import PairedEffect, holm, paired_effect
from wellfit.search._pareto import pareto
from wellfit.search._publish import memory_storage, publish_trials
from wellfit.search._range_test import RANGE_RATES, range_rate
from wellfit.search._remedies import FAMILIES, remedies
from wellfit.search._role import Role, role_of
from wellfit.search._sampler import Sampler
from wellfit.search._space import Space, make_space
from wellfit.search._verdict import Attempt, Evidence, verdict

__all__ = [
    "FAMILIES",
    "RANGE_RATES",
    "Attempt",
    "Candidate",
    "Choice",
    "Confirmation",
    "Dimension",
    "Evidence",
    "Family",
    "PairedEffect",
    "Range",
    "Role",
    "Sampler",
    "Situation",
    "Space",
    "check_sampler",
    "confirm",
    "effective",
    "greedy_selection",
    "halving",
    "holm",
    "make_candidate",
    "make_sampler",
    "make_space",
    "memory_storage",
    "paired_effect",
    "pareto",
    "publish_trials",
    "range_rate",
    "remedies",
    "role_of",
    "rungs",
    "sampler_names",
    "verdict",
    "with_guesses",
]
