"""The training loss that Keras reports: a running mean over an epoch, with dropout and penalties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np
import pytest
from population_samples import assert_same, dataset, layers, members, network, population, split

from wellfit.models import training_setup
from wellfit.population import TargetScaling
from wellfit.population._join import join_curves
from wellfit.population._sequential import FitExecutor
from wellfit.records import RESULTS, Dataset, Task

Array = np.ndarray
L2 = 0.02


def penalized() -> keras.Model:
    """Return a network with penalties of its own on kernels, a bias and activities, and a kind of its own."""
    shape = keras.Input((5,))
    hidden = layers.Dense(
        6,
        activation="tanh",
        kernel_regularizer=keras.regularizers.L1L2(0.01, L2),
        bias_regularizer="l2",
        activity_regularizer=keras.regularizers.L2(0.1),
    )
    narrow = layers.Dense(
        4, activation="relu", kernel_regularizer=keras.regularizers.OrthogonalRegularizer(0.05)
    )
    return keras.Sequential([shape, hidden, narrow, layers.Dense(1, activation="sigmoid")])


def with_l2() -> keras.Model:
    """Return a network with L2 on every kernel."""
    hidden = layers.Dense(6, activation="tanh", kernel_regularizer=keras.regularizers.L2(L2))
    head = layers.Dense(1, activation="sigmoid", kernel_regularizer=keras.regularizers.L2(L2))
    return keras.Sequential([keras.Input((5,)), hidden, head])


def reported(model: keras.Model, data: Dataset, weight: Array | None = None, epochs: int = 4) -> list[float]:
    """Return the training losses of `fit`, whose last batch of an epoch has 3 rows instead of 8."""
    rows = split(data).train
    history = model.fit(
        data.inputs[0][rows],
        data.target[rows],
        sample_weight=None if weight is None else weight[rows],
        batch_size=8,
        epochs=epochs,
        shuffle=False,
        verbose=0,
    )
    return history.history["loss"]


@pytest.mark.parametrize("build", [network, with_l2, penalized], ids=lambda f: f.__name__)
def test_is_what_fit_reports(build: Callable[[], keras.Model]) -> None:
    """Epoch by epoch, penalties on weights and activities included, batches weighed by their rows."""
    model, data = build(), dataset()
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    chosen = members(learning_rate=0.1)
    curves = population(model, data).train(chosen, weights=model.get_weights(), shuffle=False)
    np.testing.assert_allclose(curves.running_loss[0], reported(model, data), rtol=2e-5)
    # Not the loss at the end of the epoch, with or without the penalty.
    assert (np.abs(curves.running_loss - curves.train_loss) > 1e-3).all()
    assert (np.abs(curves.running_loss - curves.train_loss - curves.penalty) > 1e-3).all()


def test_a_member_s_own_penalty_is_in_it_and_no_neighbor_s() -> None:
    """L2 of a member is that of Keras' regularizers; a member beside it has none, and is as if alone."""
    data, model, plain = dataset(), with_l2(), network()
    for one in (model, plain):
        one.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    weights = model.get_weights()
    plain.set_weights(weights)
    own = population(plain, data)
    both = own.train(members(seeds=[0, 0], learning_rate=0.1, l2=[0.0, L2]), weights=weights, shuffle=False)
    np.testing.assert_allclose(both.running_loss[1], reported(model, data), rtol=2e-5)
    np.testing.assert_allclose(both.running_loss[0], reported(plain, data), rtol=2e-5)
    alone = own.train(members(learning_rate=0.1), weights=weights, shuffle=False)
    assert_same(both, alone, [0], [0])


def test_weights_of_rows_and_classes_are_in_it() -> None:
    """They weigh rows within a batch, and batches still count by their rows."""
    weight = np.random.default_rng(1).uniform(0.2, 3.0, 64).astype(np.float32)
    data, model = replace(dataset(), sample_weight=weight), with_l2()
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    chosen = replace(members(learning_rate=0.1), class_weight=np.array([[0.5, 2.0]], np.float32))
    curves = population(model, data).train(chosen, weights=model.get_weights(), shuffle=False)
    wanted = reported(model, data, weight * np.where(data.target == 1, 2.0, 0.5))
    np.testing.assert_allclose(curves.running_loss[0], wanted, rtol=2e-5)


def test_dropout_raises_it_above_the_loss_of_the_whole_network() -> None:
    """With dropout a network that has learned says worse things than without; without, the two are near."""
    model, data = network(units=32), dataset()
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    chosen = members(seeds=[1, 1], dropout=[0.0, 0.5], epochs=40, learning_rate=0.1)
    curves = population(model, data).train(chosen)
    ratio = curves.running_loss[:, -10:].mean(1) / curves.train_loss[:, -10:].mean(1)
    assert ratio[0] < 1.1
    assert ratio[1] > 1.2


def test_smoothed_labels_are_in_it() -> None:
    """The loss against smoothed labels has a floor that the loss against the true ones has not."""
    model, data = network(), dataset()
    model.compile(keras.optimizers.SGD(0.5), "binary_crossentropy")
    chosen = members(seeds=[1, 1], label_smoothing=[0.0, 0.4], epochs=40, learning_rate=0.5)
    curves = population(model, data).train(chosen)
    floor = -(0.8 * np.log(0.8) + 0.2 * np.log(0.2))
    assert curves.running_loss[0].min() < 0.9 * floor
    assert curves.running_loss[1].min() >= floor


def test_pauses_and_members_that_end_change_nothing() -> None:
    """Each epoch's mean begins anew, after a pause too; there is none after a member has ended."""
    model, data = with_l2(), dataset()
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    chosen = members(
        5, epochs=[6, 6, 6, 3, 6], patience=[0, 0, 1, 0, 0], learning_rate=[0.1, 0.1, 3.0, 0.1, np.nan]
    )
    pop = population(model, data)
    whole = pop.train(chosen)
    run = pop.start(chosen)
    run.advance(1)
    run.advance(4)
    run.advance()
    assert_same(run.curves(), whole, range(5), range(5))
    assert whole.results.tolist() == [0, 0, RESULTS.early_stopped, 0, RESULTS.nonfinite]
    known = np.isfinite(whole.running_loss)
    assert (known.sum(1) == whole.num_epochs).all()
    assert (known == np.isfinite(whole.train_loss)).all()


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error"])
def test_a_scaled_target_has_its_own_unit(loss: str) -> None:
    """Keras' loss of the scaled target, penalty and all, times what brings it back."""
    data, model = dataset(Task.REGRESSION), network(activation=None)
    model.compile(keras.optimizers.SGD(0.05), loss)
    chosen, weights = members(learning_rate=0.05, l2=L2), model.get_weights()
    wide = replace(data, target=100.0 + 7.0 * data.target)
    scaling = TargetScaling(center=np.float32([[100.0]]), scale=np.float32([[7.0]]))
    plain = population(model, data).train(chosen, weights=weights)
    found = population(model, wide, target_scaling=scaling).train(chosen, weights=weights)
    unit = 49.0 if loss == "mean_squared_error" else 7.0
    np.testing.assert_allclose(found.running_loss, unit * plain.running_loss, rtol=1e-4)


@pytest.mark.parametrize("kind", ["inline", "fit"])
def test_outputs_that_are_scaled_apart_have_no_common_unit(kind: str) -> None:
    """Then there is no number to tell; outputs of one scale have one."""
    data, model = dataset(Task.REGRESSION), network(outputs=2, activation=None)
    data = replace(data, target=np.concatenate([data.target, 3.0 * data.target], axis=1))
    model.compile(keras.optimizers.SGD(0.05), "mean_squared_error")
    for scale, is_known in (((1.0, 3.0), False), ((3.0, 3.0), True)):
        scaling = TargetScaling(center=np.zeros((1, 2), np.float32), scale=np.float32([scale]))
        if kind == "inline":
            executor = population(model, data, target_scaling=scaling)
        else:
            setup = training_setup(model, data.task, any_training=True)
            executor = FitExecutor(model, setup, data, [split(data)], target_scaling=scaling)
        curves = executor.train(members(epochs=1))
        assert np.isfinite(curves.running_loss).all() == is_known
        assert np.isfinite(curves.train_loss).all()


class Silent(keras.Sequential):
    """A network whose own training step reports no loss."""

    def train_step(self, *given: object) -> object:
        """Return the state, and no loss."""
        logs, state = super().train_step(*given)
        return {name: value for name, value in logs.items() if name != "loss"}, state


def test_a_training_step_that_reports_nothing_has_none() -> None:
    """The other losses are measured all the same."""
    data, model = dataset(), Silent([keras.Input((5,)), *network().layers])
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    setup = training_setup(model, data.task, any_training=True)
    curves = FitExecutor(model, setup, data, [split(data)]).train(members(epochs=2))
    assert np.isnan(curves.running_loss).all()
    assert np.isfinite(curves.train_loss).all()
    assert curves.results.tolist() == [RESULTS.finished]


def test_curves_without_it_are_joined_and_taken_without_it() -> None:
    """What was stored before it was recorded has none, and so has what is joined with it."""
    model, data = network(), dataset()
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    curves = population(model, data).train(members(2, epochs=2))
    without = replace(curves, running_loss=None)
    assert without.take([1]).running_loss is None
    np.testing.assert_array_equal(curves.take([1]).running_loss, curves.running_loss[1:])
    order = np.arange(4)
    assert join_curves([curves, without], order).running_loss is None
    both = join_curves([curves, curves], order).running_loss
    np.testing.assert_array_equal(both, np.concatenate([curves.running_loss] * 2))
