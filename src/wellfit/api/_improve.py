"""The main job: from a table and a network to a proven better network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wellfit.api._affordable import with_affordable
from wellfit.api._build import array_subject, table_subject
from wellfit.api._clock import Clock
from wellfit.api._events import Listener
from wellfit.api._fingerprint import data_facts, surroundings
from wellfit.api._notebook import progress_for
from wellfit.api._output import check_folder
from wellfit.api._pictures import are_pictures, pictures_subject, table_or_pictures
from wellfit.api._place import StudyPlace, claim, holding
from wellfit.api._protocol import run_study
from wellfit.api._ration import read_budget
from wellfit.api._replay import Replay
from wellfit.api._start import check_start_choice
from wellfit.api._study import Study
from wellfit.api._study_file import StudyFile, written_down
from wellfit.api._subject import Subject
from wellfit.api._warm_start import read_warm_start
from wellfit.data import Preparation
from wellfit.population import free_bytes
from wellfit.records import SettingsError
from wellfit.search import check_sampler
from wellfit.store import without_password

# Arguments that say how the study goes on once data and network are read.
_OF_STUDY = ("budget", "seed", "sampler", "ensemble", "warm_start")


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
    storage: str | None = None,
    origin: str = "improve",
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
        out: folder to write report, network and bundle to; None writes nothing. It is there from the start
            with what `resume` needs: all runs, each stored as soon as it has ended.
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
        storage: URL of a database to keep the trials in, such as ``postgresql://user@host/trials``; None
            keeps them in ``trials.db`` in `out`.
        origin: what started it, for `resume`.

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
    given: dict[str, Any] = {
        "target": target,
        "model": model,
        "budget": budget,
        "seed": seed,
        "holdout": holdout,
        "group": group,
        "time": time,
        "metric": metric,
        "task": task,
        "features": features,
        "epochs": epochs,
        "batch_size": batch_size,
        "sampler": sampler,
        "ensemble": ensemble,
        "start": start,
        "warm_start": getattr(warm_start, "report", warm_start),
        "columns": columns,
        "preparation": preparation,
        "unsafe": unsafe,
        "reading": reading,
    }
    check_sampler(sampler)
    check_start_choice(start)
    clock = Clock(read_budget(budget).seconds, began=began, stop=stop)
    folder = None if out is None else Path(out)
    if folder is None and storage is not None:
        raise SettingsError(
            "a trial store needs a folder beside it.",
            received="storage= without out=",
            expected="out=, the folder that `resume` is called with",
        )
    if folder is not None:
        check_folder(folder, overwrite=overwrite)
        if storage is not None:
            without_password(storage)
    memory_bytes = free_bytes()

    def place(facts: Mapping[str, Any]) -> StudyPlace | None:
        if folder is None:
            return None
        plain, in_memory = written_down(given | ({"data": data[0]} if len(data) == 1 else {"data": data}))
        file = StudyFile(
            state="running",
            study="",
            arguments=plain,
            in_memory=in_memory,
            origin=origin,
            command=command,
            data=data_facts(data[0]) if origin == "improve" and len(data) == 1 else {},
            memory_bytes=memory_bytes,
            facts=facts,
        )
        return claim(folder, file, overwrite=overwrite, storage=storage)

    return perform(data, given, place, clock, listener=listener, command=command, memory_bytes=memory_bytes)


def perform(
    data: tuple[Any, ...],
    given: Mapping[str, Any],
    place: Callable[[Mapping[str, Any]], StudyPlace | None],
    clock: Clock,
    *,
    listener: Listener | None,
    command: str,
    memory_bytes: int,
) -> Study:
    """Do a study, as far as it is not done yet.

    Args:
        data: see `improve`.
        given: its arguments that say what is studied, and how.
        place: returns where the study is kept and written, given what must be the same for it to go on; it
            is called once data and network are known to be good.
        clock: of the study.
        listener: called with every `Event`.
        command: how the study was started, for the report.
        memory_bytes: that were free when it was.
    """
    limit = read_budget(given["budget"])
    how: dict[str, Any] = {name: given[name] for name in ("seed", "sampler", "ensemble")}
    of_subject = {name: value for name, value in given.items() if name not in _OF_STUDY}
    subject = _subject(data, of_subject.pop("model"), budget_s=limit.seconds, **of_subject, seed=how["seed"])
    subject = with_affordable(subject, limit.seconds, memory_bytes)
    warm = read_warm_start(given["warm_start"], subject.metric.direction)
    if warm.source:
        begins = f"begins with {len(warm.guesses)} settings and {len(warm.causes)} causes from {warm.source}"
        subject = replace(subject, warm=warm, notes=(*subject.notes, begins))
    kept = place(surroundings(subject, {**how, "budget": str(limit)}))
    with holding(kept):
        replay = Replay(clock, None if kept is None else kept.store)
        with progress_for(listener) as told:
            study = run_study(
                subject, clock, **how, budget=limit, listener=told, command=command, replay=replay
            )
        return study if kept is None else kept.finish(study)


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
