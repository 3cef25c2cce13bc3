"""The main job: from a table and a network to a proven better network."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wellfit.api._assemble import assemble, list_remedies, pair_of_curves, read_verdict, references
from wellfit.api._build import array_subject, table_subject
from wellfit.api._clock import Clock, parse_budget
from wellfit.api._events import Listener, ignore
from wellfit.api._final import Final, finish
from wellfit.api._laboratory import Laboratory, Measured, Trial, make_trials
from wellfit.api._output import check_folder, write_study
from wellfit.api._stages import (
    NUM_FINALISTS,
    Confirmed,
    Plan,
    Progress,
    Tried,
    choose_finalists,
    confirm_finalists,
    measure_baseline,
    screen,
    search,
)
from wellfit.api._study import Study
from wellfit.api._subject import Subject
from wellfit.data import Preparation
from wellfit.population import enable_compilation_cache
from wellfit.records import SettingsError, Split

Array = np.ndarray

# Arithmetic a second that a population reaches on two cores, for planning only: too high a guess means
# fewer rows in the screen than would have fitted, too low a screen that does not finish.
_RATE = 1e11
_NUM_CONFIRM = 10
_TYPICAL_CANDIDATES = 40


def improve(
    data: Any,
    y: Any = None,
    *,
    target: str | None = None,
    model: Any = None,
    budget: str | float = "90s",
    seed: int = 0,
    out: str | Path | None = None,
    overwrite: bool = False,
    holdout: Any = 0.2,
    group: str | None = None,
    time: str | None = None,
    metric: str | None = None,
    task: str = "auto",
    features: str = "auto",
    epochs: int | None = None,
    batch_size: int | None = None,
    sampler: str = "tpe",
    columns: Mapping[str, str] | None = None,
    preparation: Preparation | None = None,
    unsafe: bool = False,
    reading: Mapping[str, Any] | None = None,
    listener: Listener = ignore,
    stop: threading.Event | None = None,
    began: float | None = None,
    command: str = "",
) -> Study:
    """Find by controlled experiment which remedy makes a network better, and hand that network back.

    A holdout is set aside first. The network as it stands is the baseline; every remedy is tried alone,
    combinations are searched, and the finalists are compared with the baseline on fresh splits and
    seeds. Only what is confirmed there is kept. At the end both networks meet the holdout once.

    Args:
        data: a table (file, frame, dict of columns) with `target`; or a Keras model as in
            ``improve(model, x, y)``, or inputs ``[row, ...]`` with `y`.
        y: targets ``[row]``, if `data` is an array.
        target: the column to predict, if `data` is a table.
        model: the network: see `wellfit.models.load_model`; None builds a residual network.
        budget: seconds in all, or text such as ``5m``.
        seed: of everything that is drawn.
        out: folder to write report, network and bundle to; None writes nothing.
        overwrite: whether a folder that is not empty may be replaced.
        holdout: share of the rows, or a table of its own.
        group: column whose equal values never straddle a split.
        time: column that orders the rows; splits then validate on what comes later.
        metric: what improvement is measured in; log loss or RMSE if None.
        task: auto, classification or regression.
        features: auto, raw (numeric columns as they stand) or encoded (the prepared matrix).
        epochs: of the baseline; enough for about 2,500 updates if None.
        batch_size: of the baseline; 32 up to 10,000 rows if None.
        sampler: tpe, random, grid or cmaes.
        columns: column name to kind, where the inferred one is wrong.
        preparation: how cells become numbers.
        unsafe: whether a model file may bring its own code.
        reading: options of `read_table`.
        listener: called with every `Event`.
        stop: set it to end the study early with what there is.
        began: `time.monotonic` value from which the budget counts.
        command: how the study was started, for the report.

    Returns:
        The study: `report`, `model`, `effects`.

    Raises:
        WellfitError: arguments, data or network cannot be used; nothing is written.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> frame = load_iris(as_frame=True).frame
        >>> study = improve(frame, target="target", budget="20s")  # doctest: +SKIP

    Source:
        Nadeau and Bengio, Inference for the Generalization Error, 2003 (the confirmation's interval);
        Bengio and Grandvalet, No Unbiased Estimator of the Variance of K-Fold Cross-Validation, 2004.
    """
    clock = Clock(parse_budget(budget), began=began, stop=stop)
    folder = None if out is None else Path(out)
    if folder is not None:
        check_folder(folder, overwrite=overwrite)
    subject = _subject(
        data,
        y,
        target=target,
        model=model,
        holdout=holdout,
        seed=seed,
        group=group,
        time=time,
        metric=metric,
        task=task,
        features=features,
        epochs=epochs,
        batch_size=batch_size,
        columns=columns,
        preparation=preparation,
        unsafe=unsafe,
        reading=reading or {},
    )
    study = _run(subject, clock, seed=seed, sampler=sampler, listener=listener, command=command)
    if folder is not None:
        study = replace(study, folder=write_study(study, folder, overwrite=overwrite))
    return study


def _subject(data: Any, y: Any, *, target: str | None, model: Any, **options: Any) -> Subject:
    if hasattr(data, "stateless_call") and y is not None:
        raise SettingsError(
            "a network and inputs were given, but no targets.",
            received="improve(model, x)",
            expected="improve(model, x, y), or improve(x, y, model=model)",
        )
    if y is not None:
        for name in ("group", "time", "columns", "preparation"):
            if options.pop(name) is not None:
                raise SettingsError(
                    f"{name}= needs a table.",
                    received="arrays",
                    expected="a file or a frame with target=",
                    fix=f"leave {name}= out, or pass a table",
                )
        options.pop("features")
        options.pop("reading")
        return array_subject(data, y, model=model, **options)
    if target is None:
        raise SettingsError(
            "there is no target.",
            received="neither target= nor y",
            expected="the name of a column, or an array of targets",
            fix="for example: target='churn'",
        )
    return table_subject(data, target=target, model=model, **options)


def _run(
    subject: Subject, clock: Clock, *, seed: int, sampler: str, listener: Listener, command: str
) -> Study:
    enable_compilation_cache()
    progress = Progress(subject=subject, clock=clock, listener=listener)
    for note in subject.notes:
        progress.say(message=note)
    laboratory, plan, cost_s = _prepare(subject, clock, seed)
    timing = {"prepare_s": clock.elapsed_s}

    def timed(name: str) -> None:
        timing[f"{name}_s"] = clock.elapsed_s - sum(timing.values())

    first = measure_baseline(laboratory, plan, progress)
    baseline = first.measured
    timed("baseline")
    yardsticks = references(laboratory, plan)
    screened: list[Tried] = []
    searched: list[Tried] = []
    confirmed: Confirmed | None = None
    if baseline.complete[0] and np.isfinite(baseline.scores[0]).all():
        screened = screen(laboratory, plan, first, progress)
        timed("screen")
        searched = search(laboratory, plan, first, screened, progress, sampler=sampler, seed=seed)
        timed("search")
        finalists = choose_finalists(subject, screened, searched, _num_finalists(clock, plan, cost_s))
        confirmed = confirm_finalists(laboratory, plan, finalists, progress)
        timed("confirm")
    kept = confirmed.confirmation.chosen if confirmed is not None and confirmed.confirmation else None
    chosen = (
        next((c.settings for c in confirmed.finalists if c.name == kept), subject.baseline)
        if confirmed
        else subject.baseline
    )
    final = _finish(laboratory, plan, baseline, confirmed, chosen, clock, cost_s, seed, progress)
    timed("final")
    if final is None or final.settings == subject.baseline:
        kept = None
    timing["compile_s"] = laboratory.compile_s
    timing["total_s"] = clock.elapsed_s
    partial = _partial(clock, baseline, screened, confirmed, final, subject)
    notes = [*subject.notes, *_notes(laboratory, plan, screened, confirmed, final)]
    report = assemble(
        subject,
        laboratory,
        found=read_verdict(laboratory, plan, baseline, yardsticks, screened, confirmed),
        remedies=list_remedies(screened, searched, confirmed, kept),
        final=final,
        curves=pair_of_curves(baseline, confirmed, subject.baseline, chosen),
        yardsticks=yardsticks,
        timing=timing,
        partial=partial,
        notes=notes,
        options=_options(subject, laboratory, plan, clock, confirmed, sampler),
        command=command,
        seed=seed,
    )
    return Study(
        report=report,
        model=final.model if final is not None else None,
        scalings=final.scalings if final is not None else (),
        encoder=subject.encoder,
        from_logits=subject.setup.from_logits,
        trials=_trials(screened, searched),
    )


def _prepare(subject: Subject, clock: Clock, seed: int) -> tuple[Laboratory, Plan, float]:
    """Draw all splits, and share the budget out between the stages."""
    cost_s = _member_cost(subject, int(0.75 * len(subject.working)))
    share = 0.35 * clock.budget_s / _TYPICAL_CANDIDATES
    num_look = 5 if 5 * cost_s < share else 3 if 3 * cost_s < share else 2
    max_rows = None
    if num_look * cost_s > share:
        rows = int(0.75 * len(subject.working) * share / (num_look * cost_s))
        max_rows = max(rows, 1000)
    look = make_trials(subject, num_look, seed, max_rows)
    fresh = make_trials(subject, _NUM_CONFIRM, seed + 10_000)
    none = np.zeros(0, np.int32)
    last = Trial(
        split=Split(train=np.asarray(subject.working, np.int32), validation=none),
        scored=none,
        seed=seed + 20_000,
    )
    laboratory = Laboratory(subject, [*look, *fresh, last])
    # What the end needs: compile and train two networks, score them, write the report.
    reserve_s = min(0.5 * clock.budget_s, 7.0 + 5.0 * _member_cost(subject, len(subject.working)))
    until_s = clock.budget_s - reserve_s
    return (
        laboratory,
        Plan(
            look=tuple(range(num_look)),
            confirm=tuple(range(num_look, num_look + _NUM_CONFIRM)),
            final=num_look + _NUM_CONFIRM,
            screen_until_s=0.5 * until_s,
            search_until_s=0.7 * until_s,
            confirm_until_s=until_s,
        ),
        cost_s,
    )


def _member_cost(subject: Subject, num_rows: int) -> float:
    """Return a guess of the seconds that one run of the baseline takes on all cores."""
    settings = subject.baseline
    parameters = max(subject.model.count_params(), 1)
    work = 8.0 * parameters * num_rows * settings.epochs / _RATE
    updates = settings.epochs * max(1, num_rows // settings.batch_size)
    return work + 3e-6 * updates


def _num_finalists(clock: Clock, plan: Plan, cost_s: float) -> int:
    """Return how many finalists can be measured on at least a few fresh splits in the time left."""
    left_s = plan.confirm_until_s - clock.elapsed_s
    affordable = int(left_s / max(1.5 * cost_s * 4, 1e-6)) - 1
    return int(np.clip(affordable, 1, NUM_FINALISTS))


def _finish(
    laboratory: Laboratory,
    plan: Plan,
    baseline: Measured,
    confirmed: Confirmed | None,
    chosen: Any,
    clock: Clock,
    cost_s: float,
    seed: int,
    progress: Progress,
) -> Final | None:
    """Train and score the end result, unless there is nothing to stand on or no time."""
    progress.stage = "final"
    if not baseline.complete[0] or (clock.interrupted and cost_s > 1.0):
        return None
    if clock.left_s < -0.05 * clock.budget_s and cost_s > 1.0:
        return None
    progress.say(0, 2)
    final = finish(laboratory, plan, chosen, confirmed.best_epochs if confirmed else {}, seed)
    progress.say(2, 2)
    return final


def _partial(
    clock: Clock,
    baseline: Measured,
    screened: list[Tried],
    confirmed: Confirmed | None,
    final: Final | None,
    subject: Subject,
) -> str:
    if clock.interrupted:
        return "the study was stopped before its end"
    if not baseline.complete[0]:
        return f"the budget of {clock.budget_s:g} s ended before the baseline was trained"
    if np.isfinite(baseline.scores[0]).all():
        measured = sum(len(t.scores) > 0 for t in screened)
        if measured < len(screened) / 2:
            return f"the budget of {clock.budget_s:g} s was enough for {measured} of {len(screened)} remedies"
        if confirmed is None or (confirmed.finalists and confirmed.confirmation is None):
            return f"the budget of {clock.budget_s:g} s ended before anything was confirmed"
    if final is None:
        return (
            "no network reached a finite loss on all working rows"
            if clock.left_s > 0
            else (f"the budget of {clock.budget_s:g} s ended before the final networks were trained")
        )
    return ""


def _notes(
    laboratory: Laboratory,
    plan: Plan,
    screened: list[Tried],
    confirmed: Confirmed | None,
    final: Final | None,
) -> list[str]:
    notes = []
    untried = [t.candidate.name for t in screened if not len(t.scores)]
    if untried:
        notes.append(f"not measured for lack of time: {', '.join(untried)}")
    rows = len(laboratory.trials[plan.look[0]].split.train)
    full = len(laboratory.trials[plan.confirm[0]].split.train)
    if rows < full:
        notes.append(f"screen and search used {rows:,} of {full:,} training rows, to fit the budget")
    if confirmed is not None and confirmed.confirmation is not None and not confirmed.confirmation.confirmed:
        notes.append("nothing beat the baseline on fresh splits, so the baseline is kept")
    if confirmed is not None and not confirmed.finalists:
        notes.append("no remedy looked better than the baseline, so there was nothing to confirm")
    if final is not None and final.note:
        notes.append(final.note)
    return notes


def _options(
    subject: Subject,
    laboratory: Laboratory,
    plan: Plan,
    clock: Clock,
    confirmed: Confirmed | None,
    sampler: str,
) -> dict[str, object]:
    look, fresh = laboratory.trials[plan.look[0]], laboratory.trials[plan.confirm[0]]
    return {
        "data": subject.name,
        "budget_s": clock.budget_s,
        "network": subject.model.name,
        "network_origin": "built for this table" if subject.is_reference else "given",
        "working_rows": len(subject.working),
        "holdout_rows": len(subject.holdout),
        "screening_splits": len(plan.look),
        "screening_rows": len(look.split.train),
        "confirming_splits": confirmed.num_trials if confirmed else 0,
        "rows_trained_on": len(fresh.split.train),
        "rows_stopped_by": len(fresh.split.validation),
        "rows_scored_on": len(fresh.scored),
        "sampler": sampler,
        "optimizer": subject.setup.optimizer,
        "loss": subject.setup.loss_name,
    }


def _trials(screened: list[Tried], searched: list[Tried]) -> tuple[dict[str, object], ...]:
    return tuple(
        {
            "name": t.candidate.name,
            "settings": dict(t.candidate.changes),
            "scores": [float(s) for s in t.scores],
        }
        for t in [*screened, *searched]
    )
