"""Why a network does not do what it should: one file a cause, evidence in, finding out."""

from wellfit.diagnosis._cause import MAX_P_SCREENED, MIN_GAIN, Cause, Ruling
from wellfit.diagnosis._curves import judge_curves
from wellfit.diagnosis._evidence import Evidence, Facts, Runs
from wellfit.diagnosis._history import History, read_history
from wellfit.diagnosis._picture_range import range_fault
from wellfit.diagnosis._probe import BASELINE, Probe, Situation
from wellfit.diagnosis._rank import (
    CAUSES,
    LEARNS,
    examine_all,
    examined_records,
    findings,
    probes_for,
    verdict_of,
)

__all__ = [
    "BASELINE",
    "CAUSES",
    "LEARNS",
    "MAX_P_SCREENED",
    "MIN_GAIN",
    "Cause",
    "Evidence",
    "Facts",
    "History",
    "Probe",
    "Ruling",
    "Runs",
    "Situation",
    "examine_all",
    "examined_records",
    "findings",
    "judge_curves",
    "probes_for",
    "range_fault",
    "read_history",
    "verdict_of",
]
