"""A diagnosis that shows itself."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from wellfit import records
from wellfit.api._shown._curves import LossCurves
from wellfit.api._shown._effects import InterventionEffects
from wellfit.report import diagnosis_fragment


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Diagnosis(records.Diagnosis):
    """What is wrong with a network and why; `wellfit.records.Diagnosis` names its parts.

    Its `effects` and `curves` have ``plot()`` and ``frame()``; a notebook shows it as a page.

    Example:
        >>> Diagnosis(verdict=records.Verdict.HEALTHY, verdict_line="It is fine.", confidence=0.9)
        <Diagnosis: healthy. It is fine.>
    """

    curves: LossCurves = field(default_factory=LossCurves)
    effects: InterventionEffects = field(default_factory=InterventionEffects)

    def __post_init__(self) -> None:
        object.__setattr__(self, "curves", LossCurves(self.curves))
        object.__setattr__(self, "effects", InterventionEffects(self.effects))

    def _repr_html_(self) -> str:
        return diagnosis_fragment(self)

    def __repr__(self) -> str:
        causes = f" ({', '.join(finding.code for finding in self.findings)})" if self.findings else ""
        return f"<Diagnosis: {self.verdict.value}{causes}. {self.verdict_line}>"


def shown_diagnosis(record: records.Diagnosis) -> Diagnosis:
    """Return a plain record as what users get."""
    return Diagnosis(**{part.name: getattr(record, part.name) for part in fields(record)})
