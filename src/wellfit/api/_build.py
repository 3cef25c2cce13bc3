"""From what the user gave to the subject of a study."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._fit_arguments import refuse_missing
from wellfit.api._picture_network import CNN_EPOCHS, built_cnn, is_cnn, notes_on_range
from wellfit.api._start import GIVEN_EPOCHS, resolve_start
from wellfit.api._subject import Subject, baseline_settings
from wellfit.data import Preparation, SourceRows, Table, are_pixels, holdout_split, prepare, read_table
from wellfit.evaluation import default_metric, get_metric
from wellfit.models import (
    BUILT_IN,
    Model,
    NetworkShape,
    check_fit,
    find_layout,
    load_model,
    needs_shape,
    training_setup,
)
from wellfit.population import choose_executor
from wellfit.records import Dataset, SettingsError, TargetError, Task

Array = NDArray[Any]
REFERENCE = "tabular"


def table_subject(
    data: Any,
    *,
    target: str,
    model: Any,
    holdout: Any,
    seed: int,
    group: str | None,
    time: str | None,
    metric: str | None,
    task: str,
    features: str,
    epochs: int | None,
    batch_size: int | None,
    columns: Mapping[str, str] | None,
    preparation: Preparation | None,
    unsafe: bool,
    start: str = "auto",
    reading: Mapping[str, Any] | None,
) -> Subject:
    """Return the subject of a study on a table; see `improve` for the arguments."""
    reading = reading or {}
    table = data if isinstance(data, Table) else read_table(data, **reading)
    held = holdout if isinstance(holdout, float | int) else _holdout_table(holdout, reading)
    options = replace(preparation or Preparation(), features=features)
    is_reference = model is None or is_built_in(model)
    given = None if model is None or needs_shape(model) else load_model(model, unsafe=unsafe)
    prepared = prepare(
        table,
        target,
        task=task,
        holdout=held,
        seed=seed,
        columns=columns,
        group=group,
        time=time,
        preparation=options,
        input_width=None if given is None else input_width(given),
    )
    dataset, encoder = prepared.dataset, prepared.encoder
    if given is None:
        given = load_model(
            model or REFERENCE, shape=network_shape(dataset, prepared.working, encoder.vocabulary_sizes)
        )
    notes = [features_note(encoder.preparation.features, dataset)]
    return built_subject(
        dataset,
        prepared.working,
        prepared.holdout,
        given,
        metric=metric,
        epochs=epochs,
        batch_size=batch_size,
        start=start,
        is_reference=is_reference,
        preparation=encoder.preparation,
        encoder=encoder,
        name=table.name,
        steps=prepared.steps,
        notes=notes,
        source=SourceRows(table=table, holdout=held if isinstance(held, Table) else None, rows=prepared.rows),
    )


def array_subject(
    x: Any,
    y: Any,
    *,
    model: Any,
    holdout: Any,
    seed: int,
    metric: str | None,
    task: str,
    epochs: int | None,
    batch_size: int | None,
    unsafe: bool,
    start: str = "auto",
) -> Subject:
    """Return the subject of a study on arrays; the network gets them as they are."""
    given_inputs = [np.asarray(values) for values in (x if isinstance(x, list | tuple) else [x])]
    inputs = tuple(values if are_pixels(values) else as_array(values) for values in given_inputs)
    target, resolved, class_names = array_target(np.asarray(y), task, len(inputs[0]))
    dataset = Dataset(
        inputs=inputs,
        input_names=tuple(f"input_{i}" for i in range(len(inputs))),
        feature_names=((),) * len(inputs),
        target=target,
        task=resolved,
        class_names=class_names,
    )
    if not isinstance(holdout, float | int):
        raise SettingsError(
            "with arrays the holdout is a share of the rows.",
            received=f"holdout={type(holdout).__name__}",
            expected="a number such as 0.2",
            fix="pass the rows in one array, or use a table",
        )
    rows = np.arange(dataset.num_rows, dtype=np.int32)
    working, held = rows, rows[:0]
    if holdout:
        split = holdout_split(dataset, float(holdout), seed)
        working, held = split.train, split.validation
    # A network that is built for pictures scales them itself, one for a table is given scaled numbers.
    is_convolutional = is_cnn(model) and len(inputs) == 1 and are_pixels(inputs[0]) and inputs[0].ndim == 4
    is_reference = model is None or is_built_in(model) or is_convolutional
    if is_convolutional:
        given, epochs = built_cnn(model, dataset), epochs or CNN_EPOCHS
    else:
        shape = network_shape(dataset, working, ()) if is_reference else None
        given = load_model(model or REFERENCE, unsafe=unsafe, shape=shape)
    is_prepared = is_reference and not is_convolutional
    preparation = replace(Preparation(), features="encoded") if is_prepared else None
    refuse_missing(dataset, preparation)
    return built_subject(
        dataset,
        working,
        held,
        given,
        metric=metric,
        epochs=epochs,
        batch_size=batch_size,
        start=start,
        is_reference=is_reference,
        preparation=preparation,
        encoder=None,
        name="arrays",
        steps=(),
        notes=notes_on_range(given, inputs),
    )


def built_subject(
    dataset: Dataset,
    working: Array,
    holdout: Array,
    model: Model,
    *,
    metric: str | None,
    epochs: int | None,
    batch_size: int | None,
    notes: Sequence[str],
    is_reference: bool,
    start: str = "auto",
    **rest: Any,
) -> Subject:
    """Return the subject of rows and a network, checked against one another."""
    check_fit(model, dataset)
    executor = choose_executor(model, dataset.task)
    setup = training_setup(model, dataset.task, any_training=executor.kind == "fit")
    layout = find_layout(model)
    if executor.kind != "inline":
        notes = [*notes, executor.reason]
    if layout.reason:
        notes = [
            *notes,
            f"units and layers stay as they are, and no plain .keras file is written: {layout.reason}",
        ]
    has_pictures = any(values.ndim == 4 for values in dataset.inputs)
    resolved, note = resolve_start(start, model, is_reference=is_reference, has_pictures=has_pictures)
    notes = [*notes, note]
    baseline = baseline_settings(
        setup,
        dataset.task,
        len(working),
        batch_size,
        epochs or (GIVEN_EPOCHS if resolved == "given" else None),
        is_own=not is_reference,
    )
    return Subject(
        dataset=dataset,
        working=working,
        holdout=holdout,
        model=model,
        layout=layout,
        executor=executor,
        setup=setup,
        baseline=baseline,
        scale_target=is_reference and not dataset.task.is_classification,
        metric=get_metric(metric, dataset.task) if metric else default_metric(dataset.task),
        is_reference=is_reference,
        start=resolved,
        notes=(*(note for note in notes if note), *setup.notes),
        **rest,
    )


def network_shape(dataset: Dataset, working: Array, vocabulary_sizes: Sequence[int]) -> NetworkShape:
    floats = [values for values in dataset.inputs if np.issubdtype(values.dtype, np.floating)]
    outputs = 1
    if dataset.task is Task.MULTICLASS:
        outputs = dataset.num_classes
    elif dataset.task is Task.REGRESSION and dataset.target.ndim > 1:
        outputs = dataset.target.shape[1]
    return NetworkShape(
        num_features=floats[0].shape[1] if floats else 0,
        task=dataset.task,
        num_outputs=outputs,
        num_rows=len(working),
        categories=tuple(vocabulary_sizes),
    )


def is_built_in(model: Any) -> bool:
    return isinstance(model, str) and model.split(":")[0] in BUILT_IN and not Path(model).exists()


def input_width(model: Model) -> int | None:
    inputs = getattr(model, "inputs", None)
    if not inputs or len(inputs) != 1 or len(inputs[0].shape) != 2:
        return None
    return inputs[0].shape[1]


def _holdout_table(holdout: Any, reading: Mapping[str, Any]) -> Any:
    if isinstance(holdout, str):
        try:
            return float(holdout)
        except ValueError:
            return read_table(holdout, **reading)
    return read_table(holdout, **reading) if not isinstance(holdout, Table) else holdout


def features_note(features: str, dataset: Dataset) -> str:
    width = dataset.inputs[0].shape[1]
    kind = "the numeric columns as they stand" if features == "raw" else "the prepared matrix"
    return f"the network receives {kind} ({width} features)"


def as_array(values: Any) -> Array:
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise SettingsError(
            "the inputs are not numbers.",
            received=f"an array of {array.dtype}",
            expected="numeric arrays; text belongs into a table",
            fix="pass a DataFrame or a file, and target=",
        )
    return array.astype(
        np.int32 if array.dtype.kind in "iu" and array.dtype.itemsize >= 4 and array.ndim == 1 else np.float32
    )


def array_target(y: Array, task: str, num_rows: int) -> tuple[Array, Task, tuple[str, ...]]:
    if len(y) != num_rows:
        raise TargetError(
            "inputs and target differ in length.",
            received=f"{num_rows} rows of inputs, {len(y)} of targets",
            expected="one target a row",
            fix="check that x and y come from the same rows",
        )
    if (
        y.ndim == 2
        and y.shape[1] > 1
        and task != "regression"
        and np.isin(y, (0, 1)).all()
        and (y.sum(1) == 1).all()
    ):
        y = y.argmax(1)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise TargetError(
            "the target holds values that are not finite.",
            received=f"{int((~np.isfinite(y)).sum())} of {len(y)} are NaN or infinite",
            expected="finite numbers, or classes",
            fix="drop these rows first",
        )
    values = np.unique(y) if y.ndim == 1 else np.zeros(0)
    whole = y.dtype.kind in "iubUSO" or (
        y.dtype.kind == "f" and y.ndim == 1 and np.equal(y, np.round(y)).all()
    )
    is_class = task in ("classification", "binary", "multiclass") or (
        task == "auto" and y.ndim == 1 and whole and len(values) <= max(2, min(20, num_rows // 5))
    )
    if is_class:
        if y.ndim > 1:
            raise TargetError(
                "a row has several labels.",
                received=f"a target of shape {y.shape}",
                expected="one class a row: codes, text or one-hot rows",
                fix="take one column of the target; several numbers a row need a loss of regression",
            )
        if len(values) < 2:
            raise TargetError(
                "the target is constant.", received=f"only {values[:1]}", expected="at least two classes"
            )
        codes = np.searchsorted(values, y).astype(np.int32)
        return codes, Task.BINARY if len(values) == 2 else Task.MULTICLASS, tuple(str(v) for v in values)
    target = y.astype(np.float32)
    return (target[:, None] if target.ndim == 1 else target), Task.REGRESSION, ()


def is_path(data: Any) -> bool:
    """Return whether `data` names a file."""
    return isinstance(data, str | os.PathLike)
