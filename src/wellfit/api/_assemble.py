"""From the stages' results to the report."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from wellfit._version import __version__
from wellfit.api._clock import Clock
from wellfit.api._code import Recipe, training_code
from wellfit.api._confirm import Confirmed
from wellfit.api._drawn_sheet import drawn_strips
from wellfit.api._evaluation_sheet import data_sheet, evaluation_sheet
from wellfit.api._experimental import with_labels
from wellfit.api._laboratory import Laboratory
from wellfit.api._picture_sheet import picture_sheet
from wellfit.api._plan import Plan
from wellfit.api._references import chance_loss, chance_name, score_chance
from wellfit.api._sheet import picture_strips
from wellfit.api._tried import Tried, scored_ratio
from wellfit.api._words import notes, options, why_partial
from wellfit.models import summary_lines
from wellfit.records import CurvePair, Remedy, Report, Settings, Verdict
from wellfit.search import Attempt, Evidence, paired_effect, verdict

if TYPE_CHECKING:
    from wellfit.api._protocol import Found

_PACKAGES = ("keras", "jax", "numpy", "scikit-learn", "optuna", "polars")


def assemble(
    laboratory: Laboratory,
    plan: Plan,
    clock: Clock,
    found: Found,
    *,
    seed: int,
    sampler: str,
    command: str,
) -> Report:
    """Put the report together."""
    subject, final = laboratory.subject, found.final
    found_verdict, line = _verdict(laboratory, plan, found)
    ratio = scored_ratio(laboratory, plan.look)
    remedies = with_labels(_remedies(found), found.screened, subject.metric, test_ratio=ratio)
    data = data_sheet(subject, laboratory.judged)
    return Report(
        task=subject.dataset.task,
        metric=subject.metric,
        verdict=found_verdict,
        verdict_line=line,
        baseline=subject.baseline,
        chosen=final.settings if final is not None else subject.baseline,
        holdout=final.holdout if final is not None else None,
        remedies=remedies,
        curves=_curves(found, subject.baseline),
        references={name: float(np.mean(scores)) for name, scores in found.references.items()},
        confusion=final.confusion if final is not None else None,
        class_names=subject.dataset.class_names,
        columns=subject.schema,
        cleaning=subject.steps,
        model_summary=summary_lines(final.model if final is not None else subject.model),
        command=command,
        members_trained=laboratory.members_trained,
        num_rows=subject.dataset.num_rows,
        timing=found.timing,
        environment=_environment(seed),
        partial=why_partial(found, laboratory, clock),
        notes=notes(found, laboratory, plan),
        more_data=found.more_data,
        pictures=picture_sheet(subject, final, laboratory.judged),
        augmented=picture_strips(subject, remedies),
        drawn=drawn_strips(
            subject.dataset,
            laboratory.drawn.last,
            kept=final is not None and final.settings.resampling == "diffusion",
        ),
        options=options(found, laboratory, plan, clock, sampler),
        code=_code(final.recipe if final is not None else None),
        evaluation=evaluation_sheet(subject, final, data, seed),
        data=data,
    )


def _code(recipe: Recipe | None) -> str:
    """Return the script that trains the chosen network."""
    if recipe is None:
        return ""
    try:
        return training_code(recipe)
    except Exception as error:
        # The network's own layers run here, and can raise anything: that must not cost the whole study.
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return f"# No code could be written for this network. {reason}\n"


def _verdict(laboratory: Laboratory, plan: Plan, found: Found) -> tuple[Verdict, str]:
    """Return the verdict on the baseline and its sentence."""
    subject, baseline, confirmed = laboratory.subject, found.baseline, found.confirmed
    if not baseline.is_complete:
        return Verdict.INCONCLUSIVE, "The baseline was not measured, so nothing can be said."
    chance, scores, trials = found.references[chance_name(subject)], baseline.scores, plan.look
    if confirmed is not None and confirmed.num_trials > len(chance):
        trials, scores = confirmed.trials, confirmed.baseline_scores
        chance = score_chance(subject, [laboratory.trials[t] for t in trials])
    over = paired_effect(chance, scores, metric=subject.metric, test_ratio=scored_ratio(laboratory, trials))
    train, validation, *_ = baseline.measured.curves[0]
    known = validation[np.isfinite(validation)]
    # A network that stops early hands its best epoch back: the ones after it are not what there is.
    if subject.baseline.patience and len(known):
        end = int(np.nanargmin(np.where(np.isfinite(validation), validation, np.nan))) + 1
        train, validation = train[:end], validation[:end]
    evidence = Evidence(
        metric=subject.metric,
        baseline_score=float(np.mean(scores)),
        chance_score=float(np.mean(chance)),
        over_chance=over.effect,
        train_loss=float(train[-1]) if len(train) else np.nan,
        last_loss=float(validation[-1]) if len(validation) else np.nan,
        best_loss=float(known.min()) if len(known) else np.nan,
        chance_loss=chance_loss(subject, [laboratory.trials[t] for t in plan.look]),
        attempts=_attempts(found.screened, confirmed),
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


def _remedies(found: Found) -> tuple[Remedy, ...]:
    """Return all that was tried, each once: confirmed ones first, then by screened effect."""
    confirmed = found.confirmed
    remedies = []
    if confirmed is not None and confirmed.confirmation is not None:
        for candidate in confirmed.finalists:
            result = confirmed.confirmation.results[candidate.name]
            remedies.append(
                Remedy(
                    name=candidate.name,
                    settings=candidate.changes,
                    stage="confirmed",
                    kept=candidate.name == found.kept,
                    effect=result.effect,
                    note=result.note or _why(candidate.name, confirmed.confirmation.confirmed, found),
                )
            )
    shown = {remedy.name for remedy in remedies}
    rest = [t for t in [*found.screened, *found.searched] if t.candidate.name not in shown]
    was_confirmed = confirmed is not None and confirmed.confirmation is not None
    return (*remedies, *(_screened(tried, was_confirmed) for tried in sorted(rest, key=_by_effect)))


def _by_effect(tried: Tried) -> float:
    return -tried.effect.effect.estimate if tried.effect.effect is not None else np.inf


def _screened(tried: Tried, was_confirmed: bool) -> Remedy:
    return Remedy(
        name=tried.candidate.name,
        settings=tried.candidate.changes,
        stage="screened",
        kept=False,
        effect=tried.effect.effect,
        note=_why_screened(tried, was_confirmed),
    )


def _why(name: str, confirmed: Sequence[str], found: Found) -> str:
    """Return why a finalist was kept or dropped."""
    if name == found.kept:
        return "kept: part of the average" if found.is_average else "kept: the largest gain that is certain"
    if name not in confirmed:
        return "dropped: not confirmed on fresh splits"
    if found.is_average:
        return "helps, but the average does without it"
    return "helps, but another gains more for certain"


def _why_screened(tried: Tried, was_confirmed: bool) -> str:
    """Return why a remedy did not become a finalist, in a study that had finalists or ended before."""
    effect = tried.effect.effect
    if tried.note or effect is None:
        return tried.note
    if effect.high < 0:
        return "dropped: clearly worse than the baseline in the screen"
    if effect.estimate <= 0:
        return "dropped: no better than the baseline in the screen"
    if not was_confirmed:
        return "dropped: better in the screen, but the study ended before it could be confirmed"
    return "dropped: better in the screen, but others promised more"


def _curves(found: Found, baseline: Settings) -> tuple[CurvePair, ...]:
    """Return mean curves of baseline and chosen network, from the confirmation where there are any."""
    curves = dict(found.confirmed.curves) if found.confirmed is not None else {}
    curves.setdefault(baseline, found.baseline.measured.curves[0])
    named = {"baseline": baseline}
    if found.kept is not None and found.confirmed is not None and found.confirmed.chosen is not None:
        named["chosen"] = found.confirmed.chosen.settings
    return tuple(
        CurvePair(
            name=name,
            train_loss=curves[settings].train_loss,
            validation_loss=curves[settings].validation_loss,
            best_epoch=curves[settings].best_epoch,
            penalty=curves[settings].penalty,
            running_loss=curves[settings].running_loss,
        )
        for name, settings in named.items()
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
