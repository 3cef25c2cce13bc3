"""From a network and its rows to a diagnosis."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from wellfit.api._build import is_path
from wellfit.api._clock import Clock, parse_budget
from wellfit.api._events import Listener
from wellfit.api._examination import Examination
from wellfit.api._fit_arguments import check_numbers
from wellfit.api._notebook import progress_for
from wellfit.api._patient import Patient, array_patient, table_patient
from wellfit.api._picture_patient import picture_patient
from wellfit.api._pictures import are_pictures
from wellfit.api._shown import Diagnosis, shown_diagnosis
from wellfit.data import Preparation, Table
from wellfit.diagnosis import (
    judge_curves,
    read_history,
)
from wellfit.population import enable_compilation_cache
from wellfit.records import SettingsError

Array = NDArray[Any]

_DEFAULT_BUDGET_S = 600.0  # twenty times what is planned: a network that Keras must train alone takes long


def diagnose(
    *data: Any,
    target: str | None = None,
    model: Any = None,
    validation: Any = None,
    validation_data: Any = None,
    validation_split: float = 0.0,
    history: Any = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    class_weight: Any = None,
    sample_weight: Any = None,
    seed: int = 0,
    task: str = "auto",
    features: str = "auto",
    group: str | None = None,
    budget: str | float | None = None,
    columns: Mapping[str, str] | None = None,
    preparation: Preparation | None = None,
    unsafe: bool = False,
    reading: Mapping[str, Any] | None = None,
    listener: Listener | None = None,
    stop: threading.Event | None = None,
    began: float | None = None,
    command: str = "",
) -> Diagnosis:
    """Say what is wrong with a network and why, by experiment.

    The network is trained as it stands and with one thing changed at a time, many members at once; what
    gains on splits that nothing was chosen by is a cause. Nothing of the network that is passed in changes.

    Args:
        *data: ``model, x, y`` as for `keras.Model.fit`; or a table (file, frame) with `target` and `model`;
            or a folder of pictures with a sub-folder for each class, or what `wellfit.read_pictures`
            returned, with `model`.
        target: the column to predict, if `data` is a table.
        model: the network: see `wellfit.models.load_model`.
        validation: validation rows as a table, or pictures as a folder; a fifth of the rows is drawn if
            there are none.
        validation_data: ``(x, y)``, as for `fit`; weights of its rows must be equal.
        validation_split: share of the last rows, as for `fit`.
        history: training curves instead of all that: a Keras ``History``, its dict, or a file; see
            `wellfit.diagnosis.read_history`.
        epochs: passes over the training rows; 30 if None.
        batch_size: rows in an update; 32 if None.
        class_weight: class to weight, as for `fit`; classes that are not named weigh 1.
        sample_weight: ``[row]``, as for `fit`.
        seed: of everything that is drawn.
        task: auto (by the compiled loss, else by the target), classification or regression.
        features: auto, raw or encoded: how a table reaches the network.
        group: column whose equal values never straddle a split.
        budget: seconds, or text such as ``30s``; what is done is what fits. None plans for about 20 s of
            training, and ends after ten minutes with what there is.
        columns: column name to kind, where the inferred one is wrong.
        preparation: how cells become numbers.
        unsafe: whether a model file may bring its own code.
        reading: options of `read_table`.
        listener: called with every `Event`; None shows a line of progress in a notebook, nothing elsewhere.
        stop: set it to end early with what there is.
        began: `time.monotonic` value from which time counts.
        command: how the diagnosis was started, for the record.

    Returns:
        The diagnosis: verdict, ranked findings with their evidence, and what could not be known.

    Raises:
        WellfitError: arguments, data or network cannot be used.

    Example:
        >>> diagnose(history={"loss": [0.69, 0.5, 0.3, 0.1], "val_loss": [0.69, 0.6, 0.7, 0.9]}).verdict.value
        'overfitting'

    Source:
        Nadeau and Bengio, Inference for the Generalization Error, 2003 (intervals of the effects).
    """
    if history is not None:
        if data or target is not None or model is not None:
            raise SettingsError(
                "curves and data cannot be diagnosed at once.",
                received="history= and data",
                expected="one of them",
                fix="call diagnose twice",
            )
        return shown_diagnosis(replace(judge_curves(read_history(history)), command=command))
    check_numbers(
        epochs=epochs, batch_size=batch_size, seed=seed, validation_split=validation_split, task=task
    )
    clock = Clock(_DEFAULT_BUDGET_S if budget is None else parse_budget(budget), began=began, stop=stop)
    with warnings.catch_warnings():
        # What Keras warns about is what is being diagnosed.
        warnings.filterwarnings("ignore", message="You are using a softmax over axis")
        patient = _patient(
            data,
            model,
            target=target,
            validation=validation,
            validation_data=validation_data,
            validation_split=validation_split,
            epochs=epochs,
            batch_size=batch_size,
            class_weight=class_weight,
            sample_weight=sample_weight,
            seed=seed,
            task=task,
            features=features,
            group=group,
            columns=columns,
            preparation=preparation,
            unsafe=unsafe,
            reading=reading,
        )
        enable_compilation_cache()
        budget_s = None if budget is None else clock.budget_s
        with progress_for(listener) as told:
            examination = Examination(
                patient=patient, clock=clock, listener=told, seed=seed, budget_s=budget_s, command=command
            )
            return shown_diagnosis(examination.run())


def _patient(data: tuple[Any, ...], model: Any, **options: Any) -> Patient:
    """Tell the ways to call `diagnose` apart."""
    if len(data) == 1 and are_pictures(data[0]):
        return _pictures(data[0], model, options)
    is_table = options["target"] is not None or (data and (is_path(data[0]) or isinstance(data[0], Table)))
    if is_table:
        if len(data) != 1 or options["target"] is None or model is None:
            raise SettingsError(
                "a table is diagnosed with its target and a network.",
                received=f"{len(data)} tables, target={options['target']!r}, model={model!r}",
                expected="diagnose(table, target=..., model=...)",
            )
        for name in ("validation_data", "sample_weight"):
            _refuse(options, name, "a table", "validation= takes a table of validation rows")
        options.pop("validation_split")
        return table_patient(data[0], model=model, **options)
    if len(data) == 3 and model is None:
        model, *data = data  # type: ignore[assignment]
    if len(data) != 2 or model is None:
        raise SettingsError(
            "the data cannot be told from the arguments.",
            received=f"{len(data)} positional arguments",
            expected="diagnose(model, x, y) as for fit, or diagnose(table, target=..., model=...)",
        )
    for name in ("validation", "group", "columns", "preparation", "reading"):
        _refuse(options, name, "arrays", "pass validation_data=, or a table")
    for name in ("target", "features"):
        options.pop(name)
    return array_patient(model, data[0], data[1], **options)


def _pictures(source: Any, model: Any, options: dict[str, Any]) -> Patient:
    if model is None:
        raise SettingsError(
            "there is no network to be diagnosed.",
            received="pictures without model=",
            expected="diagnose(folder, model=...)",
            fix="for example: model='net.keras', or model='cnn' for the built-in one",
        )
    for name in ("validation_data", "sample_weight", "group", "columns", "preparation", "reading"):
        _refuse(options, name, "pictures", "leave it out; validation= takes a folder of pictures")
    for name in ("features", "validation_split"):
        options.pop(name)
    return picture_patient(source, model=model, **options)


def _refuse(options: dict[str, Any], name: str, what: str, fix: str) -> None:
    value = options.pop(name)
    if value is not None and not (isinstance(value, Mapping) and not value):
        raise SettingsError(f"{name}= does not go with {what}.", received=f"{name}=", fix=fix)
