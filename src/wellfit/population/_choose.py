"""Which executor a network needs on this process' backend, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from wellfit.models import (
    Model,
    backend_name,
    custom_modules,
    model_from_bytes,
    model_to_bytes,
    network_function,
    optimizer_function,
    training_setup,
)
from wellfit.population._executor import Executor
from wellfit.population._population import Population
from wellfit.population._sequential import FitExecutor
from wellfit.population._worker import WorkerExecutor
from wellfit.records import Dataset, ModelLoadError, SettingsError, Split, Task, UnsupportedModelError

Kind = Literal["inline", "worker", "fit"]

_TRAINABLE = ("jax", "tensorflow", "torch")


@dataclass(frozen=True, kw_only=True)
class ExecutorChoice:
    """How members of a network can be trained.

    Attributes:
        kind: ``inline`` (a compiled population in this process), ``worker`` (one in a process of its own)
            or ``fit`` (one member after the other by Keras).
        reason: why, in one sentence for the report.
    """

    kind: Kind
    reason: str


def choose_executor(model: Model, task: Task) -> ExecutorChoice:
    """Return the fastest way to train members of a network on this process' backend.

    Args:
        model: the network, built.
        task: what it is trained for.

    Raises:
        UnsupportedModelError: no executor can train it; the message names the layer.

    Example:
        >>> from wellfit.models import dense_stack
        >>> choose_executor(dense_stack(4, Task.BINARY), Task.BINARY).kind
        'inline'
    """
    backend = backend_name()
    try:
        setup = training_setup(model, task)
        network = network_function(model)
        config = {"class_name": setup.optimizer, "config": dict(setup.optimizer_config)}
        optimizer_function(config, [v.shape for v in network.trainable], [v.dtype for v in network.trainable])
    except UnsupportedModelError as error:
        return _by_fit(model, task, backend, error.summary.rstrip("."))
    if backend == "jax":
        return ExecutorChoice(kind="inline", reason="Keras runs on JAX, as the population does")
    why_not = _why_no_worker(model)
    if why_not:
        return _by_fit(model, task, backend, why_not)
    reason = f"Keras runs on {backend}, the population on JAX in a process of its own"
    return ExecutorChoice(kind="worker", reason=reason)


def open_executor(
    kind: Kind,
    model: Model,
    dataset: Dataset,
    splits: Sequence[Split],
    *,
    kept: Collection[int] | None = None,
    **options: Any,
) -> Executor:
    """Return an executor of the kind that `choose_executor` found.

    Args:
        kind: ``inline``, ``worker`` or ``fit``.
        model: the network, built.
        dataset: the rows.
        splits: which rows are for training and validation.
        kept: see `network_function`.
        options: further arguments of `Population`.

    Raises:
        SettingsError: the kind is unknown.
        UnsupportedModelError: an executor of this kind cannot train the network.
    """
    if kind == "fit":
        setup = training_setup(model, dataset.task, any_training=True)
        return FitExecutor(model, setup, dataset, splits, kept=kept, **options)
    setup = training_setup(model, dataset.task)
    if kind == "worker":
        return WorkerExecutor(model, setup, dataset, splits, kept=kept, **options)
    if kind == "inline":
        return Population(network_function(model, kept=kept), setup, dataset, splits, **options)
    raise SettingsError("no such executor", received=f"{kind!r}", expected="'inline', 'worker' or 'fit'")


def _by_fit(model: Model, task: Task, backend: str, reason: str) -> ExecutorChoice:
    """Return the sequential executor, or say why not even that can train the network."""
    if backend not in _TRAINABLE:
        raise UnsupportedModelError(
            f"the network cannot be trained: {reason}, and Keras cannot train on {backend}.",
            received=f"KERAS_BACKEND={backend}",
            expected=f"one of {', '.join(_TRAINABLE)}",
            fix="set KERAS_BACKEND=jax",
        )
    network_function(model, any_training=True)
    training_setup(model, task, any_training=True)
    return ExecutorChoice(kind="fit", reason=f"{reason}, so members are trained one by one by Keras")


def _why_no_worker(model: Model) -> str:
    """Return why another process could not load the network, or an empty string."""
    modules = custom_modules(model)
    if "__main__" in modules:
        return "a layer is defined in the script itself, where no other process can import it"
    try:
        model_from_bytes(model_to_bytes(model))
    except (ModelLoadError, UnsupportedModelError) as error:
        return error.summary.rstrip(".")
    return ""
