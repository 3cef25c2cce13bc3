"""Every executor passes the same tests: same members, same curves, weights and predictions."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import keras
import numpy as np
import pytest
from population_samples import assert_same, dataset, layers, members, network, population, split

from wellfit.data import Preparation, fit_scaling
from wellfit.population import Executor, Population, TargetScaling, open_executor
from wellfit.population._worker import WorkerExecutor
from wellfit.records import (
    RESULTS,
    SCHEDULES,
    Curves,
    Dataset,
    Members,
    RunningCurves,
    SettingsError,
    Task,
    WorkerError,
)

KINDS = ("inline", "worker", "fit")
SCHEDULE_OF_MEMBER = ("constant", "cosine", "exponential", "plateau", "constant")


def model() -> keras.Model:
    """Return a residual network with its own penalty and dropout, under momentum."""
    inputs = keras.Input((5,))
    x = layers.Dense(6, activation="tanh", kernel_regularizer="l2", name="stem")(inputs)
    x = layers.BatchNormalization(momentum=0.9, name="norm")(x)
    x = layers.Dropout(0.2, name="drop")(x)
    y = layers.Dense(4, activation="relu", name="inner")(x)
    x = layers.Add(name="add")([x, layers.Dense(6, name="outer")(y)])
    built = keras.Model(inputs, layers.Dense(1, name="head")(x))
    built.compile(keras.optimizers.SGD(0.05, momentum=0.5), "mean_squared_error")
    return built


def table() -> Dataset:
    """Return a regression with a missing cell, row weights and a target far from zero."""
    data = dataset(Task.REGRESSION)
    inputs = data.inputs[0].copy()
    inputs[3, 1] = np.nan
    weight = np.random.default_rng(2).uniform(0.5, 2.0, data.num_rows).astype(np.float32)
    return replace(data, inputs=(inputs,), target=100.0 + 7.0 * data.target, sample_weight=weight)


def varied() -> Members:
    """Return members that differ in everything that needs no random numbers while they train."""
    return members(
        5,
        epochs=[4, 4, 4, 20, 4],
        learning_rate=[0.05, 0.02, 0.05, 0.06, 1e30],
        schedule=[SCHEDULES.index(name) for name in SCHEDULE_OF_MEMBER],
        decay=[1.0, 0.1, 0.3, 0.5, 1.0],
        plateau_patience=1,
        l1=[0.0, 0.01, 0.0, 0.0, 0.0],
        l2=[0.0, 0.0, 0.02, 0.0, 0.0],
        weight_decay=[0.0, 0.0, 0.3, 0.0, 0.0],
        penalty_scale=[1.0, 0.0, 2.0, 1.0, 1.0],
        width=[1.0, 0.5, 1.0, 1.0, 1.0],
        depth=[0, 0, -1, 0, 0],
        patience=[0, 0, 0, 2, 0],
        warmup=[0.0, 0.5, 0.0, 0.0, 0.2],
        clip_norm=[0.0, 0.0, 0.05, 0.0, 0.3],
        restore_best=[False, True, False, True, False],
        num_visits=[70, 0, 0, 0, 0],
        label_order=[1, 0, 0, 0, 0],
    )


def opened(kind: str) -> Executor:
    """Return an executor of the network on the table, scaled by its training rows."""
    data = table()
    scaling = fit_scaling(data, split(data).train, Preparation())
    target = data.target[split(data).train]
    scaled = TargetScaling(center=target.mean(axis=0)[None], scale=target.std(axis=0)[None])
    options = {"scalings": [scaling], "target_scaling": scaled, "num_label_orders": 2}
    return open_executor(kind, model(), data, [split(data)], **options)


@pytest.fixture(scope="module")
def executors() -> Iterator[dict[str, Executor]]:
    """Return one executor of each kind, on networks of equal first weights."""
    made = {kind: opened(kind) for kind in KINDS}
    yield made
    for executor in made.values():
        executor.close()


@pytest.fixture(scope="module")
def curves(executors: dict[str, Executor]) -> dict[str, Curves]:
    """Return what each executor makes of the same members."""
    return {kind: executor.train(varied()) for kind, executor in executors.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_same_curves(curves: dict[str, Curves], kind: str) -> None:
    """Losses, penalties, epochs, results and weights are the inline executor's to float tolerance."""
    found, wanted = curves[kind], curves["inline"]
    assert found.results.tolist() == wanted.results.tolist()
    assert found.results.tolist() == [0, 0, 0, RESULTS.early_stopped, RESULTS.nonfinite]
    assert found.num_epochs.tolist() == wanted.num_epochs.tolist()
    assert found.best_epoch.tolist() == wanted.best_epoch.tolist()
    for name in ("train_loss", "validation_loss", "penalty", "running_loss"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(wanted, name), rtol=2e-3, atol=1e-5, err_msg=name
        )
    assert len(found.weights) == len(model().weights)
    for received, expected in zip(found.weights, wanted.weights, strict=True):
        np.testing.assert_allclose(received, expected, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_same_shapes_and_types(curves: dict[str, Curves], kind: str) -> None:
    """Every field of the curves has the type and shape that the record promises."""
    for field in fields(Curves):
        found, wanted = getattr(curves[kind], field.name), getattr(curves["inline"], field.name)
        if isinstance(wanted, np.ndarray):
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape), field.name
    kinds = [(value.dtype, value.shape) for value in curves[kind].weights]
    assert kinds == [(value.dtype, value.shape) for value in curves["inline"].weights]
    assert curves[kind].duration_s > 0


@pytest.mark.parametrize("kind", KINDS)
def test_same_predictions(executors: dict[str, Executor], curves: dict[str, Curves], kind: str) -> None:
    """Predictions are in the target's own unit, narrowed and shortened members included."""
    rows = split(table()).validation
    found = executors[kind].predict(curves["inline"], varied(), rows)
    assert found.shape == (5, len(rows), 1)
    wanted = executors["inline"].predict(curves["inline"], varied(), rows)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    assert 80 < np.median(found[:4]) < 120


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_are_brought_along(
    executors: dict[str, Executor], curves: dict[str, Curves], kind: str
) -> None:
    """They take the place of the data set's, are filled and scaled like them, and change nothing later."""
    rows = split(table()).validation
    given = [values[rows] for values in table().inputs]
    own = executors[kind].predict(curves["inline"], varied(), rows)
    brought = executors[kind].predict(curves["inline"], varied(), np.arange(len(rows)), inputs=given)
    np.testing.assert_allclose(brought, own, rtol=1e-5)
    moved = executors[kind].predict(curves["inline"], varied(), np.arange(len(rows)), inputs=[given[0][::-1]])
    np.testing.assert_allclose(moved[:4], own[:4, ::-1], rtol=1e-5)
    np.testing.assert_array_equal(executors[kind].predict(curves["inline"], varied(), rows), own)


@pytest.mark.parametrize("kind", KINDS)
def test_halving(executors: dict[str, Executor], curves: dict[str, Curves], kind: str) -> None:
    """A run pauses at an epoch, drops members with what they have, and goes on with the others, watched."""
    run = executors[kind].start(varied().take([0, 1, 4]))
    run.advance(2)
    assert run.running.tolist() == [0, 1]
    run.keep([0])
    seen: list[RunningCurves] = []
    run.advance(watch=seen.append)
    found = run.curves()
    assert found.results.tolist() == [0, RESULTS.halved, RESULTS.nonfinite]
    assert seen[-1].epochs == (1, 2, 3, 4)
    np.testing.assert_allclose(seen[-1].train[2:], found.train_loss[0, 2:4], rtol=1e-4)
    np.testing.assert_allclose(seen[-1].validation[2:], found.validation_loss[0, 2:4], rtol=1e-4)
    assert found.num_epochs.tolist() == [4, 2, 0]
    np.testing.assert_allclose(found.train_loss[0], curves[kind].train_loss[0, :4], rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_stops_when_asked(executors: dict[str, Executor], kind: str) -> None:
    """A run that is stopped says so, and gives what it has."""
    found = executors[kind].train(members(2, epochs=2000), should_stop=lambda: True)
    assert RESULTS.interrupted in found.results.tolist()
    assert (found.num_epochs < 2000).any()
    assert len(found.weights) == len(model().weights)


def test_worker_is_equal_to_the_bit(curves: dict[str, Curves]) -> None:
    """Another process computes the very same numbers."""
    assert_same(curves["worker"], curves["inline"], range(5), range(5))


def test_worker_crash_is_an_error_and_loses_nothing(
    executors: dict[str, Executor], curves: dict[str, Curves]
) -> None:
    """When the worker is killed, its caller hears of it, earlier curves stay, and the next call works."""
    executor = executors["worker"]
    assert isinstance(executor, WorkerExecutor)
    run = executor.start(members(2))
    os.kill(executor._process._process.pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match="signal 9"):
        run.advance()
    again = executor.train(varied())
    with pytest.raises(WorkerError, match="signal 9"):
        run.curves()
    assert_same(again, curves["worker"], range(5), range(5))


def test_worker_that_leaves_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that ends the process gives its exit status and the end of its standard error."""
    (tmp_path / "leaving_layers.py").write_text(
        "import os, sys, keras\n"
        "@keras.saving.register_keras_serializable('leaving')\n"
        "class Leaving(keras.layers.Layer):\n"
        "    def call(self, inputs):\n"
        "        if 'wellfit.population._worker_process' in ' '.join(sys.orig_argv):\n"
        "            print('going now'); sys.stdout.flush(); os._exit(7)\n"
        "        return inputs\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    leave = importlib.import_module("leaving_layers").Leaving
    leaving = keras.Sequential([keras.Input((5,)), leave(), layers.Dense(1, activation="sigmoid")])
    data = dataset()
    with open_executor("worker", leaving, data, [split(data)]) as executor:
        with pytest.raises(WorkerError, match="exit status 7") as caught:
            executor.train(members(1))
        assert "going now" in caught.value.received


def test_worker_error_is_the_population_s(executors: dict[str, Executor]) -> None:
    """What the population refuses in the worker is raised here, with its own type and text."""
    with pytest.raises(SettingsError, match="split of member 0") as caught:
        executors["worker"].train(members(1, split=5))
    assert caught.value.received == "split=5"
    with pytest.raises(SettingsError, match="weights do not fit"):
        executors["worker"].predict((), members(1), [0])
    with pytest.raises(WorkerError, match="ValueError"):
        executors["worker"].start(members(1), weights=[np.zeros(3)] * len(model().weights))


def test_worker_serves_another_backend(tmp_path: Path) -> None:
    """A process on a backend without training gets the same curves from a worker on JAX."""
    script = """
import sys; sys.path.insert(0, {folder!r})
import keras, numpy as np
assert keras.config.backend() == "numpy"
from population_samples import dataset, members, network, split
from wellfit.population import choose_executor, open_executor
model, data = network(), dataset()
choice = choose_executor(model, data.task)
assert choice.kind == "worker" and "numpy" in choice.reason, choice
with open_executor(choice.kind, model, data, [split(data)]) as executor:
    curves = executor.train(members(2))
np.savez({out!r}, *curves.weights)
"""
    folder, out = os.path.dirname(__file__), str(tmp_path / "weights.npz")
    environment = {**os.environ, "KERAS_BACKEND": "numpy"}
    done = subprocess.run(
        [sys.executable, "-c", script.format(folder=folder, out=out)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    wanted = population(network(), dataset()).train(members(2))
    found = np.load(out)
    for index, value in enumerate(wanted.weights):
        np.testing.assert_allclose(found[f"arr_{index}"], value, rtol=1e-5, atol=1e-6)


def test_population_is_an_executor() -> None:
    """The inline executor is the population itself."""
    assert isinstance(opened("inline"), Population)
