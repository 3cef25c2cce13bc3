"""From the stages' results to the report."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from wellfit._version import __version__
from wellfit.api._final import Final
from wellfit.api._laboratory import Laboratory, Measured
from wellfit.api._references import chance_loss, chance_name, score_chance, score_references
from wellfit.api._stages import Confirmed, Plan, Tried, test_ratio
from wellfit.api._subject import Subject
from wellfit.models import summary_lines
from wellfit.records import CurvePair, Remedy, Report, Settings, Verdict
from wellfit.search import Attempt, Evidence, paired_effect, verdict

Array = np.ndarray
_PACKAGES = ("keras", "jax", "numpy", "scikit-learn", "optuna", "polars")


def references(laboratory: Laboratory, plan: Plan) -> dict[str, Array]:
    """Return ``[trial]`` scores of chance and the linear model on the trials of the screen."""
    return score_references(laboratory.subject, [laboratory.trials[t] for t in plan.look])


def read_verdict(
    laboratory: Laboratory,
    plan: Plan,
    baseline: Measured | None,
    yardsticks: dict[str, Array],
    screened: Sequence[Tried],
    confirmed: Confirmed | None,
) -> tuple[Verdict, str]:
    """Return the verdict on the baseline and its sentence."""
    subject = laboratory.subject
    if baseline is None or not baseline.complete[0] or not yardsticks:
        return Verdict.INCONCLUSIVE, "The baseline was not measured, so nothing can be said."
    train, validation, _ = baseline.curves[0]
    chance, scores, trials = yardsticks[chance_name(subject)], baseline.scores[0], plan.look
    if confirmed is not None and confirmed.num_trials > len(chance):
        trials, scores = confirmed.trials, confirmed.baseline_scores
        chance = score_chance(subject, [laboratory.trials[t] for t in trials])
    over = paired_effect(chance, scores, metric=subject.metric, test_ratio=test_ratio(laboratory, trials))
    evidence = Evidence(
        metric=subject.metric,
        baseline_score=float(np.mean(scores)),
        chance_score=float(np.mean(chance)),
        over_chance=over.effect,
        train_loss=float(train[-1]) if len(train) else np.nan,
        last_loss=float(validation[-1]) if len(validation) else np.nan,
        best_loss=float(np.nanmin(validation)) if np.isfinite(validation).any() else np.nan,
        chance_loss=chance_loss(subject, [laboratory.trials[t] for t in plan.look]),
        attempts=_attempts(screened, confirmed),
    )
    return verdict(evidence)


def _attempts(screened: Sequence[Tried], confirmed: Confirmed | None) -> list[Attempt]:
    found = {
        t.candidate.name: Attempt(
            name=t.candidate.name,
            role=t.candidate.role,
            effect=t.effect.effect,
            stage="screened",
            proven=False,
        )
        for t in screened
    }
    if confirmed is not None and confirmed.confirmation is not None:
        for candidate in confirmed.finalists:
            found[candidate.name] = Attempt(
                name=candidate.name,
                role=candidate.role,
                effect=confirmed.confirmation.results[candidate.name].effect,
                stage="confirmed",
                proven=candidate.name in confirmed.confirmation.confirmed,
            )
    return list(found.values())


def list_remedies(
    screened: Sequence[Tried], searched: Sequence[Tried], confirmed: Confirmed | None, kept: str | None
) -> tuple[Remedy, ...]:
    """Return all that was tried, confirmed ones first, then by screened effect."""
    remedies = []
    if confirmed is not None and confirmed.confirmation is not None:
        for candidate in confirmed.finalists:
            result = confirmed.confirmation.results[candidate.name]
            remedies.append(
                Remedy(
                    name=candidate.name,
                    settings=candidate.changes,
                    stage="confirmed",
                    kept=candidate.name == kept,
                    effect=result.effect,
                    note=_why(candidate.name, confirmed, kept) or result.note,
                )
            )

    def order(tried: Tried) -> float:
        return -tried.effect.effect.estimate if tried.effect.effect is not None else np.inf

    shown = {remedy.name for remedy in remedies}
    for tried in sorted([*screened, *searched], key=order):
        if tried.candidate.name in shown:
            continue
        remedies.append(
            Remedy(
                name=tried.candidate.name,
                settings=tried.candidate.changes,
                stage="screened",
                kept=False,
                effect=tried.effect.effect,
                note=tried.note,
            )
        )
    return tuple(remedies)


def _why(name: str, confirmed: Confirmed, kept: str | None) -> str:
    assert confirmed.confirmation is not None
    if name == kept:
        return "kept: the largest gain that is certain"
    if name in confirmed.confirmation.confirmed:
        return "helps, but another gains more for certain"
    return "not confirmed on fresh splits"


def pair_of_curves(
    baseline: Measured | None, confirmed: Confirmed | None, base: Settings, chosen: Settings
) -> tuple[CurvePair, ...]:
    """Return mean curves of baseline and chosen network, from the confirmation where there are any."""
    curves = dict(confirmed.curves) if confirmed is not None else {}
    if base not in curves and baseline is not None and baseline.curves:
        curves[base] = baseline.curves[0]
    pairs = []
    for name, settings in (("baseline", base), ("chosen", chosen)):
        if settings in curves and (name == "baseline" or chosen != base):
            train, validation, best = curves[settings]
            pairs.append(CurvePair(name=name, train_loss=train, validation_loss=validation, best_epoch=best))
    return tuple(pairs)


def assemble(
    subject: Subject,
    laboratory: Laboratory,
    *,
    found: tuple[Verdict, str],
    remedies: tuple[Remedy, ...],
    final: Final | None,
    curves: tuple[CurvePair, ...],
    yardsticks: dict[str, Array],
    timing: dict[str, float],
    partial: str,
    notes: Sequence[str],
    options: dict[str, object],
    command: str,
    seed: int,
) -> Report:
    """Put the report together."""
    return Report(
        task=subject.dataset.task,
        metric=subject.metric,
        verdict=found[0],
        verdict_line=found[1],
        baseline=subject.baseline,
        chosen=final.settings if final is not None else subject.baseline,
        holdout=final.holdout if final is not None else None,
        remedies=remedies,
        curves=curves,
        references={name: float(np.mean(scores)) for name, scores in yardsticks.items()},
        confusion=final.confusion if final is not None else None,
        class_names=subject.dataset.class_names,
        columns=subject.schema,
        cleaning=subject.steps,
        model_summary=summary_lines(final.model if final is not None else subject.model),
        command=command,
        members_trained=laboratory.members_trained,
        num_rows=subject.dataset.num_rows,
        timing=timing,
        environment=_environment(seed),
        partial=partial,
        notes=tuple(notes),
        options=options,
    )


def _environment(seed: int) -> dict[str, str]:
    return {
        "wellfit": __version__,
        **{name: version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "seed": str(seed),
    }
