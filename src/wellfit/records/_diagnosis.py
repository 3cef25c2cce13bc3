"""What a diagnosis found: causes with their evidence, and what was examined without finding one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from wellfit.records._dataset import FloatArray, Task
from wellfit.records._effect import Effect, Metric


class Verdict(StrEnum):
    """What is the matter with the network as it was given."""

    HEALTHY = "healthy"
    OVERFITTING = "overfitting"
    UNDERFITTING = "underfitting"
    NOT_LEARNING = "not-learning"
    MISLEADING_EVALUATION = "misleading-evaluation"
    INCONCLUSIVE = "inconclusive"


class Outcome(StrEnum):
    """What came of examining one cause."""

    FOUND = "found"
    SILENT = "silent"
    NOT_APPLICABLE = "not applicable"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A named cause with its evidence.

    Attributes:
        code: one of the fixed cause codes.
        confidence: 0 to 1.
        evidence: the numbers, by name.
        remedies: what to do, in order, in a few words each.
        family: the verdict that this cause stands for; None in reports without a diagnosis.
        experiment: in one sentence, the experiment that gave the numbers.
        effect: how much of the possible improvement its intervention gives, on the scale where 0 is the
            network as it stands and 1 the distance from chance to the best reference; None where the
            cause was read and not tried.
        page: documentation page, such as ``docs/causes/too-few-rows.md``.
    """

    code: str
    confidence: float
    evidence: Mapping[str, object]
    remedies: tuple[str, ...] = ()
    family: Verdict | None = None
    experiment: str = ""
    effect: Effect | None = None
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class Examined:
    """One cause that was looked at.

    Attributes:
        code: the cause.
        outcome: what came of it.
        reason: why it does not apply, why one cannot tell and what would decide it, or why it is silent,
            in one sentence.
    """

    code: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class CurvePair:
    """Training and validation loss of one network over the epochs, averaged over its paired runs.

    Attributes:
        name: such as ``baseline`` or ``chosen``.
        train_loss: ``[epoch]`` mean over runs, inference mode, no penalties.
        validation_loss: ``[epoch]`` likewise.
        best_epoch: median best epoch, counted from 0.
        penalty: ``[epoch]`` mean weight penalty at the end of the epoch, which Keras adds to the losses that
            it reports; empty where it is not known.
        running_loss: ``[epoch]`` the training loss that Keras itself reports, mean over runs: a mean over the
            batches of an epoch, while the weights change, with dropout and penalties; empty where it is not
            known.
    """

    name: str
    train_loss: FloatArray
    validation_loss: FloatArray
    best_epoch: int
    penalty: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    running_loss: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnosis:
    """What is wrong with a network and why.

    Attributes:
        verdict: the family of the first finding, ``healthy`` if nothing was found, or ``inconclusive``.
        verdict_line: the verdict in one or two plain sentences, with numbers.
        confidence: of the verdict, 0 to 1.
        findings: causes, ranked; the first one explains the verdict.
        examined: every cause that was looked at, those found included.
        unknown: what cannot be known from what was given, and what would decide it; one sentence each.
        task: what kind of target there is; None where only curves were given.
        metric: the loss that everything is measured in; None likewise.
        numbers: name to value: ``chance``, ``best_reference``, ``train_loss``, ``validation_loss``,
            ``best_epoch`` (counted from 1, of ``epochs_trained``), ``num_train``, ``num_validation`` and the
            like.
        curves: of the network as it stands, and of others that were compared with it.
        effects: name of an intervention to its effect on the scale of `Finding.effect`; runs that only ask
            something (fewer rows, wrong labels) are none.
        notes: things the reader should know.
        command: how to repeat the diagnosis.
        members_trained: runs trained in all.
        timing: stage to seconds.
        environment: versions, machine, seed.
    """

    verdict: Verdict
    verdict_line: str
    confidence: float
    findings: tuple[Finding, ...] = ()
    examined: tuple[Examined, ...] = ()
    unknown: tuple[str, ...] = ()
    task: Task | None = None
    metric: Metric | None = None
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    curves: tuple[CurvePair, ...] = ()
    effects: Mapping[str, Effect] = field(default_factory=dict[str, Effect])
    notes: tuple[str, ...] = ()
    command: str = ""
    members_trained: int = 0
    timing: Mapping[str, float] = field(default_factory=dict[str, float])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
