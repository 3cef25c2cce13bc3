"""What to try and what to believe: remedies, search spaces, samplers, halving, paired statistics."""

from wellfit.search._candidate import Candidate, Family, Situation, make_candidate
from wellfit.search._confirm import Confirmation, confirm
from wellfit.search._halving import halving, rungs
from wellfit.search._paired import PairedEffect, holm, paired_effect
from wellfit.search._remedies import FAMILIES, remedies
from wellfit.search._role import Role, role_of

__all__ = [
    "FAMILIES",
    "Candidate",
    "Confirmation",
    "Family",
    "PairedEffect",
    "Role",
    "Situation",
    "confirm",
    "halving",
    "holm",
    "make_candidate",
    "paired_effect",
    "remedies",
    "role_of",
    "rungs",
]
