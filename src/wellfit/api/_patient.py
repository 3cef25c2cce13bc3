"""What is diagnosed: the rows as they were given, the network, and how it is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._build import array_target, as_array, features_note, input_width, is_built_in, network_shape
from wellfit.api._fit_arguments import (
    class_weights,
    in_order,
    joined_targets,
    refuse_missing,
    row_weights,
    validation_pair,
)
from wellfit.api._picture_matrix import is_pictures, small_pictures
from wellfit.api._subject import default_batch_size
from wellfit.data import (
    Encoder,
    Preparation,
    Table,
    as_groups,
    copy_codes,
    duplicate_codes,
    holdout_split,
    prepare,
    read_table,
)
from wellfit.diagnosis import wiring
from wellfit.models import (
    Model,
    NetworkFacts,
    TrainingSetup,
    check_fit,
    load_model,
    needs_shape,
    read_network,
    training_setup,
    with_output,
)
from wellfit.population import ExecutorChoice, choose_executor
from wellfit.records import DataError, Dataset, ModelMismatchError, Settings, TargetError, Task

Array = NDArray[Any]

DEFAULT_EPOCHS = 30
DRAWN_SHARE = 0.2
"""Of the rows, drawn to be judged on where there are no validation rows."""
_MIN_TRAIN = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Patient:
    """A network with the rows it learns from and is judged on.

    Attributes:
        dataset: training and validation rows, one after the other.
        train: row indices to learn from.
        validation: row indices to be judged on.
        has_own_validation: whether the validation rows were given, not drawn here.
        model: the network; its output and loss set right where they could not be trained at all.
        facts: what was read off the network as it was given.
        faults: what is wrong with its output or loss for certain.
        is_trainable: whether the network as it was given can be trained.
        is_recoded: whether labels that the loss does not take were coded anew for the experiments.
        setup: its loss and optimizer.
        settings: how it is trained.
        executor: what can train it.
        preparation: how inputs are scaled; None leaves them as they are.
        class_weight: ``[class]`` weights of training rows that were given, or None.
        rows: ``[row]`` which row of the table each row is (of the validation table after its end), or None
            where arrays were given.
        group: the column of groups that was named; empty for none.
        groups: ``[row]`` codes of that column where validation rows came in a table of their own, or None.
        feature_names: of the first input; empty if columns have no names.
        copies: ``[row]`` codes of groups of (near) copies of pictures; None where rows are no pictures.
        places: ``[row]`` the file of each picture; empty for others.
        name: of the data.
        notes: what the reader should know.
    """

    dataset: Dataset
    train: Array
    validation: Array
    has_own_validation: bool
    model: Model
    facts: NetworkFacts
    faults: tuple[str, ...]
    is_trainable: bool
    is_recoded: bool
    setup: TrainingSetup
    settings: Settings
    executor: ExecutorChoice
    preparation: Preparation | None
    class_weight: Array | None = None
    rows: Array | None = None
    group: str = ""
    groups: Array | None = None
    feature_names: tuple[str, ...] = ()
    copies: Array | None = None
    places: tuple[str, ...] = ()
    name: str = "arrays"
    notes: tuple[str, ...] = ()

    @property
    def is_raw(self) -> bool:
        """Whether inputs reach the network as they come."""
        return self.preparation is None or self.preparation.features == "raw"

    @property
    def has_pictures(self) -> bool:
        """Whether an input holds pictures."""
        return any(is_pictures(values) for values in self.dataset.inputs)

    def matrix(self) -> Array:
        """Return ``[row, feature]`` float64: all inputs side by side, flattened; pictures in small."""
        parts = [
            small_pictures(v) if is_pictures(v) else np.asarray(v, np.float64).reshape(len(v), -1)
            for v in self.dataset.inputs
        ]
        return np.concatenate(parts, axis=1)


def table_patient(
    data: Any,
    *,
    target: str,
    model: Any,
    validation: Any,
    epochs: int | None,
    batch_size: int | None,
    seed: int,
    task: str,
    features: str,
    group: str | None,
    columns: Mapping[str, str] | None,
    preparation: Preparation | None,
    unsafe: bool,
    reading: Mapping[str, Any] | None,
    class_weight: Any = None,
) -> Patient:
    """Return what is diagnosed on a table; see `diagnose` for the arguments."""
    reading = reading or {}
    table = data if isinstance(data, Table) else read_table(data, **reading)
    held: Any = DRAWN_SHARE
    if validation is not None:
        held = validation if isinstance(validation, Table) else read_table(validation, **reading)
    options = replace(preparation or Preparation(), features=features)
    given = None if needs_shape(model) else load_model(model, unsafe=unsafe)
    prepared = prepare(
        table,
        target,
        task=_task(task, given),
        holdout=held,
        seed=seed,
        columns=columns,
        group=group,
        preparation=options,
        input_width=None if given is None else input_width(given),
    )
    dataset, encoder = prepared.dataset, prepared.encoder
    if given is None:
        given = load_model(model, shape=network_shape(dataset, prepared.working, encoder.vocabulary_sizes))
    return make_patient(
        dataset if group else _with_groups(dataset),
        prepared.working,
        prepared.holdout,
        given,
        epochs=epochs,
        batch_size=batch_size,
        class_weight=class_weight,
        has_own_validation=validation is not None,
        preparation=encoder.preparation,
        rows=prepared.rows,
        group=group or "",
        groups=prepared.groups,
        feature_names=_names(encoder),
        name=table.name,
        notes=[features_note(encoder.preparation.features, dataset)],
    )


def array_patient(
    model: Any,
    x: Any,
    y: Any,
    *,
    validation_data: Any,
    validation_split: float,
    epochs: int | None,
    batch_size: int | None,
    seed: int,
    task: str,
    unsafe: bool,
    sample_weight: Any = None,
    class_weight: Any = None,
) -> Patient:
    """Return what is diagnosed on arrays; the network gets them as they are."""
    given = load_model(model, unsafe=unsafe) if not needs_shape(model) else model
    parts = [_inputs(x, given)]
    targets = [np.asarray(y)]
    if validation_data is not None:
        x_held, y_held = validation_pair(validation_data)
        parts.append(_inputs(x_held, given))
        targets.append(np.asarray(y_held))
        _check_alike(parts)
    inputs = tuple(np.concatenate(pieces) for pieces in zip(*parts, strict=True))
    num_train = len(parts[0][0])
    for rows, target in zip(parts, targets, strict=True):
        if len(rows[0]) != len(target):
            array_target(target, task, len(rows[0]))  # raises, and says so
    labels = joined_targets(targets)
    target, resolved, class_names = array_target(labels, _task(task, given), len(inputs[0]))
    dataset = Dataset(
        inputs=inputs,
        input_names=tuple(f"input_{i}" for i in range(len(inputs))),
        feature_names=((),) * len(inputs),
        target=target,
        task=resolved,
        class_names=class_names,
        sample_weight=row_weights(sample_weight, num_train, len(target)),
    )
    rows = np.arange(dataset.num_rows, dtype=np.int32)
    train, held = rows[:num_train], rows[num_train:]
    if validation_data is None and validation_split:
        cut = int(num_train * (1.0 - validation_split))  # Keras takes the last rows, as they lie
        train, held = rows[:cut], rows[cut:]
    copies = copy_codes(inputs[0]) if len(inputs) == 1 and is_pictures(inputs[0]) else None
    if copies is not None:
        dataset = replace(dataset, groups=as_groups(copies))
    is_own = len(held) > 0
    if not is_own:
        split = holdout_split(dataset, DRAWN_SHARE, seed)
        train, held = split.train, split.validation
    if needs_shape(model):
        given = load_model(model, shape=network_shape(dataset, train, ()))
    return make_patient(
        dataset if copies is not None else _with_groups(dataset),
        train,
        held,
        given,
        epochs=epochs,
        batch_size=batch_size or 32,
        class_weight=class_weight,
        has_own_validation=is_own,
        preparation=Preparation(features="encoded") if is_built_in(model) else None,
        feature_names=(),
        copies=copies,
        name="arrays",
        notes=[],
        labels=labels,
    )


def make_patient(
    dataset: Dataset,
    train: Array,
    validation: Array,
    model: Model,
    *,
    epochs: int | None,
    batch_size: int | None,
    class_weight: Any,
    notes: Sequence[str],
    labels: Any = None,
    **rest: Any,
) -> Patient:
    """Return a patient with everything that is read off its network; see `Patient` for the arguments."""
    weights = class_weights(class_weight, dataset.task, dataset.class_names)
    _refuse_few(dataset, train)
    refuse_missing(dataset, rest["preparation"])
    output_error = _output_error(model, dataset)
    facts = read_network(model)
    values = np.asarray(dataset.target, np.float64)
    faults = wiring.faults(facts, dataset.task, dataset.num_classes, float(values.min()), float(values.max()))
    wrong_labels = ()
    if labels is not None and dataset.task.is_classification:
        wrong_labels = wiring.label_faults(facts, labels)
        faults = (*faults, *wrong_labels)
    if wrong_labels:
        notes = [*notes, f"for the experiments the labels are coded 0 to {dataset.num_classes - 1}"]
    is_trainable, mismatch = not output_error, output_error
    if is_trainable:
        try:
            training_setup(model, dataset.task, any_training=True)
        except ModelMismatchError as error:
            is_trainable, mismatch = False, error.summary
    if not is_trainable:
        faults = faults or (mismatch,)
        model = with_output(model, dataset.task, _num_outputs(dataset))
        notes = [*notes, f"as it was given the network cannot be trained: {mismatch}"]
    executor = choose_executor(model, dataset.task)
    setup = training_setup(model, dataset.task, any_training=executor.kind == "fit")
    if executor.kind != "inline":
        notes = [*notes, executor.reason]
    settings = Settings(
        learning_rate=setup.learning_rate,
        label_smoothing=float(setup.loss_config.get("label_smoothing", 0.0)),
        batch_size=batch_size or default_batch_size(len(train)),
        epochs=epochs or DEFAULT_EPOCHS,
    )
    return Patient(
        dataset=dataset,
        train=np.asarray(train, np.int32),
        validation=np.asarray(validation, np.int32),
        model=model,
        facts=facts,
        faults=faults,
        is_trainable=is_trainable,
        is_recoded=bool(wrong_labels),
        setup=setup,
        settings=settings,
        executor=executor,
        class_weight=weights,
        notes=(*(note for note in notes if note), *setup.notes),
        **rest,
    )


def _output_error(model: Model, dataset: Dataset) -> str:
    """Return why the output cannot be compared with the target; wrong inputs are an error of the caller."""
    try:
        check_fit(model, dataset)
    except ModelMismatchError as error:
        if "output does not fit" not in error.summary:
            raise
        return error.summary
    return ""


def _num_outputs(dataset: Dataset) -> int:
    if dataset.task is Task.REGRESSION:
        return 1 if dataset.target.ndim == 1 else int(dataset.target.shape[1])
    return 1 if dataset.num_classes == 2 else dataset.num_classes


def _task(task: str, model: Any) -> str:
    """Return the task that the compiled loss implies where none was named."""
    if task != "auto" or model is None or isinstance(model, str):
        return task
    facts = read_network(model) if getattr(model, "built", False) else None
    if facts is not None and facts.loss_name.endswith("crossentropy"):
        return "classification"
    regression = ("mean_squared_error", "mean_absolute_error", "huber")
    if facts is not None and facts.loss_name in regression and facts.activation in ("linear", "relu"):
        return "regression"
    return task


def _inputs(x: Any, model: Any) -> list[Array]:
    arrays = [as_array(value) for value in in_order(x, model)]
    # As fit does: a row of one number is a row of one column.
    return [a[:, None] if a.ndim == 1 and np.issubdtype(a.dtype, np.floating) else a for a in arrays]


def _check_alike(parts: Sequence[Sequence[Array]]) -> None:
    first, second = ([values.shape[1:] for values in side] for side in parts)
    if first != second:
        raise DataError(
            "training and validation inputs differ in shape.",
            received=f"rows of shape {first} and {second}",
            expected="the same shapes",
        )


def _refuse_few(dataset: Dataset, train: Array) -> None:
    if len(train) < _MIN_TRAIN:
        raise DataError(
            "there are too few training rows to experiment with.",
            received=f"{len(train)} training rows",
            expected=f"at least {_MIN_TRAIN}",
            fix="add rows, or keep fewer for validation",
        )
    labels: Array = dataset.target[train]
    if (labels == labels[0]).all():
        is_class = dataset.task.is_classification
        raise TargetError(
            f"all training rows {'are of one class' if is_class else 'have one target'}.",
            received=f"only {dataset.class_names[int(labels[0])] if is_class else labels[0].tolist()!r}",
            expected="targets that differ",
            fix="draw validation rows at random: validation_split takes the last rows, as they lie",
        )


def _with_groups(dataset: Dataset) -> Dataset:
    """Rows with equal inputs are kept together whenever rows are split here."""
    return replace(dataset, groups=duplicate_codes(dataset.inputs))


def _names(encoder: Encoder) -> tuple[str, ...]:
    return tuple(encoder.feature_names)
