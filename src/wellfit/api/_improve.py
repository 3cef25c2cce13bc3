"""The main job: from a table and a network to a proven better network."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wellfit.api._affordable import with_affordable
from wellfit.api._build import array_subject, table_subject
from wellfit.api._clock import Clock
from wellfit.api._events import Listener
from wellfit.api._notebook import progress_for
from wellfit.api._output import write_study
from wellfit.api._pictures import are_pictures, pictures_subject, table_or_pictures
from wellfit.api._place import check_folder
from wellfit.api._protocol import run_study
from wellfit.api._ration import read_budget
from wellfit.api._start import check_start_choice
from wellfit.api._study import Study
from wellfit.api._subject import Subject
from wellfit.api._warm_start import read_warm_start
from wellfit.data import Preparation
from wellfit.records import SettingsError
from wellfit.search import check_sampler


def improve(
    *data: Any,
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
    ensemble: bool = False,
    start: str = "auto",
    warm_start: Any = None,
    columns: Mapping[str, str] | None = None,
    preparation: Preparation | None = None,
    unsafe: bool = False,
    reading: Mapping[str, Any] | None = None,
    listener: Listener | None = None,
    stop: threading.Event | None = None,
    began: float | None = None,
    command: str = "",
) -> Study:
    """Find by controlled experiment which remedy makes a network better, and hand that network back.

    A holdout is set aside first. The network as it stands is the baseline; every remedy is tried alone,
    combinations are searched, and the finalists are compared with the baseline on fresh splits and
    seeds. Only what is confirmed there is kept. At the end both networks meet the holdout once.

    Args:
        *data: a table (file, frame, dict of columns) together with `target`; a folder of pictures with a
            sub-folder for each class, a table file of paths and labels together with `target`, or what
            `wellfit.read_pictures` returned; or ``model, x, y`` as for `keras.Model.fit`; or ``x, y`` with
            `model` or without. Arrays reach the network as they are.
        target: the column to predict, if `data` is a table.
        model: the network: see `wellfit.models.load_model`; None builds a residual network, and for pictures
            (arrays of uint8 too) a convolutional one.
        budget: seconds in all, or text such as ``5m``; ``500 members`` (training runs) or ``20000 epochs``
            end the study at the same point on every machine.
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
        sampler: tpe, random, grid, qmc, gp, cmaes or nsga2: see `wellfit.search.make_sampler`.
        ensemble: whether to hand back the average of many networks, as one larger network.
        start: where every run begins: ``fresh`` draws the weights anew; ``given`` keeps what your network has
            learned, and draws a new head; ``auto`` keeps it where the head is new (transfer learning), and
            for pictures in any case. Do not keep weights that have seen these rows: nothing could judge them.
        warm_start: what to begin with: an earlier `Study` or its folder (its best settings are the first
            guesses of the search), or a `Diagnosis` or its JSON (remedies against its causes are screened
            first). Another table's settings are moved into the space of this one.
        columns: column name to kind, where the inferred one is wrong.
        preparation: how cells become numbers.
        unsafe: whether a model file may bring its own code.
        reading: options of `read_table`.
        listener: called with every `Event`; None shows a line of progress in a notebook, nothing elsewhere.
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
    limit = read_budget(budget)
    check_sampler(sampler)
    check_start_choice(start)
    clock = Clock(limit.seconds, began=began, stop=stop)
    folder = None if out is None else Path(out)
    if folder is not None:
        check_folder(folder, overwrite=overwrite)
    subject = _subject(
        data,
        model,
        target=target,
        budget_s=limit.seconds,
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
        start=start,
        reading=reading,
    )
    subject = with_affordable(subject, limit.seconds)
    warm = read_warm_start(getattr(warm_start, "report", warm_start), subject.metric.direction)
    if warm.source:
        begins = f"begins with {len(warm.guesses)} settings and {len(warm.causes)} causes from {warm.source}"
        subject = replace(subject, warm=warm, notes=(*subject.notes, begins))
    how: dict[str, Any] = {"seed": seed, "sampler": sampler, "ensemble": ensemble, "budget": limit}
    with progress_for(listener) as told:
        study = run_study(subject, clock, **how, listener=told, command=command)
    if folder is not None:
        study = replace(study, folder=write_study(study, folder, overwrite=overwrite))
    return study


def _subject(
    data: tuple[Any, ...], model: Any, *, target: str | None, budget_s: float, **options: Any
) -> Subject:
    """Tell the ways to call `improve` apart."""
    if len(data) == 1 and are_pictures(data[0]):
        options = _without_columns(options, "pictures")
        return pictures_subject(data[0], target=target, model=model, budget_s=budget_s, **options)
    if len(data) == 1 and target is not None:
        found = table_or_pictures(data[0], target, columns=options["columns"], reading=options["reading"])
        if not are_pictures(found):
            return table_subject(found, target=target, model=model, **options)
        # What says how the table is read has done its work.
        options |= {"columns": None, "reading": None}
        options = _without_columns(options, "pictures")
        return pictures_subject(found, target=None, model=model, budget_s=budget_s, **options)
    if len(data) == 1:
        raise SettingsError(
            "there is no target.",
            received="a table without target=",
            expected="the name of a column, or arrays as in improve(model, x, y)",
            fix="for example: target='churn'",
        )
    if len(data) == 3 and model is None:
        model, *data = data  # type: ignore[assignment]
    if len(data) != 2 or target is not None:
        raise SettingsError(
            "the data cannot be told from the arguments.",
            received=f"{len(data)} positional arguments" + (", model=" if model is not None else ""),
            expected="improve(table, target=...), improve(model, x, y) or improve(x, y, model=...)",
        )
    return array_subject(data[0], data[1], model=model, **_without_columns(options, "arrays"))


def _without_columns(options: dict[str, Any], received: str) -> dict[str, Any]:
    """Refuse what only a table has, and return the other options."""
    for name in ("group", "time", "columns", "preparation", "reading"):
        if options.pop(name):
            raise SettingsError(
                f"{name}= needs a table.",
                received=received,
                expected="a file or a frame with target=",
                fix=f"leave {name}= out, or pass a table",
            )
    options.pop("features")
    return options
