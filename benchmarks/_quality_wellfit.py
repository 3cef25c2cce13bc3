"""wellfit on a file, as a user calls it, and its reference network before any remedy, from the same run."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import wellfit as wf
from _quality_methods import REFERENCE, Clock, Fitted, UnavailableError
from _quality_tables import Split
from wellfit.api import _final

Scored = list[tuple[dict[str, float], NDArray]]


def wellfit(split: Split, clock: Clock) -> Fitted:
    """Improve the reference network; the holdout at the end of the study is the test."""
    return _improved(split, clock)


def wellfit_ensemble(split: Split, clock: Clock) -> Fitted:
    """Improve it and hand an ensemble back."""
    if "ensemble" not in inspect.signature(wf.improve).parameters:
        raise UnavailableError("wellfit.improve has no argument ensemble=")
    return _improved(split, clock, ensemble=True)


def _improved(split: Split, clock: Clock, **options: Any) -> Fitted:
    with tempfile.TemporaryDirectory() as folder, _scored() as scored:
        train, test = Path(folder, "train.csv"), Path(folder, "test.csv")
        split.train.write_csv(train)
        split.test.write_csv(test)
        study = wf.improve(
            str(train),
            target=split.target,
            task="classification" if split.is_classification else "regression",
            holdout=str(test),
            budget=clock.budget_s,
            began=clock.began,
            seed=0,
            **options,
        )
    order = [study.report.class_names.index(label) for label in split.classes]

    def ordered(values: NDArray) -> NDArray:
        return values[:, order] if order else np.asarray(values).reshape(len(values))

    def predict(rows: pl.DataFrame) -> NDArray:
        return ordered(study.predict(rows.drop(split.target)))

    reference = _baseline(study, scored)
    report = study.report
    changes = report.chosen.changed_from(report.baseline)
    note = f"{report.members_trained} members; {study.partial or 'whole'}; {changes}"
    # The baseline of an ensemble's study had less time: only that of the study without one is a method.
    is_judged = reference is not None and not options
    along = {REFERENCE: ordered(reference)} if is_judged and reference is not None else {}
    return Fitted(predict=predict, note=note, along=along)


@contextmanager
def _scored() -> Iterator[Scored]:
    """Keep what the study scores on its holdout: its report has the scores, not the predictions."""
    kept: Scored = []
    own = _final.evaluate

    def evaluate(task: Any, target: Any, prediction: Any, **options: Any) -> dict[str, float]:
        scores = own(task, target, prediction, **options)
        kept.append((scores, np.asarray(prediction)))
        return scores

    _final.evaluate = evaluate
    try:
        yield kept
    finally:
        _final.evaluate = own


def _baseline(study: wf.Study, scored: Scored) -> NDArray | None:
    """Return the predictions whose scores the report gives for the baseline."""
    if study.report.holdout is None:
        return None
    return next(values for scores, values in scored if scores == study.report.holdout.baseline)
